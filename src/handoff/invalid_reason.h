#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace rtbridge {

// Why a rule refuses a payload: the label of its counters.
enum class InvalidReason : std::uint8_t {
    NotJson,   // or no object, where the rule looks into one
    Missing,   // a field, or a value that a template needs
    Type,      // a field is of another type
    Range,     // a number is too small or too large
    Choice,    // a text is none of those that are allowed
    Topic,     // what the rule would publish to is no topic
    TooLarge,  // enriched
    Compute,   // an expression has no finite result
    Count,
};

inline constexpr std::array<std::string_view, static_cast<std::size_t>(InvalidReason::Count)>
    invalid_reason_names = {"not_json", "missing", "type",      "range",
                            "choice",   "topic",   "too_large", "compute"};

[[nodiscard]] constexpr std::string_view to_text(InvalidReason reason) {
    return invalid_reason_names.at(static_cast<std::size_t>(reason));
}

// A payload that a rule refuses.
struct Invalidity {
    InvalidReason reason = InvalidReason::NotJson;
    std::string field;    // of the payload, as a path; empty: none in particular
    std::string message;  // for people: "soc is 120, above 100"
};

}  // namespace rtbridge
