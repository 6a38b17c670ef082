#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "listener/updates.h"
#include "transport/api_fixture.h"
#include "transport/http_routes.h"

namespace rtbridge {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* match_routes = R"(
[[http.route]]
method = "POST"
path = "/match"
publish = "matches/{body.matchId}"
payload = "{body.score}"
qos = 1
retain = true
reply = { status = "Match updated", id = "{body.matchId}", topic = "{topic}", told = "{payload_text}" }
[[http.route]]
method = "GET"
path = "/match/{id}"
latest = "matches/{id}"
)";

class HttpRouteTest : public ApiTest {
protected:
    void SetUp() override {
        ApiTest::SetUp();
        use_routes(match_routes);
    }
    void use_routes(const std::string& toml) {
        Diagnostics diagnostics;
        const auto parsed = parse_config("version = 1\n" + toml, "test.toml", diagnostics);
        ASSERT_TRUE(parsed);
        config.http_routes = HttpRoutes::compile(*parsed, diagnostics);
        ASSERT_TRUE(config.http_routes) << diagnostics.sorted().front().message;
    }
    [[nodiscard]] static std::vector<std::string> mistakes_of(const std::string& toml) {
        Diagnostics diagnostics;
        const auto parsed = parse_config(toml, "t", diagnostics);
        if (parsed) (void)HttpRoutes::compile(*parsed, diagnostics);
        std::vector<std::string> lines;
        for (const Diagnostic& each : diagnostics.sorted()) lines.push_back(to_line(each));
        return lines;
    }
    [[nodiscard]] static HttpRequest post(std::string path, std::string body,
                                          std::string type = "application/json") {
        HttpRequest request = request_of(HttpMethod::Post, std::move(path));
        request.content_type = std::move(type);
        request.has_body = true;
        request.body_bytes = body.size();
        request.body = std::move(body);
        return request;
    }
    [[nodiscard]] static HttpRequest form(std::string path, std::string body) {
        return post(std::move(path), std::move(body), "application/x-www-form-urlencoded");
    }
    [[nodiscard]] PublishThenReply published(const HttpRequest& request) {
        assert_on_listener_thread();
        Answer answered = answer(request, context());
        if (auto* const publish = std::get_if<PublishThenReply>(&answered)) return *publish;
        const auto* const reply = std::get_if<HttpReply>(&answered);
        ADD_FAILURE() << (reply != nullptr ? reply->body : "a login check");
        return {};
    }
    [[nodiscard]] json error_of(const HttpRequest& request, int status) {
        const HttpReply reply = ask(request);
        EXPECT_EQ(reply.status, status) << reply.body;
        return json::parse(reply.body)["error"];
    }
};

TEST_F(HttpRouteTest, MakesAPublishOfAJsonBody) {
    const PublishThenReply made =
        published(post("/match", R"({"matchId":"m1","score":"2-1","more":true})"));

    EXPECT_EQ(made.publish.topic, "matches/m1");
    EXPECT_EQ(made.publish.payload, "2-1");
    EXPECT_EQ(made.publish.qos, 1);
    EXPECT_TRUE(made.publish.retain);
    EXPECT_EQ(
        json::parse(made.reply),
        (json{
            {"status", "Match updated"}, {"id", "m1"}, {"topic", "matches/m1"}, {"told", "2-1"}}));
}

TEST_F(HttpRouteTest, MakesTheSameOfAForm) {
    const PublishThenReply made = published(form("/match", "matchId=m+1&score=%222-1%22"));

    EXPECT_EQ(made.publish.topic, "matches/m 1");
    EXPECT_EQ(made.publish.payload, "\"2-1\"");
}

TEST_F(HttpRouteTest, AStringIsPublishedAsItsCharactersAnythingElseAsItsJson) {
    const struct {
        const char *score, *payload;
    } cases[] = {
        {R"("2-1")", "2-1"},
        {R"("")", ""},
        {"3", "3"},
        {"1.50", "1.5"},
        {"12345678901234567890123", "12345678901234567890123"},
        {"true", "true"},
        {"null", "null"},
        {R"([1,"a"])", R"([1,"a"])"},
        {R"({"home":2})", R"({"home":2})"},
    };
    for (const auto& c : cases) {
        const std::string body = std::string(R"({"matchId":1,"score":)") + c.score + "}";
        EXPECT_EQ(published(post("/match", body)).publish.payload, c.payload) << c.score;
    }
}

