#include "rules/text_lookup.h"

#include <utility>

namespace rtbridge {

TextLookup::TextLookup(const MapConfig& config, TextTemplate of)
    : name_(config.name.value),
      of_(std::move(of)),
      table_(config.table.begin(), config.table.end()),
      otherwise_(config.otherwise) {}

const std::string* TextLookup::find(std::string_view text) const {
    if (const auto found = table_.find(std::string(text)); found != table_.end()) {
        return &found->second;
    }
    return otherwise_ ? &*otherwise_ : nullptr;
}

}  // namespace rtbridge
