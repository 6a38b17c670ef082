// The HTTP side of a Connection:
//
//     headers -> on_request -> [body -> on_body_complete] -> advance -> [LoginCheck -> advance]
//     -> [PublishRequest -> answer_published] [SseRequest -> HttpResponder ... ] -> reply
//
// libwebsockets 4.1.6 is at a loss with requests that do not wait for the answer to the one before:
// it takes what follows for the same request's body, and a request with a body that it has kept
// back sends it into an endless loop. So it does not read on meanwhile, a body's end is never
// answered inside of the callback that reports it, and such a request with a body ends the
// connection.

#include <libwebsockets.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <chrono>
#include <utility>
#include <variant>

#include "listener/limit_reason.h"
#include "transport/api.h"
#include "transport/connection.h"
#include "transport/connection_pending.h"
#include "transport/identification.h"
#include "transport/listener_state.h"
#include "transport/lws_server.h"
#include "transport/retry_after.h"
#include "transport/sse_stream.h"

namespace rtbridge {
namespace {

// How long a browser may take to read the end of a stream.
constexpr int stream_end_timeout_s = 3;

HttpReply body_too_large(ListenerState& state, std::size_t bytes_max) {
    state.metrics.hit(Limit::Body);
    return HttpReply::error(413, "too_large",
                            "the body is larger than " + std::to_string(bytes_max) + " bytes");
}

LwsServer& server_of(lws* wsi) {
    return *static_cast<LwsServer*>(lws_context_user(lws_get_context(wsi)));
}

}  // namespace

bool Connection::receiving() const {
    return !headers_read_ || (request_ && !request_->body_complete) ||
           (conversation_ && conversation_->waits_for_hello());
}

std::optional<HttpReply> Connection::refuse_at_once(const HttpRequest& request) {
    if (request.ambiguous) {
        return HttpReply::error(400, "bad_request",
                                "the request is not clear: its version, or a blank before a colon");
    }
    if (capacity_ == Capacity::Free) return std::nullopt;
    return refuse_for_now(
        with_retry(capacity_ == Capacity::TooManyConnections
                       ? HttpReply::error(503, "unavailable", "limits.connections is reached")
                       : HttpReply::error(429, "limit", "limits.connections_per_ip is reached")),
        {CloseCode::OverCapacity, capacity_ == Capacity::TooManyConnections
                                      ? "limit=connections"
                                      : "limit=connections_per_ip"},
        request, state_.api());
}

// What is refused whatever it asks for.
std::optional<HttpReply> Connection::refuse_request_form(const HttpRequest& request) {
    if (auto refusal = refuse_at_once(request)) return refusal;
    const LimitsConfig& limits = state_.config->limits;
    if (!http_requests_.take(limits.requests_per_second, state_.clock.now())) {
        state_.metrics.hit(Limit::RequestsPerSecond);
        HttpReply reply = HttpReply::error(429, "rate", "limits.requests_per_second is reached");
        reply.headers.emplace_back("Retry-After", "1");
        return refuse_for_now(std::move(reply),
                              {CloseCode::RateLimited,
                               limit_reason("requests_per_second", limits.requests_per_second)},
                              request, state_.api());
    }
    if (request.method != HttpMethod::Post || !request.has_body) return std::nullopt;
    const std::optional<std::size_t> bytes_max = body_bytes_max(request, state_.api());
    if (!bytes_max) return std::nullopt;  // not read, whatever it is
    if (!request.body_bytes) {
        return HttpReply::error(411, "bad_request", "a body needs a Content-Length here");
    }
    if (*request.body_bytes > *bytes_max) return body_too_large(state_, *bytes_max);
    return std::nullopt;
}

// How much libwebsockets has taken out of the socket. Nothing: the system does not tell.
std::optional<std::uint64_t> Connection::bytes_read() const {
    const int socket = lws_get_socket_fd(wsi_);
    tcp_info info{};
    socklen_t length = sizeof(info);
    int waiting = 0;
    if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &length) != 0 ||
        ioctl(socket, FIONREAD, &waiting) != 0) {
        return std::nullopt;
    }
    return info.tcpi_bytes_received - static_cast<std::uint64_t>(waiting);
}

int Connection::on_request() {
    headers_read_ = true;
    leave_peer();
    if (request_) return -1;  // did not wait for the answer to the one before
    HttpRequest request = next_request();
    if (const auto refusal = refuse_request_form(request)) {
        const bool head = request.method == HttpMethod::Head;
        send_reply(*refusal, AfterReply::Close, head ? Body::Omit : Body::Send);
        return -1;
    }
    const bool wants_body =
        request.body_bytes.has_value() && body_bytes_max(request, state_.api()).has_value();
    const bool post = request.method == HttpMethod::Post;
    if (post && wants_body && request.has_body && bytes_read_before_ &&
        bytes_read_before_ == bytes_read()) {
        return reply_and_close(HttpReply::error(
            400, "bad_request", "a request with a body has to wait for the answer before it"));
    }
    request_ = std::make_shared<PendingRequest>(PendingRequest{std::move(request)});
    receiving_since_ = state_.clock.now();
    if (post && wants_body) {
        request_->announced = announce_body(request_->request, state_.api());
        return 0;  // on_body_complete() follows, also for a body of no bytes
    }
    request_->body_complete = true;
    advance(nullptr);
    return request_->reply ? send_pending_reply() : 0;
}

