#pragma once

#include <optional>
#include <string>

#include "listener/value_store.h"

namespace rtbridge {

// Where a page of newest values ended, as a text that browsers hand back: a JSON array of its four
// parts.
[[nodiscard]] std::string to_cursor(const ValueStore::Position& position);
// Nothing: this is no such text.
[[nodiscard]] std::optional<ValueStore::Position> from_cursor(const std::string& text);

}  // namespace rtbridge
