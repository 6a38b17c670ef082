#include "transport/api.h"

#include <algorithm>
#include <utility>

#include "access/admission.h"
#include "dashboard/dashboard.h"
#include "transport/cors.h"
#include "transport/denial.h"
#include "transport/identification.h"
#include "transport/latest_json.h"
#include "transport/login_api.h"
#include "transport/metrics_text.h"
#include "transport/publish_api.h"
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

enum class Needs {
    Nothing,  // anyone, from anywhere
    NoLogin,  // anyone from where requests may come from
    Identity,
    Admin,
};
enum class Takes {
    Get,  // and HEAD
    Stream,
    Post,
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

bool takes(Takes wanted, HttpMethod method) {
    if (wanted == Takes::Post) return method == HttpMethod::Post;
    return method == HttpMethod::Get || (method == HttpMethod::Head && wanted == Takes::Get);
}

std::string methods(Takes wanted) {
    if (wanted == Takes::Post) return "POST";
    return wanted == Takes::Stream ? "GET" : "GET, HEAD";
}

HttpReply refuse_method(Takes wanted) {
    static constexpr std::string_view taken[] = {"only GET and HEAD", "only GET", "only POST"};
    HttpReply reply =
        HttpReply::error(405, "method_not_allowed", taken[static_cast<std::size_t>(wanted)]);
    reply.headers.emplace_back("Allow", methods(wanted) + ", OPTIONS");
    return reply;
}

const Asset* find_asset(const std::string& path, const ListenerConfig& listener) {
    for (const Asset& asset : dashboard_assets()) {
        const bool served = listener.dashboard || asset.part == Asset::Part::Library;
        if (asset.path == path) return served ? &asset : nullptr;
    }
    return nullptr;
}

HttpReply answer_asset(const HttpRequest& request, const Asset& asset) {
    HttpReply reply;
    reply.headers = {{"ETag", std::string(asset.etag)}, {"Cache-Control", "no-cache"}};
    // Browsers load a module of another origin only with its leave (HTML, 8.1.4.2); nothing here is
    // secret.
    if (asset.part == Asset::Part::Library) {
        reply.headers.emplace_back("Access-Control-Allow-Origin", "*");
    }
    if (request.if_none_match == asset.etag) {
        reply.status = 304;
        return reply;
    }
    reply.content_type = asset.content_type;
    reply.body = asset.body;
    return reply;
}

// OPTIONS, as browsers ask before a request that a form could not have made (Fetch, 4.8).
HttpReply answer_preflight(const Route& route) {
    HttpReply reply;
    reply.status = 204;
    reply.headers = {
        {"Access-Control-Allow-Methods", methods(route.takes)},
        // The last two are sent by clients of event streams that are made with fetch().
        {"Access-Control-Allow-Headers", route.takes == Takes::Stream
                                             ? "Authorization, Cache-Control, Last-Event-ID"
                                             : "Authorization, Content-Type"},
        {"Access-Control-Max-Age", std::string(preflight_age_s)},
        {"Allow", methods(route.takes) + ", OPTIONS"}};
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
    const Route* const route = find_route(request.path);
    if (route == nullptr || route->takes != Takes::Post) return std::nullopt;
    const std::size_t body_bytes = context.config.limits.body_bytes;
    return route->answer == answer_publish_request ? body_bytes
                                                   : std::min(body_bytes, small_body_bytes);
}

Answer answer(const HttpRequest& request, const ApiContext& context, const CheckedLogin* checked) {
    const Route* const route = find_route(request.path);
    if (route == nullptr) {
        const Asset* const asset = find_asset(request.path, context.config.listener);
        if (asset == nullptr) {
            return HttpReply::error(404, "not_found", "nothing is served at this path");
        }
        if (!takes(Takes::Get, request.method)) return refuse_method(Takes::Get);
        return answer_asset(request, *asset);
    }
    Arrival arrival{request, context, checked, nullptr};
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
        add_cors(reply->headers, request.facts, context.config.listener);
    } else if (auto* const stream = std::get_if<SseRequest>(&answered)) {
        add_cors(stream->headers, request.facts, context.config.listener);
    }
    return answered;
}

HttpReply answer_published(const HttpRequest& request, const ApiContext& context,
                           std::optional<PublishResult> result) {
    HttpReply reply = result ? publish_reply(*result) : publish_desk_full();
    add_cors(reply.headers, request.facts, context.config.listener);
    return reply;
}

HttpReply refuse_for_now(HttpReply refusal, const Impediment& impediment,
                         const HttpRequest& request, const ApiContext& context) {
    const bool stream =
        request.path == sse_path && request.method == HttpMethod::Get &&
        !refuse_request(request.facts, context.config.listener, context.config.auth);
    if (!stream) return refusal;
    HttpReply bye = sse_bye(impediment.code, impediment.why, context);
    add_cors(bye.headers, request.facts, context.config.listener);
    return bye;
}

}  // namespace rtbridge
