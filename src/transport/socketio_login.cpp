#include "transport/socketio_login.h"

#include <utility>

#include "access/admission.h"
#include "rules/json_document.h"
#include "transport/denial.h"
#include "transport/identification.h"
#include "transport/token_renewal.h"

namespace rtbridge {
namespace {

SocketIoRefusal refusal_of(const RequestError& error) {
    return {std::string(name_of(error.code)), error.message};
}

// The same in an answer of HTTP.
SocketIoRefusal refusal_of(const HttpReply& reply) {
    JsonDocument document;
    SocketIoRefusal refusal{"unauthorized", "refused"};
    if (document.parse(reply.body) != nullptr) return refusal;
    std::string_view code;
    std::string_view message;
    const auto error = document.root()["error"];
    if (error["code"].get(code) == simdjson::SUCCESS) refusal.code = code;
    if (error["message"].get(message) == simdjson::SUCCESS) refusal.message = message;
    return refusal;
}

SocketIoIdentification by_token(const std::string& token, const std::string& address,
                                const ApiContext& context,
                                const CheckedLogin* checked) ON_LISTENER_THREAD {
    const Authenticator& authenticator = context.authenticator();
    const std::int64_t now_s = context.now_unix_s();
    const Login login = checked != nullptr ? checked->login : authenticator.by_token(token, now_s);
    if (login.ok()) {
        context.metrics.logins.add();
        Visitor visitor{login.value(), 0};
        visitor.identity.address = address;
        return visitor;
    }
    const LoginFailure& failure = login.error();
    if (checked == nullptr && failure.error == LoginError::UnknownKey &&
        authenticator.keys_refresh_due(now_s)) {
        return LoginCheck{LoginCheck::Means::TokenAfterRefresh, "", token,
                          context.config.access->authenticator, now_s};
    }
    report_refused_login(context, "", address, failure.reason);
    return refusal_of(refused_token(failure));
}

}  // namespace

Result<std::optional<std::string>, SocketIoRefusal> read_connect_token(std::string_view auth,
                                                                       JsonDocument& document) {
    if (auth.empty()) return std::optional<std::string>();
    if (const char* const mistake = document.parse(auth)) {
        return Failure{SocketIoRefusal{"bad_request", std::string("auth: ") + mistake}};
    }
    JsonDocument::Object object;
    std::optional<JsonDocument::Element> member;
    if (document.root().get(object) == simdjson::SUCCESS) member = last_member(object, "token");
    // A page that has none sends what its storage says: null or nothing.
    if (!member || member->is_null()) return std::optional<std::string>();
    std::string_view token;
    if (member->get(token) != simdjson::SUCCESS) {
        return Failure{SocketIoRefusal{"unauthorized", "auth.token is not a text"}};
    }
    if (token.empty()) return std::optional<std::string>();
    return std::optional<std::string>(token);
}

SocketIoIdentification identify_client(const std::optional<std::string>& token,
                                       const HttpRequest& handshake, const ApiContext& context,
                                       const CheckedLogin* checked) {
    if (context.draining) return SocketIoRefusal{"unavailable", "draining"};
    const ConfigSnapshot& config = context.config;
    if (const auto refusal = refuse_request(handshake.facts, config.listener, config.auth)) {
        report_refused_request(context, handshake.facts, refusal->message);
        return SocketIoRefusal{refusal->code, refusal->message};
    }
    // Without [auth] nothing can be proven and nothing needs to be.
    if (token && config.auth) {
        return by_token(*token, handshake.facts.client_address, context, checked);
    }
    Identification who = identify(handshake, context, checked);
    if (auto* const visitor = std::get_if<Visitor>(&who)) return std::move(*visitor);
    if (auto* const check = std::get_if<LoginCheck>(&who)) return std::move(*check);
    return refusal_of(std::get<HttpReply>(who));
}

}  // namespace rtbridge
