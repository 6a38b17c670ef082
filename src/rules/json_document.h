#pragma once

#include <simdjson.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace rtbridge {

inline constexpr std::size_t json_bytes_max = 128 * MiB;

// A parsed JSON text, by simdjson's DOM: it validates every byte (on-demand would accept broken
// JSON that it does not walk over). What it holds are copies: the text may change or go once
// parsed.
//
// Legal JSON that simdjson refuses, integers beyond 64 bits, is read as the nearest double.
// Of members with the same name the last one counts, as in browsers.
//
// Thread: belongs to one; keeps its memory for the next document.
class JsonDocument {
public:
    using Element = simdjson::dom::element;
    using Object = simdjson::dom::object;

    // Null, or why this is no JSON (a literal: nothing is allocated for garbage).
    [[nodiscard]] const char* parse(std::string_view text);

    // REQUIRES: the last parse() returned null.
    [[nodiscard]] Element root() const { return root_; }
    // Whether integers beyond 64 bits were read as doubles.
    [[nodiscard]] bool rounded_integers() const { return rounded_integers_; }

    // Gives memory back after an unusually large document, which must not be used any more.
    void trim();

private:
    simdjson::dom::parser parser_{json_bytes_max};
    std::unique_ptr<char[]> padded_;
    std::size_t padded_bytes_ = 0;
    Element root_;
    bool rounded_integers_ = false;
};

// The last member called `name`.
[[nodiscard]] std::optional<JsonDocument::Element> last_member(JsonDocument::Object object,
                                                               std::string_view name);

}  // namespace rtbridge
