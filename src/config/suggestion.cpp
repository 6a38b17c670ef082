#include "config/suggestion.h"

#include <algorithm>
#include <cstddef>

namespace rtbridge {
namespace {

// Optimal string alignment distance: Levenshtein plus the swap of two neighbours.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before_last(b.size() + 1);
    std::vector<std::size_t> last(b.size() + 1);
    std::vector<std::size_t> current(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        current[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            current[j] = std::min({last[j] + 1, current[j - 1] + 1, replaced});
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) current[j] = std::min(current[j], before_last[j - 2] + 1);
        }
        std::swap(before_last, last);
        std::swap(last, current);
    }
    return last[b.size()];
}

}  // namespace

std::optional<std::string_view> suggestion(std::string_view word,
                                           const std::vector<std::string_view>& candidates) {
    std::optional<std::string_view> best;
    std::size_t best_distance = 0;
    for (const std::string_view candidate : candidates) {
        const std::size_t shorter = std::min(word.size(), candidate.size());
        const std::size_t longer = std::max(word.size(), candidate.size());
        const std::size_t limit = std::max<std::size_t>(longer / 3, 1);
        // Also keeps a key of a megabyte from being compared letter by letter.
        if (longer - shorter > limit) continue;
        const std::size_t d = distance(word, candidate);
        if (d > limit || (best && d >= best_distance)) continue;
        best = candidate;
        best_distance = d;
    }
    return best;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates,
                         std::string_view otherwise) {
    const std::optional<std::string_view> near = suggestion(word, candidates);
    if (!near) return std::string(otherwise);
    return "did you mean \"" + std::string(*near) + "\"?";
}

std::string quoted_list(const std::vector<std::string_view>& names) {
    std::string list;
    for (const std::string_view name : names) {
        list += list.empty() ? "\"" : ", \"";
        list.append(name).append(1, '"');
    }
    return list;
}

}  // namespace rtbridge
