#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "rules/json_path.h"
#include "rules/template_place.h"

namespace rtbridge {

class TemplateValues;

// One value in braces, as "{payload.userId}". A template knows its name, TemplateValues what it
// stands for:
//
//   {topic} {key}                      of the publish; in a request, of what it is about
//   {payload} {payload.x.y}            JSON: the payload of the same, and what is in it
//   {payload_text}                     the payload as a string, whatever it is
//   {user} {client} {rule}             who published, and by which rule browsers see it
//   {user} {role} {claim.x} {session}  who asks: the first role, a claim of the token, session id
//   {sessions} {now_ms}                numbers: open sessions, Unix milliseconds
//   {now}                              the same time as ISO 8601 in UTC, with milliseconds
//   {arg} {arg.x}                      JSON: the first argument of a Socket.IO event
//   {body} {body.x}                    JSON: the body of an HTTP request
//
// and captures: levels of a topic that a rule names, segments of a path that a route names.
//
// Thread: any; immutable.
class Brace {
public:
    enum class Kind : std::uint8_t {
        Capture,
        Topic,
        Key,
        Payload,
        PayloadText,
        User,
        Role,
        Client,
        Claim,
        Rule,
        Session,
        Sessions,
        Now,
        NowMs,
        Arg,
        Body,
    };

    [[nodiscard]] static Result<Brace, std::string> compile(std::string_view name,
                                                            TemplatePlace place,
                                                            const TemplateNames& names);

    // Adds the value as text (a string without quotes, a container as JSON) or as JSON. False where
    // there is no such value; what `out` then got is of no use.
    [[nodiscard]] bool append_text(const TemplateValues& values, std::string& out) const;
    [[nodiscard]] bool append_json(const TemplateValues& values, std::string& out) const;

    [[nodiscard]] Kind kind() const { return kind_; }
    [[nodiscard]] const std::string& name() const { return name_; }
    // Of a Capture: its number, which is its position in TemplateNames::captures.
    [[nodiscard]] std::uint32_t capture() const { return capture_; }
    // What stands behind the first dot, as the name of a claim; may be empty.
    [[nodiscard]] const std::string& member() const { return member_.text; }

    [[nodiscard]] bool may_have_levels() const { return kind_ == Kind::Topic; }
    // Whether the value depends on the topic and the rule alone.
    [[nodiscard]] bool known_from_topic() const;

private:
    Brace(Kind kind, std::string_view name, std::string_view member)
        : kind_(kind), name_(name), member_(member) {}
    // Whether it stands for JSON, or for a part of it.
    [[nodiscard]] bool is_document() const;
    [[nodiscard]] bool is_number() const;

    Kind kind_;
    std::string name_;
    std::uint32_t capture_ = 0;
    JsonPath member_;
};

}  // namespace rtbridge