void Connection::on_body(std::string_view bytes) {
    state_.sessions.figures().received_http_bytes.add(bytes.size());
    if (request_ && !request_->body_complete) request_->request.body += bytes;
}

int Connection::on_body_complete() {
    // A second time: libwebsockets took a request that follows for more of this one.
    if (!request_ || request_->body_complete) return -1;
    request_->body_complete = true;
    advance(nullptr);
    if (!request_->reply) return 0;
    if (request_->request.body.empty()) return send_pending_reply();
    lws_callback_on_writable(wsi_);
    return 0;
}

int Connection::on_http_writable() {
    if (dead_ || closing_) return -1;
    if (!request_) return 0;
    if (request_->reply) return send_pending_reply();
    if (request_->stream_ended) return finish_stream();
    if (const std::shared_ptr<HttpResponder> responder = request_->responder) {
        responder->on_writable();
    }
    return 0;
}

// Fewer bytes than announced: only the end of the connection tells.
int Connection::finish_stream() {
    const std::shared_ptr<PendingRequest> pending = std::exchange(request_, nullptr);
    if (pending->responder) pending->responder->on_gone();
    const bool whole = pending->stream_bytes_left == 0;
    if (!whole || after_reply(pending->request) == AfterReply::Close) return -1;
    return finish_answer();
}

// Finds the reply, or starts what it waits for.
void Connection::advance(const CheckedLogin* checked) {
    Answer answered = answer(request_->request, state_.api(), checked);
    if (auto* const reply = std::get_if<HttpReply>(&answered)) {
        request_->reply = std::move(*reply);
    } else if (auto* const check = std::get_if<LoginCheck>(&answered)) {
        wait_for(std::move(*check));
    } else if (auto* const publish = std::get_if<PublishThenReply>(&answered)) {
        wait_for(std::move(*publish));
    } else if (auto* const stream = std::get_if<SseRequest>(&answered)) {
        wait_for(std::make_shared<SseStream>(state_, std::move(*stream)));
    } else {
        wait_for(std::get<std::shared_ptr<HttpResponder>>(std::move(answered)));
    }
}

// A request that comes meanwhile ends the connection.
void Connection::wait_for(const std::shared_ptr<HttpResponder>& responder) {
    lws_set_timeout(wsi_, NO_PENDING_TIMEOUT, 0);
    request_->responder = responder;
    request_->answering = true;
    responder->begin(*this);
    if (!request_) return;
    request_->answering = false;
    if (request_->responder) watch_peer();
}

void Connection::watch_peer() {
    assert_on_listener_thread();
    server_of(wsi_).peers().add(*this, lws_get_socket_fd(wsi_));
}

void Connection::leave_peer() {
    server_of(wsi_).peers().remove(*this, lws_get_socket_fd(wsi_));
}

void Connection::on_peer_event() {
    if (dead_) return;
    const bool all_said = !request_ || request_->stream_ended;
    if (!all_said || holds_back()) return abandon();
    leave_peer();
}

// libwebsockets 4.1.6 reads the next request once the socket takes more.
bool Connection::holds_back() const {
    pollfd socket{lws_get_socket_fd(wsi_), POLLOUT, 0};
    return lws_partial_buffered(wsi_) != 0 || poll(&socket, 1, /*timeout=*/0) == 0;
}

void Connection::reply(const HttpReply& reply) {
    assert_on_listener_thread();
    if (dead_ || !request_ || !request_->responder) return;
    const std::shared_ptr<HttpResponder> last_used = std::exchange(request_->responder, nullptr);
    request_->reply = reply;
    if (request_->answering) return;  // whoever asked sends it
    leave_peer();
    if (send_pending_reply() != 0) close_after_reply();
}

void Connection::begin_stream(const HttpReply& head) {
    assert_on_listener_thread();
    if (dead_ || !request_) return;
    if (head.body_bytes) {
        request_->stream_bytes_left = head.body_bytes;
        send_reply(head, after_reply(request_->request), Body::Omit);
        if (!dead_) expect_reading();
        return;
    }
    request_->chunked = request_->request.takes_chunks;
    send_reply(head, AfterReply::Close, request_->chunked ? Body::Chunks : Body::UntilClose);
    if (dead_) return;
    // This may go on for long. Of the request it needs nothing more, nor does libwebsockets of its
    // table of headers, which is larger than all the rest.
    request_->request = {};
    lws_http_headers_detach(wsi_);
}

void Connection::give_up_after(std::chrono::milliseconds patience) {
    const auto patience_ms = static_cast<unsigned>(patience.count());
    (void)setsockopt(lws_get_socket_fd(wsi_), IPPROTO_TCP, TCP_USER_TIMEOUT, &patience_ms,
                     sizeof(patience_ms));
}

