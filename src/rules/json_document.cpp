#include "rules/json_document.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "rules/long_integer.h"

namespace rtbridge {
namespace {

constexpr std::size_t kept_bytes_max = 1 * MiB;  // of the buffer between documents

const char* reason(simdjson::error_code error) {
    switch (error) {
        case simdjson::UTF8_ERROR:
            return "not JSON: invalid UTF-8";
        case simdjson::DEPTH_ERROR:
            return "not JSON: nested too deeply";
        case simdjson::STRING_ERROR:
            return "not JSON: invalid escape in a string";
        case simdjson::UNCLOSED_STRING:
            return "not JSON: a string has no end";
        case simdjson::UNESCAPED_CHARS:
            return "not JSON: control character in a string";
        case simdjson::NUMBER_ERROR:
            return "not JSON: malformed number";
        case simdjson::EMPTY:
            return "not JSON: empty";
        case simdjson::MEMALLOC:
            return "not enough memory to parse";
        case simdjson::CAPACITY:
            return "too large";
        default:
            return "not JSON: malformed";
    }
}

}  // namespace

const char* JsonDocument::parse(std::string_view text) {
    if (text.size() > json_bytes_max) return "too large";
    if (text.starts_with("\xEF\xBB\xBF")) return "not JSON: starts with a byte order mark";
    if (padded_bytes_ < text.size() + simdjson::SIMDJSON_PADDING) {
        const std::size_t bytes = std::max<std::size_t>(text.size(), 4096) * 2;
        padded_ = std::make_unique<char[]>(bytes);
        padded_bytes_ = bytes;
    }
    std::memcpy(padded_.get(), text.data(), text.size());
    std::memset(padded_.get() + text.size(), ' ', simdjson::SIMDJSON_PADDING);

    rounded_integers_ = false;
    simdjson::error_code error = parser_.parse(padded_.get(), text.size(), false).get(root_);
    if (error == simdjson::NUMBER_ERROR) {
        const NumberScan scan = shorten_long_integers({padded_.get(), text.size()});
        if (scan.malformed) return "not JSON: malformed number";
        if (scan.shortened == 0) return "number out of range";
        error = parser_.parse(padded_.get(), text.size(), false).get(root_);
        if (error == simdjson::NUMBER_ERROR) return "number out of range";
        rounded_integers_ = true;
    }
    return error == simdjson::SUCCESS ? nullptr : reason(error);
}

void JsonDocument::trim() {
    if (padded_bytes_ <= 2 * kept_bytes_max) return;
    parser_ = simdjson::dom::parser(json_bytes_max);
    padded_.reset();
    padded_bytes_ = 0;
    root_ = Element();
}

std::optional<JsonDocument::Element> last_member(JsonDocument::Object object,
                                                 std::string_view name) {
    std::optional<JsonDocument::Element> found;
    for (const simdjson::dom::key_value_pair member : object) {
        if (member.key == name) found = member.value;
    }
    return found;
}

}  // namespace rtbridge
