#include "rules/brace.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "base/json_text.h"
#include "base/utf8.h"
#include "config/suggestion.h"
#include "rules/json_value.h"
#include "rules/template_values.h"
#include "topic/topic_filter.h"

namespace rtbridge {
namespace {

// A set of TemplatePlace.
using Places = unsigned;

constexpr Places bit(TemplatePlace place) {
    return 1U << static_cast<unsigned>(place);
}

constexpr Places requests = bit(TemplatePlace::SocketIo) | bit(TemplatePlace::HttpRoute);
constexpr Places socketio = bit(TemplatePlace::SocketIo) | bit(TemplatePlace::SocketIoWelcome);
constexpr Places telling = requests | bit(TemplatePlace::SocketIoWelcome);
constexpr Places bodies = bit(TemplatePlace::Body) | bit(TemplatePlace::TransportBody);
constexpr Places one_rule = bit(TemplatePlace::Key) | bit(TemplatePlace::Set) |
                            bit(TemplatePlace::PublishTopic) | bit(TemplatePlace::Body);
constexpr Places rules = one_rule | bodies;

// A name with a fixed meaning.
struct KnownName {
    std::string_view name;
    Brace::Kind kind;
    Places places;
    enum class Members : std::uint8_t { None, May, Must } members = Members::None;  // name.x
};

constexpr std::array<KnownName, 15> known_names = {{
    {"topic", Brace::Kind::Topic, rules | requests},
    {"key", Brace::Kind::Key, rules | requests},
    {"payload", Brace::Kind::Payload, rules | requests, KnownName::Members::May},
    {"payload_text", Brace::Kind::PayloadText, rules | requests},
    {"user", Brace::Kind::User, rules | telling},
    {"client", Brace::Kind::Client, rules},
    {"rule", Brace::Kind::Rule, rules},
    {"now", Brace::Kind::Now, bodies | telling},
    {"now_ms", Brace::Kind::NowMs, bodies | telling},
    {"role", Brace::Kind::Role, socketio},
    {"claim", Brace::Kind::Claim, telling, KnownName::Members::Must},
    {"session", Brace::Kind::Session, socketio},
    {"sessions", Brace::Kind::Sessions, telling},
    {"arg", Brace::Kind::Arg, bit(TemplatePlace::SocketIo), KnownName::Members::May},
    {"body", Brace::Kind::Body, bit(TemplatePlace::HttpRoute), KnownName::Members::May},
}};

std::string in_braces(std::string_view name) {
    return "{" + std::string(name) + "}";
}

// "payload.x.y" is member "x.y" of "payload".
struct SplitName {
    explicit SplitName(std::string_view name) : first(name) {
        const std::size_t dot = name.find('.');
        if (dot == std::string_view::npos || dot + 1 == name.size()) return;
        first = name.substr(0, dot);
        member = name.substr(dot + 1);
    }
    std::string_view first;
    std::string_view member;  // empty: none
};

const KnownName* find_known(const SplitName& name) {
    const auto* const known =
        std::find_if(known_names.begin(), known_names.end(),
                     [&](const KnownName& candidate) { return candidate.name == name.first; });
    if (known == known_names.end()) return nullptr;
    const auto wrong = name.member.empty() ? KnownName::Members::Must : KnownName::Members::None;
    return known->members == wrong ? nullptr : known;
}

std::string misplaced(const KnownName& known, std::string_view name, TemplatePlace place) {
    const bool time = known.kind == Brace::Kind::Now || known.kind == Brace::Kind::NowMs;
    if (time) {
        return in_braces(name) +
               " cannot be used here: the broker shows a re-sent message twice and what rules "
               "write must be the same both times, so it may depend on the publish only, not on "
               "the clock";
    }
    std::string_view where = "a rule";
    if (place == TemplatePlace::TransportBody) where = "a body";
    if (place == TemplatePlace::SocketIo) where = "[socketio]";
    if (place == TemplatePlace::SocketIoWelcome) where = "what nobody asked for";
    if (place == TemplatePlace::HttpRoute) where = "[[http.route]]";
    return in_braces(name) + " has no meaning in " + std::string(where);
}

std::string listed(const std::vector<std::string>& names) {
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + in_braces(name);
    return list;
}

std::string unknown_name(std::string_view name, TemplatePlace place, const TemplateNames& names) {
    std::vector<std::string_view> known(names.captures.begin(), names.captures.end());
    std::vector<std::string> shown = names.captures;
    const bool in_rule = (one_rule & bit(place)) != 0;
    for (const KnownName& fixed : known_names) {
        if ((fixed.places & bit(place)) == 0) continue;
        const bool key = fixed.kind == Brace::Kind::Key;
        if (key && in_rule && (!names.has_key || place == TemplatePlace::Key)) continue;
        if (fixed.members != KnownName::Members::Must) {
            known.push_back(fixed.name);
            shown.emplace_back(fixed.name);
        }
        if (fixed.members != KnownName::Members::None) {
            shown.push_back(std::string(fixed.name) + ".name");
        }
    }
    std::string message = "unknown name " + in_braces(name);
    if (const auto near = suggestion(name, known)) {
        return message + "; did you mean " + in_braces(*near) + "?";
    }
    if (!in_rule) return message + "; known are " + listed(shown);
    message += "; the rule's topics name ";
    message += names.captures.empty() ? "no levels" : listed(names.captures);
    return message + "; values of the payload are {payload.name}";
}

std::optional<std::string> mistake_about_key(TemplatePlace place, const TemplateNames& names) {
    if (place == TemplatePlace::Key) return "a key cannot be made of {key}";
    if ((one_rule & bit(place)) == 0 || names.has_key) return std::nullopt;
    return "{key} is used, but the rule has no key";
}

}  // namespace

Result<Brace, std::string> Brace::compile(std::string_view name, TemplatePlace place,
                                          const TemplateNames& names) {
    const SplitName split(name);
    if (const KnownName* known = find_known(split)) {
        if ((known->places & bit(place)) == 0) return Failure{misplaced(*known, name, place)};
        if (known->kind == Kind::Key) {
            if (auto mistake = mistake_about_key(place, names)) return Failure{std::move(*mistake)};
        }
        return Brace(known->kind, name, split.member);
    }
    const auto capture = std::find(names.captures.begin(), names.captures.end(), name);
    if (capture == names.captures.end()) {
        if (!names.all_topics_known && is_capture_name(name)) return Brace(Kind::Capture, name, "");
        return Failure{unknown_name(name, place, names)};
    }
    for (const TemplateNames::Topic& topic : names.topics) {
        if (std::find(topic.captures.begin(), topic.captures.end(), name) == topic.captures.end()) {
            return Failure{in_braces(name) + " is used, but the topic \"" + topic.text +
                           "\" of the rule names no such level"};
        }
    }
    Brace brace(Kind::Capture, name, "");
    brace.capture_ = static_cast<std::uint32_t>(capture - names.captures.begin());
    return brace;
}

bool Brace::is_document() const {
    return kind_ == Kind::Payload || kind_ == Kind::Arg || kind_ == Kind::Body;
}

bool Brace::is_number() const {
    return kind_ == Kind::Sessions || kind_ == Kind::NowMs;
}

bool Brace::append_text(const TemplateValues& values, std::string& out) const {
    if (kind_ == Kind::PayloadText) {
        const WorkingPayload* const payload = values.document(Kind::Payload);
        if (payload == nullptr || !is_utf8(payload->text())) return false;
        out += payload->text();
        return true;
    }
    if (!is_document()) return values.append(*this, out);
    WorkingPayload* const document = values.document(kind_);
    if (document == nullptr) return false;
    const std::optional<WorkingPayload::Value> value =
        member_.text.empty() ? document->root() : document->find(member_);
    return value && append_value_text(out, *value);
}

bool Brace::append_json(const TemplateValues& values, std::string& out) const {
    if (is_number()) return values.append(*this, out);
    if (!is_document()) {
        std::string text;
        if (!append_text(values, text)) return false;
        append_json_string(out, text);
        return true;
    }
    WorkingPayload* const document = values.document(kind_);
    if (document == nullptr) return false;
    if (!member_.text.empty()) {
        const std::optional<WorkingPayload::Value> value = document->find(member_);
        if (value) append_value_json(out, *value);
        return value.has_value();
    }
    if (document->json_mistake() != nullptr) return false;
    const std::string_view text = document->text();
    const std::size_t begin = text.find_first_not_of(" \t\n\r");
    out += text.substr(begin, text.find_last_not_of(" \t\n\r") + 1 - begin);
    return true;
}

bool Brace::known_from_topic() const {
    return kind_ == Kind::Capture || kind_ == Kind::Topic || kind_ == Kind::Rule;
}

}  // namespace rtbridge
