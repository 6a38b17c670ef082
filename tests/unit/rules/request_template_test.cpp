#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rule_test_config.h"
#include "rules/json_template.h"
#include "rules/publish_topic.h"
#include "rules/request_values.h"
#include "rules/working_payload.h"

// Values in braces outside of rules: in what Socket.IO clients and HTTP routes ask for.

namespace rtbridge {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// What is rendered, "missing {…}" where a value is, or the mistakes at load.
std::string render(TemplatePlace place, TemplateSource from, const RequestValues& values,
                   const TemplateNames& names = {}) {
    Diagnostics diagnostics;
    const auto compiled = JsonTemplate::compile(from, place, names, diagnostics);
    if (!compiled) return diagnostics.sorted().front().message;
    std::string json;
    const Brace* const missing = compiled->append(values, json);
    return missing != nullptr ? "missing {" + missing->name() + "}" : json;
}

const Identity anna{.user = "anna",
                    .client = "",
                    .address = "",
                    .roles = {"admin", "viewer"},
                    .claims = {{"site", "north"}, {"empty", ""}, {"a.b", "dotted"}},
                    .expires_unix_s = {}};

TEST(RequestTemplate, SocketIoKnowsTheSessionItsIdentityAndTheArgument) {
    WorkingPayload argument;
    argument.reset(
        R"({"targetUserId":"eve","n":12345678901234567890123,"o":{"x":[1]},"nil":null})");
    RequestValues values;
    values.identity = &anna;
    values.session = "s-1";
    values.sessions = 42;
    values.unix_ms = 1'700'000'000'007;
    values.arg = &argument;
    const struct {
        const char* source;
        std::string_view expected;
    } cases[] = {
        {"{session}", R"("s-1")"},
        {"{sessions}", "42"},
        {"of {sessions}", R"("of 42")"},
        {"{user} is {role}", R"("anna is admin")"},
        {"{claim.site}", R"("north")"},
        {"{claim.a.b}", R"("dotted")"},
        {"{claim.empty}", "missing {claim.empty}"},
        {"{claim.other}", "missing {claim.other}"},
        {"{now}", R"("2023-11-14T22:13:20.007Z")"},
        {"{now_ms}", "1700000000007"},
        {"at {now_ms}", R"("at 1700000000007")"},
        {"{arg.targetUserId}", R"("eve")"},
        {"to {arg.targetUserId}", R"("to eve")"},
        {"{arg.n}", "12345678901234567890123"},
        {"{arg.o.x}", "[1]"},
        {"{arg.nil}", "null"},
        {"is {arg.nil}", "missing {arg.nil}"},
        {"{arg.none}", "missing {arg.none}"},
        {"{{arg}} {{", R"("{arg} {")"},
        {"{topic}", "missing {topic}"},
        {"{key}", "missing {key}"},
        {"{payload}", "missing {payload}"},
        {"{payload.x}", "missing {payload.x}"},
        {"{payload_text}", "missing {payload_text}"},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(render(TemplatePlace::SocketIo, source(c.source), values), c.expected)
            << c.source;
    }
}

TEST(RequestTemplate, TheArgumentMayBeAnyJson) {
    const struct {
        const char* argument;
        std::string_view alone, inside;
    } cases[] = {
        {R"("device-1")", R"("device-1")", R"("<device-1>")"},
        {"17", "17", R"("<17>")"},
        {"true", "true", R"("<true>")"},
        {"null", "null", "missing {arg}"},
        {R"([ "a" ])", R"([ "a" ])", R"("<[\"a\"]>")"},
        {"off", "missing {arg}", "missing {arg}"},
        {"", "missing {arg}", "missing {arg}"},
    };
    for (const auto& c : cases) {
        WorkingPayload argument;
        argument.reset(c.argument);
        RequestValues values;
        values.arg = &argument;
        EXPECT_EQ(render(TemplatePlace::SocketIo, source("{arg}"), values), c.alone);
        EXPECT_EQ(render(TemplatePlace::SocketIo, source("<{arg}>"), values), c.inside);
        EXPECT_EQ(render(TemplatePlace::SocketIo, source("{arg.x}"), values), "missing {arg.x}");
    }
    EXPECT_EQ(render(TemplatePlace::SocketIo, source("{arg}"), RequestValues()), "missing {arg}");
}

TEST(RequestTemplate, WhatARequestIsAboutHasTopicKeyAndPayload) {
    WorkingPayload payload;
    payload.reset(R"( {"t":21.5} )");
    RequestValues values;
    values.topic = "plant/7";
    values.key = "dev-7";
    values.payload = &payload;
    const TemplateSource body = source(TemplateSource::Object{
        {"deviceId", source("{key}")},
        {"topic", source("{topic}")},
        {"data", source("{payload}")},
        {"t", source("{payload.t}")},
        {"text", source("{payload_text}")},
    });

    EXPECT_EQ(
        render(TemplatePlace::SocketIo, body, values),
        R"({"deviceId":"dev-7","topic":"plant/7","data":{"t":21.5},"t":21.5,"text":" {\"t\":21.5} "})");
}

TEST(RequestTemplate, RoutesKnowTheirPathAndTheBody) {
    WorkingPayload body;
    body.reset(R"({"matchId":"m1","score":{"home":2},"note":""})");
    const std::vector<std::string> captures = {"7", ""};
    RequestValues values;
    values.identity = &anna;
    values.captures = captures;
    values.body = &body;
    const TemplateNames names{.captures = {"id", "part"}};
    const struct {
        const char* source;
        std::string_view expected;
    } cases[] = {
        {"{id}", R"("7")"},
        {"{part}", R"("")"},
        {"{body.matchId}", R"("m1")"},
        {"{body.score}", R"({"home":2})"},
        {"{body.score.home}", "2"},
        {"{body.note}", R"("")"},
        {"{body}", R"({"matchId":"m1","score":{"home":2},"note":""})"},
        {"{body.none}", "missing {body.none}"},
        {"{user} of {claim.site}", R"("anna of north")"},
        {"{arg}", "{arg} has no meaning in [[http.route]]"},
        {"{session}", "{session} has no meaning in [[http.route]]"},
        {"{client}", "{client} has no meaning in [[http.route]]"},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(render(TemplatePlace::HttpRoute, source(c.source), values, names), c.expected);
    }
}

TEST(RequestTemplate, AnonymousHasNeitherNameNorRole) {
    const Identity anonymous;
    RequestValues values;
    values.identity = &anonymous;

    for (const char* name : {"{user}", "{role}", "{claim.site}"}) {
        EXPECT_EQ(render(TemplatePlace::SocketIo, source(name), values),
                  "missing " + std::string(name));
        EXPECT_EQ(render(TemplatePlace::SocketIo, source(name), RequestValues()),
                  "missing " + std::string(name));
    }
}

TEST(RequestTemplate, MistakesNameWhatIsKnown) {
    const struct {
        TemplatePlace place;
        const char* source;
        std::string_view mistake;
    } cases[] = {
        {TemplatePlace::SocketIo, "{sesion}", "unknown name {sesion}; did you mean {session}?"},
        {TemplatePlace::SocketIo, "{deviceId}",
         "unknown name {deviceId}; known are {topic}, {key}, {payload}, {payload.name}, "
         "{payload_text}, {user}, {now}, {now_ms}, {role}, {claim.name}, {session}, {sessions}, "
         "{arg}, {arg.name}"},
        {TemplatePlace::SocketIo, "{claim}", "unknown name {claim}"},
        {TemplatePlace::SocketIo, "{session.x}", "unknown name {session.x}"},
        {TemplatePlace::SocketIo, "{body.x}", "{body.x} has no meaning in [socketio]"},
        {TemplatePlace::SocketIo, "{rule}", "{rule} has no meaning in [socketio]"},
        {TemplatePlace::SocketIo, "{arg", "'{' without '}'"},
        {TemplatePlace::HttpRoute, "{idd}", "unknown name {idd}; did you mean {id}?"},
        {TemplatePlace::HttpRoute, "{other_name}",
         "unknown name {other_name}; known are {id}, {topic}, {key}, {payload}, {payload.name}, "
         "{payload_text}, {user}, {now}, {now_ms}, {claim.name}, {sessions}, {body}, {body.name}"},
        {TemplatePlace::HttpRoute, "{arg.x}", "{arg.x} has no meaning in [[http.route]]"},
        {TemplatePlace::TransportBody, "{arg}", "{arg} has no meaning in a body"},
        {TemplatePlace::TransportBody, "{site}",
         "unknown name {site}; known are {topic}, {key}, {payload}, {payload.name}, "
         "{payload_text}, {user}, {client}, {rule}, {now}, {now_ms}"},
    };
    for (const auto& c : cases) {
        const TemplateNames names = c.place == TemplatePlace::HttpRoute
                                        ? TemplateNames{.captures = {"id"}}
                                        : TemplateNames();
        EXPECT_THAT(render(c.place, source(c.source), RequestValues(), names),
                    testing::StartsWith(std::string(c.mistake)));
    }
}

TEST(RequestTemplate, ATopicIsSafeFromWhatABrowserSends) {
    const auto topic =
        PublishTopic::compile("matches/{body.matchId}", TemplatePlace::HttpRoute, {});
    ASSERT_TRUE(topic.ok());
    const struct {
        const char* body;
        std::string_view expected;
    } cases[] = {
        {R"({"matchId":"m1"})", "matches/m1"},
        {R"({"matchId":7})", "matches/7"},
        {R"({"matchId":"a/b"})", "cannot publish: {body.matchId} contains '/'"},
        {R"({"matchId":"+"})", "cannot publish: {body.matchId} contains '+' or '#'"},
        {R"({"matchId":""})", "cannot publish: {body.matchId} is empty"},
        {R"({})", "cannot publish: {body.matchId} is missing"},
        {"", "cannot publish: {body.matchId} is missing"},
    };
    for (const auto& c : cases) {
        WorkingPayload body;
        body.reset(c.body);
        RequestValues values;
        values.body = &body;
        const auto made = topic.value().make(values);
        EXPECT_EQ(made.ok() ? made.value() : made.error(), c.expected);
    }
    const auto wrong = PublishTopic::compile("a/{arg}/+", TemplatePlace::HttpRoute, {});
    ASSERT_FALSE(wrong.ok());
    EXPECT_THAT(wrong.error(), ElementsAre(HasSubstr("{arg} has no meaning")));
}

TEST(RequestTemplate, WhatIsMissingMayBeNullOrNothing) {
    Diagnostics diagnostics;
    const TemplateSource from{
        TemplateSource::Array{source("{user}"), source("Hi {user}, {claim.site}!"),
                              source("{arg.x}"), source("x")},
        {}};
    const auto compiled = JsonTemplate::compile(from, TemplatePlace::SocketIo, {}, diagnostics);
    ASSERT_TRUE(compiled);
    RequestValues nobody;
    std::string json;

    compiled->append_or_null(nobody, json);
    EXPECT_EQ(json, R"([null,"Hi , !",null,"x"])");

    RequestValues values;
    values.identity = &anna;
    json.clear();
    compiled->append_or_null(values, json);
    EXPECT_EQ(json, R"(["anna","Hi anna, north!",null,"x"])");
}

}  // namespace
}  // namespace rtbridge