TEST_F(HttpRouteTest, WithoutAPayloadTemplateTheBodyIsPublishedAsItIs) {
    use_routes(
        "[[http.route]]\nmethod = \"POST\"\npath = \"/in/{device}\"\n"
        "publish = \"in/{device}\"\n");

    const PublishThenReply json_body = published(post("/in/a", "{ \"x\" : 1.0 }"));
    EXPECT_EQ(json_body.publish.topic, "in/a");
    EXPECT_EQ(json_body.publish.payload, "{ \"x\" : 1.0 }");
    EXPECT_EQ(json_body.publish.qos, 0);
    EXPECT_FALSE(json_body.publish.retain);
    EXPECT_EQ(json_body.reply, R"({"ok":true})");
    EXPECT_EQ(published(form("/in/a", "x=1&y=b")).publish.payload, R"({"x":"1","y":"b"})");
    EXPECT_EQ(published(post("/in/a", "", "")).publish.payload, "");
}

TEST_F(HttpRouteTest, TemplatesKnowWhoAsksAndWhen) {
    use("[auth]\nanonymous = \"role:viewer\"\n[acl]\n[[acl.rule]]\nallow = [\"publish\"]\n"
        "topics = [\"#\"]\n");
    use_routes(
        "[[http.route]]\nmethod = \"POST\"\npath = \"/at\"\npublish = \"at\"\n"
        "payload = { at = \"{now_ms}\", iso = \"{now}\", all = \"{body}\" }\n"
        "[[http.route]]\nmethod = \"POST\"\npath = \"/by\"\npublish = \"by/{user}\"\n");

    const json payload = json::parse(published(post("/at", "[1]")).publish.payload);
    EXPECT_TRUE(payload["at"].is_number());
    EXPECT_TRUE(payload["iso"].is_string());
    EXPECT_EQ(payload["all"], json::array({1}));
    EXPECT_EQ(error_of(post("/by", "{}"), 400)["fields"], (json{{"user", "is missing"}}));
}

