#include "transport/engineio_relay.h"

#include <cassert>
#include <string_view>

#include "transport/engineio_server.h"
#include "transport/http_exchange.h"
#include "transport/retry_after.h"

namespace rtbridge {
namespace {

// One for each member; may stand in a URL.
constexpr std::string_view marks =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static_assert(marks.size() == EngineIoErrands::members_max);

std::size_t bytes_of(const HttpRequest& request) {
    std::size_t bytes = sizeof(HttpRequest) + request.body.size() + request.cookies.size();
    for (const auto& [name, value] : request.query) bytes += name.size() + value.size();
    return bytes;
}

}  // namespace

class EngineIoRelay::Forwarded final : public HttpResponder {
public:
    Forwarded(EngineIoRelay& relay, std::uint32_t owner, HttpRequest request, HttpHeaders cors)
        : relay_(&relay),
          owner_(owner),
          id_(relay.next_id_++),
          request_(std::move(request)),
          cors_(std::move(cors)) {}
    Forwarded(const Forwarded&) = delete;
    Forwarded& operator=(const Forwarded&) = delete;
    ~Forwarded() override {
        if (relay_ != nullptr) relay_->forwarded_.erase(id_);
    }

    void begin(HttpExchange& exchange) override ON_LISTENER_THREAD {
        if (relay_ == nullptr || !relay_->inbox_) {
            return exchange.reply(with_cors(engineio_error(EngineIoError::SessionIdUnknown)));
        }
        exchange_ = &exchange;
        relay_->forwarded_.emplace(id_, this);
        const std::uint32_t from = relay_->inbox_->number();
        const std::size_t bytes = bytes_of(request_);
        const EngineIoErrands::Sent sent = relay_->errands_.send(
            owner_,
            [from, id = id_, request = std::move(request_), cors = cors_](EngineIoRelay& there) {
                assert_on_listener_thread();
                there.serve(from, id, request, cors);
            },
            bytes);
        if (sent == EngineIoErrands::Sent::NobodyThere) {
            finish(with_cors(engineio_error(EngineIoError::SessionIdUnknown)));
        } else if (sent == EngineIoErrands::Sent::NoRoom) {
            finish(with_cors(with_retry(engineio_refusal(503, "too many requests at this time"))));
        }
    }
    void on_gone() override ON_LISTENER_THREAD {
        exchange_ = nullptr;
        if (relay_ == nullptr || !relay_->inbox_) return;
        relay_->errands_.answer(owner_,
                                [from = relay_->inbox_->number(), id = id_](EngineIoRelay& there) {
                                    assert_on_listener_thread();
                                    there.client_gone(from, id);
                                });
    }
    // `this` may be gone afterwards.
    void finish(const HttpReply& reply) ON_LISTENER_THREAD {
        if (HttpExchange* const exchange = std::exchange(exchange_, nullptr)) {
            exchange->reply(reply);
        }
    }
    void leave() { relay_ = nullptr; }

private:
    [[nodiscard]] HttpReply with_cors(HttpReply reply) const {
        reply.headers.insert(reply.headers.end(), cors_.begin(), cors_.end());
        return reply;
    }

    EngineIoRelay* relay_;  // null: it has gone
    const std::uint32_t owner_;
    const std::uint64_t id_;
    HttpRequest request_;
    HttpHeaders cors_;
    HttpExchange* exchange_ = nullptr;
};

// The connection, as the session's poll sees it.
class EngineIoRelay::Served final : public HttpExchange {
public:
    Served(EngineIoRelay& relay, std::uint32_t from, std::uint64_t id)
        : relay_(relay), from_(from), id_(id) {}

    void begin(std::shared_ptr<HttpResponder> responder) ON_LISTENER_THREAD {
        responder_ = std::move(responder);
        const std::shared_ptr<HttpResponder> in_use = responder_;
        in_use->begin(*this);  // which may end in reply()
    }
    void client_gone() ON_LISTENER_THREAD { responder_->on_gone(); }

