#include "transport/api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "listener/updates.h"
#include "transport/api_fixture.h"

namespace rtbridge {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

TEST_F(ApiTest, StatusHasTheShapeThatItsReadersRelyOn) {
    metrics.messages_in.add(5);
    metrics.hit(Limit::Frame);
    clock.advance(std::chrono::seconds(90));

    const json status = json::parse(get("/api/status").body);

    EXPECT_EQ(status["uptime_s"], 90);
    EXPECT_EQ(status["generation"], 1);
    EXPECT_EQ(status["reload"], (json{{"ok", true}, {"at", 0}, {"error", nullptr}}));
    EXPECT_EQ(status["restart_required"], json::array());
    EXPECT_EQ(status["sessions"],
              (json{{"total", 0}, {"by_transport", json::object()}, {"subscriptions", 0}}));
    EXPECT_EQ(status["messages"]["in"], 5);
    for (const char* name : {"in", "matched", "out", "dropped", "conflated"}) {
        EXPECT_TRUE(status["messages"].contains(name)) << name;
    }
    EXPECT_EQ(status["limits"]["frame"], 1);
    EXPECT_EQ(status["rules"][0]["name"], "battery");
    EXPECT_EQ(status["rules"][0]["key"], "userId");
    EXPECT_EQ(status["rules"][0]["key_path"], "meta.userId");
    EXPECT_EQ(status["rules"][0]["battery"],
              (json{{"power", "batteryPower"}, {"percent", "batteryPercent"}}));
    EXPECT_TRUE(status.contains("version"));
}

TEST_F(ApiTest, StatusShowsAReloadThatFailed) {
    config.reload = {false, 1234, "rtbridge.toml:3:1: error: unknown key"};

    const json reload = json::parse(get("/api/status").body)["reload"];

    EXPECT_EQ(reload["ok"], false);
    EXPECT_EQ(reload["error"], "rtbridge.toml:3:1: error: unknown key");
}

TEST_F(ApiTest, WebsocketStatusIsExactlyWhatExistingPagesRead) {
    EXPECT_EQ(get("/websocket/status").body,
              R"({"success":true,"connectedClients":0,"websocketEnabled":true})");
}

TEST_F(ApiTest, LatestGivesItemsWithTheirPayloadAsItIs) {
    fan_out({make_update("battery/a", R"({ "x": 1.0 })", "anna"), make_update("other", "2")});

    const HttpReply reply = get("/api/latest", {{"topic", "battery/#"}});

    EXPECT_THAT(reply.body, HasSubstr(R"("data":{ "x": 1.0 })"));
    const json body = json::parse(reply.body);
    ASSERT_EQ(body["items"].size(), 1U);
    EXPECT_EQ(body["items"][0]["topic"], "battery/a");
    EXPECT_EQ(body["items"][0]["key"], "anna");
    EXPECT_EQ(body["next"], nullptr);
}

TEST_F(ApiTest, LatestIsPagedByNext) {
    fan_out({make_update("a", "1"), make_update("b", "2", "k\"ey"), make_update("c", "3")});
    std::vector<int> seen;
    std::vector<std::pair<std::string, std::string>> query = {{"limit", "1"}};

    for (int i = 0; i < 10; ++i) {
        const json page = json::parse(get("/api/latest", query).body);
        for (const json& item : page["items"]) seen.push_back(item["data"].get<int>());
        if (page["next"].is_null()) break;
        query = {{"limit", "1"}, {"after", page["next"].get<std::string>()}};
    }

    EXPECT_EQ(seen, (std::vector<int>{1, 2, 3}));
}

TEST_F(ApiTest, LatestRefusesWhatItDoesNotUnderstand) {
    EXPECT_EQ(get("/api/latest", {{"topic", "a/#/b"}}).status, 400);
    EXPECT_EQ(get("/api/latest", {{"limit", "0"}}).status, 400);
    EXPECT_EQ(get("/api/latest", {{"limit", "10x"}}).status, 400);
    EXPECT_EQ(get("/api/latest", {{"after", "[1,2]"}}).status, 400);
    EXPECT_EQ(get("/api/latest", {{"topik", "a"}}).status, 400);
}

TEST_F(ApiTest, ReadinessFollowsTheBrokersTickAndTheDrain) {
    EXPECT_EQ(get("/readyz").status, 200);

    clock.advance(std::chrono::seconds(6));
    EXPECT_EQ(get("/readyz").status, 503);
    EXPECT_THAT(get("/readyz").body, HasSubstr("not turned"));

    metrics.last_tick = clock.now();
    EXPECT_EQ(get("/readyz").status, 200);

    draining = true;
    EXPECT_EQ(get("/readyz").status, 503);
    EXPECT_EQ(get("/healthz").status, 200);
}

TEST_F(ApiTest, ReadinessSaysWhenTheBrokerNeverTicks) {
    metrics.last_tick = SteadyTime{};
    EXPECT_EQ(get("/readyz").status, 200);  // it may still come

    clock.advance(std::chrono::seconds(6));
    EXPECT_THAT(get("/readyz").body, HasSubstr("per_listener_settings"));
}

TEST_F(ApiTest, ReadinessSaysThatTheLastReloadFailedButNotWhatStandsInTheFile) {
    config.reload = {false, 1234, "rtbridge.toml:3:1: error: unknown key"};

    EXPECT_EQ(get("/readyz").status, 503);
    EXPECT_THAT(get("/readyz").body, HasSubstr("the configuration file has a mistake"));
    EXPECT_THAT(get("/readyz").body, Not(HasSubstr("unknown key")));
}

TEST_F(ApiTest, ErrorsAreJson) {
    const HttpReply reply = get("/nowhere");

    EXPECT_EQ(reply.status, 404);
    EXPECT_EQ(json::parse(reply.body)["error"]["code"], "not_found");
}

TEST_F(ApiTest, ThePageNeedsNoIdentityAndTheDataDoes) {
    HttpRequest request;
    request.method = HttpMethod::Get;
    request.facts = {"127.0.0.1", "rebound.example", std::nullopt, false};
    const struct {
        const char* path;
        int status;
    } cases[] = {
        {"/", 200},           {"/rtbridge.js", 200}, {"/healthz", 200},         {"/readyz", 200},
        {"/api/status", 403}, {"/api/latest", 403},  {"/websocket/status", 403}};
    for (const auto& c : cases) {
        request.path = c.path;
        EXPECT_EQ(ask(request).status, c.status) << c.path;
    }
}

TEST_F(ApiTest, ThePageCanBeSwitchedOffAndTheLibraryStays) {
    config.listener.dashboard = false;

    EXPECT_EQ(get("/").status, 404);
    EXPECT_EQ(get("/dashboard.js").status, 404);
    EXPECT_EQ(get("/rtbridge.js").status, 200);
    EXPECT_EQ(get("/rtbridge.d.ts").status, 200);
}

TEST_F(ApiTest, TheLibraryMayBeLoadedByPagesOfAllOriginsAndThePageMayNot) {
    const std::pair<std::string, std::string> leave{"Access-Control-Allow-Origin", "*"};

    EXPECT_THAT(get("/rtbridge.js").headers, Contains(leave));
    EXPECT_THAT(get("/").headers, Not(Contains(leave)));
}

TEST_F(ApiTest, ThePageIsNotSentAgainWhenItDidNotChange) {
    HttpRequest request;
    request.method = HttpMethod::Get;
    request.path = "/";
    const HttpReply first = ask(request);
    for (const auto& [name, value] : first.headers) {
        if (name == "ETag") request.if_none_match = value;
    }

    EXPECT_EQ(ask(request).status, 304);
    request.if_none_match = "\"x\", W/" + *request.if_none_match;  // of a proxy that compressed it
    EXPECT_EQ(ask(request).status, 304);
    request.if_none_match = "\"x\"";
    EXPECT_EQ(ask(request).status, 200);
}

TEST_F(ApiTest, OtherMethodsAreRefusedByName) {
    EXPECT_EQ(ask(request_of(HttpMethod::Other, "/api/status")).status, 405);
    EXPECT_EQ(ask(request_of(HttpMethod::Post, "/api/status")).status, 405);
    EXPECT_EQ(ask(request_of(HttpMethod::Post, "/")).status, 405);
}

TEST_F(ApiTest, EveryAnswerCarriesTheSecurityHeaders) {
    const std::string wire = to_wire(get("/healthz"), AfterReply::KeepAlive, Body::Send);

    EXPECT_THAT(wire, HasSubstr("X-Content-Type-Options: nosniff\r\n"));
    EXPECT_THAT(wire, HasSubstr("Content-Security-Policy: default-src 'none'"));
    EXPECT_THAT(wire, HasSubstr("X-Frame-Options: DENY\r\n"));
    EXPECT_THAT(wire, HasSubstr("Cache-Control: no-store\r\n"));
}

}  // namespace
}  // namespace rtbridge
