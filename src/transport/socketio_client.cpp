#include "transport/socketio_client.h"

#include <algorithm>
#include <utility>

#include "base/json_text.h"
#include "listener/selection_check.h"
#include "transport/denial.h"
#include "transport/identification.h"
#include "transport/listener_state.h"
#include "transport/socketio_application.h"
#include "transport/socketio_bodies.h"
#include "transport/user_limit.h"

namespace rtbridge {
namespace {

// What an error says of the end of a session; empty: one that would not hear it.
std::string_view code_of(CloseCode code) {
    switch (code) {
        case CloseCode::InvalidToken:
            return "unauthorized";
        case CloseCode::TokenExpired:
            return "token_expired";
        case CloseCode::Forbidden:
            return "forbidden";
        case CloseCode::RateLimited:
            return "rate";
        case CloseCode::UserConnections:
        case CloseCode::OverCapacity:
            return "limit";
        case CloseCode::PolicyViolation:
        case CloseCode::ProtocolError:
        case CloseCode::MessageTooBig:
            return "bad_request";
        case CloseCode::Shutdown:
            return "unavailable";
        case CloseCode::TooSlow:
        case CloseCode::NoPong:
            return {};
        default:
            return "internal";
    }
}

// 40xx: do not come back. Socket.IO clients do after a lost connection, and do not after
// DISCONNECT.
bool may_come_back(CloseCode code) {
    return code < CloseCode::InvalidToken || code >= CloseCode::OverCapacity;
}

}  // namespace

SocketIoClient::SocketIoClient(SocketIoApplication& application, SocketIoSocket& socket)
    : application_(application),
      state_(application.state()),
      socket_(socket),
      self_(std::make_shared<SocketIoClient*>(this)) {}

SocketIoClient::~SocketIoClient() = default;

void SocketIoClient::on_connect(std::string_view auth) {
    auto token = read_connect_token(auth, state_.frame_document);
    state_.frame_document.trim();
    if (!token.ok()) return refuse(token.error());
    token_ = std::move(token).value();
    identify(nullptr);
}

void SocketIoClient::identify(const CheckedLogin* checked) {
    SocketIoIdentification who =
        identify_client(token_, socket_.handshake(), state_.api(), checked);
    if (auto* const check = std::get_if<LoginCheck>(&who)) {
        return check_beside_loop(std::move(*check));
    }
    token_.reset();
    if (const auto* const refusal = std::get_if<SocketIoRefusal>(&who)) return refuse(*refusal);
    open(std::get<Visitor>(std::move(who)));
}

void SocketIoClient::check_beside_loop(LoginCheck check) {
    const bool started = state_.login_worker.start(
        std::move(check),
        [weak = std::weak_ptr(self_), &state = state_,
         address = socket_.handshake().facts.client_address](const CheckedLogin& checked) {
            assert_on_listener_thread();
            if (const auto self = weak.lock()) return (*self)->identify(&checked);
            count_unheard(checked, address, state.api());
        });
    if (!started) refuse({"unavailable", "too many logins at this time"});
}

void SocketIoClient::refuse(const SocketIoRefusal& refusal) {
    std::string data = "{\"code\":";
    append_json_string(data, refusal.code);
    socket_.refuse(refusal.message, data + '}');
}

void SocketIoClient::open(Visitor visitor) {
    const ApiContext context = state_.api();
    if (over_user_limit(visitor.identity, context)) {
        return refuse({"limit", "this user has too many connections"});
    }
    auto wanted = SocketIoSelection::begin(socket_.handshake(), *state_.config);
    if (!wanted.ok()) {
        const std::optional<Limit> limit = wanted.error().limit;
        if (limit) state_.metrics.hit(*limit);
        return refuse({limit ? "limit" : "bad_request", wanted.error().message});
    }
    SessionAccessPtr access = state_.accesses.share(std::move(visitor), context.policy());
    if (const auto selected = wanted.value().selected()) {
        if (const auto denial = check_selection(*selected, *access->grants)) {
            report_denial(context, access->identity(), denial->what, denial->rule);
            return refuse({"forbidden", denial->message});
        }
    }
    session_ = &state_.sessions.open(std::move(access), *this);
    socket_.accept();
    welcome();
    application_.add(*this);
    const bool snapshot = wanted.value().snapshot();
    want(std::move(wanted).value(), snapshot);
}

RequestValues SocketIoClient::values() const {
    RequestValues values;
    values.identity = &identity();
    values.session = socket_.id();
    values.sessions = state_.sessions.registry().size();
    values.unix_ms = state_.clock.unix_ms();
    return values;
}

void SocketIoClient::welcome() {
    const RequestValues now = values();
    for (const SocketIoEvents::Message& message : state_.config->socketio_events->welcome) {
        std::string body;
        if (message.body) {
            message.body->append_or_null(now, body);
        } else {
            body = connected_body(socket_.id(), identity());
        }
        socket_.emit(message.event, body);
    }
}

void SocketIoClient::want(SocketIoSelection selection, bool snapshot) {
    if (closing()) return;
    auto& of_all = application_.shared().subscribed_keys;
    of_all.fetch_add(selection.keys().size(), std::memory_order_relaxed);
    of_all.fetch_sub(selection_.keys().size(), std::memory_order_relaxed);
    selection_ = std::move(selection);
    std::optional<Selection> selected = selection_.selected();
    if (!selected) {
        if (subscription_ != 0) (void)state_.sessions.unsubscribe(*session_, subscription_);
        subscription_ = 0;
    } else if (subscription_ != 0) {
        (void)state_.sessions.change_selection(*session_, subscription_, *std::move(selected));
    } else {
        SubscriptionRequest request;
        request.selection = *std::move(selected);
        request.snapshot = snapshot;
        subscription_ = state_.sessions.subscribe(*session_, request).number;
        session_->flush();
    }
}

bool SocketIoClient::has_role(const std::string& role) const {
    if (role.empty() || !state_.config->auth)
        return true;  // without [auth] everyone may everything
    const std::vector<std::string>& roles = identity().roles;
    return std::find(roles.begin(), roles.end(), role) != roles.end();
}

void SocketIoClient::tell(const Announcement& announcement) {
    if (closing()) return;
    const std::string& user = identity().user;
    if (!announcement.user.empty() && announcement.user != user) return;
    if (!announcement.except_user.empty() && announcement.except_user == user) return;
    if (has_role(announcement.role)) socket_.emit(announcement.event, announcement.body);
}

void SocketIoClient::send_error(std::string_view code, std::string_view message) {
    socket_.emit("error", error_body(code, message));
}

void SocketIoClient::on_life() {
    if (session_ != nullptr) session_->on_life();
}

void SocketIoClient::on_writable() {
    if (session_ != nullptr) session_->on_writable();
}

void SocketIoClient::on_disconnect(std::string_view /*reason*/) {
    self_.reset();
    if (session_ == nullptr) return;
    application_.shared().subscribed_keys.fetch_sub(selection_.keys().size(),
                                                    std::memory_order_relaxed);
    application_.remove(*this);
    state_.sessions.remove(*std::exchange(session_, nullptr));
}

void SocketIoClient::recheck_access() {
    if (closing()) return;
    const ConfigSnapshot& config = *state_.config;
    const ApiContext context = state_.api();
    if (const auto refusal =
            refuse_request(socket_.handshake().facts, config.listener, config.auth)) {
        return session_->close(CloseCode::Forbidden, refusal->message);
    }
    auto visitor = renewed(session_->access()->visitor, context.authenticator());
    if (!visitor) return session_->close(CloseCode::Forbidden, "this login is not valid any more");
    state_.sessions.change_access(*session_,
                                  state_.accesses.share(*std::move(visitor), context.policy()));
    if (!keep_allowed()) session_->close(CloseCode::Forbidden, "no access to what was subscribed");
}

// Keys that may not be received any more are told of and forgotten.
bool SocketIoClient::keep_allowed() {
    const Grants& grants = *session_->access()->grants;
    SocketIoSelection allowed = selection_;
    const auto denied = [&](const Selection& selection) {
        assert_on_listener_thread();
        const auto denial = check_selection(selection, grants);
        if (!denial) return false;
        report_denial(state_.api(), identity(), denial->what, denial->rule);
        send_error("forbidden", denial->message);
        return true;
    };
    for (const KeySelector& key : selection_.keys()) {
        if (denied({selection_.topics(), {key}})) allowed.remove(key.value);
    }
    if (selection_.everything() && denied(selection_.of_everything())) allowed.remove_everything();
    const bool had_any = selection_.selected().has_value();
    want(std::move(allowed), false);
    return !had_any || selection_.selected().has_value();
}

// The session has ended: says why, as far as this is heard.
void SocketIoClient::close(CloseCode code, std::string_view reason) {
    assert_on_listener_thread();
    const auto& shutdown = state_.config->socketio_events->shutdown;
    if (code == CloseCode::Shutdown) {
        if (shutdown) {
            std::string body;
            if (shutdown->body) {
                shutdown->body->append_or_null(values(), body);
            } else {
                body = message_body("The server is shutting down");
            }
            socket_.emit(shutdown->event, body);
        }
    } else if (!code_of(code).empty()) {
        send_error(code_of(code), reason);
    }
    if (!may_come_back(code)) socket_.disconnect();
    socket_.close(code, reason);
}

}  // namespace rtbridge