TEST_F(HttpRouteTest, NamesEveryFieldThatIsMissingOrUnusable) {
    json error = error_of(post("/match", "{}"), 400);
    EXPECT_EQ(error["code"], "bad_request");
    EXPECT_EQ(error["message"], R"("matchId" is missing; "score" is missing)");
    EXPECT_EQ(error["fields"], (json{{"matchId", "is missing"}, {"score", "is missing"}}));

    const struct {
        const char *id, *why;
    } cases[] = {
        {R"("")", "is empty"},  {R"("a/b")", "contains '/'"}, {R"("+")", "'+'"},
        {R"("a#")", "'#'"},     {R"("a\nb")", "control"},     {R"("a\u0000")", "control"},
        {"null", "is missing"},
    };
    for (const auto& c : cases) {
        error = error_of(post("/match", std::string(R"({"score":1,"matchId":)") + c.id + "}"), 400);
        EXPECT_THAT(error["fields"].value("matchId", ""), HasSubstr(c.why)) << c.id;
        EXPECT_EQ(error["fields"].size(), 1U);
    }
    EXPECT_EQ(error_of(form("/match", "score=1&score=2&matchId=a"), 400)["fields"],
              (json{{"score", "stands twice"}}));
    std::string many;
    for (int i = 0; i < 1000; ++i) many += std::to_string(i) + "&" + std::to_string(i) + "&";
    EXPECT_EQ(error_of(form("/match", many), 400)["fields"].size(), 16U);
    for (const char* body : {"[]", "1", "\"a\"", "null"}) {
        EXPECT_EQ(error_of(post("/match", body), 400)["fields"].size(), 2U) << body;
    }
}

TEST_F(HttpRouteTest, RefusesBodiesItCannotRead) {
    EXPECT_THAT(error_of(post("/match", "{"), 400)["message"].get<std::string>(),
                HasSubstr("not JSON"));
    EXPECT_THAT(error_of(form("/match", "a=%z"), 400)["message"].get<std::string>(),
                HasSubstr("the form"));
    (void)error_of(post("/match", "<a/>", "text/xml"), 415);
    (void)error_of(post("/match", "matchId=a", ""), 415);
    (void)error_of(post("/match", "", ""), 400);
    const std::string deep(5000, '[');
    (void)error_of(post("/match", deep), 400);
}

TEST_F(HttpRouteTest, ATopicNeverHidesBehindADollar) {
    use_routes("[[http.route]]\nmethod = \"POST\"\npath = \"/p\"\npublish = \"{body.t}\"\n");

    EXPECT_EQ(error_of(post("/p", R"({"t":"$SYS"})"), 400)["code"], "bad_topic");
    EXPECT_EQ(error_of(post("/p", R"({"t":"$SYS/x"})"), 400)["fields"].size(), 1U);
    const std::string longest(65'536, 'x');
    EXPECT_EQ(error_of(post("/p", R"({"t":")" + longest + "\"}"), 400)["code"], "bad_topic");
}

TEST_F(HttpRouteTest, TakesPermissionsAsAnyPublish) {
    use("[auth]\nanonymous = \"role:viewer\"\n[acl]\n[[acl.rule]]\nrole = \"viewer\"\n"
        "allow = [\"publish\"]\ntopics = [\"matches/#\"]\n");
    EXPECT_THAT(error_of(post("/match", R"({"matchId":"a","score":1})"), 403)["message"],
                HasSubstr("publish_retained"));
    use_routes(
        "[[http.route]]\nmethod = \"POST\"\npath = \"/p/{t}\"\npublish = \"{t}/1\"\n"
        "payload = \"on\"\n");
    EXPECT_EQ(published(post("/p/matches", "", "")).publish.payload, "on");
    (void)error_of(post("/p/other", "", ""), 403);
    EXPECT_EQ(metrics.denied_browsers.value(), 2U);

    use("[auth]\n");
    (void)error_of(post("/p/matches", "", ""), 401);
}

TEST_F(HttpRouteTest, PagesOfOtherSitesPublishNothing) {
    HttpRequest request = form("/match", "matchId=a&score=1");
    request.facts.origin = "http://evil.example";
    (void)error_of(request, 403);
    request.facts.origin = "null";
    (void)error_of(request, 403);
    request.facts.origin.reset();
    request.sec_fetch_site = "cross-site";
    (void)error_of(request, 403);
    request.sec_fetch_site = "same-origin";
    EXPECT_EQ(published(request).publish.topic, "matches/a");
}

TEST_F(HttpRouteTest, AnswersTheNewestValue) {
    fan_out({make_update("matches/m1", R"({"home": 2})"), make_update("matches/m2", "1")});

    EXPECT_EQ(get("/match/m1").body, R"({"home": 2})");
    EXPECT_EQ(get("/match/m1").content_type, "application/json");
    EXPECT_EQ(ask(request_of(HttpMethod::Head, "/match/m1")).status, 200);
    EXPECT_EQ(error_of(request_of(HttpMethod::Get, "/match/m3"), 404)["code"], "not_found");
    EXPECT_EQ(error_of(request_of(HttpMethod::Get, "/match/+"), 400)["fields"].size(), 1U);
    EXPECT_EQ(error_of(request_of(HttpMethod::Get, "/match/#"), 400)["fields"].size(), 1U);
}

TEST_F(HttpRouteTest, OfSeveralKeysTheNewestCounts) {
    fan_out({make_update("matches/m1", "1", "b"), make_update("matches/m1", "2", "a"),
             make_update("matches/m1", "3", "b"), make_update("matches/m1", "4", "a"),
             make_update("matches/m1/sub", "5", "a")});

    EXPECT_EQ(get("/match/m1").body, "4");
}

TEST_F(HttpRouteTest, WhatIsNoJsonIsAString) {
    Update text = *make_update("matches/m1", "2-1 \"x\"");
    text.shape = PayloadShape::Text;
    Update bytes = *make_update("matches/m2", std::string("\xff\x00", 2));
    bytes.shape = PayloadShape::Binary;
    fan_out({std::make_shared<const Update>(text), std::make_shared<const Update>(bytes)});

    EXPECT_EQ(get("/match/m1").body, R"("2-1 \"x\"")");
    EXPECT_EQ(get("/match/m2").body, R"("/wA=")");
}

TEST_F(HttpRouteTest, AReplyTellsOfTheValue) {
    use_routes(
        "[[http.route]]\nmethod = \"GET\"\npath = \"/match/{id}\"\nlatest = \"matches/{id}\"\n"
        "reply = { id = \"{id}\", score = \"{payload.score}\", key = \"{topic}\" }\n");
    fan_out({make_update("matches/m1", R"({"score":[2,1]})"), make_update("matches/m2", "{}")});

    EXPECT_EQ(get("/match/m1").body, R"({"id":"m1","score":[2,1],"key":"matches/m1"})");
    EXPECT_EQ(get("/match/m2").status, 404);
}

TEST_F(HttpRouteTest, AnswersOnlyWhatMayBeReceived) {
    fan_out({make_update("matches/m1", "1", "anna"), make_update("matches/m1", "2", "bert")});
    use("[auth]\nanonymous = \"role:viewer\"\n[acl]\n[[acl.rule]]\n"
        "allow = [\"receive\", \"subscribe\"]\ntopics = [\"matches/m1\"]\nkeys = [\"anna\"]\n");

    EXPECT_EQ(get("/match/m1").body, "1");
    EXPECT_EQ(get("/match/m2").status, 403);
    use("[auth]\n");
    EXPECT_EQ(get("/match/m1").status, 401);
}

TEST_F(HttpRouteTest, PathsTakeTheMethodsOfTheirRoutes) {
    use_routes(std::string(match_routes) +
               "[[http.route]]\nmethod = \"GET\"\npath = \"/match\"\nlatest = \"matches/all\"\n");
    HttpReply reply = ask(request_of(HttpMethod::Post, "/match/m1"));
    EXPECT_EQ(reply.status, 405);
    EXPECT_EQ(reply.headers.front().second, "GET, HEAD, OPTIONS");
    reply = ask(request_of(HttpMethod::Other, "/match"));
    EXPECT_EQ(reply.status, 405);
    EXPECT_EQ(reply.headers.front().second, "GET, HEAD, POST, OPTIONS");

    HttpRequest preflight = request_of(HttpMethod::Options, "/match");
    preflight.facts.origin = "http://localhost";
    reply = ask(preflight);
    EXPECT_EQ(reply.status, 204);
    EXPECT_THAT(to_wire(reply, AfterReply::Close, Body::Omit),
                testing::AllOf(HasSubstr("Access-Control-Allow-Methods: GET, HEAD, POST\r\n"),
                               HasSubstr("Access-Control-Allow-Origin: http://localhost\r\n")));
    preflight.facts.origin = "http://evil.example";
    EXPECT_EQ(ask(preflight).status, 403);
}

TEST_F(HttpRouteTest, OnlyRoutesThatPublishHaveABody) {
    const auto context_now = context();
    EXPECT_EQ(body_bytes_max(request_of(HttpMethod::Post, "/match"), context_now),
              config.limits.body_bytes);
    EXPECT_EQ(body_bytes_max(request_of(HttpMethod::Post, "/match/m1"), context_now), std::nullopt);
    EXPECT_EQ(body_bytes_max(request_of(HttpMethod::Post, "/other"), context_now), std::nullopt);
}

TEST_F(HttpRouteTest, TextIsMeantBeforeANameInWhateverOrderTheyStand) {
    use_routes(
        "[[http.route]]\nmethod = \"GET\"\npath = \"/m/{id}\"\nlatest = \"one/{id}\"\n"
        "[[http.route]]\nmethod = \"GET\"\npath = \"/m/all\"\nlatest = \"all\"\n");
    fan_out({make_update("one/x", "1"), make_update("all", "2")});

    EXPECT_EQ(get("/m/x").body, "1");
    EXPECT_EQ(get("/m/all").body, "2");
}

TEST_F(HttpRouteTest, MistakesAreNamedWithTheirPlace) {
    EXPECT_THAT(
        mistakes_of("[[http.route]]\nmethod = \"PUT\"\npath = \"/a\"\nlatest = \"t\"\n"
                    "[[http.route]]\npath = \"/b\"\nlatest = \"t\"\n"
                    "[[http.route]]\nmethod = \"POST\"\nlatest = \"t\"\n"
                    "[[http.route]]\nmethod = \"GET\"\npath = \"/c\"\nlatest = \"t\"\nqos = 1\n"
                    "[[http.route]]\nmethod = \"POST\"\npath = \"/d\"\npublish = \"t\"\nqos = 3\n"
                    "paylod = 1\n"),
        ElementsAre("t:2:10: error: method = \"PUT\" is neither \"GET\" nor \"POST\"",
                    HasSubstr("t:5:1: error: method is missing"),
                    HasSubstr("t:8:1: error: path is missing"),
                    HasSubstr("t:8:1: error: publish is missing"),
                    HasSubstr("t:10:1: error: latest is for method = \"GET\""),
                    HasSubstr("t:15:1: error: qos is for method = \"POST\""),
                    HasSubstr("t:20:7: error: qos = 3 is out of range"),
                    HasSubstr("t:21:1: error: unknown key \"paylod\"")));
    EXPECT_THAT(
        mistakes_of("[[http.route]]\nmethod = \"POST\"\npath = \"/a/{id\"\npublish = \"t/{idd}\"\n"
                    "[[http.route]]\nmethod = \"POST\"\npath = \"/a/{id}\"\npublish = \"t/{idd}\"\n"
                    "payload = { x = \"{arg}\" }\nreply = \"{nothing}\"\n"
                    "[[http.route]]\nmethod = \"GET\"\npath = \"/b\"\nlatest = \"a/#\"\n"),
        ElementsAre(HasSubstr("t:3:8: error: path \"/a/{id\" has a brace inside"),
                    HasSubstr("t:8:11: error: unknown name {idd}; did you mean {id}?"),
                    HasSubstr("t:9:17: error: {arg} has no meaning"),
                    HasSubstr("t:10:9: error: unknown name {nothing}"),
                    HasSubstr("t:14:10: error: the topic")));
    EXPECT_THAT(mistakes_of("http = 1\n"), ElementsAre(HasSubstr("t:1:8: error: http must be")));
    EXPECT_THAT(mistakes_of("[http]\nroute = 1\n"),
                ElementsAre(HasSubstr("t:2:1: error: route of [http] must be a list")));
    EXPECT_THAT(mistakes_of("[http]\nroutes = []\n"),
                ElementsAre(HasSubstr("t:2:1: error: unknown key \"routes\"")));
}

TEST_F(HttpRouteTest, RoutesThatTakeEachOthersPathOrOursAreMistakes) {
    const auto of = [](const std::string& method, const std::string& path) {
        const std::string what = method == "GET" ? "latest" : "publish";
        return "[[http.route]]\nmethod = \"" + method + "\"\npath = \"" + path + "\"\n" + what +
               " = \"t\"\n";
    };
    EXPECT_THAT(mistakes_of(of("GET", "/m/{a}") + of("GET", "/m/{b}")),
                ElementsAre(HasSubstr("t:7:8: error: path \"/m/{b}\" means the same as that of the "
                                      "route at t:3")));
    EXPECT_THAT(mistakes_of(of("GET", "/m") + of("POST", "/m") + of("GET", "/m/{a}")),
                testing::IsEmpty());
    for (const char* path :
         {"/ws", "/events", "/api", "/api/x", "/api/a/b", "/{a}", "/{a}/b", "/metrics", "/healthz",
          "/readyz", "/rtbridge.js", "/websocket/status", "/websocket/{x}", "/socket.io/",
          "/socket.io/x", "/socket.io", "/", "/dashboard.js"}) {
        EXPECT_THAT(mistakes_of(of("POST", path)), ElementsAre(HasSubstr("t:3:8: error: path")))
            << path;
    }
    EXPECT_THAT(mistakes_of("[listener]\ndashboard = false\n" + of("GET", "/")),
                testing::IsEmpty());
    EXPECT_THAT(mistakes_of("[socketio]\npath = \"/io/\"\n" + of("GET", "/io/x") +
                            of("GET", "/socket.io/x")),
                ElementsAre(HasSubstr("t:5:8: error: path \"/io/x\"")));
}

}  // namespace
}  // namespace rtbridge
