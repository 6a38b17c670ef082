#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rule_test_config.h"

// Values in braces, as rules use them: in the key, in `set` and in the topic to publish to.

namespace rtbridge {
namespace {

constexpr const char* topic_filter = "site/{site}/{device}/#";
constexpr std::string_view topic = "site/north/d \"7\"/state";

Publish publish_of(std::string_view payload) {
    return {.topic = topic, .payload = payload, .client = "client-1", .user = "anna"};
}

// What `set = { out = … }` adds, "missing …" where it refuses.
std::string set_value(TemplateSource value, const Publish& publish) {
    RuleConfig config = plain_rule("the-rule", {topic_filter});
    config.key = placed("{payload.id}");
    config.set = {{"out", std::move(value)}};
    Rules rules({config});
    const std::string result = rules.trace(publish).front().steps.front().result;
    return result.substr(4);
}

// The key of a payload as name=value, "" for none.
std::string key_of(const char* key, const Publish& publish) {
    RuleConfig config = plain_rule("the-rule", {topic_filter});
    config.key = placed(key);
    const BrowserUpdate update = Rules({config}).apply(publish).updates.front();
    return update.key_name.empty() ? "" : update.key_name + "=" + update.key;
}

// The topic that a rule publishes to, or why it does not.
std::string published_to(const char* target, const Publish& publish) {
    RuleConfig config = plain_rule("the-rule", {"#", "$dev/#"});
    config.mqtt = TowardsMqtt::Publish;
    config.publish_topic = placed(target);
    Rules rules({config});
    const Outcome outcome = rules.apply(publish);
    if (outcome.publishes.empty()) return rules.trace(publish).front().steps.front().result;
    return outcome.publishes.front().topic;
}

TEST(Template, OneBraceKeepsTheJsonTypeAndTextMakesText) {
    constexpr std::string_view payload =
        R"({"id":7,"n":-1.50,"big":12345678901234567890123,"u":18446744073709551615,"t":true,)"
        R"("nil":null,"s":"a\"\u00e4\n","o":{ "x" : [ 1, "q\"" ] },"e":[],"a.b":1,"a":{"b":2,"c":3}})";
    const struct {
        const char* source;
        std::string_view expected;
    } cases[] = {
        {"", R"("")"},
        {"plain", R"("plain")"},
        {"{payload.id}", "7"},
        {"#{payload.id}", R"("#7")"},
        {"{payload.n}", "-1.5"},
        {"{payload.big}", "12345678901234567890123"},
        {"{payload.big} Wh", R"("12345678901234567890123 Wh")"},
        {"{payload.u}", "18446744073709551615"},
        {"{payload.t}", "true"},
        {"is {payload.t}", R"("is true")"},
        {"{payload.nil}", "null"},
        {"is {payload.nil}", " {payload.nil} is missing"},
        {"{payload.s}", R"("a\"ä\n")"},
        {"<{payload.s}>", R"("<a\"ä\n>")"},
        {"{payload.o}", R"({"x":[1,"q\""]})"},
        {"o={payload.o}", R"("o={\"x\":[1,\"q\\\"\"]}")"},
        {"{payload.e}", "[]"},
        {"{payload.a.b}", "1"},
        {"{payload.a.c}", "3"},
        {"{payload.a.d}", " {payload.a.d} is missing"},
        {"{payload.e.0}", " {payload.e.0} is missing"},
        {"{site}", R"("north")"},
        {"{device}", R"("d \"7\"")"},
        {"{topic}", R"("site/north/d \"7\"/state")"},
        {"{user}@{client}", R"("anna@client-1")"},
        {"{rule}", R"("the-rule")"},
        {"{key}", R"("7")"},
        {"{{{site}}}", R"("{north}")"},
        {"{{site}}", R"("{site}")"},
        {"a } b }} c", R"("a } b } c")"},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(set_value(source(c.source), publish_of(payload)), c.expected) << c.source;
    }
}

