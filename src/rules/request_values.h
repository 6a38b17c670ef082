#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "access/identity.h"
#include "rules/template_values.h"

namespace rtbridge {

// What the braces stand for in what a browser asks for: TemplatePlace::SocketIo and HttpRoute. The
// caller fills in what there is; what stays null or empty is missing, and a template that needs it
// cannot be rendered.
//
//     WorkingPayload argument;
//     argument.reset(event.arguments.front());
//     RequestValues values;
//     values.identity = &identity;
//     values.arg = &argument;
//     if (const Brace* missing = body.append(values, json)) return refuse(missing->name());
//
// All are views and pointers that have to stay valid while templates are rendered.
class RequestValues final : public TemplateValues {
public:
    const Identity* identity = nullptr;       // {user}, {role}, {claim.x}
    std::string_view session{};               // {session}
    std::optional<std::uint64_t> sessions{};  // {sessions}
    std::int64_t unix_ms = 0;                 // {now}, {now_ms}
    // By their position in TemplateNames::captures; may be empty texts.
    std::span<const std::string> captures{};
    // What the request is about: an update that it asked for, or what it publishes.
    std::string_view topic{}, key{};    // {topic}, {key}
    WorkingPayload* payload = nullptr;  // {payload}, {payload.x}, {payload_text}
    // JSON texts. A form is handed in as an object of strings.
    WorkingPayload* arg = nullptr;   // {arg}, {arg.x}
    WorkingPayload* body = nullptr;  // {body}, {body.x}

    [[nodiscard]] WorkingPayload* document(Brace::Kind kind) const override;
    [[nodiscard]] bool append(const Brace& brace, std::string& out) const override;

private:
    [[nodiscard]] bool append_of_identity(const Brace& brace, std::string& out) const;
};

}  // namespace rtbridge
