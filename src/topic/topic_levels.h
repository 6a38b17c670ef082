#pragma once

#include <cstddef>
#include <string_view>

namespace rtbridge {

// The levels of a topic or topic filter, front to back, without allocating: "a//b" has "a", "",
// "b".
class TopicLevels {
public:
    TopicLevels() = default;  // no levels
    explicit TopicLevels(std::string_view text) : rest_(text), at_end_(false) {}

    [[nodiscard]] bool at_end() const noexcept { return at_end_; }
    // REQUIRES: !at_end().
    std::string_view next() noexcept {
        const std::size_t slash = rest_.find('/');
        const std::string_view level = rest_.substr(0, slash);
        at_end_ = slash == std::string_view::npos;
        if (!at_end_) rest_.remove_prefix(slash + 1);
        return level;
    }

private:
    std::string_view rest_;
    bool at_end_ = true;
};

// REQUIRES: `topic` has more than `index` levels.
[[nodiscard]] inline std::string_view topic_level(std::string_view topic,
                                                  std::size_t index) noexcept {
    TopicLevels levels(topic);
    while (index-- > 0) (void)levels.next();
    return levels.next();
}

}  // namespace rtbridge
