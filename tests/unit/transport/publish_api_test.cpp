#include "transport/publish_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "transport/api_fixture.h"

namespace rtbridge {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class PublishApiTest : public ApiTest {
protected:
    [[nodiscard]] static HttpRequest post(std::string body) {
        HttpRequest request = request_of(HttpMethod::Post, "/api/publish");
        request.content_type = "application/json";
        request.has_body = true;
        request.body_bytes = body.size();
        request.body = std::move(body);
        return request;
    }
    // What is to be published; fails the test where it is refused.
    [[nodiscard]] PublishRequest published(const HttpRequest& request) {
        assert_on_listener_thread();
        Answer answered = answer(request, context());
        if (auto* const made = std::get_if<PublishThenReply>(&answered)) return made->publish;
        const auto* const reply = std::get_if<HttpReply>(&answered);
        ADD_FAILURE() << (reply != nullptr ? reply->body : "a login check");
        return {};
    }
    [[nodiscard]] PublishRequest published(std::string body) {
        return published(post(std::move(body)));
    }
    void expect_refused(const HttpRequest& request, int status, std::string_view code,
                        const std::string& message) {
        const HttpReply reply = ask(request);
        EXPECT_EQ(reply.status, status) << request.body;
        const json error = json::parse(reply.body)["error"];
        EXPECT_EQ(error["code"], code) << request.body;
        EXPECT_THAT(error["message"].get<std::string>(), HasSubstr(message)) << request.body;
    }
};

TEST_F(PublishApiTest, TakesATopicAndOptionsWithDefaults) {
    const PublishRequest all = published(R"({"topic":"a/b","payload":"on","qos":2,"retain":true})");
    EXPECT_EQ(all.topic, "a/b");
    EXPECT_EQ(all.payload, "on");
    EXPECT_EQ(all.qos, 2);
    EXPECT_TRUE(all.retain);

    const PublishRequest least = published(R"({"topic":"a"})");
    EXPECT_EQ(least.payload, "");
    EXPECT_EQ(least.qos, 0);
    EXPECT_FALSE(least.retain);
}

TEST_F(PublishApiTest, AStringIsPublishedAsItsCharactersAnythingElseAsItsBytesStandThere) {
    const struct {
        std::string_view in_body, published;
    } cases[] = {
        {R"("on")", "on"},
        {R"("")", ""},
        {R"("{\"a\": \"\u00fc\"}")", "{\"a\": \"ü\"}"},
        {R"({ "a" : 1.0 , "b":[ 1e3 ] })", R"({ "a" : 1.0 , "b":[ 1e3 ] })"},
        {R"([1, "}", 2])", R"([1, "}", 2])"},
        {"1.50", "1.50"},
        {"12345678901234567890123", "12345678901234567890123"},
        {"true", "true"},
        {"null", "null"},
    };
    for (const auto& c : cases) {
        const std::string payload(c.in_body);
        EXPECT_EQ(published(R"({"topic":"t", "payload" : )" + payload + " }").payload, c.published);
        EXPECT_EQ(published(R"({"payload":)" + payload + R"(,"topic":"t"})").payload, c.published);
    }
}

TEST_F(PublishApiTest, RefusesOtherBodiesAndSaysWhatIsKnown) {
    const struct {
        const char *body, *message;
    } cases[] = {
        {"", "not JSON"},
        {"{", "not JSON"},
        {"[]", R"({"topic":"...")"},
        {R"("t")", R"({"topic":"...")"},
        {"{}", R"("topic" is missing)"},
        {R"({"topic":1})", R"("topic" must be a string)"},
        {R"({"topic":"t","qos":3})", R"("qos" must be 0, 1 or 2)"},
        {R"({"topic":"t","qos":-1})", R"("qos" must be 0, 1 or 2)"},
        {R"({"topic":"t","qos":1.0})", R"("qos" must be 0, 1 or 2)"},
        {R"({"topic":"t","qos":"1"})", R"("qos" must be 0, 1 or 2)"},
        {R"({"topic":"t","retain":1})", R"("retain" must be true or false)"},
        {R"({"topic":"t","retained":true})", "known are topic, payload, qos, retain"},
        {R"({"topic":"t","topic":"u"})", R"("topic" stands twice)"},
        {R"({"topic":"t","payload":"a","payload":1})", R"("payload" stands twice)"},
    };
    for (const auto& c : cases) expect_refused(post(c.body), 400, "bad_request", c.message);
}

TEST_F(PublishApiTest, TakesAForm) {
    HttpRequest form = post("topic=a%2Fb&payload=x+y&qos=2&retain=true");
    form.content_type = "application/x-www-form-urlencoded";
    const PublishRequest made = published(form);
    EXPECT_EQ(made.topic, "a/b");
    EXPECT_EQ(made.payload, "x y");
    EXPECT_EQ(made.qos, 2);
    EXPECT_TRUE(made.retain);

    const struct {
        const char *body, *message;
    } cases[] = {
        {"", R"("topic" is missing)"},
        {"topic=a&topic=b", R"("topic" stands twice)"},
        {"topic=a&qos=3", R"("qos" must be 0, 1 or 2)"},
        {"topic=a&qos=", R"("qos" must be 0, 1 or 2)"},
        {"topic=a&retain=on", R"("retain" must be true or false)"},
        {"topic=a&x=1", "known are topic"},
        {"topic=%", "the form"},
    };
    for (const auto& c : cases) {
        form.body = c.body;
        expect_refused(form, 400, "bad_request", c.message);
    }
    form.body = "topic=a";
    form.sec_fetch_site = "cross-site";  // and no Origin, as older browsers send forms
    expect_refused(form, 403, "forbidden", "another site");
}

