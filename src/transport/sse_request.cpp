#include "transport/sse_request.h"

#include <algorithm>

#include "listener/limit_reason.h"
#include "listener/selection_check.h"
#include "transport/denial.h"
#include "transport/retry_after.h"
#include "transport/sse_place.h"
#include "transport/user_limit.h"

namespace rtbridge {
namespace {

constexpr std::string_view last_event_id = "last_event_id";
// The name that polyfills of EventSource use.
constexpr std::string_view last_event_id_of_polyfills = "lastEventId";
constexpr std::string_view events = "events";

using Query = std::vector<std::pair<std::string, std::string>>;

const std::string* find(const Query& query, std::string_view name) {
    const auto it = std::find_if(query.begin(), query.end(),
                                 [name](const auto& parameter) { return parameter.first == name; });
    return it == query.end() ? nullptr : &it->second;
}

// What can't be read is no place: the browser begins anew.
std::optional<ResumePoint> read_since(const HttpRequest& request) {
    // The query is that of the first connection; the header is what came last.
    if (!request.last_event_id.empty()) return read_sse_place(request.last_event_id);
    const std::string* place = find(request.query, last_event_id);
    if (place == nullptr) place = find(request.query, last_event_id_of_polyfills);
    return place == nullptr ? std::nullopt : read_sse_place(*place);
}

std::optional<SseShape::Events> read_events(std::string_view value) {
    if (value == "1") return SseShape::Events::Named;
    if (value == "0") return SseShape::Events::Unnamed;
    if (value == "frames") return SseShape::Events::Frames;
    return std::nullopt;
}

}  // namespace

Result<SseRequest, HttpReply> read_sse_request(const HttpRequest& request,
                                               const ApiContext& context, SessionAccessPtr access) {
    if (context.draining) return Failure{sse_bye(CloseCode::Shutdown, "shutdown", context)};
    SseRequest result;
    if (const std::string* const name = find(request.query, events)) {
        const auto named = read_events(*name);
        if (!named) {
            return Failure{HttpReply::error(400, "bad_request", "events is 0, 1 or frames")};
        }
        result.form.events = *named;
    }
    if (!request.takes_chunks) result.form.framing = SseShape::Framing::Bare;
    auto selection = read_selection(request, context.config,
                                    {last_event_id, last_event_id_of_polyfills, events});
    if (!selection.ok()) {
        const SelectionRefusal& refusal = selection.error();
        if (refusal.limit) context.metrics.hit(*refusal.limit);
        return Failure{
            HttpReply::error(400, refusal.limit ? "limit" : "bad_request", refusal.message)};
    }
    result.wanted = std::move(selection).value();
    if (const auto denial = check_selection(result.wanted.selection, *access->grants)) {
        report_denial(context, access->identity(), denial->what, denial->rule);
        return Failure{HttpReply::error(403, "forbidden", denial->message)};
    }
    if (over_user_limit(access->identity(), context)) {
        return Failure{with_retry(HttpReply::error(
            429, "limit",
            limit_reason("connections_per_user", context.config.limits.connections_per_user)))};
    }
    result.since = read_since(request);
    result.facts = request.facts;
    result.access = std::move(access);
    return result;
}

HttpReply sse_head() {
    HttpReply head;
    head.content_type = "text/event-stream";
    // No proxy may keep, compress or collect it; nginx collects all answers unless told otherwise.
    head.headers = {{"Cache-Control", "no-cache, no-store, no-transform"},
                    {"X-Accel-Buffering", "no"}};
    return head;
}

HttpReply sse_bye(CloseCode code, std::string_view why, const ApiContext& context) {
    HttpReply reply = sse_head();
    const std::size_t sessions = context.sessions.registry().size();
    reply.body = sse_farewell(code, why, retry_window(code, sessions, draw_lot()), draw_lot());
    return reply;
}

}  // namespace rtbridge
