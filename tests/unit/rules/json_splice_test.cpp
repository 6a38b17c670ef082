#include "rules/json_splice.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "rules/working_payload.h"

namespace rtbridge {
namespace {

TEST(JsonSplice, AppendsBehindTheLastMember) {
    const struct {
        std::string_view object, expected;
    } cases[] = {
        {R"({})", R"({"n":0})"},
        {R"({ })", R"({"n":0 })"},
        {R"({"a":1})", R"({"a":1,"n":0})"},
        {R"({"a":1 })", R"({"a":1,"n":0 })"},
        {"\t{\"a\":1\r\n}\n", "\t{\"a\":1,\"n\":0\r\n}\n"},
        {R"({"a":{}})", R"({"a":{},"n":0})"},
        {R"({"a":"{"})", R"({"a":"{","n":0})"},
        {R"({"a":"}"})", R"({"a":"}","n":0})"},
    };
    for (const auto& c : cases) {
        std::string object(c.object);
        append_member(object, "n", "0");
        EXPECT_EQ(object, c.expected);
    }
}

TEST(JsonSplice, EscapesTheNameOfAnAppendedMember) {
    std::string object = "{}";

    append_member(object, "a\"\\\n\x01ä", "0");

    EXPECT_EQ(object, "{\"a\\\"\\\\\\n\\u0001ä\":0}");
}

TEST(JsonSplice, ReplacesValuesOfEveryKindAndNothingElse) {
    const std::string object =
        R"( { "s" : "a\"}\\" , "o":{"x":[1,"]"]} ,"n":-1.5e3, "t":true,"a" : [ ] , "z":null } )";
    const struct {
        std::size_t ordinal;
        std::string_view before;
    } cases[] = {{0, R"("a\"}\\")"}, {1, R"({"x":[1,"]"]})"},
                 {2, "-1.5e3"},      {3, "true"},
                 {4, "[ ]"},         {5, "null"}};
    for (const auto& c : cases) {
        std::string edited = object;
        std::string expected = object;
        expected.replace(expected.find(c.before), c.before.size(), "NEW");

        replace_values(edited, member_values(edited, {c.ordinal}), "NEW");

        EXPECT_EQ(edited, expected);
    }
}

TEST(JsonSplice, ReplacesSeveralValuesAtOnce) {
    std::string object = R"({"a":1,"b":2,"c":{"d":3}})";

    replace_values(object, member_values(object, {0, 2}), "\"longer\"");

    EXPECT_EQ(object, R"({"a":"longer","b":2,"c":"longer"})");
}

// Random JSON as devices might write it: any order, spacing, escapes and number forms.
class RandomJson {
public:
    explicit RandomJson(std::uint32_t seed) : random_(seed) {}

    std::string object(int depth) {
        std::string text = "{" + space();
        for (std::uint32_t i = 0, n = below(5); i < n; ++i) {
            if (i > 0) text += "," + space();
            text += string() + space() + ":" + space() + value(depth - 1) + space();
        }
        return text + "}";
    }
    std::string space() { return pick({"", "", "", " ", "\n", "\t  ", "\r\n"}); }

private:
    std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(random_() % n); }
    std::string pick(const std::vector<std::string>& choices) {
        return choices[below(static_cast<std::uint32_t>(choices.size()))];
    }
    std::string string() {
        std::string text = "\"";
        for (std::uint32_t n = below(4); n > 0; --n) {
            text += pick({"a", "state", "\\\"", "\\\\", "{", "}", ",", ":", "\\u00e4", "ä", "]"});
        }
        return text + "\"";
    }
    std::string value(int depth) {
        switch (depth > 0 ? below(5) : below(3)) {
            case 0:
                return string();
            case 1:
                return pick({"0", "-0", "1e5", "1.50", "true", "null", "18446744073709551616",
                             "123456789012345678901234567890"});
            case 2:
                return pick({"[]", "{}", "[ ]", "{ }"});
            case 3:
                return object(depth);
            default:
                return "[" + space() + value(depth - 1) + "," + value(depth - 1) + "]";
        }
    }
    std::mt19937 random_;
};

TEST(WorkingPayload, TakingTheInsertedBytesOutGivesTheOriginalBack) {
    const std::string member = R"("fresh":"Charging")";
    RandomJson random(1);
    WorkingPayload payload;
    for (int i = 0; i < 3000; ++i) {
        const std::string original = random.space() + random.object(4) + random.space();
        payload.reset(original);
        ASSERT_EQ(payload.object_mistake(), nullptr) << original;
        ASSERT_EQ(payload.set_member("fresh", "\"Charging\""), nullptr);

        std::string text(payload.text());
        ASSERT_EQ(JsonDocument().parse(text), nullptr) << text;
        const std::size_t at = text.rfind(member);
        ASSERT_NE(at, std::string::npos);
        const bool comma = text[at - 1] == ',';
        text.erase(at - (comma ? 1 : 0), member.size() + (comma ? 1 : 0));
        ASSERT_EQ(text, original);
    }
}

