#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rtbridge {

// The path of a route, as "/match/{id}": a name in braces stands for one segment that is not empty,
// everything else for itself. Paths are decoded.
//
// Thread: any; immutable.
class PathPattern {
public:
    // Or what is wrong with it, as what follows "path ".
    [[nodiscard]] static Result<PathPattern, std::string> compile(std::string_view text);

    // What the names stand for, in names() order; `captures` is of no use where it doesn't match.
    [[nodiscard]] bool match(std::string_view path, std::vector<std::string>& captures) const;
    [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

    // Whether both match the same paths.
    [[nodiscard]] bool matches_the_same(const PathPattern& other) const;
    // Of two that match a path, the one that comes first is meant: where they differ first, a text
    // comes before a name.
    [[nodiscard]] bool comes_before(const PathPattern& other) const;
    // Whether some path matches that begins with the segments of `folder` ("/api/") and goes on.
    [[nodiscard]] bool may_be_below(std::string_view folder) const;

private:
    struct Segment {
        std::string text;
        bool name = false;
    };

    std::vector<Segment> segments_;
    std::vector<std::string> names_;
};

}  // namespace rtbridge
