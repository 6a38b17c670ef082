#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "config/config.h"
#include "rules/text_template.h"

namespace rtbridge {

// An entry of `map`: the text that stands for another one.
//
// Thread: any; immutable.
class TextLookup {
public:
    TextLookup(const MapConfig& config, TextTemplate of);

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] const TextTemplate& of() const { return of_; }
    // Null: there is none.
    [[nodiscard]] const std::string* find(std::string_view text) const;

private:
    std::string name_;
    TextTemplate of_;
    std::unordered_map<std::string, std::string> table_;
    std::optional<std::string> otherwise_;
};

}  // namespace rtbridge
