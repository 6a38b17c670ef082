#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rtbridge {

inline constexpr std::size_t topic_bytes_max = 65'535;  // MQTT 5, 1.5.4

// Whether a capture may not be called so, because the name in braces means something else already.
[[nodiscard]] bool is_reserved_name(std::string_view name) noexcept;
// [A-Za-z_][A-Za-z0-9_]*
[[nodiscard]] bool is_capture_name(std::string_view name) noexcept;

// An MQTT topic filter: a topic with optional '+' (one level) and '#' (the rest, parent included).
//
// Thread: any; immutable.
class TopicFilter {
public:
    // A '+' with a name: which level of a matching topic it stands for, counted from 0.
    struct Capture {
        std::string name;
        std::uint32_t level = 0;
        friend bool operator==(const Capture&, const Capture&) = default;
    };

    // By MQTT 5, 4.7. The error is a reason to show to whoever wrote the filter.
    [[nodiscard]] static Result<TopicFilter, std::string> parse(std::string_view text);
    // The same, where a level "{name}" is a '+' with a name.
    [[nodiscard]] static Result<TopicFilter, std::string> parse_named(std::string_view text);

    // O(levels of `topic`), no allocation. REQUIRES: `topic` has no wildcards.
    // A leading wildcard does not match a topic that starts with '$' (MQTT 5, 4.7.2).
    [[nodiscard]] bool matches(std::string_view topic) const noexcept;

    [[nodiscard]] const std::string& text() const noexcept { return text_; }  // names are '+' here
    [[nodiscard]] const std::vector<Capture>& captures() const noexcept { return captures_; }

    friend bool operator==(const TopicFilter&, const TopicFilter&) = default;

private:
    TopicFilter(std::string text, std::vector<Capture> captures)
        : text_(std::move(text)), captures_(std::move(captures)) {}

    std::string text_;
    std::vector<Capture> captures_;
};

}  // namespace rtbridge