// A stream of known length is no session, whose queue would have its own patience.
void Connection::expect_reading() {
    const auto patience =
        std::chrono::ceil<std::chrono::seconds>(state_.config->limits.queue.close_after);
    lws_set_timeout(wsi_, PENDING_TIMEOUT_HTTP_CONTENT, static_cast<int>(patience.count()));
}

void Connection::end_stream(std::string_view last_chunks) {
    assert_on_listener_thread();
    if (dead_ || !request_ || std::exchange(request_->stream_ended, true)) return;
    if (request_->stream_bytes_left) {
        if (!last_chunks.empty() && write(last_chunks) == Written::No) return;
        lws_callback_on_writable(wsi_);  // ends the answer, once it is sent
        return;
    }
    std::string bytes(last_chunks);
    if (request_->chunked) bytes += "0\r\n\r\n";
    if (!bytes.empty() && write(bytes) == Written::No) return;
    lws_set_timeout(wsi_, PENDING_TIMEOUT_HTTP_CONTENT, stream_end_timeout_s);
    lws_callback_on_writable(wsi_);  // closes, once it is sent
}

void Connection::wait_for(PublishThenReply publish) {
    const std::weak_ptr<PendingRequest> waiting = request_;
    request_->reply_when_published = std::move(publish.reply);
    const bool asked =
        state_.publishes.request(std::move(publish.publish), [this, waiting](PublishResult result) {
            assert_on_listener_thread();
            if (waiting.expired() || dead_) return;  // where it has expired `this` may be gone
            request_->reply = published(result);
            send_late_reply();
        });
    if (asked) return stop_reading();
    request_->reply = published(std::nullopt);
}

HttpReply Connection::published(std::optional<PublishResult> result) {
    return answer_published(request_->request, state_.api(), result,
                            std::move(request_->reply_when_published));
}

void Connection::wait_for(LoginCheck check) {
    const std::weak_ptr<PendingRequest> waiting = request_;
    const bool started = state_.login_worker.start(
        std::move(check),
        [this, waiting, &state = state_,
         address = request_->request.facts.client_address](const CheckedLogin& checked) {
            assert_on_listener_thread();
            // Where it has expired `this` may be gone.
            if (waiting.expired() || dead_) {
                count_unheard(checked, address, state.api());
            } else {
                resume(checked);
            }
        });
    if (!started) {
        request_->reply = refuse_for_now(
            with_retry(HttpReply::error(503, "unavailable", "too many logins at this time")),
            {CloseCode::RateLimited, "limit=login_checks"}, request_->request, state_.api());
        return;
    }
    stop_reading();
}

// Until send_late_reply().
void Connection::stop_reading() {
    lws_set_timeout(wsi_, NO_PENDING_TIMEOUT, 0);
    lws_rx_flow_control(wsi_, 0);
}

void Connection::resume(const CheckedLogin& checked) {
    advance(&checked);
    if (request_->reply) return send_late_reply();
    if (request_->responder) lws_rx_flow_control(wsi_, 1);
}

// Outside of any callback of libwebsockets: with reading switched off, 4.1.6 has none for writing.
void Connection::send_late_reply() {
    if (send_pending_reply() != 0) return close_after_reply();
    lws_rx_flow_control(wsi_, 1);
}

AfterReply Connection::after_reply(const HttpRequest& request) {
    // A body that was not read is followed by nothing, and libwebsockets 4.1.6 waits for one after
    // methods that usually have one.
    const bool body_read = request.method == HttpMethod::Post && request.body_bytes.has_value() &&
                           request.body.size() == *request.body_bytes &&
                           body_bytes_max(request, state_.api()).has_value();
    const bool bodiless =
        (request.method == HttpMethod::Get || request.method == HttpMethod::Head ||
         request.method == HttpMethod::Options) &&
        !request.has_body;
    return (body_read || bodiless) && !request.closes ? AfterReply::KeepAlive : AfterReply::Close;
}

int Connection::send_pending_reply() {
    const std::shared_ptr<PendingRequest> pending = std::exchange(request_, nullptr);
    const HttpRequest& request = pending->request;
    const HttpReply& reply = *pending->reply;
    const AfterReply after = after_reply(request);
    const bool no_body =
        request.method == HttpMethod::Head || reply.status == 304 || reply.status == 204;
    send_reply(reply, after, no_body ? Body::Omit : Body::Send);
    return after == AfterReply::Close || dead_ ? -1 : finish_answer();
}

// Outside of any callback of libwebsockets: once all of it is sent.
void Connection::close_after_reply() {
    if (dead_ || lws_partial_buffered(wsi_) == 0) return abandon();
    closing_ = true;
    lws_rx_flow_control(wsi_, 1);
    expect_reading();
    lws_callback_on_writable(wsi_);
}

// The connection is for the next request.
int Connection::finish_answer() {
    bytes_read_before_ = bytes_read();
    return lws_http_transaction_completed(wsi_) != 0 ? -1 : 0;
}

}  // namespace rtbridge
