#include "topic/topic_name.h"

#include <algorithm>

#include "base/utf8.h"
#include "topic/topic_filter.h"

namespace rtbridge {
namespace {

// U+FDD0 to U+FDEF and the last two of each plane; MQTT 5, 1.5.4 lets servers refuse them, and
// Mosquitto does. `at`: where a character of valid UTF-8 begins.
bool is_noncharacter(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
    if (byte(0) == 0xEF) {
        if (byte(1) == 0xB7) return byte(2) >= 0x90 && byte(2) <= 0xAF;
        return byte(1) == 0xBF && byte(2) >= 0xBE;
    }
    return byte(0) >= 0xF0 && (byte(1) & 0x0FU) == 0x0F && byte(2) == 0xBF && byte(3) >= 0xBE;
}

}  // namespace

const char* topic_text_mistake(std::string_view text) {
    if (text.find_first_of("+#") != std::string_view::npos) return "contains '+' or '#'";
    if (!is_utf8(text)) return "is not valid UTF-8";
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        // U+0080 to U+009F are C2 80 to C2 9F.
        const bool c1 = byte == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0;
        if (byte < 0x20 || byte == 0x7F || c1) return "contains a control character";
        if (byte >= 0xEF && is_noncharacter(text, i)) return "contains a character that is none";
    }
    return nullptr;
}

const char* topic_name_mistake(std::string_view topic) {
    if (topic.empty()) return "is empty";
    if (topic.size() > topic_bytes_max) return "is longer than 65535 bytes";
    if (std::count(topic.begin(), topic.end(), '/') > std::ptrdiff_t{topic_slashes_max}) {
        return "has more than 200 slashes";
    }
    return topic_text_mistake(topic);
}

}  // namespace rtbridge
