#pragma once

#include <string>
#include <string_view>

// Writing JSON, piece by piece, at the end of a text.

namespace rtbridge {

// `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD, so the result is
// always a valid document.
void append_json_string(std::string& out, std::string_view text);

// The shortest text that reads back as `number`. REQUIRES: finite, JSON knows nothing else.
void append_number(std::string& out, double number);

}  // namespace rtbridge