TEST(Template, ThePayloadItselfIsJsonOrText) {
    const Publish publish = publish_of(" { \"a\": 1 }\n");

    EXPECT_EQ(set_value(source("{payload}"), publish), R"({ "a": 1 })");
    EXPECT_EQ(set_value(source("it is {payload}"), publish), R"("it is {\"a\":1}")");
    EXPECT_EQ(set_value(source("{payload_text}"), publish), R"(" { \"a\": 1 }\n")");
}

TEST(Template, ContainersAndPlainValuesAreTemplatesToo) {
    const TemplateSource value = source(TemplateSource::Object{
        {"a \"b\"", source(TemplateSource::Array{source(std::int64_t{1}), source(1.5),
                                                 source(false), source("{site}")})},
        {"", source(TemplateSource::Object{})},
        {"list", source(TemplateSource::Array{})},
        {"{site}", source("{payload.x}")},
    });

    EXPECT_EQ(set_value(value, publish_of(R"({"x":[]})")),
              R"({"a \"b\"":[1,1.5,false,"north"],"":{},"list":[],"{site}":[]})");
    EXPECT_EQ(set_value(value, publish_of("{}")), " {payload.x} is missing");
}

TEST(Template, AnUnknownUserOrClientIsMissing) {
    const Publish anonymous{.topic = topic, .payload = "{}"};

    EXPECT_EQ(set_value(source("{user}"), anonymous), " {user} is missing");
    EXPECT_EQ(set_value(source("{client}"), anonymous), " {client} is missing");
}

TEST(Template, TheKeyIsNamedAfterTheLastPartOfItsLastBrace) {
    const Publish publish = publish_of(R"({"userId":"user-1","n":80.0,"a":{"id":12}})");
    const struct {
        const char* key;
        std::string_view expected;
    } cases[] = {
        {"{payload.userId}", "userId=user-1"},
        {"{payload.a.id}", "id=12"},
        {"{payload.n}", "n=80"},
        {"{payload.a}", R"(a={"id":12})"},
        {"{device}", "device=d \"7\""},
        {"{site}:{payload.userId}!", "userId=north:user-1!"},
        {"{client}", "client=client-1"},
        {"{payload.missing}", ""},
        {"{site}{payload.missing}", ""},
    };
    for (const auto& c : cases) EXPECT_EQ(key_of(c.key, publish), c.expected) << c.key;
}

TEST(Template, LongIntegersThatRoundToTheSameDoubleStayDifferentKeys) {
    EXPECT_EQ(key_of("{payload.id}", publish_of(R"({"id":12345678901234567890123})")),
              "id=12345678901234567890123");
    EXPECT_EQ(key_of("{payload.id}", publish_of(R"({"id":12345678901234567890124})")),
              "id=12345678901234567890124");
}

TEST(Template, PublishesToUsableTopicsOnly) {
    const auto with = [](std::string_view payload, std::string_view on = "a/b") {
        return Publish{.topic = on, .payload = payload, .client = "c", .user = ""};
    };
    const struct {
        const char* target;
        Publish publish;
        std::string_view expected;
    } cases[] = {
        {"live/{payload.id}", with(R"({"id":"user 1 ä"})"), "live/user 1 ä"},
        {"live/{payload.id}", with(R"({"id":-1.5})"), "live/-1.5"},
        {"copy/{topic}", with("1"), "copy/a/b"},
        {"{topic}", with("1"), "a/b"},
        {"{client}/{rule}", with("1"), "c/the-rule"},
        {"$live/x", with("1"), "$live/x"},
        {"live/{payload.id}", with("{}"), "cannot publish: {payload.id} is missing"},
        {"live/{payload.id}", with("off"), "cannot publish: {payload.id} is missing"},
        {"live/{payload.id}", with(R"({"id":null})"), "cannot publish: {payload.id} is missing"},
        {"live/{payload.id}", with(R"({"id":""})"), "cannot publish: {payload.id} is empty"},
        {"live/{payload.id}", with(R"({"id":"a/b"})"), "cannot publish: {payload.id} contains '/'"},
        {"live/{payload.id}", with(R"({"id":"+"})"),
         "cannot publish: {payload.id} contains '+' or '#'"},
        {"live/{payload.id}", with(R"({"id":"a#"})"),
         "cannot publish: {payload.id} contains '+' or '#'"},
        {"live/{payload.id}", with(R"({"id":"\u0000"})"),
         "cannot publish: {payload.id} contains a control character"},
        {"live/{payload.id}", with(R"({"id":"a\nb"})"),
         "cannot publish: {payload.id} contains a control character"},
        {"live/{payload.id}", with(R"({"id":"\u0085"})"),
         "cannot publish: {payload.id} contains a control character"},
        {"live/{user}", with("1"), "cannot publish: {user} is missing"},
        {"{payload.id}/x", with(R"({"id":"$SYS"})"),
         "cannot publish: the topic would start with '$'"},
        {"{topic}", with("1", "$dev/1"), "cannot publish: the topic would start with '$'"},
    };
    for (const auto& c : cases) EXPECT_EQ(published_to(c.target, c.publish), c.expected);
    const std::string longest = R"({"id":")" + std::string(65'535, 'x') + "\"}";
    EXPECT_EQ(published_to("{payload.id}", with(longest)).size(), 65'535U);
    EXPECT_EQ(published_to("a{payload.id}", with(longest)),
              "cannot publish: the topic would be longer than 65535 bytes");
}

}  // namespace
}  // namespace rtbridge