TEST(WorkingPayload, AnEditIsSeenByTheNextLook) {
    RandomJson random(2);
    WorkingPayload payload;
    for (int i = 0; i < 1000; ++i) {
        const std::string original = random.object(3);
        payload.reset(original);
        for (const std::string_view value : {"1", "\"two\"", "3"}) {
            ASSERT_EQ(payload.set_member("state", value), nullptr) << original;
            const auto found = payload.find(JsonPath("state"));
            ASSERT_TRUE(found.has_value()) << payload.text();
        }
        ASSERT_EQ(std::int64_t(payload.find(JsonPath("state"))->element), 3) << payload.text();
        ASSERT_EQ(JsonDocument().parse(payload.text()), nullptr) << payload.text();
    }
}

TEST(WorkingPayload, RenamesAndRemovesOneMemberAndNothingElse) {
    RandomJson random(3);
    WorkingPayload payload;
    for (int i = 0; i < 1000; ++i) {
        const std::string original = random.object(3);
        const auto before = nlohmann::json::parse(original);
        for (const auto& [name, value] : before.items()) {
            if (name.find('.') != std::string::npos || name.empty()) continue;
            auto expected = before;
            expected.erase(name);
            payload.reset(original);
            ASSERT_TRUE(payload.remove(JsonPath(name))) << original;
            EXPECT_EQ(nlohmann::json::parse(payload.text()), expected) << original;
            EXPECT_FALSE(payload.find(JsonPath(name)).has_value());

            expected["renamed"] = value;
            payload.reset(original);
            ASSERT_TRUE(payload.rename(JsonPath(name), "renamed")) << original;
            EXPECT_EQ(nlohmann::json::parse(payload.text()), expected) << original;
            EXPECT_TRUE(payload.find(JsonPath("renamed")).has_value());
        }
        payload.reset(original);
        EXPECT_FALSE(payload.remove(JsonPath("nobody")));
        EXPECT_EQ(payload.text(), original);
    }
}

TEST(WorkingPayload, EditsFollowOneAnother) {
    WorkingPayload payload;
    payload.reset(R"({"a":{"b":1,"c":2},"d":3})");
    ASSERT_EQ(payload.set_member("e", R"({"f":4,"g":5})"), nullptr);
    ASSERT_TRUE(payload.remove(JsonPath("e.f")));
    ASSERT_TRUE(payload.rename(JsonPath("a.c"), "x"));
    ASSERT_EQ(payload.set_member("d", "6"), nullptr);
    ASSERT_TRUE(payload.remove(JsonPath("a.b")));
    ASSERT_TRUE(payload.rename(JsonPath("d"), "last"));
    EXPECT_EQ(payload.text(), R"({"a":{"x":2},"last":6,"e":{"g":5}})");
}

TEST(WorkingPayload, ReturnsToAState) {
    WorkingPayload payload;
    payload.reset(R"({"a":1})");
    const WorkingPayload::State untouched = payload.state();
    ASSERT_EQ(payload.set_member("b", "2"), nullptr);
    const WorkingPayload::State edited = payload.state();
    ASSERT_TRUE(payload.remove(JsonPath("a")));

    payload.return_to(edited);
    EXPECT_EQ(payload.text(), R"({"a":1,"b":2})");
    EXPECT_TRUE(payload.find(JsonPath("a")).has_value());
    payload.return_to(untouched);
    EXPECT_EQ(payload.text(), R"({"a":1})");
    EXPECT_FALSE(payload.find(JsonPath("b")).has_value());
}

TEST(WorkingPayload, RestoresWhatWasSaved) {
    WorkingPayload payload;
    payload.reset(R"({"a":1})");
    ASSERT_EQ(payload.set_member("b", "2"), nullptr);
    payload.save();
    ASSERT_EQ(payload.set_member("b", "3"), nullptr);
    ASSERT_EQ(payload.set_member("c", "4"), nullptr);
    EXPECT_TRUE(payload.find(JsonPath("c")).has_value());

    payload.restore();

    EXPECT_EQ(payload.text(), R"({"a":1,"b":2})");
    EXPECT_FALSE(payload.find(JsonPath("c")).has_value());
    EXPECT_EQ(std::int64_t(payload.find(JsonPath("b"))->element), 2);
}

TEST(WorkingPayload, KnowsHowALongIntegerIsSpelled) {
    WorkingPayload payload;
    payload.reset(
        R"({"id":1,"a":{"b":0,"id":12345678901234567890124}, "id" : 12345678901234567890123 })");

    EXPECT_EQ(payload.find(JsonPath("id"))->long_integer, "12345678901234567890123");
    EXPECT_EQ(payload.find(JsonPath("a.id"))->long_integer, "12345678901234567890124");
    EXPECT_EQ(payload.find(JsonPath("a.b"))->long_integer, "");
}

}  // namespace
}  // namespace rtbridge
