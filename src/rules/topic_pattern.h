#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace rtbridge {

// The topics that a template of a topic can make: any level may stand where a value does. What is
// known of them without a publish, for reviews of a configuration.
//
// Thread: any; immutable.
class TopicPattern {
public:
    // "live/{payload.id}", where {topic} is what matches one of `topics` (filters, names as '+')
    // and {rule} is `rule`. One pattern per topic where it is used, else one.
    // REQUIRES: the template compiles.
    [[nodiscard]] static std::vector<TopicPattern> of(std::string_view source,
                                                      const std::vector<std::string>& topics,
                                                      std::string_view rule);
    // A filter is a pattern as well.
    explicit TopicPattern(std::string filter) : filter_(std::move(filter)) {}

    // Whether some topic of it matches the filter. No allocation.
    [[nodiscard]] bool overlaps(std::string_view filter) const noexcept;
    // It as a filter, which matches some topics more where a level is text and a value.
    [[nodiscard]] const std::string& filter() const { return filter_; }

private:
    // A level that is text around values, "dev-{id}".
    struct Level {
        std::size_t index;
        std::string begin, end;
    };
    class Builder;

    std::string filter_;
    std::vector<Level> levels_;
    std::string last_;  // the last level, where {topic} with '#' stands before it; else empty
};

}  // namespace rtbridge
