#include "transport/login_api.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/json_text.h"
#include "transport/credentials.h"
#include "transport/identification.h"

namespace rtbridge {
namespace {

using nlohmann::json;

HttpReply no_secret() {
    return HttpReply::error(503, "unavailable", "the system has no randomness to give");
}

std::optional<std::string> text_member(const json& object, const char* name) {
    if (!object.is_object()) return std::nullopt;
    const auto it = object.find(name);
    if (it == object.end() || !it->is_string()) return std::nullopt;
    return it->get<std::string>();
}

HttpReply logged_in(Visitor visitor, const ApiContext& context) {
    SharedLogins& logins = context.logins;
    // Sessions that the login opens end with it.
    visitor.identity.expires_unix_s =
        context.now_unix_s() +
        std::chrono::duration_cast<std::chrono::seconds>(logins.logins.lifetime()).count();
    HttpReply reply;
    reply.body = "{\"ok\":true,\"user\":";
    append_json_string(reply.body, visitor.identity.user);
    reply.body += ",\"roles\":[";
    for (const std::string& role : visitor.identity.roles) {
        if (&role != &visitor.identity.roles.front()) reply.body += ',';
        append_json_string(reply.body, role);
    }
    reply.body += "]}";
    const std::string secret = logins.logins.issue(
        {std::move(visitor.identity), visitor.password_record}, context.clock.now());
    if (secret.empty()) return no_secret();
    set_cookie(reply, context, secret);
    return reply;
}

}  // namespace

Answer answer_login(const HttpRequest& request, const ApiContext& context,
                    const CheckedLogin* checked) {
    if (!context.authenticator().takes_passwords()) {
        return HttpReply::error(404, "not_found", "passwords are not in use here");
    }
    if (request.content_type != "application/json") {
        return HttpReply::error(415, "bad_request", "Content-Type is application/json here");
    }
    const json body = json::parse(request.body, nullptr, false);
    const std::optional<std::string> user = text_member(body, "user");
    const std::optional<std::string> password = text_member(body, "password");
    if (!user || !password) {
        return HttpReply::error(400, "bad_request",
                                R"(the body is {"user":"...","password":"..."})");
    }
    Identification who = identify_by_password(*user, *password, request, context, checked);
    if (auto* const check = std::get_if<LoginCheck>(&who)) return std::move(*check);
    if (auto* const refusal = std::get_if<HttpReply>(&who)) return std::move(*refusal);
    return logged_in(std::get<Visitor>(std::move(who)), context);
}

HttpReply answer_logout(const HttpRequest& request, const ApiContext& context) {
    const std::string cookie = context.config.auth ? context.config.auth->cookie : "";
    HttpRequest cookie_only;
    cookie_only.cookies = request.cookies;
    const auto shown = read_credentials(cookie_only, cookie, false);
    if (shown.ok()) {
        (void)context.logins.logins.redeem(shown.value().secret, context.clock.now());
    }
    HttpReply reply;
    reply.body = "{\"ok\":true}";
    set_cookie(reply, context, "");
    return reply;
}

HttpReply answer_ticket(const ApiContext& context, const Visitor& visitor) {
    SecretStore& tickets = context.logins.tickets;
    const std::string ticket =
        tickets.issue({visitor.identity, visitor.password_record}, context.clock.now());
    if (ticket.empty()) return no_secret();
    HttpReply reply;
    reply.body = "{\"ticket\":\"" + ticket +
                 "\",\"expires_in\":" + std::to_string(tickets.lifetime().count()) + "}";
    return reply;
}

}  // namespace rtbridge