TEST_F(PublishApiTest, NamesEveryFieldThatIsWrong) {
    const HttpReply reply = ask(post(R"({"qos":7,"retain":"x"})"));
    EXPECT_EQ(json::parse(reply.body)["error"]["fields"],
              (json{{"topic", "is missing"},
                    {"qos", "must be 0, 1 or 2"},
                    {"retain", "must be true or false"}}));
}

TEST_F(PublishApiTest, RefusesTopicsThatNobodyCouldPublishTo) {
    for (const char* topic : {"", "a/+", "a/#", "a\\u0000b", "a\\nb"}) {
        expect_refused(post(R"({"topic":")" + std::string(topic) + "\"}"), 400, "bad_topic",
                       "the topic ");
    }
    expect_refused(post(R"({"topic":")" + std::string(65'536, 'x') + "\"}"), 400, "bad_topic",
                   "longer");
}

TEST_F(PublishApiTest, RefusesOtherTypesAndMethods) {
    HttpRequest text = post("topic=a");
    text.content_type = "text/plain";
    expect_refused(text, 415, "bad_request", "application/json");

    const HttpReply got = get("/api/publish");
    EXPECT_EQ(got.status, 405);
}

TEST_F(PublishApiTest, TakesPermissionToPublishAndAnotherToRetain) {
    use("[auth]\nanonymous = \"role:viewer\"\n[acl]\n[[acl.rule]]\nrole = \"viewer\"\n"
        "allow = [\"publish\"]\ntopics = [\"cmd/#\"]\n");

    EXPECT_EQ(published(R"({"topic":"cmd/a"})").topic, "cmd/a");
    expect_refused(post(R"({"topic":"other"})"), 403, "forbidden", R"(publish to "other")");
    expect_refused(post(R"({"topic":"cmd/a","retain":true})"), 403, "forbidden",
                   "publish_retained");
    expect_refused(post(R"({"topic":"$SYS/cmd"})"), 403, "forbidden", "$SYS");
    EXPECT_EQ(metrics.denied_browsers.value(), 3U);
    EXPECT_THAT(log.text, HasSubstr("publish to \"other\""));
}

TEST_F(PublishApiTest, WithAuthAndWithoutAclNobodyPublishes) {
    use("[auth]\nanonymous = \"role:viewer\"\n");

    expect_refused(post(R"({"topic":"a"})"), 403, "forbidden", "publish");
}

TEST_F(PublishApiTest, WithoutALoginWhereOneIsNeededItIsRefused) {
    use("[auth]\n");

    EXPECT_EQ(ask(post(R"({"topic":"a"})")).status, 401);
}

TEST_F(PublishApiTest, FromAPageOfAnotherSiteItIsRefused) {
    HttpRequest request = post(R"({"topic":"a"})");
    request.facts.origin = "http://evil.example";

    EXPECT_EQ(ask(request).status, 403);
}

TEST_F(PublishApiTest, WhileDrainingNothingIsTaken) {
    draining = true;

    expect_refused(post(R"({"topic":"a"})"), 503, "unavailable", "draining");
}

TEST_F(PublishApiTest, ItsBodyMayBeAsLargeAsTheLimitSays) {
    assert_on_listener_thread();
    EXPECT_EQ(body_bytes_max(post("{}"), context()), config.limits.body_bytes);
}

TEST_F(PublishApiTest, RepliesWhatBecameOfIt) {
    const HttpRequest request = post("{}");
    const auto reply = [&](std::optional<PublishResult> result) {
        return answer_published(request, context(), result, "{\"ok\":true}");
    };

    EXPECT_EQ(reply(PublishResult::Taken).status, 200);
    EXPECT_EQ(reply(PublishResult::Taken).body, R"({"ok":true})");
    EXPECT_EQ(reply(PublishResult::RefusedByBroker).status, 502);
    EXPECT_THAT(reply(PublishResult::RefusedByBroker).body, HasSubstr("broker_refused"));
    EXPECT_EQ(reply(PublishResult::DroppedByRule).status, 409);
    EXPECT_THAT(reply(PublishResult::DroppedByRule).body, HasSubstr("dropped"));
    EXPECT_EQ(reply(std::nullopt).status, 503);
    EXPECT_TRUE(reply(std::nullopt).has_header("Retry-After"));
}

TEST_F(PublishApiTest, AReplyThatCameLaterIsReadableForThePageThatAsked) {
    HttpRequest request = post("{}");
    request.facts.origin = "http://localhost";

    const HttpReply reply = answer_published(request, context(), PublishResult::Taken, "{}");

    EXPECT_TRUE(reply.has_header("Access-Control-Allow-Origin"));
}

}  // namespace
}  // namespace rtbridge
