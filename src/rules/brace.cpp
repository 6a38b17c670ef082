#include "rules/brace.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/json_text.h"
#include "base/utf8.h"
#include "config/suggestion.h"
#include "rules/json_value.h"
#include "rules/text_template.h"
#include "topic/topic_filter.h"
#include "topic/topic_levels.h"

namespace rtbridge {
namespace {

std::string in_braces(std::string_view name) {
    return "{" + std::string(name) + "}";
}

bool is_or_is_inside(std::string_view name, std::string_view outer) {
    return name == outer || (name.starts_with(outer) && name[outer.size()] == '.');
}

// Names that design gives a meaning elsewhere, and why not here.
std::optional<std::string> mistake_about_known_name(std::string_view name) {
    if (name == "now" || name == "now_ms") {
        return in_braces(name) +
               " cannot be used here: the broker shows a re-sent message twice and what rules "
               "write must "
               "be the same both times, so it may depend on the publish only, not on the clock";
    }
    if (is_or_is_inside(name, "claim")) return in_braces(name) + " is not supported yet";
    for (const std::string_view other : {"session", "sessions", "arg", "body"}) {
        if (is_or_is_inside(name, other)) {
            return in_braces(name) + " has no meaning in a rule";
        }
    }
    return std::nullopt;
}

std::string unknown_name(std::string_view name, TemplatePlace place, const TemplateNames& names) {
    std::vector<std::string_view> known(names.captures.begin(), names.captures.end());
    known.insert(known.end(), {"topic", "payload", "payload_text", "user", "client", "rule"});
    if (names.has_key && place != TemplatePlace::Key) known.emplace_back("key");

    std::string message = "unknown name " + in_braces(name);
    if (const auto near = suggestion(name, known)) {
        return message + "; did you mean " + in_braces(*near) + "?";
    }
    message += "; the rule's topics name ";
    if (names.captures.empty()) message += "no levels";
    for (std::size_t i = 0; i < names.captures.size(); ++i) {
        message += (i == 0 ? "" : ", ") + in_braces(names.captures[i]);
    }
    return message + "; values of the payload are {payload.name}";
}

}  // namespace

Result<Brace, std::string> Brace::compile(std::string_view name, TemplatePlace place,
                                          const TemplateNames& names) {
    const std::array<std::pair<std::string_view, Kind>, 6> fixed = {{
        {"topic", Kind::Topic},
        {"payload", Kind::Payload},
        {"payload_text", Kind::PayloadText},
        {"user", Kind::User},
        {"client", Kind::Client},
        {"rule", Kind::Rule},
    }};
    for (const auto& [fixed_name, kind] : fixed) {
        if (name == fixed_name) return Brace(kind, name);
    }
    if (name == "key") {
        if (place == TemplatePlace::Key)
            return Failure{std::string("a key cannot be made of {key}")};
        if (!names.has_key) return Failure{std::string("{key} is used, but the rule has no key")};
        return Brace(Kind::Key, name);
    }
    constexpr std::string_view payload_prefix = "payload.";
    if (name.starts_with(payload_prefix) && name.size() > payload_prefix.size()) {
        Brace brace(Kind::PayloadPath, name);
        brace.path_ = JsonPath(name.substr(payload_prefix.size()));
        return brace;
    }
    if (auto mistake = mistake_about_known_name(name)) return Failure{std::move(*mistake)};
    const auto capture = std::find(names.captures.begin(), names.captures.end(), name);
    if (capture == names.captures.end()) {
        if (!names.all_topics_known && is_capture_name(name)) return Brace(Kind::Capture, name);
        return Failure{unknown_name(name, place, names)};
    }
    for (const TemplateNames::Topic& topic : names.topics) {
        if (std::find(topic.captures.begin(), topic.captures.end(), name) == topic.captures.end()) {
            return Failure{in_braces(name) + " is used, but the topic \"" + topic.text +
                           "\" of the rule names no such level"};
        }
    }
    Brace brace(Kind::Capture, name);
    brace.capture_ = static_cast<std::uint32_t>(capture - names.captures.begin());
    return brace;
}

bool Brace::append_plain(const RuleValues& values, std::string& out) const {
    const auto append_known = [&out](std::string_view text) {
        out += text;
        return !text.empty();
    };
    switch (kind_) {
        case Kind::Capture:
            out += topic_level(values.publish.topic, values.capture_levels[capture_]);
            return true;  // may be empty: "site//state"
        case Kind::Topic:
            return append_known(values.publish.topic);
        case Kind::User:
            return append_known(values.publish.user);
        case Kind::Client:
            return append_known(values.publish.client);
        case Kind::Rule:
            return append_known(values.rule);
        case Kind::PayloadText:
            if (!is_utf8(values.payload.text())) return false;
            out += values.payload.text();
            return true;
        case Kind::Key:
            return values.key->append(values, out) == nullptr;
        case Kind::Payload:
        case Kind::PayloadPath:
            break;
    }
    return false;
}

bool Brace::append_text(const RuleValues& values, std::string& out) const {
    if (kind_ != Kind::Payload && kind_ != Kind::PayloadPath) return append_plain(values, out);
    const std::optional<WorkingPayload::Value> value =
        kind_ == Kind::Payload ? values.payload.root() : values.payload.find(path_);
    return value && append_value_text(out, *value);
}

bool Brace::append_json(const RuleValues& values, std::string& out) const {
    if (kind_ == Kind::PayloadPath) {
        const std::optional<WorkingPayload::Value> value = values.payload.find(path_);
        if (value) append_value_json(out, *value);
        return value.has_value();
    }
    if (kind_ == Kind::Payload) {
        if (values.payload.json_mistake() != nullptr) return false;
        const std::string_view text = values.payload.text();
        const std::size_t begin = text.find_first_not_of(" \t\n\r");
        out += text.substr(begin, text.find_last_not_of(" \t\n\r") + 1 - begin);
        return true;
    }
    std::string text;
    if (!append_plain(values, text)) return false;
    append_json_string(out, text);
    return true;
}

bool Brace::known_from_topic() const {
    return kind_ == Kind::Capture || kind_ == Kind::Topic || kind_ == Kind::Rule;
}

}  // namespace rtbridge
