#include "transport/publish_api.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "rules/json_document.h"
#include "rules/json_splice.h"
#include "topic/topic_name.h"
#include "transport/denial.h"
#include "transport/field_errors.h"
#include "transport/form_body.h"
#include "transport/publish_check.h"

namespace rtbridge {
namespace {

constexpr std::string_view shape = R"({"topic":"...","payload":...,"qos":0,"retain":false})";

using Element = JsonDocument::Element;

HttpReply bad_request(std::string_view message) {
    return HttpReply::error(400, "bad_request", message);
}

// What is wanted of the fields of a body, JSON or form.
class PublishFields {
public:
    void take(std::string_view name, Element value) {
        if (!is_new(name)) return;
        if (name == "topic") {
            if (!read_text(value, request.topic)) wrong(name, "must be a string");
        } else if (name == "payload") {
            payload_is_text_ = read_text(value, request.payload);
        } else if (name == "qos") {
            std::int64_t qos = -1;
            if (value.get(qos) != simdjson::SUCCESS) qos = -1;
            take_qos(qos);
        } else if (value.get(request.retain) != simdjson::SUCCESS) {
            wrong(name, "must be true or false");
        }
    }
    void take(std::string_view name, const std::string& text) {
        if (!is_new(name)) return;
        if (name == "topic") {
            request.topic = text;
        } else if (name == "payload") {
            request.payload = text;
        } else if (name == "qos") {
            take_qos(text == "0" || text == "1" || text == "2" ? text.front() - '0' : -1);
        } else if (text == "true" || text == "false") {
            request.retain = text == "true";
        } else {
            wrong(name, "must be true or false");
        }
    }
    // Nothing, or what is wrong with the fields that were taken.
    [[nodiscard]] std::optional<HttpReply> finish() {
        if (!seen_.contains("topic")) wrong("topic", "is missing");
        if (mistakes_.empty()) return std::nullopt;
        return field_errors_reply(
            field_errors_message(mistakes_) + "; the body is " + std::string(shape), mistakes_);
    }
    [[nodiscard]] bool payload_is_text() const { return payload_is_text_; }

    PublishRequest request;

private:
    [[nodiscard]] bool is_new(std::string_view name) {
        constexpr std::array<std::string_view, 4> known = {"topic", "payload", "qos", "retain"};
        if (std::find(known.begin(), known.end(), name) == known.end()) {
            wrong(name, "is not known; known are topic, payload, qos, retain");
            return false;
        }
        if (!seen_.emplace(name).second) wrong(name, "stands twice");
        return true;
    }
    void take_qos(std::int64_t qos) {
        if (qos < 0 || qos > 2) return wrong("qos", "must be 0, 1 or 2");
        request.qos = static_cast<int>(qos);
    }
    void wrong(std::string_view name, std::string why) {
        if (mistakes_.size() < mistakes_max) mistakes_.emplace_back(name, std::move(why));
    }
    static bool read_text(Element value, std::string& target) {
        std::string_view text;
        if (value.get(text) != simdjson::SUCCESS) return false;
        target = text;
        return true;
    }

    static constexpr std::size_t mistakes_max = 16;  // told; there is no end to unknown names

    std::set<std::string, std::less<>> seen_;
    FieldErrors mistakes_;
    bool payload_is_text_ = true;
};

using ReadBody = Result<PublishRequest, HttpReply>;

ReadBody read_json_body(std::string_view body) {
    JsonDocument document;
    if (const char* mistake = document.parse(body)) {
        return Failure{bad_request(std::string("the body: ") + mistake)};
    }
    JsonDocument::Object object;
    if (document.root().get(object) != simdjson::SUCCESS) {
        return Failure{bad_request("the body is " + std::string(shape))};
    }
    PublishFields fields;
    std::size_t ordinal = 0;
    std::size_t payload_at = 0;
    for (const simdjson::dom::key_value_pair member : object) {
        if (member.key == "payload") payload_at = ordinal;
        fields.take(member.key, member.value);
        ++ordinal;
    }
    if (auto mistakes = fields.finish()) return Failure{*std::move(mistakes)};
    if (!fields.payload_is_text()) {
        const TextRange range = member_values(body, {payload_at}).front();
        fields.request.payload = body.substr(range.begin, range.end - range.begin);
    }
    return std::move(fields.request);
}

ReadBody read_form_body(std::string_view body) {
    const auto form = read_form(body);
    if (!form.ok()) return Failure{bad_request("the form: " + form.error())};
    PublishFields fields;
    for (const auto& [name, value] : form.value()) fields.take(name, value);
    if (auto mistakes = fields.finish()) return Failure{*std::move(mistakes)};
    return std::move(fields.request);
}

ReadBody read_body(const HttpRequest& request) {
    if (request.content_type == "application/json") return read_json_body(request.body);
    if (request.content_type == form_type) return read_form_body(request.body);
    return Failure{
        HttpReply::error(415, "bad_request",
                         "Content-Type is application/json or application/x-www-form-urlencoded "
                         "here")};
}

}  // namespace

Answer answer_publish(const HttpRequest& request, const ApiContext& context,
                      const SessionAccess& access) {
    if (auto refusal = refuse_foreign_form(request, context)) return *std::move(refusal);
    if (context.draining) return HttpReply::error(503, "unavailable", "draining");
    ReadBody body = read_body(request);
    if (!body.ok()) return body.error();
    PublishRequest& publish = body.value();
    if (const char* mistake = topic_name_mistake(publish.topic)) {
        return HttpReply::error(400, "bad_topic", std::string("the topic ") + mistake);
    }
    if (const auto refusal = refuse_publish(publish, access, context)) {
        return HttpReply::error(403, "forbidden", *refusal);
    }
    publish.user = access.identity().user;
    return PublishThenReply{std::move(publish), R"({"ok":true})"};
}

std::optional<HttpReply> refuse_foreign_form(const HttpRequest& request,
                                             const ApiContext& context) {
    if (!is_foreign_form(request.facts, request.sec_fetch_site)) return std::nullopt;
    constexpr std::string_view message = "a publish that a page of another site made";
    report_refused_request(context, request.facts, message);
    return HttpReply::error(403, "forbidden", message);
}

HttpReply publish_reply(PublishResult result, std::string text) {
    switch (result) {
        case PublishResult::RefusedByBroker:
            return HttpReply::error(502, "broker_refused", why_not_published(result));
        case PublishResult::DroppedByRule:
            return HttpReply::error(409, "dropped", why_not_published(result));
        case PublishResult::Taken:
            break;
    }
    HttpReply reply;
    reply.body = std::move(text);
    return reply;
}

HttpReply publish_desk_full() {
    HttpReply reply =
        HttpReply::error(503, "limit", "too many publishes wait for the broker (limit publishes)");
    reply.headers.emplace_back("Retry-After", "1");
    return reply;
}

}  // namespace rtbridge
