#include "transport/upgrade.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <variant>

#include "access/admission.h"
#include "transport/denial.h"
#include "transport/engineio_server.h"
#include "transport/full_mode.h"
#include "transport/identification.h"
#include "transport/listener_state.h"
#include "transport/mqtt_tunnel.h"
#include "transport/plain_mode.h"
#include "transport/retry_after.h"
#include "transport/subprotocol.h"

namespace rtbridge {
namespace {

// What lws 4.1.6 would let pass (RFC 6455, 4.2.1 and 4.2.2).
std::optional<HttpReply> refuse_form(const HttpRequest& request) {
    if (request.websocket_version != "13") {
        HttpReply reply = HttpReply::error(426, "bad_request", "Sec-WebSocket-Version is 13 here");
        reply.headers.emplace_back("Sec-WebSocket-Version", "13");
        return reply;
    }
    constexpr std::size_t key_bytes = 24;  // 16 bytes in base64
    if (request.method != HttpMethod::Get || request.websocket_key.size() != key_bytes) {
        return HttpReply::error(400, "bad_request", "not a WebSocket handshake");
    }
    return std::nullopt;
}

// libwebsockets 4.1.6 hangs up without an answer on a longer list, or name.
constexpr std::size_t subprotocols_bytes_max = 127;
constexpr std::size_t subprotocol_bytes_max = 63;

// The one that libwebsockets picks: the first offered that it knows; empty: none.
std::string_view picked_subprotocol(const HttpRequest& request) {
    std::string_view list = request.subprotocols;
    if (list.size() > subprotocols_bytes_max) return {};
    std::string_view picked;
    while (!list.empty()) {
        const std::size_t comma = std::min(list.find(','), list.size());
        std::string_view name = list.substr(0, comma);
        const std::size_t begin = std::min(name.find_first_not_of(" \t"), name.size());
        name = name.substr(begin, name.find_last_not_of(" \t") + 1 - begin);
        if (name.size() > subprotocol_bytes_max) return {};
        const bool known =
            std::find(subprotocols.begin(), subprotocols.end(), name) != subprotocols.end();
        if (picked.empty() && known) picked = name;
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return picked;
}

// In full mode the selection comes in frames.
std::optional<HttpReply> refuse_query(const HttpRequest& request) {
    for (const auto& [name, value] : request.query) {
        if (name == "ticket" || name == "token") continue;  // credentials, read before
        return HttpReply::error(400, "bad_request",
                                "unknown parameter \"" + name +
                                    "\"; with rtbridge.v1 subscriptions are made by frames");
    }
    return std::nullopt;
}

// An upgrade can't wait for key files to be read again; the listener reads them within the second.
Identification without_refresh(const HttpRequest& request,
                               const ApiContext& context) ON_LISTENER_THREAD {
    const CheckedLogin unknown_key{
        Failure{LoginFailure{LoginError::UnknownKey, "the token's key is unknown"}}, 0,
        std::nullopt};
    return identify(request, context, &unknown_key);
}

// Fills in who it is, or how that will be known; or says why not.
std::optional<HttpReply> find_out_who(AcceptedUpgrade& upgrade, const HttpRequest& request,
                                      ListenerState& state) ON_LISTENER_THREAD {
    const ApiContext context = state.api();
    Identification who = identify(request, context);
    if (auto* const wanted = std::get_if<LoginCheck>(&who)) {
        const bool cheap =
            !context.authenticator().costlier_than(state.config->limits.password_time);
        if (wanted->means == LoginCheck::Means::TokenAfterRefresh) {
            who = without_refresh(request, context);
        } else if (cheap) {
            const CheckedLogin checked = wanted->run();
            who = identify(request, context, &checked);
        } else {
            state.metrics.hit(Limit::PasswordTime);
            if (state.login_worker.full()) {
                state.metrics.hit(Limit::LoginChecks);
                return with_retry(
                    HttpReply::error(503, "unavailable", "too many logins at this time"));
            }
            upgrade.check = std::move(*wanted);
            return std::nullopt;
        }
    }
    if (auto* const refusal = std::get_if<HttpReply>(&who)) return std::move(*refusal);
    upgrade.access = state.accesses.share(std::get<Visitor>(std::move(who)), context.policy());
    return std::nullopt;
}

using Spoken = Result<std::shared_ptr<Conversation>, HttpReply>;

Spoken speak_plain(const HttpRequest& request, WebSocket& socket,
                   ListenerState& state) ON_LISTENER_THREAD {
    auto selection = read_selection(request, *state.config);
    if (!selection.ok()) {
        const SelectionRefusal& refusal = selection.error();
        if (refusal.limit) state.metrics.hit(*refusal.limit);
        return Failure{
            HttpReply::error(400, refusal.limit ? "limit" : "bad_request", refusal.message)};
    }
    return std::shared_ptr<Conversation>(
        std::make_shared<PlainMode>(state, socket, request.facts, std::move(selection).value()));
}

Spoken speak_full(const HttpRequest& request, WebSocket& socket,
                  ListenerState& state) ON_LISTENER_THREAD {
    if (auto refusal = refuse_query(request)) return Failure{std::move(*refusal)};
    return std::shared_ptr<Conversation>(std::make_shared<FullMode>(state, socket, request.facts));
}

// On any path, with any query: pages that speak MQTT have both from other brokers.
Spoken speak_mqtt(const HttpRequest& request, WebSocket& socket,
                  ListenerState& state) ON_LISTENER_THREAD {
    return std::shared_ptr<Conversation>(
        std::make_shared<MqttTunnel>(state, socket, request.facts));
}

enum class Mode { Plain, Full, Mqtt };

Mode mode_of(std::string_view subprotocol) {
    if (subprotocol == mqtt_subprotocol || subprotocol == mqtt_31_subprotocol) return Mode::Mqtt;
    return subprotocol == full_mode_subprotocol ? Mode::Full : Mode::Plain;
}

Spoken speak(Mode mode, const HttpRequest& request, WebSocket& socket,
             ListenerState& state) ON_LISTENER_THREAD {
    switch (mode) {
        case Mode::Full:
            return speak_full(request, socket, state);
        case Mode::Mqtt:
            return speak_mqtt(request, socket, state);
        case Mode::Plain:
            break;
    }
    return speak_plain(request, socket, state);
}

HttpReply to_reply(const Conversation::Refusal& refusal) {
    const bool later = refusal.http_status == 429 || refusal.http_status == 503;
    HttpReply reply =
        HttpReply::error(refusal.http_status, later ? "limit" : "forbidden", refusal.message);
    return later ? with_retry(std::move(reply)) : reply;
}

}  // namespace

Result<AcceptedUpgrade, HttpReply> accept_upgrade(const HttpRequest& request, WebSocket& socket,
                                                  ListenerState& state) {
    const Mode mode = mode_of(picked_subprotocol(request));
    EngineIoServer* const engine =
        mode == Mode::Mqtt ? nullptr : find_engine(state.engines, request.path);
    if (request.path != "/ws" && engine == nullptr && mode != Mode::Mqtt) {
        return Failure{HttpReply::error(404, "not_found", "WebSockets are served at /ws")};
    }
    if (auto refusal = refuse_form(request)) return Failure{std::move(*refusal)};
    if (state.draining) {
        return Failure{with_retry(HttpReply::error(503, "unavailable", "draining"))};
    }
    const ApiContext context = state.api();
    if (const auto refusal =
            refuse_request(request.facts, state.config->listener, state.config->auth)) {
        report_refused_request(context, request.facts, refusal->message);
        return Failure{HttpReply::error(refusal->http_status, refusal->code, refusal->message)};
    }
    if (mode == Mode::Mqtt && !state.config->mqtt_tunnel) {
        return Failure{HttpReply::error(
            404, "not_found",
            "MQTT over WebSocket is off here; to in [mqtt_tunnel] switches it on")};
    }
    if (engine != nullptr) {
        if (auto refusal = engine->refuse_upgrade(request)) return Failure{std::move(*refusal)};
        return AcceptedUpgrade{engine->converse(socket, request)};
    }
    AcceptedUpgrade upgrade{};
    // In full mode credentials may come with hello.
    if (mode != Mode::Full || shows_credentials(request, context)) {
        if (auto refusal = find_out_who(upgrade, request, state)) {
            return Failure{std::move(*refusal)};
        }
    }
    Spoken spoken = speak(mode, request, socket, state);
    if (!spoken.ok()) return Failure{spoken.error()};
    upgrade.conversation = std::move(spoken).value();
    if (upgrade.access) {
        if (const auto refusal = upgrade.conversation->refuse(*upgrade.access)) {
            return Failure{to_reply(*refusal)};
        }
    }
    return upgrade;
}

bool offers_known_subprotocol(const HttpRequest& request) {
    return !picked_subprotocol(request).empty();
}

}  // namespace rtbridge
