#include "transport/sse_stream.h"

#include <algorithm>
#include <utility>

#include "access/admission.h"
#include "listener/selection_check.h"
#include "transport/denial.h"
#include "transport/goodbye.h"
#include "transport/listener_state.h"

namespace rtbridge {
namespace {

// When to come back to a listener that went without a bye: soon, but not all at once.
constexpr std::chrono::milliseconds retry_min{1'000};
constexpr std::chrono::milliseconds retry_max{3'000};

std::chrono::milliseconds draw_retry() {
    const auto spread = static_cast<double>((retry_max - retry_min).count());
    return retry_min + std::chrono::milliseconds(static_cast<std::int64_t>(spread * draw_lot()));
}

std::string_view to_text(Recovered recovered) {
    switch (recovered) {
        case Recovered::Full:
            return "full";
        case Recovered::Latest:
            return "latest";
        case Recovered::None:
            return "none";
        default:
            return "new";
    }
}

}  // namespace

SseStream::SseStream(ListenerState& state, SseRequest request)
    : state_(state),
      request_(std::make_unique<SseRequest>(std::move(request))),
      shape_(state.sse_shapes.of(request_->form)),
      peer_address_(request_->facts.peer_address) {}

void SseStream::begin(HttpExchange& exchange) {
    exchange_ = &exchange;
    const std::unique_ptr<SseRequest> request = std::move(request_);
    facts_ = state_.facts.share(std::move(request->facts));
    HttpReply head = sse_head();
    head.headers.insert(head.headers.end(), request->headers.begin(), request->headers.end());
    exchange.begin_stream(head);
    limit_silence();
    session_ = &state_.sessions.open(std::move(request->access), *this);
    SubscriptionRequest wanted;
    wanted.selection = std::move(request->wanted.selection);
    wanted.snapshot = request->wanted.snapshot;
    wanted.since = std::move(request->since);
    const Subscribed subscribed = state_.sessions.subscribe(*session_, wanted);
    session_->send(shape_.opening("recovered " + std::string(to_text(subscribed.recovered)),
                                  draw_retry(), cursor()));
    session_->flush();
}

// A browser that vanished acknowledges nothing, one that stalled takes nothing. The second is ended
// with a word when its queue is full for too long, so the system may only act later.
void SseStream::limit_silence() {
    if (exchange_ == nullptr) return;
    const LimitsConfig& limits = state_.config->limits;
    exchange_->give_up_after(limits.queue.close_after + limits.ping_interval / 2);
}

std::optional<std::uint64_t> SseStream::cursor() const {
    if (!session_->up_to_date()) return std::nullopt;
    return std::max(state_.sessions.values().newest_offset(),
                    session_->subscriptions().front()->offset);
}

void SseStream::on_writable() {
    if (session_ == nullptr) return;
    if (ping_pending_) ping();
    session_->on_writable();
}

void SseStream::on_gone() {
    exchange_ = nullptr;
    if (session_ == nullptr) return;
    state_.metrics.disconnects.count(closed_with_ ? static_cast<std::uint16_t>(*closed_with_)
                                                  : Disconnects::no_close);
    state_.sessions.remove(*std::exchange(session_, nullptr));
}

void SseStream::recheck_access() {
    if (session_ == nullptr || session_->closing()) return;
    limit_silence();
    const ApiContext context = state_.api();
    RequestFacts facts = *facts_;
    facts.peer_address = peer_address_;
    if (const auto refusal = refuse_request(facts, context.config.listener, context.config.auth)) {
        return session_->close(CloseCode::Forbidden, refusal->message);
    }
    auto visitor = renewed(session_->access()->visitor, context.authenticator());
    if (!visitor) return session_->close(CloseCode::Forbidden, "this login is not valid any more");
    SessionAccessPtr access = state_.accesses.share(*std::move(visitor), context.policy());
    const Selection& selection = session_->subscriptions().front()->group->selection();
    if (const auto denial = check_selection(selection, *access->grants)) {
        report_denial(context, access->identity(), denial->what, denial->rule);
        return session_->close(CloseCode::Forbidden, denial->message);
    }
    state_.sessions.change_access(*session_, std::move(access));
}

bool SseStream::ready() const {
    return exchange_ != nullptr && exchange_->ready();
}

SessionOutput::Written SseStream::write(std::string_view frames) {
    return exchange_ != nullptr ? exchange_->write(frames) : Written::No;
}

void SseStream::request_writable() {
    if (exchange_ != nullptr) exchange_->request_writable();
}

void SseStream::ping() {
    assert_on_listener_thread();
    ping_pending_ = !ready();
    if (ping_pending_) {
        request_writable();
    } else {
        (void)write(shape_.alive(cursor()));
    }
}

void SseStream::close(CloseCode code, std::string_view reason) {
    assert_on_listener_thread();
    if (exchange_ == nullptr) return;
    closed_with_ = code;
    const std::size_t sessions = state_.sessions.registry().size();
    std::exchange(exchange_, nullptr)
        ->end_stream(shape_.farewell(
            sse_farewell(code, reason, retry_window(code, sessions, draw_lot()), draw_lot())));
}

const WireShape& SseStream::shape(std::uint32_t /*subscription*/) const {
    return shape_;
}

}  // namespace rtbridge
