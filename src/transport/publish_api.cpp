#include "transport/publish_api.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/in_quotes.h"
#include "rules/json_document.h"
#include "rules/json_splice.h"
#include "topic/topic_name.h"
#include "transport/publish_check.h"

namespace rtbridge {
namespace {

constexpr std::string_view shape = R"({"topic":"...","payload":...,"qos":0,"retain":false})";

using Element = JsonDocument::Element;

HttpReply bad_request(std::string_view message) {
    return HttpReply::error(400, "bad_request", message);
}

// The body's members, each with its place; nothing where one stands twice or is not known.
class BodyReader {
public:
    // Nothing, or why not.
    [[nodiscard]] std::optional<std::string> read(std::string_view body) {
        if (const char* mistake = document_.parse(body)) return std::string("the body: ") + mistake;
        JsonDocument::Object object;
        if (document_.root().get(object) != simdjson::SUCCESS) {
            return "the body is " + std::string(shape);
        }
        for (const simdjson::dom::key_value_pair member : object) {
            if (auto mistake = read_member(member.key, member.value)) return mistake;
            ++ordinal_;
        }
        if (!has_topic_) return "topic is missing; the body is " + std::string(shape);
        if (payload_at_) {
            const TextRange range = member_values(body, {*payload_at_}).front();
            request.payload = body.substr(range.begin, range.end - range.begin);
        }
        return std::nullopt;
    }

    PublishRequest request;

private:
    [[nodiscard]] std::optional<std::string> read_member(std::string_view name, Element value) {
        bool* seen = nullptr;
        const char* wanted = nullptr;
        if (name == "topic") {
            seen = &has_topic_;
            if (!read_text(value, request.topic)) wanted = "a string";
        } else if (name == "payload") {
            seen = &has_payload_;
            if (!read_text(value, request.payload)) payload_at_ = ordinal_;
        } else if (name == "qos") {
            seen = &has_qos_;
            std::int64_t qos = -1;
            if (value.get(qos) != simdjson::SUCCESS || qos < 0 || qos > 2) wanted = "0, 1 or 2";
            request.qos = static_cast<int>(qos);
        } else if (name == "retain") {
            seen = &has_retain_;
            if (value.get(request.retain) != simdjson::SUCCESS) wanted = "true or false";
        } else {
            return "unknown member " + in_quotes(name) + "; known are topic, payload, qos, retain";
        }
        if (std::exchange(*seen, true)) return in_quotes(name) + " stands twice";
        if (wanted != nullptr) return std::string(name) + " must be " + wanted;
        return std::nullopt;
    }

    static bool read_text(Element value, std::string& target) {
        std::string_view text;
        if (value.get(text) != simdjson::SUCCESS) return false;
        target = text;
        return true;
    }

    JsonDocument document_;
    std::size_t ordinal_ = 0;
    std::optional<std::size_t> payload_at_;  // its ordinal, unless it is a string
    bool has_topic_ = false, has_payload_ = false, has_qos_ = false, has_retain_ = false;
};

}  // namespace

Answer answer_publish(const HttpRequest& request, const ApiContext& context,
                      const SessionAccess& access) {
    if (request.content_type != "application/json") {
        return HttpReply::error(415, "bad_request", "Content-Type is application/json here");
    }
    if (context.draining) return HttpReply::error(503, "unavailable", "draining");
    BodyReader body;
    if (const auto mistake = body.read(request.body)) return bad_request(*mistake);
    PublishRequest& publish = body.request;
    if (const char* mistake = topic_name_mistake(publish.topic)) {
        return HttpReply::error(400, "bad_topic", std::string("the topic ") + mistake);
    }
    if (const auto refusal = refuse_publish(publish, access, context)) {
        return HttpReply::error(403, "forbidden", *refusal);
    }
    publish.user = access.identity().user;
    return std::move(publish);
}

HttpReply publish_reply(PublishResult result) {
    switch (result) {
        case PublishResult::RefusedByBroker:
            return HttpReply::error(502, "broker_refused", why_not_published(result));
        case PublishResult::DroppedByRule:
            return HttpReply::error(409, "dropped", why_not_published(result));
        case PublishResult::Taken:
            break;
    }
    HttpReply reply;
    reply.body = "{\"ok\":true}";
    return reply;
}

HttpReply publish_desk_full() {
    HttpReply reply =
        HttpReply::error(503, "limit", "too many publishes wait for the broker (limit publishes)");
    reply.headers.emplace_back("Retry-After", "1");
    return reply;
}

}  // namespace rtbridge
