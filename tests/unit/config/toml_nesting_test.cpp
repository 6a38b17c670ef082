#include "config/toml_nesting.h"

#include <gtest/gtest.h>

#include <string>

namespace rtbridge {
namespace {

std::string repeat(std::string_view text, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += text;
    return out;
}

TEST(TomlNesting, FindsTheLevelThatIsTooMuch) {
    EXPECT_EQ(find_excessive_nesting("a = " + repeat("[", 33)), 4U + 32U);
    EXPECT_EQ(find_excessive_nesting("a = " + repeat("{a=", 33)), 4U + 3U * 32U);
    EXPECT_EQ(find_excessive_nesting("[" + repeat("a.", 32) + "a]"), 64U);
    EXPECT_EQ(find_excessive_nesting(repeat("\"a\" . ", 32) + "a = 1"), 4U + 6U * 31U);
}

TEST(TomlNesting, PassesWhatIsNotNested) {
    const std::string dots(100, '.');
    const std::string brackets(100, '[');
    const std::string cases[] = {
        "",
        "a = " + repeat("[", 32) + repeat("]", 32),
        repeat("a = {}\n", 100),
        repeat("[a.b]\n", 100),
        "a = [" + repeat("1.5, ", 100) + "]",
        "a = \"" + brackets + dots + "\\\"" + brackets + "\"",
        "a = '" + brackets + dots + "\\'",
        "a = \"\"\"" + brackets + "\n\"\n\\\"\"\"" + dots + "\"\"\"\"\"",
        "a = '''" + brackets + "\n''" + dots + "'''''",
        "# " + brackets + dots + "\na = 1",
    };
    for (const std::string& text : cases) {
        EXPECT_FALSE(find_excessive_nesting(text)) << text;
    }
}

TEST(TomlNesting, SeesWhatFollowsAString) {
    for (const std::string_view string :
         {"\"x\"", "'x'", "\"\"", "''", "\"\"\"x\"\"\"", "'''x'''", "\"\"\"\"\"\"",
          "\"\"\"x\"\"\"\"\"", "\"\\\\\"", "'\\'"}) {
        const std::string text = "a = [" + std::string(string) + "," + repeat("[", 32);
        EXPECT_TRUE(find_excessive_nesting(text)) << text;
    }
}

TEST(TomlNesting, SurvivesUnfinishedStrings) {
    for (const std::string_view text :
         {"\"", "'", "\"\\", "\"\"\"", "\"\"\"\\", "'''", "\"\"\"x\"\"", "#"}) {
        EXPECT_FALSE(find_excessive_nesting(text)) << text;
    }
}

}  // namespace
}  // namespace rtbridge
