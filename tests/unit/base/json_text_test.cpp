#include "base/json_text.h"

#include <gtest/gtest.h>

namespace rtbridge {
namespace {

std::string json(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

std::string number(double value) {
    std::string out;
    append_number(out, value);
    return out;
}

TEST(JsonText, EscapesWhatJsonWantsEscapedAndNothingElse) {
    using namespace std::string_view_literals;
    EXPECT_EQ(json(""), R"("")");
    EXPECT_EQ(json("a/b <ä😀>\x7F"), "\"a/b <ä😀>\x7F\"");
    EXPECT_EQ(json("\"\\\b\f\n\r\t"), R"("\"\\\b\f\n\r\t")");
    EXPECT_EQ(json("\0\x1F"sv), R"("\u0000\u001f")");
}

TEST(JsonText, ReplacesBytesThatAreNotUtf8) {
    EXPECT_EQ(json("a\xFFz"), "\"a\xEF\xBF\xBDz\"");
    EXPECT_EQ(json("ä\xC3"), "\"ä\xEF\xBF\xBD\"");
    EXPECT_EQ(json("\xF0\x9F\x98\n"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\\n\"");
}

TEST(JsonText, WritesTheShortestNumberThatReadsBack) {
    EXPECT_EQ(number(0.1), "0.1");
    EXPECT_EQ(number(80), "80");
    EXPECT_EQ(number(-0.0), "-0");
    EXPECT_EQ(number(1e300), "1e+300");
    EXPECT_EQ(number(5e-324), "5e-324");
}

}  // namespace
}  // namespace rtbridge
