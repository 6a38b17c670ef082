#include "transport/api.h"

#include <algorithm>

#include "dashboard/dashboard.h"
#include "transport/latest_json.h"
#include "transport/status_json.h"

namespace rtbridge {
namespace {

// The broker turns its loop at least ten times a second.
constexpr std::chrono::seconds tick_silence_max{5};

HttpReply json_reply(std::string body) {
    HttpReply reply;
    reply.body = std::move(body);
    return reply;
}

HttpReply answer_health(const HttpRequest&, const ApiContext&) {
    return json_reply("{\"status\":\"alive\"}");
}

HttpReply answer_ready(const HttpRequest&, const ApiContext& context) {
    if (const auto reason = not_ready_reason(context)) {
        return HttpReply::error(503, "not_ready", *reason);
    }
    return json_reply("{\"status\":\"ready\"}");
}

HttpReply answer_status(const HttpRequest&, const ApiContext& context) {
    return json_reply(status_json(context));
}

HttpReply answer_latest_values(const HttpRequest& request, const ApiContext& context) {
    return answer_latest(request, context.sessions.latest());
}

HttpReply answer_websocket_status(const HttpRequest&, const ApiContext& context) {
    return json_reply("{\"success\":true,\"connectedClients\":" +
                      std::to_string(context.sessions.size()) + ",\"websocketEnabled\":true}");
}

HttpReply answer_upgrade_required(const HttpRequest&, const ApiContext&) {
    return HttpReply::error(400, "bad_request", "/ws is a WebSocket: open it with an upgrade");
}

enum class Needs { Nothing, Identity };

struct Route {
    std::string_view path;
    Needs needs;
    HttpReply (*answer)(const HttpRequest&, const ApiContext&);
};

constexpr Route routes[] = {
    {"/healthz", Needs::Nothing, answer_health},
    {"/readyz", Needs::Nothing, answer_ready},
    {"/ws", Needs::Identity, answer_upgrade_required},
    {"/api/status", Needs::Identity, answer_status},
    {"/api/latest", Needs::Identity, answer_latest_values},
    {"/websocket/status", Needs::Identity, answer_websocket_status},
};

const Asset* find_asset(const std::string& path) {
    for (const Asset& asset : dashboard_assets()) {
        if (asset.path == path) return &asset;
    }
    return nullptr;
}

HttpReply answer_asset(const HttpRequest& request, const Asset& asset) {
    HttpReply reply;
    reply.headers = {{"ETag", std::string(asset.etag)}, {"Cache-Control", "no-cache"}};
    if (request.if_none_match == asset.etag) {
        reply.status = 304;
        return reply;
    }
    reply.content_type = asset.content_type;
    reply.body = asset.body;
    return reply;
}

// A page of an allowed origin may read the answer (Fetch, 3.2); one of any other gets no header.
void add_cors(HttpReply& reply, const HttpRequest& request) {
    if (!request.facts.origin) return;
    reply.headers.emplace_back("Access-Control-Allow-Origin", *request.facts.origin);
    reply.headers.emplace_back("Vary", "Origin");
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

HttpReply answer(const HttpRequest& request, const ApiContext& context) {
    const auto* const route =
        std::find_if(std::begin(routes), std::end(routes),
                     [&](const Route& candidate) { return candidate.path == request.path; });
    const Asset* const asset =
        context.config.listener.dashboard ? find_asset(request.path) : nullptr;
    if (route == std::end(routes) && asset == nullptr) {
        return HttpReply::error(404, "not_found", "nothing is served at this path");
    }
    if (request.method != HttpMethod::Get && request.method != HttpMethod::Head) {
        HttpReply reply = HttpReply::error(405, "method_not_allowed", "only GET and HEAD");
        reply.headers.emplace_back("Allow", "GET, HEAD");
        return reply;
    }
    if (asset != nullptr) return answer_asset(request, *asset);
    if (route->needs == Needs::Nothing) return route->answer(request, context);

    if (const auto refusal =
            refuse_request(request.facts, context.config.listener, context.config.auth)) {
        return HttpReply::error(refusal->http_status, refusal->code, refusal->message);
    }
    HttpReply reply = route->answer(request, context);
    add_cors(reply, request);
    return reply;
}

}  // namespace rtbridge
