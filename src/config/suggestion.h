#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rtbridge {

// The candidate that `word` was probably meant to be, if one is near: the fewest letters inserted,
// dropped, replaced or swapped with their neighbour, at most a third of the longer word.
// The first candidate wins a tie. The view is that of the candidate. Thread: any.
[[nodiscard]] std::optional<std::string_view> suggestion(
    std::string_view word, const std::vector<std::string_view>& candidates);

// How a message about a word that is not known ends: `did you mean "drop"?` where a candidate is
// near, else `otherwise`.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       const std::vector<std::string_view>& candidates,
                                       std::string_view otherwise);

// "a", "b", "c", each in quotes: what there is to choose from.
[[nodiscard]] std::string quoted_list(const std::vector<std::string_view>& names);

}  // namespace rtbridge