    // `this` is gone afterwards.
    void reply(const HttpReply& reply) override {
        assert_on_listener_thread();
        EngineIoRelay& relay = relay_;
        const auto key = std::pair(from_, id_);
        relay.send_back(from_, id_, reply);
        relay.served_.erase(key);
    }
    // Polls are answered at once.
    void begin_stream(const HttpReply& /*head*/) override { assert(false); }
    [[nodiscard]] bool ready() const override { return false; }
    [[nodiscard]] SessionOutput::Written write(std::string_view /*chunks*/) override {
        return SessionOutput::Written::No;
    }
    void request_writable() override {}
    void give_up_after(std::chrono::milliseconds /*patience*/) override {}
    void end_stream(std::string_view /*last_chunks*/) override { assert(false); }

private:
    EngineIoRelay& relay_;
    const std::uint32_t from_;
    const std::uint64_t id_;
    std::shared_ptr<HttpResponder> responder_;
};

EngineIoRelay::EngineIoRelay(EngineIoServer& server, EngineIoErrands& errands, Wakeup& wakeup)
    : server_(server),
      errands_(errands),
      inbox_(errands.join(wakeup)),
      sockets_(server, errands, inbox_ ? inbox_->number() : 0) {}

EngineIoRelay::~EngineIoRelay() {
    assert_on_listener_thread();
    leave();
    for (const auto& [id, forwarded] : forwarded_) forwarded->leave();
}

void EngineIoRelay::leave() {
    const auto inbox = std::exchange(inbox_, nullptr);
    if (!inbox) return;
    errands_.leave(*inbox);
    // Listeners that end wait for what they asked.
    for (const EngineIoErrands::Errand& errand : errands_.take(*inbox)) errand(*this);
}

std::string EngineIoRelay::mark() const {
    return inbox_ ? std::string(1, marks[inbox_->number()]) : std::string();
}

std::optional<std::uint32_t> EngineIoRelay::owner_of(std::string_view sid) const {
    const std::size_t number = sid.empty() ? marks.npos : marks.find(sid.back());
    if (!inbox_ || number == marks.npos || number == inbox_->number()) return std::nullopt;
    const auto owner = static_cast<std::uint32_t>(number);
    return errands_.anyone(owner) ? std::optional(owner) : std::nullopt;
}

Answer EngineIoRelay::forward(std::uint32_t owner, const HttpRequest& request,
                              const HttpHeaders& cors) {
    return std::shared_ptr<HttpResponder>(std::make_shared<Forwarded>(*this, owner, request, cors));
}

void EngineIoRelay::run_errands() {
    if (!inbox_) return;
    for (const EngineIoErrands::Errand& errand : errands_.take(*inbox_)) errand(*this);
}

void EngineIoRelay::serve(std::uint32_t from, std::uint64_t id, const HttpRequest& request,
                          const HttpHeaders& cors) {
    Answer answered = server_.answer(request, cors);
    if (const auto* const reply = std::get_if<HttpReply>(&answered)) {
        return send_back(from, id, *reply);
    }
    auto responder = std::get<std::shared_ptr<HttpResponder>>(std::move(answered));
    const auto key = std::pair(from, id);
    Served& served = *served_.emplace(key, std::make_unique<Served>(*this, from, id)).first->second;
    served.begin(std::move(responder));
}

void EngineIoRelay::send_back(std::uint32_t from, std::uint64_t id, const HttpReply& reply) {
    errands_.answer(from, [id, reply](EngineIoRelay& there) {
        assert_on_listener_thread();
        there.answered(id, reply);
    });
}

void EngineIoRelay::answered(std::uint64_t id, const HttpReply& reply) {
    const auto found = forwarded_.find(id);
    if (found == forwarded_.end()) return;  // its browser has gone
    found->second->finish(reply);
}

void EngineIoRelay::client_gone(std::uint32_t from, std::uint64_t id) {
    const auto found = served_.find({from, id});
    if (found == served_.end()) return;  // answered meanwhile
    const std::unique_ptr<Served> gone = std::move(found->second);
    served_.erase(found);
    gone->client_gone();
}

}  // namespace rtbridge
