#include "transport/http_route_api.h"

#include <optional>
#include <string_view>
#include <utility>

#include "access/base64.h"
#include "base/json_text.h"
#include "config/in_quotes.h"
#include "listener/value_store.h"
#include "rules/working_payload.h"
#include "topic/topic_filter.h"
#include "transport/field_errors.h"
#include "transport/form_body.h"
#include "transport/latest_page.h"
#include "transport/publish_api.h"
#include "transport/publish_check.h"

namespace rtbridge {
namespace {

constexpr std::size_t mistakes_max = 16;  // told; there is no end to names of a form

HttpReply refuse(const UnusableRequest& why) {
    if (why.fields.empty()) return HttpReply::error(400, "bad_topic", why.message);
    return field_errors_reply(why.message, why.fields);
}

// The body of a request as templates see it.
class RouteBody {
public:
    // Nothing, or the answer that refuses it.
    [[nodiscard]] std::optional<HttpReply> read(const HttpRequest& request) {
        if (request.content_type.empty() && request.body.empty()) return std::nullopt;
        if (request.content_type == "application/json") {
            payload_.emplace().reset(request.body);
            const char* const mistake = payload_->json_mistake();
            if (mistake == nullptr) return std::nullopt;
            return HttpReply::error(400, "bad_request", std::string("the body: ") + mistake);
        }
        if (request.content_type == form_type) return read_fields(request.body);
        return HttpReply::error(415, "bad_request",
                                "Content-Type is application/json or "
                                "application/x-www-form-urlencoded here");
    }

    [[nodiscard]] WorkingPayload* payload() { return payload_ ? &*payload_ : nullptr; }

private:
    [[nodiscard]] std::optional<HttpReply> read_fields(std::string_view body) {
        const auto form = read_form(body);
        if (!form.ok()) return HttpReply::error(400, "bad_request", "the form: " + form.error());
        FieldErrors twice;
        for (std::string& name : repeated_names(form.value())) {
            if (twice.size() == mistakes_max) break;
            twice.emplace_back(std::move(name), "stands twice");
        }
        if (!twice.empty()) return field_errors_reply(field_errors_message(twice), twice);
        json_ = form_json(form.value());
        payload_.emplace().reset(json_);
        return std::nullopt;
    }

    std::string json_;  // of a form
    std::optional<WorkingPayload> payload_;
};

RequestValues values_of(const std::vector<std::string>& captures, const ApiContext& context,
                        const SessionAccess& access) {
    RequestValues values;
    values.identity = &access.identity();
    values.sessions = context.sessions.registry().size();
    values.unix_ms = context.clock.unix_ms();
    values.captures = captures;
    return values;
}

Answer publish_by_route(const HttpRoute& route, RequestValues values, const HttpRequest& request,
                        const ApiContext& context, const SessionAccess& access) {
    if (auto refusal = refuse_foreign_form(request, context)) return *std::move(refusal);
    if (context.draining) return HttpReply::error(503, "unavailable", "draining");
    RouteBody body;
    if (auto refusal = body.read(request)) return *std::move(refusal);
    values.body = body.payload();
    auto made = route.publish(values);
    if (!made.ok()) return refuse(made.error());
    HttpRoute::Publishing& publishing = made.value();
    if (const auto refusal = refuse_publish(publishing.publish, access, context)) {
        return HttpReply::error(403, "forbidden", *refusal);
    }
    publishing.publish.user = access.identity().user;
    return PublishThenReply{std::move(publishing.publish), std::move(publishing.reply)};
}

// Of all keys of a topic. Null: there is none that the browser may receive.
UpdatePtr newest_value(const TopicFilter& topic, const ValueStore& values,
                       const ValueStore::Allowed& allowed) {
    UpdatePtr newest;
    std::optional<ValueStore::Position> after;
    do {
        std::uint64_t offset = newest ? newest->offset : 0;
        // Each that passes is newer than those before it.
        const auto newer = [&](const Update& update) {
            if (update.offset <= offset || !allowed(update)) return false;
            offset = update.offset;
            return true;
        };
        const ValueStore::Page page =
            values.page(topic, Payloads::Any, newer, after ? &*after : nullptr,
                        ValueStore::page_entries_max, std::size_t{0} - 1);
        if (!page.items.empty()) newest = page.items.back();
        after = page.next;
    } while (after);
    return newest;
}

// What is no JSON is told as a string: text as it is, other bytes in base64.
std::string value_json(const Update& update) {
    if (update.shape == PayloadShape::Json) return update.payload;
    std::string json;
    append_json_string(
        json, update.shape == PayloadShape::Text ? update.payload : encode_base64(update.payload));
    return json;
}

HttpReply latest_by_route(const HttpRoute& route, RequestValues values, const ApiContext& context,
                          const SessionAccess& access) {
    const auto topic = route.latest_topic(values);
    if (!topic.ok()) return refuse(topic.error());
    const auto filter = TopicFilter::parse(topic.value());
    if (!filter.ok()) return HttpReply::error(400, "bad_topic", filter.error());
    const Grants& grants = *access.grants;
    if (grants.coverage(receive_live, filter.value()) == Coverage::None) {
        context.metrics.denied_browsers.add();
        return HttpReply::error(403, "forbidden", "no access to " + in_quotes(topic.value()));
    }
    const UpdatePtr newest = newest_value(filter.value(), context.sessions.values(),
                                          receivable(grants, context.metrics));
    if (!newest) {
        return HttpReply::error(404, "not_found", "no value of " + in_quotes(topic.value()));
    }
    HttpReply reply;
    if (!route.has_reply()) {
        reply.body = value_json(*newest);
        return reply;
    }
    WorkingPayload payload;
    payload.reset(newest->payload);
    values.topic = newest->topic;
    values.key = newest->key;
    values.payload = &payload;
    auto told = route.reply(values);
    if (!told.ok()) {  // of the value: what the request had to say is in its topic
        return HttpReply::error(404, "not_found",
                                "the newest value of " + in_quotes(topic.value()) +
                                    " can't be told: " + told.error().message);
    }
    reply.body = std::move(told).value();
    return reply;
}

}  // namespace

Answer answer_http_route(const HttpRoute& route, const std::vector<std::string>& captures,
                         const HttpRequest& request, const ApiContext& context,
                         const SessionAccess& access) {
    const RequestValues values = values_of(captures, context, access);
    if (route.method() == HttpRouteMethod::Get) {
        return latest_by_route(route, values, context, access);
    }
    return publish_by_route(route, values, request, context, access);
}

}  // namespace rtbridge
