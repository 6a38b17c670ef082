#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// Edits the text of a JSON object and leaves every byte that does not belong to the edit as it was:
// order, spacing and the spelling of numbers are the device's.

namespace rtbridge {

struct TextRange {
    std::size_t begin = 0;
    std::size_t end = 0;
    friend bool operator==(const TextRange&, const TextRange&) = default;
};

// Where the values of some members stand. `ordinals`: which members, counted from 0, ascending.
// REQUIRES: `object` is one valid JSON object with that many members.
[[nodiscard]] std::vector<TextRange> member_values(std::string_view object,
                                                   const std::vector<std::size_t>& ordinals);

// Puts `value` in the place of the given values, which are ascending.
void replace_values(std::string& object, const std::vector<TextRange>& values,
                    std::string_view value);

// Gives the members counted from 0, ascending, another name: `name` is a JSON string.
// REQUIRES: `object` is one valid JSON object with that many members.
void rename_members(std::string& object, const std::vector<std::size_t>& ordinals,
                    std::string_view name);

// Takes the members out, and of what stands between members as much as there is too much then.
// REQUIRES: as above.
void remove_members(std::string& object, const std::vector<std::size_t>& ordinals);

// Adds a member directly behind the last one: {"a":1 } becomes {"a":1,"name":value }.
// REQUIRES: `object` is one valid JSON object.
void append_member(std::string& object, std::string_view name, std::string_view value);

}  // namespace rtbridge
