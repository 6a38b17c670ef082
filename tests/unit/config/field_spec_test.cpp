#include "config/field_spec.h"

#include <gtest/gtest.h>

#include <sstream>

namespace rtbridge {
namespace {

// All that a specification says, or what is wrong with it.
std::string read(std::string_view text) {
    const Result<FieldSpec, std::string> result = parse_field_spec(text);
    if (!result.ok()) return result.error();
    const FieldSpec& spec = result.value();
    std::ostringstream out;
    out << static_cast<int>(spec.type) << (spec.required ? "" : " optional");
    if (spec.type == FieldType::Number) out << " " << spec.min << ".." << spec.max;
    for (const std::string& choice : spec.choices) out << " |" << choice;
    if (spec.fallback) out << " = " << *spec.fallback;
    return out.str();
}

TEST(FieldSpec, NamesATypeAndWhatMayBeMissing) {
    EXPECT_EQ(read("number"), "0 -inf..inf");
    EXPECT_EQ(read("number?"), "0 optional -inf..inf");
    EXPECT_EQ(read(" string "), "1");
    EXPECT_EQ(read("string?"), "1 optional");
    EXPECT_EQ(read("bool"), "2");
    EXPECT_EQ(read("time?"), "3 optional");
}

TEST(FieldSpec, HasRangesOfNumbers) {
    EXPECT_EQ(read("number 0..100"), "0 0..100");
    EXPECT_EQ(read("number? -5.5 .. 1e3"), "0 optional -5.5..1000");
    EXPECT_EQ(read("number 0.."), "0 0..inf");
    EXPECT_EQ(read("number ..0"), "0 -inf..0");
    EXPECT_EQ(read("number 7..7"), "0 7..7");
}

TEST(FieldSpec, HasChoices) {
    EXPECT_EQ(read("one of auto|eco"), "4 |auto |eco");
    EXPECT_EQ(read("one of on hold | off"), "4 |on hold |off");
    EXPECT_EQ(read("one of? a|b"), "4 optional |a |b");
}

TEST(FieldSpec, HasDefaultsAsJson) {
    EXPECT_EQ(read("number = 0"), "0 optional -inf..inf = 0");
    EXPECT_EQ(read("number 0..1 = .5"), "0 optional 0..1 = 0.5");
    EXPECT_EQ(read("string = a \"b\""), R"(1 optional = "a \"b\"")");
    EXPECT_EQ(read("string ="), "1 optional = \"\"");
    EXPECT_EQ(read("bool=true"), "2 optional = true");
    EXPECT_EQ(read("one of a|b = b"), "4 optional |a |b = \"b\"");
}

TEST(FieldSpec, SaysWhatIsWrong) {
    const struct {
        const char* text;
        const char* mistake;
    } cases[] = {
        {"", "is not known; write \"number\", \"string\", \"bool\", \"time\" or \"one of a|b\""},
        {"int", "is not known; write \"number\", \"string\", \"bool\", \"time\" or \"one of a|b\""},
        {"numbers", "is not known; did you mean \"number\"?"},
        {"number 5", "has \"5\", which is no range; write one like \"number 0..100\""},
        {"number ..", "has \"..\", which is no range; write one like \"number 0..100\""},
        {"number a..b", "has \"a..b\", which is no range; write one like \"number 0..100\""},
        {"number 1..inf", "has \"1..inf\", which is no range; write one like \"number 0..100\""},
        {"number 2..1", "has a range that ends before it begins"},
        {"number 0..1 = 2", "has a default out of its range"},
        {"number = x", "has the default \"x\", which is no number"},
        {"string 1..5", "has \"1..5\" behind its type; only numbers have a range"},
        {"one of", "needs values to choose from, like \"one of auto|eco\""},
        {"one of a||b", "needs values to choose from, like \"one of auto|eco\""},
        {"one of a|b = c", "has the default \"c\", which is none of its values"},
        {"bool = 1", "has the default \"1\"; write true or false"},
        {"time = now", "cannot have a default; write \"time?\" where it may be missing"},
    };
    for (const auto& c : cases) EXPECT_EQ(read(c.text), c.mistake) << c.text;
}

}  // namespace
}  // namespace rtbridge
