#include "topic/topic_name.h"

#include <gtest/gtest.h>

#include <string>

namespace rtbridge {
namespace {

using namespace std::string_literals;

TEST(TopicName, IsWhatTheBrokerWouldTakeFromAClient) {
    for (const std::string& topic :
         {"a"s, "/"s, "a//b"s, "a b"s, "$SYS/x"s, "grün/☀/🔋"s, std::string(65'535, 'x'),
          std::string(200, '/'), "\xEF\xB7\x8F"s /* U+FDCF */, "\xEF\xBF\xBD"s /* U+FFFD */}) {
        EXPECT_EQ(topic_name_mistake(topic), nullptr) << topic.substr(0, 20);
    }
}

TEST(TopicName, RefusesTheRestAndSaysWhy) {
    const struct {
        std::string topic;
        const char* mistake;
    } cases[] = {
        {"", "is empty"},
        {"a/+/b", "contains '+' or '#'"},
        {"#", "contains '+' or '#'"},
        {"a\0b"s, "contains a control character"},
        {"a\nb", "contains a control character"},
        {"\x7f", "contains a control character"},
        {"\xC2\x80", "contains a control character"},
        {"\xff", "is not valid UTF-8"},
        {"\xED\xA0\x80", "is not valid UTF-8"},                     // a surrogate
        {"\xEF\xB7\x90", "contains a character that is none"},      // U+FDD0
        {"\xEF\xBF\xBF", "contains a character that is none"},      // U+FFFF
        {"\xF0\x9F\xBF\xBE", "contains a character that is none"},  // U+1FFFE
        {std::string(65'536, 'x'), "is longer than 65535 bytes"},
        {std::string(201, '/'), "has more than 200 slashes"},
    };
    for (const auto& c : cases) {
        EXPECT_STREQ(topic_name_mistake(c.topic), c.mistake) << c.topic.substr(0, 20);
    }
}

}  // namespace
}  // namespace rtbridge
