#include "transport/engineio_server.h"

#include <openssl/rand.h>

#include <algorithm>
#include <cassert>

#include "access/base64.h"
#include "access/openssl_errors.h"
#include "transport/engineio_reply.h"
#include "transport/retry_after.h"

namespace rtbridge {
namespace {

constexpr std::size_t sid_random_bytes = 18;  // protocols 3.1 asks for 12

HttpReply refuse_for_now(int http_status, std::string_view message) {
    return with_retry(engineio_refusal(http_status, message));
}

}  // namespace

EngineIoServer::EngineIoServer(const Dependencies& dependencies, const EngineIoSettings& settings,
                               const LimitsConfig& limits)
    : deps_(dependencies),
      settings_(std::make_shared<const EngineIoSettings>(settings)),
      limits_(limits) {}

EngineIoServer::~EngineIoServer() {
    for (std::size_t i = 0; i < sessions_.size(); ++i) deps_.connections.leave_session();
}

void EngineIoServer::use(const EngineIoSettings& settings, const LimitsConfig& limits) {
    settings_ = std::make_shared<const EngineIoSettings>(settings);
    limits_ = limits;
}

// Who knows it can take the session over. Empty: the system has no random numbers.
std::string EngineIoServer::new_sid() const {
    const OpensslErrorMark mark;
    std::string bytes(sid_random_bytes, '\0');
    const bool done = RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()),
                                 static_cast<int>(bytes.size())) == 1;
    if (!done) return {};
    return encode_base64url(bytes) + (relay_ ? relay_->mark() : "");
}

void EngineIoServer::join_others(EngineIoErrands& errands, Wakeup& wakeup) {
    relay_ = std::make_unique<EngineIoRelay>(*this, errands, wakeup);
}

void EngineIoServer::leave_others() {
    if (relay_) relay_->leave();
}

void EngineIoServer::run_errands() {
    if (relay_ && relay_->any_errands()) relay_->run_errands();
}

Answer EngineIoServer::answer(const HttpRequest& request, const HttpHeaders& cors) {
    Answer answered = route(request, cors);
    if (auto* const reply = std::get_if<HttpReply>(&answered)) {
        reply->headers.insert(reply->headers.end(), cors.begin(), cors.end());
    }
    return answered;
}

Answer EngineIoServer::route(const HttpRequest& request, const HttpHeaders& cors) {
    if (request.method == HttpMethod::Options) {
        return engineio_preflight(request.requested_headers);
    }
    using Transport = EngineIoQuery::Transport;
    const EngineIoQuery query = read_engineio_query(request);
    if (query.transport == Transport::Unknown) {
        return engineio_error(EngineIoError::TransportUnknown);
    }
    if (is_invalid_origin(request.facts.origin)) return engineio_error(EngineIoError::BadRequest);
    if (!query.version_4) return engineio_error(EngineIoError::UnsupportedVersion);
    EngineIoSession* const session = query.has_sid ? find(query.sid) : nullptr;
    if (query.has_sid && session == nullptr) {
        if (const auto owner = owner_of(query.sid)) return relay_->forward(*owner, request, cors);
        return engineio_error(EngineIoError::SessionIdUnknown);
    }
    if (session == nullptr && request.method != HttpMethod::Get) {
        return engineio_error(EngineIoError::BadHandshakeMethod);
    }
    if (query.transport == Transport::WebSocket) return engineio_error(EngineIoError::BadRequest);
    if (session == nullptr) return shake_hands(request);
    if (request.method == HttpMethod::Get) return session->on_get(cors);
    if (request.method == HttpMethod::Post) return session->on_post(request);
    return engineio_wrong_method();
}

std::shared_ptr<void> EngineIoServer::announce_post(const HttpRequest& request) {
    const EngineIoQuery query = read_engineio_query(request);
    const auto found = sessions_.find(query.sid);
    if (found == sessions_.end() || found->second->gone()) return nullptr;
    found->second->on_post_announced();
    // The session may go first.
    return {nullptr, [this, sid = query.sid](void*) {
                const auto announced = sessions_.find(sid);
                if (announced != sessions_.end()) announced->second->on_post_over();
            }};
}

std::optional<HttpReply> EngineIoServer::refuse_session(const HttpRequest& request) {
    if (closed_) return refuse_for_now(503, "draining");
    const std::uint32_t sessions = deps_.connections.enter_session();
    deps_.connections.leave_session();
    if (sessions > std::min(limits_.connections, deps_.connections.room())) {
        deps_.metrics.hit(Limit::Connections);
        return refuse_for_now(503, "limits.connections is reached");
    }
    if (limits_.connections_per_ip == 0) return std::nullopt;
    const auto counted = deps_.connections.session_addresses().take(request.facts.client_address);
    if (counted.with_it() > limits_.connections_per_ip) {
        deps_.metrics.hit(Limit::ConnectionsPerIp);
        return refuse_for_now(429, "limits.connections_per_ip is reached");
    }
    return std::nullopt;
}

