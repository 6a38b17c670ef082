#include "transport/sse_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "access/private_folder.h"
#include "transport/api_fixture.h"

namespace rtbridge {
namespace {

using testing::HasSubstr;

using Query = std::vector<std::pair<std::string, std::string>>;

std::string header(const HttpReply& reply, std::string_view name) {
    for (const auto& [known, value] : reply.headers) {
        if (known == name) return value;
    }
    return {};
}

class SseRequestTest : public ApiTest {
protected:
    [[nodiscard]] static HttpRequest request_for(Query query = {}) {
        HttpRequest request = request_of(HttpMethod::Get, std::string(sse_path));
        request.query = std::move(query);
        return request;
    }
    [[nodiscard]] SseRequest let_in(const HttpRequest& request) {
        assert_on_listener_thread();
        Answer answered = answer(request, context());
        auto* const stream = std::get_if<SseRequest>(&answered);
        if (stream == nullptr) {
            ADD_FAILURE() << std::get<HttpReply>(answered).body;
            return {};
        }
        return std::move(*stream);
    }
};

TEST_F(SseRequestTest, SelectsAsAWebSocketDoes) {
    const SseRequest stream =
        let_in(request_for({{"topic", "battery/#"}, {"userId", "user-1"}, {"snapshot", "0"}}));

    EXPECT_EQ(stream.wanted.selection.topics.size(), 1U);
    EXPECT_EQ(stream.wanted.selection.keys.size(), 1U);
    EXPECT_FALSE(stream.wanted.snapshot);
    EXPECT_FALSE(stream.since);
    ASSERT_TRUE(stream.access);
}

TEST_F(SseRequestTest, TheHeaderSaysLastWhereTheBrowserWas) {
    HttpRequest request = request_for({{"lastEventId", "m4x1-2"}});
    EXPECT_EQ(let_in(request).since->offset, 2U);
    request.query = {{"last_event_id", "m4x1-3"}};
    EXPECT_EQ(let_in(request).since->offset, 3U);

    request.last_event_id = "m4x1-4";

    EXPECT_EQ(let_in(request).since->offset, 4U);
}

TEST_F(SseRequestTest, AnIdThatIsNoneIsIgnored) {
    for (const char* const id : {"x", "m4x1-", "\"", "m4x1-99999999999999999999"}) {
        EXPECT_FALSE(let_in(request_for({{"last_event_id", id}})).since) << id;
        HttpRequest request = request_for();
        request.last_event_id = id;
        EXPECT_FALSE(let_in(request).since) << id;
    }
}

TEST_F(SseRequestTest, TheFormFollowsTheRequest) {
    HttpRequest request = request_for();
    EXPECT_EQ(let_in(request).form.framing, SseShape::Framing::Chunks);
    EXPECT_EQ(let_in(request).form.events, SseShape::Events::Named);

    request.takes_chunks = false;
    request.query = {{"events", "0"}};

    EXPECT_EQ(let_in(request).form.framing, SseShape::Framing::Bare);
    EXPECT_EQ(let_in(request).form.events, SseShape::Events::Unnamed);

    request.query = {{"events", "frames"}};
    EXPECT_EQ(let_in(request).form.events, SseShape::Events::Frames);
}

TEST_F(SseRequestTest, AWrongSelectionIsAnswered) {
    for (const Query& query : {Query{{"topic", "a#"}}, Query{{"snapshot", "2"}},
                               Query{{"events", "no"}}, Query{{"user", "1"}}}) {
        const HttpReply reply = ask(request_for(query));
        EXPECT_EQ(reply.status, 400) << query[0].first;
        EXPECT_EQ(reply.content_type, "application/json");
    }
    EXPECT_THAT(ask(request_for({{"user", "1"}})).body, HasSubstr("last_event_id"));
}

TEST_F(SseRequestTest, WhoMayReceiveNothingOfItIsTold) {
    use("[auth]\nanonymous = \"role:viewer\"\n[acl]\n[[acl.rule]]\nrole = \"viewer\"\n"
        "allow = [\"receive\", \"subscribe\"]\ntopics = [\"plant/#\"]\n");

    EXPECT_EQ(ask(request_for({{"topic", "battery/#"}})).status, 403);
    EXPECT_TRUE(let_in(request_for({{"topic", "plant/7"}})).access);
}

TEST_F(SseRequestTest, WhoIsNobodyIsRefused) {
    const PrivateFolder folder;
    use("[auth]\n[[auth.jwt]]\nalgorithms = [\"HS256\"]\nkeys_file = \"" +
        folder.write("key", "a key of more than thirty-two bytes") + "\"\n");

    EXPECT_EQ(ask(request_for()).status, 401);
}

TEST_F(SseRequestTest, OnlyGetOpensOne) {
    for (const HttpMethod method : {HttpMethod::Head, HttpMethod::Post, HttpMethod::Other}) {
        HttpRequest request = request_for();
        request.method = method;
        const HttpReply reply = ask(request);
        EXPECT_EQ(reply.status, 405);
        EXPECT_EQ(header(reply, "Allow"), "GET, OPTIONS");
    }
}

TEST_F(SseRequestTest, PagesOfAllowedOriginsMayRead) {
    config.listener.origins = {"https://app.example"};
    HttpRequest request = request_for();
    request.facts.origin = "https://app.example";
    const HttpReply headers{200, "", "", let_in(request).headers};
    EXPECT_EQ(header(headers, "Access-Control-Allow-Origin"), "https://app.example");
    EXPECT_EQ(header(headers, "Access-Control-Allow-Credentials"), "true");

    request.method = HttpMethod::Options;
    const HttpReply preflight = ask(request);
    EXPECT_EQ(preflight.status, 204);
    EXPECT_EQ(header(preflight, "Access-Control-Allow-Methods"), "GET");
    EXPECT_EQ(header(preflight, "Access-Control-Allow-Headers"),
              "Authorization, Cache-Control, Last-Event-ID");

    request.method = HttpMethod::Get;
    request.facts.origin = "https://other.example";
    EXPECT_EQ(ask(request).status, 403);
}

TEST_F(SseRequestTest, ADrainIsAStreamThatSaysBye) {
    draining = true;

    const HttpReply reply = ask(request_for());

    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.content_type, "text/event-stream");
    EXPECT_THAT(reply.body, testing::MatchesRegex("retry: [0-9]+\nevent: bye\n"
                                                  "data: .*\"code\":4200.*\n\n"));
}

TEST_F(SseRequestTest, ARefusalThatPassesIsAStreamThatSaysByeToWhomeverItConcerns) {
    const HttpReply refusal = HttpReply::error(503, "unavailable", "limits.connections is reached");
    const Impediment impediment{CloseCode::OverCapacity, "limit=connections"};
    HttpRequest request = request_for();
    request.facts.origin = "http://localhost";

    const HttpReply bye = refuse_for_now(refusal, impediment, request, context());
    EXPECT_EQ(bye.status, 200);
    EXPECT_THAT(bye.body, HasSubstr("\"code\":4100,\"why\":\"limit=connections\""));
    EXPECT_EQ(header(bye, "Access-Control-Allow-Origin"), "http://localhost");

    request.facts.origin = "https://evil.example";
    EXPECT_EQ(refuse_for_now(refusal, impediment, request, context()).status, 503);
    request.facts.origin.reset();
    request.method = HttpMethod::Post;
    EXPECT_EQ(refuse_for_now(refusal, impediment, request, context()).status, 503);
    const HttpRequest other = request_of(HttpMethod::Get, "/api/status");
    EXPECT_EQ(refuse_for_now(refusal, impediment, other, context()).status, 503);
}

}  // namespace
}  // namespace rtbridge
