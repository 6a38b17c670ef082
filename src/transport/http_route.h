#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "handoff/publish_request.h"
#include "rules/json_template.h"
#include "rules/publish_topic.h"
#include "rules/request_values.h"
#include "rules/text_template.h"
#include "transport/field_errors.h"
#include "transport/path_pattern.h"

namespace rtbridge {

// Why templates make nothing of a request: each value that is missing or can't stand where it is
// wanted, by the name that the request has for it; none where it is the whole that is wrong.
struct UnusableRequest {
    std::string message;
    FieldErrors fields{};
};

// An [[http.route]], compiled: what it makes of a request.
//
// Thread: any; immutable.
class HttpRoute {
public:
    // Nothing where it has mistakes; all of them are reported.
    [[nodiscard]] static std::optional<HttpRoute> compile(const HttpRouteConfig& config,
                                                          Diagnostics& diagnostics);

    [[nodiscard]] const PathPattern& path() const { return path_; }
    [[nodiscard]] HttpRouteMethod method() const { return method_; }

    struct Publishing {
        PublishRequest publish;  // without the user
        std::string reply;       // JSON
    };
    // Of a Post. Without a payload template `values.body` is published as it is, nothing where
    // there is none. The reply may use the topic and the payload.
    [[nodiscard]] Result<Publishing, UnusableRequest> publish(RequestValues values) const;

    // Of a Get.
    [[nodiscard]] Result<std::string, UnusableRequest> latest_topic(
        const RequestValues& values) const;
    // What is told of a newest value, which `values` hold; nothing: the value itself.
    [[nodiscard]] bool has_reply() const { return reply_.has_value(); }
    [[nodiscard]] Result<std::string, UnusableRequest> reply(const RequestValues& values) const;

private:
    // A text is published as such, anything else as JSON.
    using Payload = std::variant<TextTemplate, JsonTemplate>;

    HttpRoute(PathPattern path, HttpRouteMethod method, PublishTopic topic)
        : path_(std::move(path)), method_(method), topic_(std::move(topic)) {}
    [[nodiscard]] std::string payload_of(const RequestValues& values) const;
    [[nodiscard]] std::vector<const Brace*> missing_of_payload(const RequestValues& values) const;

    PathPattern path_;
    HttpRouteMethod method_;
    PublishTopic topic_;
    std::optional<Payload> payload_;
    int qos_ = 0;
    bool retain_ = false;
    std::optional<JsonTemplate> reply_;
};

}  // namespace rtbridge
