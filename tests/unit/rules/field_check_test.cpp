#include "rules/field_check.h"

#include <gtest/gtest.h>

#include "rules/working_payload.h"

namespace rtbridge {
namespace {

// "reason: message", or nothing where the payload passes.
std::string refusal(std::string_view path, std::string_view spec, std::string_view json) {
    const FieldCheck check(path, parse_field_spec(spec).value());
    WorkingPayload payload;
    payload.reset(json);
    const std::optional<Invalidity> why = check.refuse(payload);
    if (!why) return "";
    EXPECT_EQ(why->field, path);
    return std::string(to_text(why->reason)) + ": " + why->message;
}

TEST(FieldCheck, WantsAFieldUnlessItMayBeMissing) {
    EXPECT_EQ(refusal("soc", "number", R"({"soc":1})"), "");
    EXPECT_EQ(refusal("soc", "number", "{}"), "missing: soc is missing");
    EXPECT_EQ(refusal("soc", "number", R"({"soc":null})"), "missing: soc is missing");
    EXPECT_EQ(refusal("soc", "number?", "{}"), "");
    EXPECT_EQ(refusal("soc", "number?", R"({"soc":null})"), "");
    EXPECT_EQ(refusal("soc", "number = 5", "{}"), "");
    EXPECT_EQ(refusal("soc", "number?", R"({"soc":"1"})"), "type: soc is a string, not a number");
}

TEST(FieldCheck, LooksIntoNestedObjects) {
    EXPECT_EQ(refusal("a.b", "bool", R"({"a":{"b":true}})"), "");
    EXPECT_EQ(refusal("a.b", "bool", R"({"a.b":false})"), "");
    EXPECT_EQ(refusal("a.b", "bool", R"({"a":true})"), "missing: a.b is missing");
    EXPECT_EQ(refusal("a.b", "bool", R"({"a":{"b":1}})"),
              "type: a.b is a number, not true or false");
}

TEST(FieldCheck, BoundsNumbersInclusively) {
    for (const char* inside : {"0", "-0.0", "100", "1e2", "99.999"}) {
        EXPECT_EQ(refusal("n", "number 0..100", "{\"n\":" + std::string(inside) + "}"), "");
    }
    EXPECT_EQ(refusal("n", "number 0..100", R"({"n":-0.5})"), "range: n is -0.5, below 0");
    EXPECT_EQ(refusal("n", "number 0..100", R"({"n":120})"), "range: n is 120, above 100");
    EXPECT_EQ(refusal("n", "number ..5", R"({"n":18446744073709551616})"),
              "range: n is 18446744073709551616, above 5");
}

TEST(FieldCheck, KnowsTexts) {
    EXPECT_EQ(refusal("s", "string", R"({"s":""})"), "");
    EXPECT_EQ(refusal("s", "string", R"({"s":[1]})"), "type: s is an array, not a string");
    EXPECT_EQ(refusal("s", "one of auto|eco", R"({"s":"eco"})"), "");
    EXPECT_EQ(refusal("s", "one of auto|eco", R"({"s":"Eco\n"})"),
              R"(choice: s is "Eco\x0a", none of its values)");
    EXPECT_EQ(refusal("s", "one of 1|2", R"({"s":1})"), "type: s is a number, not a string");
}

TEST(FieldCheck, KnowsTimes) {
    for (const char* time : {"0", "1700000000", "1700000000000", "1700000000.5",
                             "\"2023-11-14T22:13:20Z\"", "\"2023-11-14 23:13:20+01:00\""}) {
        EXPECT_EQ(refusal("t", "time", "{\"t\":" + std::string(time) + "}"), "") << time;
    }
    EXPECT_EQ(refusal("t", "time", R"({"t":"today"})"), R"(type: t is "today", not a time)");
    EXPECT_EQ(refusal("t", "time", R"({"t":true})"), "type: t is true or false, not a time");
    EXPECT_EQ(refusal("t", "time", R"({"t":-1})"), "range: t is -1, no time");
}

}  // namespace
}  // namespace rtbridge