Answer EngineIoServer::shake_hands(const HttpRequest& request) {
    if (auto refusal = refuse_session(request)) return *std::move(refusal);
    return engineio_payload_reply(open(request, nullptr).open_packet());
}

EngineIoSession& EngineIoServer::open(HttpRequest request, EngineIoConversation* socket) {
    request.body.clear();
    std::string sid = new_sid();
    if (sid.empty()) throw std::bad_alloc();  // this connection ends, the others go on
    auto owned = std::make_unique<EngineIoSession>(*this, sid, std::move(request), settings_);
    EngineIoSession& session = *owned;
    session.counted =
        deps_.connections.session_addresses().take(session.handshake().facts.client_address);
    sessions_.emplace(std::move(sid), std::move(owned));
    (void)deps_.connections.enter_session();
    session.begin(deps_.app, socket);
    return session;
}

std::optional<HttpReply> EngineIoServer::refuse_upgrade(const HttpRequest& request) {
    const EngineIoQuery query = read_engineio_query(request);
    if (query.transport == EngineIoQuery::Transport::Unknown) {
        return engineio_error(EngineIoError::TransportUnknown);
    }
    if (is_invalid_origin(request.facts.origin)) return engineio_error(EngineIoError::BadRequest);
    if (!query.version_4) return engineio_error(EngineIoError::UnsupportedVersion);
    if (query.transport != EngineIoQuery::Transport::WebSocket) {
        return engineio_error(EngineIoError::BadRequest);
    }
    if (!query.has_sid) return refuse_session(request);
    if (find(query.sid) == nullptr && !owner_of(query.sid)) {
        return engineio_error(EngineIoError::SessionIdUnknown);
    }
    return std::nullopt;  // one too many for the session is closed at once, as clients expect
}

std::shared_ptr<Conversation> EngineIoServer::converse(WebSocket& socket, HttpRequest request) {
    std::string sid = read_engineio_query(request).sid;
    if (const auto owner = find(sid) == nullptr ? owner_of(sid) : std::nullopt) {
        return relay_->sockets().forward(*owner, socket, std::move(sid));
    }
    return std::make_shared<EngineIoConversation>(*this, socket, std::move(request),
                                                  std::move(sid));
}

EngineIoSession* EngineIoServer::open_over(EngineIoConversation& socket, HttpRequest request) {
    if (refuse_session(request)) return nullptr;
    return &open(std::move(request), &socket);
}

EngineIoSession* EngineIoServer::offer_to(const std::string& sid, EngineIoConversation& socket) {
    EngineIoSession* const session = find(sid);
    if (session == nullptr || !session->takes_socket()) return nullptr;
    session->offer(socket);
    return session;
}

EngineIoSession* EngineIoServer::find(const std::string& sid) const {
    const auto found = sessions_.find(sid);
    return found == sessions_.end() || found->second->gone() ? nullptr : found->second.get();
}

std::optional<std::uint32_t> EngineIoServer::owner_of(const std::string& sid) const {
    return relay_ ? relay_->owner_of(sid) : std::nullopt;
}

void EngineIoServer::schedule(EngineIoSession& session, std::optional<SteadyTime> deadline) {
    if (session.scheduled == deadline) return;
    if (session.scheduled) due_.erase({*session.scheduled, &session});
    session.scheduled = deadline;
    if (deadline) due_.emplace(*deadline, &session);
}

void EngineIoServer::wind_up(EngineIoSession& session) {
    if (!std::exchange(session.winding_up, true)) winding_up_.push_back(&session);
}

std::optional<SteadyTime> EngineIoServer::next_deadline() const {
    if (!winding_up_.empty()) return SteadyTime::min();
    if (due_.empty()) return std::nullopt;
    return due_.begin()->first;
}

void EngineIoServer::check(SteadyTime now) {
    while (!due_.empty() && due_.begin()->first <= now) {
        EngineIoSession* const session = due_.begin()->second;
        session->check(now);
        assert(due_.empty() || due_.begin()->second != session || due_.begin()->first > now);
    }
    for (EngineIoSession* const session : std::exchange(winding_up_, {})) {
        session->tell_handler();
        if (!session->gone()) {  // its client fetches the end of it later
            session->winding_up = false;
            continue;
        }
        deps_.connections.leave_session();
        sessions_.erase(session->sid());
    }
}

void EngineIoServer::close_all(CloseCode code, std::string_view reason) {
    closed_ = true;
    for (const auto& [sid, session] : sessions_) session->close(code, reason);
}

void EngineIoServer::recheck_access() {
    for (const auto& [sid, session] : sessions_) session->recheck_access();
}

}  // namespace rtbridge
