#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "rules/json_path.h"
#include "rules/rule_values.h"

namespace rtbridge {

// Where a template stands decides which names it may use.
enum class TemplatePlace { Key, Set, PublishTopic };

// The names that the templates of one rule may use.
struct TemplateNames {
    // One of the rule's topics: the captures of a rule are those that all its topics define.
    struct Topic {
        std::string text;
        std::vector<std::string> captures;
    };
    std::vector<Topic> topics;
    std::vector<std::string>
        captures;  // of all topics, each once: the position is the capture number
    bool has_key = false;
    // False where a topic is invalid: then any name may be one of its captures, and is let pass, so
    // that the other mistakes of the rule show in the same run. Such a rule is not used.
    bool all_topics_known = true;
};

// One value in braces, as "{payload.userId}".
class Brace {
public:
    [[nodiscard]] static Result<Brace, std::string> compile(std::string_view name,
                                                            TemplatePlace place,
                                                            const TemplateNames& names);

    // Adds the value as text (a string without quotes, a container as JSON) or as JSON. False where
    // there is no such value; `out` is then unchanged.
    [[nodiscard]] bool append_text(const RuleValues& values, std::string& out) const;
    [[nodiscard]] bool append_json(const RuleValues& values, std::string& out) const;

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] bool may_have_levels() const { return kind_ == Kind::Topic; }
    // Whether the value depends on the topic and the rule alone.
    [[nodiscard]] bool known_from_topic() const;

private:
    enum class Kind { Capture, Topic, Key, Payload, PayloadText, PayloadPath, User, Client, Rule };

    Brace(Kind kind, std::string_view name) : kind_(kind), name_(name), path_("") {}
    // The value as a text, where it is no part of the payload.
    [[nodiscard]] bool append_plain(const RuleValues& values, std::string& out) const;

    Kind kind_;
    std::string name_;
    std::uint32_t capture_ = 0;
    JsonPath path_;
};

}  // namespace rtbridge
