#include "config/in_quotes.h"

#include "base/log.h"

namespace rtbridge {

std::string in_quotes(std::string_view text) {
    constexpr std::size_t length_max = 60;
    std::string out = "\"" + escape_control(text.substr(0, length_max));
    out += text.size() > length_max ? "...\"" : "\"";
    return out;
}

}  // namespace rtbridge
