#include "transport/api.h"

#include <algorithm>
#include <utility>

#include "access/admission.h"
#include "transport/denial.h"
#include "transport/engineio_reply.h"
#include "transport/engineio_server.h"
#include "transport/http_route_api.h"
#include "transport/http_routes.h"
#include "transport/identification.h"
#include "transport/latest_json.h"
#include "transport/login_api.h"
#include "transport/methods.h"
#include "transport/metrics_text.h"
#include "transport/pages.h"
#include "transport/publish_api.h"
#include "transport/rules_json.h"
#include "transport/sessions_json.h"
#include "transport/status_json.h"

namespace rtbridge {
namespace {

// Enough for routes that don't publish; limits.body is for those that do.
constexpr std::size_t small_body_bytes = 16 * KiB;
constexpr std::string_view preflight_age_s = "600";

HttpReply json_reply(std::string body) {
    HttpReply reply;
    reply.body = std::move(body);
    return reply;
}

// A request on its way to a route; `access` is null where the route needs no identity.
struct Arrival {
    const HttpRequest& request;
    const ApiContext& context;
    const CheckedLogin* checked;
    SessionAccessPtr access;
    const HttpRoutes::Found* configured = nullptr;  // the route of the configuration that is meant
};

Answer answer_health(const Arrival&) {
    return json_reply("{\"status\":\"alive\"}");
}

Answer answer_ready(const Arrival& arrival) {
    if (const auto reason = not_ready_reason(arrival.context)) {
        return HttpReply::error(503, "not_ready", *reason);
    }
    return json_reply("{\"status\":\"ready\"}");
}

Answer answer_status(const Arrival& arrival) {
    return json_reply(status_json(arrival.context));
}

Answer answer_sessions(const Arrival& arrival) {
    return json_reply(sessions_json(arrival.context.sessions.registry()));
}

Answer answer_rules(const Arrival& arrival) {
    return json_reply(rules_json(arrival.context));
}

Answer answer_metrics(const Arrival& arrival) {
    HttpReply reply;
    reply.content_type = metrics_content_type;
    reply.body = metrics_text(arrival.context);
    return reply;
}

Answer answer_latest_values(const Arrival& arrival) {
    return answer_latest(arrival.request, arrival.context.sessions.values(),
                         *arrival.access->grants, arrival.context.metrics);
}

Answer answer_websocket_status(const Arrival& arrival) {
    return json_reply("{\"success\":true,\"connectedClients\":" +
                      std::to_string(arrival.context.sessions.registry().size()) +
                      ",\"websocketEnabled\":true}");
}

Answer answer_events(const Arrival& arrival) ON_LISTENER_THREAD {
    auto stream = read_sse_request(arrival.request, arrival.context, arrival.access);
    if (!stream.ok()) return stream.error();
    return std::move(stream).value();
}

Answer answer_upgrade_required(const Arrival&) {
    return HttpReply::error(400, "bad_request", "/ws is a WebSocket: open it with an upgrade");
}

Answer answer_login_request(const Arrival& arrival) ON_LISTENER_THREAD {
    return answer_login(arrival.request, arrival.context, arrival.checked);
}

Answer answer_logout_request(const Arrival& arrival) {
    return answer_logout(arrival.request, arrival.context);
}

Answer answer_ticket_request(const Arrival& arrival) {
    // Or each would get the next, and who once saw one in a URL would stay for ever.
    const auto& query = arrival.request.query;
    if (std::any_of(query.begin(), query.end(),
                    [](const auto& parameter) { return parameter.first == "ticket"; })) {
        return HttpReply::error(403, "forbidden", "a ticket is not for getting another one");
    }
    return answer_ticket(arrival.context, arrival.access->visitor);
}

Answer answer_publish_request(const Arrival& arrival) {
    return answer_publish(arrival.request, arrival.context, *arrival.access);
}

Answer answer_configured(const Arrival& arrival) ON_LISTENER_THREAD {
    const HttpRoutes::Found& found = *arrival.configured;
    return answer_http_route(*found.route, found.captures, arrival.request, arrival.context,
                             *arrival.access);
}

enum class Needs {
    Nothing,  // anyone, from anywhere
    NoLogin,  // anyone from where requests may come from
    Identity,
    Admin,
};

struct Route {
    std::string_view path;
    Takes takes;
    Needs needs;
    Answer (*answer)(const Arrival&);
};

constexpr Route routes[] = {
    {"/healthz", Takes::Get, Needs::Nothing, answer_health},
    {"/readyz", Takes::Get, Needs::Nothing, answer_ready},
    {"/ws", Takes::Get, Needs::Identity, answer_upgrade_required},
    {sse_path, Takes::Stream, Needs::Identity, answer_events},
    {"/api/status", Takes::Get, Needs::Identity, answer_status},
    {"/api/latest", Takes::Get, Needs::Identity, answer_latest_values},
    {"/api/sessions", Takes::Get, Needs::Admin, answer_sessions},
    {"/api/rules", Takes::Get, Needs::Admin, answer_rules},
    {"/api/login", Takes::Post, Needs::NoLogin, answer_login_request},
    {"/api/logout", Takes::Post, Needs::NoLogin, answer_logout_request},
    {"/api/ticket", Takes::Post, Needs::Identity, answer_ticket_request},
    {"/api/publish", Takes::Post, Needs::Identity, answer_publish_request},
    {"/metrics", Takes::Get, Needs::Admin, answer_metrics},
    {"/websocket/status", Takes::Get, Needs::Identity, answer_websocket_status},
};

const Route* find_route(const std::string& path) {
    const auto* const found =
        std::find_if(std::begin(routes), std::end(routes),
                     [&](const Route& candidate) { return candidate.path == path; });
    return found == std::end(routes) ? nullptr : found;
}

// [[http.route]]: GET and POST at the same path may be routes of their own.
struct ConfiguredRoute {
    Route route;
    std::optional<HttpRoutes::Found> found;  // of the request's method
};

std::optional<ConfiguredRoute> find_configured_route(const HttpRequest& request,
                                                     const ApiContext& context) {
    const HttpRoutes* const configured = context.config.http_routes.get();
    if (configured == nullptr) return std::nullopt;
    auto get = configured->find(HttpRouteMethod::Get, request.path);
    auto post = configured->find(HttpRouteMethod::Post, request.path);
    if (!get && !post) return std::nullopt;
    const Takes both = get && post ? Takes::Both : post ? Takes::Post : Takes::Get;
    return ConfiguredRoute{{{}, both, Needs::Identity, answer_configured},
                           request.method == HttpMethod::Post ? std::move(post) : std::move(get)};
}

// A page of an allowed origin may read the answer (Fetch, 3.2); one of any other gets no header.
// With its user's cookie only if the operator named it: "*" is for what everyone may see. What no
// browser sends is not echoed.
HttpHeaders cors_headers(const RequestFacts& facts, const ApiContext& context) {
    if (!facts.origin || is_invalid_origin(facts.origin)) return {};
    HttpHeaders headers = {{"Access-Control-Allow-Origin", *facts.origin}};
    if (origin_named(facts, context.config.listener)) {
        headers.emplace_back("Access-Control-Allow-Credentials", "true");
    }
    headers.emplace_back("Vary", "Origin");
    return headers;
}

void add_cors(HttpReply& reply, const RequestFacts& facts, const ApiContext& context) {
    const HttpHeaders headers = cors_headers(facts, context);
    reply.headers.insert(reply.headers.end(), headers.begin(), headers.end());
}

// OPTIONS, as browsers ask before a request that a form could not have made (Fetch, 4.8).
HttpReply answer_preflight(const Route& route) {
    HttpReply reply;
    reply.status = 204;
    reply.headers = {
        {"Access-Control-Allow-Methods", method_list(route.takes)},
        // The last two are sent by clients of event streams that are made with fetch().
        {"Access-Control-Allow-Headers", route.takes == Takes::Stream
                                             ? "Authorization, Cache-Control, Last-Event-ID"
                                             : "Authorization, Content-Type"},
        {"Access-Control-Max-Age", std::string(preflight_age_s)},
        {"Allow", method_list(route.takes) + ", OPTIONS"}};
    return reply;
}

HttpReply refuse_admin(const Arrival& arrival) {
    report_denial(arrival.context, arrival.access->identity(), arrival.request.path, nullptr);
    return HttpReply::error(403, "forbidden",
                            "this needs the action \"admin\", or a request from this machine");
}

Answer answer_route(const Route& route, Arrival arrival) ON_LISTENER_THREAD {
    const ApiContext& context = arrival.context;
    if (!takes(route.takes, arrival.request.method)) return refuse_method(route.takes);
    const bool admitted = route.needs == Needs::NoLogin ||
                          (route.needs == Needs::Admin &&
                           is_loopback_request(arrival.request.facts, context.config.listener));
    if (admitted) return route.answer(arrival);

    Identification who = identify(arrival.request, context, arrival.checked);
    if (auto* const refusal = std::get_if<HttpReply>(&who)) return std::move(*refusal);
    if (auto* const check = std::get_if<LoginCheck>(&who)) return std::move(*check);
    arrival.access = context.accesses.share(std::get<Visitor>(std::move(who)), context.policy());
    if (route.needs == Needs::Admin && !arrival.access->grants->may_admin()) {
        return refuse_admin(arrival);
    }
    return route.answer(arrival);
}

// Who it is shows when it connects to a namespace.
Answer answer_engineio(EngineIoServer& engine, const HttpRequest& request,
                       const ApiContext& context) ON_LISTENER_THREAD {
    if (const auto refusal =
            refuse_request(request.facts, context.config.listener, context.config.auth)) {
        report_refused_request(context, request.facts, refusal->message);
        return engineio_refusal(refusal->http_status, refusal->message);
    }
    return engine.answer(request, cors_headers(request.facts, context));
}

}  // namespace

std::optional<std::string> not_ready_reason(const ApiContext& context) {
    if (context.draining) return "draining: the plugin is being unloaded";
    const ReloadStatus& reload = context.config.reload;
    if (!reload.ok) {
        // Not the mistake itself: this answer is for everyone, /api/status and the log have it.
        return "the configuration file has a mistake, see /api/status; generation " +
               std::to_string(context.config.generation) + " goes on";
    }
    const SteadyTime tick = context.metrics.last_tick.load(std::memory_order_relaxed);
    const bool ticked = tick != SteadyTime{};
    if (context.clock.now() - (ticked ? tick : context.started) > tick_silence_max) {
        return ticked ? "the broker's loop has not turned for 5 s"
                      : "the broker never ticks the plugin: per_listener_settings is on, which "
                        "this Mosquitto version does not tick";
    }
    return std::nullopt;
}

std::optional<std::size_t> body_bytes_max(const HttpRequest& request, const ApiContext& context) {
    if (const EngineIoServer* const engine = context.engine_at(request.path)) {
        return engine->settings().max_payload_bytes;
    }
    const Route* const route = find_route(request.path);
    const std::size_t body_bytes = context.config.limits.body_bytes;
    if (route == nullptr) {
        const HttpRoutes* const configured = context.config.http_routes.get();
        const bool publishes =
            configured != nullptr && configured->find(HttpRouteMethod::Post, request.path);
        return publishes ? std::optional(body_bytes) : std::nullopt;
    }
    if (route->takes != Takes::Post) return std::nullopt;
    return route->answer == answer_publish_request ? body_bytes
                                                   : std::min(body_bytes, small_body_bytes);
}

std::shared_ptr<void> announce_body(const HttpRequest& request, const ApiContext& context) {
    EngineIoServer* const engine = context.engine_at(request.path);
    return engine == nullptr ? nullptr : engine->announce_post(request);
}

Answer answer(const HttpRequest& request, const ApiContext& context, const CheckedLogin* checked) {
    if (EngineIoServer* const engine = context.engine_at(request.path)) {
        return answer_engineio(*engine, request, context);
    }
    const Route* route = find_route(request.path);
    std::optional<ConfiguredRoute> configured;
    if (route == nullptr) {
        configured = find_configured_route(request, context);
        if (!configured) return answer_page(request, context);
        route = &configured->route;
    }
    Arrival arrival{request, context, checked, nullptr};
    if (configured && configured->found) arrival.configured = &*configured->found;
    if (route->needs == Needs::Nothing) {
        if (!takes(route->takes, request.method)) return refuse_method(route->takes);
        return route->answer(arrival);
    }
    if (const auto refusal =
            refuse_request(request.facts, context.config.listener, context.config.auth)) {
        report_refused_request(context, request.facts, refusal->message);
        return HttpReply::error(refusal->http_status, refusal->code, refusal->message);
    }
    Answer answered = request.method == HttpMethod::Options ? Answer(answer_preflight(*route))
                                                            : answer_route(*route, arrival);
    if (auto* const reply = std::get_if<HttpReply>(&answered)) {
        add_cors(*reply, request.facts, context);
    } else if (auto* const stream = std::get_if<SseRequest>(&answered)) {
        stream->headers = cors_headers(request.facts, context);
    }
    return answered;
}

HttpReply answer_published(const HttpRequest& request, const ApiContext& context,
                           std::optional<PublishResult> result, std::string reply_text) {
    HttpReply reply = result ? publish_reply(*result, std::move(reply_text)) : publish_desk_full();
    add_cors(reply, request.facts, context);
    return reply;
}

HttpReply refuse_for_now(HttpReply refusal, const Impediment& impediment,
                         const HttpRequest& request, const ApiContext& context) {
    const bool stream =
        request.path == sse_path && request.method == HttpMethod::Get &&
        !refuse_request(request.facts, context.config.listener, context.config.auth);
    if (!stream) return refusal;
    HttpReply bye = sse_bye(impediment.code, impediment.why, context);
    add_cors(bye, request.facts, context);
    return bye;
}

}  // namespace rtbridge
