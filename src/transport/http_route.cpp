#include "transport/http_route.h"

#include <algorithm>
#include <utility>

#include "config/in_quotes.h"
#include "rules/working_payload.h"

namespace rtbridge {
namespace {

constexpr std::string_view ok_reply = R"({"ok":true})";

// "{body.matchId}" is the field "matchId" to whoever sends it.
std::string field_name(std::string_view name) {
    constexpr std::string_view body = "body.";
    return std::string(name.starts_with(body) ? name.substr(body.size()) : name);
}

class Mistakes {
public:
    void add(const std::string& brace_name, std::string_view why) {
        const std::string name = field_name(brace_name);
        if (std::any_of(fields_.begin(), fields_.end(),
                        [&name](const auto& field) { return field.first == name; })) {
            return;
        }
        fields_.emplace_back(name, why);
    }
    void add_missing(const std::vector<const Brace*>& braces) {
        for (const Brace* const brace : braces) add(brace->name(), "is missing");
    }
    [[nodiscard]] bool any() const { return !fields_.empty(); }
    [[nodiscard]] Failure<UnusableRequest> take() {
        std::string message = field_errors_message(fields_);
        return Failure{UnusableRequest{std::move(message), std::move(fields_)}};
    }

private:
    FieldErrors fields_;
};

// Where every value is usable, and still not what they make together.
UnusableRequest unusable_topic(std::string_view mistake) {
    constexpr std::string_view prefix = "cannot publish: ";
    if (mistake.starts_with(prefix)) mistake.remove_prefix(prefix.size());
    return {std::string(mistake)};
}

void report(const std::vector<std::string>& messages, const SourcePlace& place,
            Diagnostics& diagnostics) {
    for (const std::string& message : messages) diagnostics.error(place, message);
}

std::optional<JsonTemplate> compile_json(const TemplateSource& source, const TemplateNames& names,
                                         Diagnostics& diagnostics) {
    return JsonTemplate::compile(source, TemplatePlace::HttpRoute, names, diagnostics);
}

// Null of JSON has no text, but as the only thing to be published it is itself.
const Brace* append_payload(const TextTemplate& text, const RequestValues& values,
                            std::string& out) {
    const Brace* const only = text.only_brace();
    if (only == nullptr) return text.append(values, out);
    if (only->append_text(values, out)) return nullptr;
    out.clear();
    return only->append_json(values, out) ? nullptr : only;
}

}  // namespace

std::optional<HttpRoute> HttpRoute::compile(const HttpRouteConfig& config,
                                            Diagnostics& diagnostics) {
    const bool post = config.method == HttpRouteMethod::Post;
    const Placed<std::string>& topic_source = post ? config.publish : config.latest;
    if (config.path.value.empty() || topic_source.value.empty()) {
        // Where they are missing that was reported when they were read.
        for (const auto* const text : {&config.path, &topic_source}) {
            if (text->value.empty() && text->place.line > 0) {
                diagnostics.error(text->place, "this may not be empty");
            }
        }
        return std::nullopt;
    }
    auto path = PathPattern::compile(config.path.value);
    if (!path.ok()) {
        diagnostics.error(config.path.place,
                          "path " + in_quotes(config.path.value) + " " + path.error());
    }
    TemplateNames names;
    names.all_topics_known = path.ok();
    if (path.ok()) names.captures = path.value().names();
    auto topic = PublishTopic::compile(topic_source.value, TemplatePlace::HttpRoute, names);
    if (!topic.ok()) report(topic.error(), topic_source.place, diagnostics);
    bool ok = path.ok() && topic.ok();
    std::optional<Payload> payload;
    if (config.payload) {
        if (const auto* const text = std::get_if<std::string>(&config.payload->value)) {
            auto compiled = TextTemplate::compile(*text, TemplatePlace::HttpRoute, names);
            if (!compiled.ok()) report(compiled.error(), config.payload->place, diagnostics);
            if (compiled.ok()) payload = std::move(compiled).value();
        } else if (auto json = compile_json(*config.payload, names, diagnostics)) {
            payload = *std::move(json);
        }
        ok = ok && payload;
    }
    std::optional<JsonTemplate> reply;
    if (config.reply) {
        reply = compile_json(*config.reply, names, diagnostics);
        ok = ok && reply;
    }
    if (!ok) return std::nullopt;
    HttpRoute route(std::move(path).value(), config.method, std::move(topic).value());
    route.payload_ = std::move(payload);
    route.qos_ = config.qos;
    route.retain_ = config.retain;
    route.reply_ = std::move(reply);
    return route;
}

std::vector<const Brace*> HttpRoute::missing_of_payload(const RequestValues& values) const {
    if (!payload_) return {};
    if (const auto* const json = std::get_if<JsonTemplate>(&*payload_))
        return json->missing(values);
    const auto& text = std::get<TextTemplate>(*payload_);
    if (text.only_brace() == nullptr) return text.missing(values);
    std::string unused;
    if (append_payload(text, values, unused) == nullptr) return {};
    return {text.only_brace()};
}

// REQUIRES: nothing is missing.
std::string HttpRoute::payload_of(const RequestValues& values) const {
    if (!payload_) return values.body == nullptr ? "" : std::string(values.body->text());
    std::string payload;
    if (const auto* const json = std::get_if<JsonTemplate>(&*payload_)) {
        (void)json->append(values, payload);
    } else {
        (void)append_payload(std::get<TextTemplate>(*payload_), values, payload);
    }
    return payload;
}

Result<HttpRoute::Publishing, UnusableRequest> HttpRoute::publish(RequestValues values) const {
    Mistakes mistakes;
    for (const PublishTopic::Unusable& value : topic_.unusable(values)) {
        mistakes.add(value.name, value.why);
    }
    mistakes.add_missing(missing_of_payload(values));
    if (mistakes.any()) {
        if (reply_) {  // so that one answer names all that the request lacks
            for (const Brace* const brace : reply_->missing(values)) {
                if (brace->kind() == Brace::Kind::Body) mistakes.add(brace->name(), "is missing");
            }
        }
        return mistakes.take();
    }
    Result<std::string, std::string> topic = topic_.make(values);
    if (!topic.ok()) return Failure{unusable_topic(topic.error())};
    Publishing publishing;
    publishing.publish.topic = std::move(topic).value();
    publishing.publish.payload = payload_of(values);
    publishing.publish.qos = qos_;
    publishing.publish.retain = retain_;

    WorkingPayload payload;
    payload.reset(publishing.publish.payload);
    values.topic = publishing.publish.topic;
    values.payload = &payload;
    Result<std::string, UnusableRequest> told = reply(values);
    if (!told.ok()) return Failure{told.error()};
    publishing.reply = std::move(told).value();
    return publishing;
}

Result<std::string, UnusableRequest> HttpRoute::latest_topic(const RequestValues& values) const {
    Mistakes mistakes;
    for (const PublishTopic::Unusable& value : topic_.unusable(values)) {
        mistakes.add(value.name, value.why);
    }
    if (mistakes.any()) return mistakes.take();
    Result<std::string, std::string> topic = topic_.make(values);
    if (!topic.ok()) return Failure{unusable_topic(topic.error())};
    return std::move(topic).value();
}

Result<std::string, UnusableRequest> HttpRoute::reply(const RequestValues& values) const {
    if (!reply_) return std::string(ok_reply);
    Mistakes mistakes;
    mistakes.add_missing(reply_->missing(values));
    if (mistakes.any()) return mistakes.take();
    std::string json;
    (void)reply_->append(values, json);
    return json;
}

}  // namespace rtbridge
