#include "rules/json_document.h"

#include <gtest/gtest.h>

namespace rtbridge {
namespace {

std::string mistake(std::string_view text) {
    JsonDocument document;
    const char* reason = document.parse(text);
    return reason == nullptr ? "" : reason;
}

std::string nested(std::size_t levels) {
    return std::string(levels, '[') + std::string(levels, ']');
}

TEST(JsonDocument, AcceptsEveryJsonText) {
    for (const std::string_view text : {"{}", "[]", "0", "-0", "1.5e-3", "true", "null", "\"\"",
                                        " \t\r\n[ 1 , 2 ]\n", R"({"\u0000":"\ud83d\ude00"})",
                                        R"({"":{"":[{}]}})", "\"\x7F\"", "\"\xF0\x9F\x98\x80\""}) {
        EXPECT_EQ(mistake(text), "") << text;
    }
    EXPECT_EQ(mistake(nested(1024)), "");
}

TEST(JsonDocument, RefusesWhatIsBrokenAndSaysWhy) {
    using namespace std::string_literals;
    const struct {
        std::string text, reason;
    } cases[] = {
        {"", "not JSON: empty"},
        {" \n", "not JSON: empty"},
        {"{", "not JSON: malformed"},
        {"}", "not JSON: malformed"},
        {"{\"a\":1", "not JSON: malformed"},
        {"{\"a\":1,}", "not JSON: malformed"},
        {"{\"a\" 1}", "not JSON: malformed"},
        {"{\"a\":}", "not JSON: malformed"},
        {"{a:1}", "not JSON: malformed"},
        {"{1:1}", "not JSON: malformed"},
        {"{'a':1}", "not JSON: malformed"},
        {"{\"a\":1 \"b\":2}", "not JSON: malformed"},
        {"{\"a\":[1}", "not JSON: malformed"},
        {"[1,]", "not JSON: malformed"},
        {"[,1]", "not JSON: malformed"},
        {"[1 2]", "not JSON: malformed"},
        {"{} {}", "not JSON: malformed"},
        {"{}x", "not JSON: malformed"},
        {"{}\0"s, "not JSON: malformed"},
        {"\0{}"s, "not JSON: malformed"},
        {"nul", "not JSON: malformed"},
        {"True", "not JSON: malformed"},
        {"NaN", "not JSON: malformed"},
        {"[Infinity]", "not JSON: malformed"},
        {"{\"a\":1}//x", "not JSON: malformed"},
        {"\"abc", "not JSON: a string has no end"},
        {"\"a\nb\"", "not JSON: control character in a string"},
        {R"("\x41")", "not JSON: invalid escape in a string"},
        {R"("\u12")", "not JSON: invalid escape in a string"},
        {R"("\ud800")", "not JSON: invalid escape in a string"},
        {R"("\ud800\u0041")", "not JSON: invalid escape in a string"},
        {R"("\udc00")", "not JSON: invalid escape in a string"},
        {"\"\xFF\"", "not JSON: invalid UTF-8"},
        {"\"\xED\xA0\x80\"", "not JSON: invalid UTF-8"},  // a surrogate
        {"\"\xC0\x80\"", "not JSON: invalid UTF-8"},      // an overlong NUL
        {"\xEF\xBB\xBF{}", "not JSON: starts with a byte order mark"},
        {"[01]", "not JSON: malformed number"},
        {"[1.]", "not JSON: malformed number"},
        {"[-]", "not JSON: malformed number"},
        {"[1e]", "not JSON: malformed number"},
        {"[1e+]", "not JSON: malformed number"},
        {"[0x10]", "not JSON: malformed number"},
        {"[12345678901234567890123,01]", "not JSON: malformed number"},
        {"[1e999]", "number out of range"},
        {"[12345678901234567890123,-1e999]", "number out of range"},
        {"1" + std::string(400, '0'), "number out of range"},
        {nested(1025), "not JSON: nested too deeply"},
        {std::string(100'000, '['), "not JSON: malformed"},
    };
    for (const auto& c : cases) EXPECT_EQ(mistake(c.text), c.reason) << c.text.substr(0, 80);
}

TEST(JsonDocument, ReadsIntegersBeyond64BitsAsTheNearestDouble) {
    const struct {
        std::string_view text;
        double value;
    } cases[] = {
        {"18446744073709551616", 18446744073709551616.0},
        {"-9223372036854775809", -9223372036854775808.0},
        {"12345678901234567890123", 12345678901234567890123.0},
        {"-98765432109876543210", -98765432109876543210.0},
    };
    for (const auto& c : cases) {
        JsonDocument document;
        ASSERT_EQ(document.parse(c.text), nullptr) << c.text;
        EXPECT_DOUBLE_EQ(double(document.root()), c.value);
        EXPECT_TRUE(document.rounded_integers());
    }
}

TEST(JsonDocument, LeavesDigitsInStringsAlone) {
    JsonDocument document;

    ASSERT_EQ(document.parse(R"(["\"12345678901234567890123",12345678901234567890123])"), nullptr);

    EXPECT_EQ(std::string_view(simdjson::dom::array(document.root()).at(0)),
              "\"12345678901234567890123");
}

TEST(JsonDocument, TheLastOfDuplicateMembersCounts) {
    JsonDocument document;

    ASSERT_EQ(document.parse(R"({"a":1,"b":2,"\u0061":3})"), nullptr);

    EXPECT_EQ(std::int64_t(*last_member(document.root(), "a")), 3);
    EXPECT_FALSE(last_member(document.root(), "c").has_value());
}

TEST(JsonDocument, WorksOnAfterAMistakeAndAfterTrimming) {
    JsonDocument document;

    EXPECT_NE(document.parse("{"), nullptr);
    EXPECT_EQ(document.parse("[" + std::string(5'000'000, ' ') + "]"), nullptr);
    document.trim();
    EXPECT_EQ(document.parse("[1]"), nullptr);
    EXPECT_EQ(std::int64_t(simdjson::dom::array(document.root()).at(0)), 1);
}

}  // namespace
}  // namespace rtbridge
