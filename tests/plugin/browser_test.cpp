// The whole path: an MQTT publish arrives in a browser, through both threads of the real plugin.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mosquitto.h>

#include <chrono>
#include <optional>
#include <string>
#include <thread>

#include "broker.h"
#include "http_client.h"
#include "websocket_client.h"

namespace rtbridge {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr std::string_view rules = R"(
[[rule]]
name = "battery"
topics = ["battery/#"]
key = "{payload.userId}"
battery = {}
mqtt = "keep"
)";

std::string body(std::string_view user, int power) {
    return R"({"userId":")" + std::string(user) + R"(","batteryPower":)" + std::to_string(power);
}
std::string sent_by(std::string_view user, int power) {
    return body(user, power) + "}";
}
std::string seen_of(std::string_view user, int power) {
    return body(user, power) + R"(,"state":"Charging"})";
}

class Browser : public ::testing::Test {
protected:
    Browser() { loaded_ = broker.load_rules(rules) == MOSQ_ERR_SUCCESS; }
    void SetUp() override { ASSERT_TRUE(loaded_ && broker.port() != 0) << broker.whole_log(); }

    // As mosquitto does: the tick runs after the socket events of a turn.
    void publish(const std::string& topic, const std::string& payload) {
        EXPECT_EQ(broker.publish({topic, payload}).rc, MOSQ_ERR_SUCCESS);
        broker.tick();
    }

    Broker broker;

private:
    bool loaded_ = false;
};

TEST_F(Browser, SeesWhatADevicePublishesEnriched) {
    std::optional<WebSocketClient> browser = WebSocketClient::open(broker.port(), "/ws");
    ASSERT_TRUE(browser);

    publish("battery/topic", sent_by("user-1", 1200));

    EXPECT_EQ(browser->read_text(), seen_of("user-1", 1200));
}

TEST_F(Browser, SeesOnlyTheUserThatItAsksFor) {
    std::optional<WebSocketClient> browser =
        WebSocketClient::open(broker.port(), "/ws?userId=user-2");
    ASSERT_TRUE(browser);

    publish("battery/topic", sent_by("user-1", 1));
    publish("battery/topic", sent_by("user-2", 2));

    EXPECT_EQ(browser->read_text(), seen_of("user-2", 2));
}

TEST_F(Browser, SeesOnlyTheTopicThatItAsksFor) {
    std::optional<WebSocketClient> browser =
        WebSocketClient::open(broker.port(), "/ws?topic=battery%2F%2B%2Fsoc");
    ASSERT_TRUE(browser);

    publish("battery/topic", sent_by("user-1", 1));
    publish("battery/7/soc", sent_by("user-1", 2));

    EXPECT_EQ(browser->read_text(), seen_of("user-1", 2));
}

TEST_F(Browser, GetsTheNewestValueOnConnect) {
    publish("battery/topic", sent_by("user-1", 1));
    publish("battery/topic", sent_by("user-1", 2));

    std::optional<WebSocketClient> browser =
        WebSocketClient::open(broker.port(), "/ws?userId=user-1");
    ASSERT_TRUE(browser);

    EXPECT_EQ(browser->read_text(), seen_of("user-1", 2));
}

TEST_F(Browser, GetsNoOldValueWhereItWantsNone) {
    publish("battery/topic", sent_by("user-1", 1));
    std::optional<WebSocketClient> browser = WebSocketClient::open(broker.port(), "/ws?snapshot=0");
    ASSERT_TRUE(browser);

    publish("battery/topic", sent_by("user-1", 2));

    EXPECT_EQ(browser->read_text(), seen_of("user-1", 2));
}

TEST_F(Browser, SeesABurstInOrder) {
    std::optional<WebSocketClient> browser = WebSocketClient::open(broker.port(), "/ws");
    ASSERT_TRUE(browser);

    for (int i = 1; i <= 500; ++i) broker.publish({"battery/topic", sent_by("user-1", i)});
    broker.tick();

    for (int i = 1; i <= 500; ++i) ASSERT_EQ(browser->read_text(), seen_of("user-1", i));
}

TEST_F(Browser, ThatNeverReadsStallsNeitherTheBrokerNorTheOthers) {
    std::optional<WebSocketClient> stalled = WebSocketClient::open(broker.port(), "/ws");
    ASSERT_TRUE(stalled);
    const std::string pad(10'000, 'x');
    for (int i = 0; i < 2'000; ++i) {  // 20 MB: more than sockets and queue hold
        publish("battery/topic", R"({"batteryPower":1,"pad":")" + pad + "\"}");
    }

    std::optional<WebSocketClient> browser =
        WebSocketClient::open(broker.port(), "/ws?topic=battery/other");
    ASSERT_TRUE(browser);
    publish("battery/other", sent_by("user-1", 5));

    EXPECT_EQ(browser->read_text(), seen_of("user-1", 5));
}

TEST(BrowserThatAsksAndDoesNotRead, IsHungUpOn) {
    Broker broker;
    ASSERT_EQ(
        broker.load_rules("[limits]\nrequests_per_second = 10000\nhandshake_timeout = \"60s\"\n"
                          "queue = { close_after = \"60s\" }\n"),
        MOSQ_ERR_SUCCESS);
    std::optional<TcpStream> browser = TcpStream::connect(broker.port(), 4096);
    ASSERT_TRUE(browser);

    // More than libwebsockets reads at once, and answers of more than the system takes: what is
    // left to be read would keep the listener's loop turning.
    for (int i = 0; i < 1'500; ++i) {
        if (!browser->write("GET /rtbridge.js HTTP/1.1\r\nHost: localhost\r\n\r\n")) break;
    }

    EXPECT_TRUE(browser->hung_up(http_deadline));
    EXPECT_EQ(http_get(broker.port(), "/healthz").value_or(HttpResponse{}).status, 200);
}

TEST_F(Browser, IsToldWhichSelectorsExist) {
    HttpResponse refusal;

    EXPECT_FALSE(WebSocketClient::open(broker.port(), "/ws?usrId=1", {}, &refusal));

    EXPECT_EQ(refusal.status, 400);
    EXPECT_THAT(refusal.body, HasSubstr("userId"));
}

TEST_F(Browser, FromAnotherOriginIsRefused) {
    HttpResponse refusal;

    EXPECT_FALSE(
        WebSocketClient::open(broker.port(), "/ws", {{"Origin", "http://evil.example"}}, &refusal));

    EXPECT_EQ(refusal.status, 403);
}

TEST_F(Browser, ThatTalksInPlainModeIsAnsweredAndClosedAtTheThirdTime) {
    std::optional<WebSocketClient> browser = WebSocketClient::open(broker.port(), "/ws");
    ASSERT_TRUE(browser);

    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(browser->send_text("hello"));
        const std::optional<std::string> answer = browser->read_text();
        ASSERT_TRUE(answer) << i;
        EXPECT_THAT(*answer, HasSubstr("bad_request"));
    }

    const std::optional<WebSocketFrame> frame = browser->read_frame();
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->kind, WebSocketFrame::Kind::Close);
    EXPECT_EQ(frame->close_code, 1008);
}

TEST_F(Browser, ThatSendsAFrameBeyondTheLimitIsClosed) {
    std::optional<WebSocketClient> browser = WebSocketClient::open(broker.port(), "/ws");
    ASSERT_TRUE(browser);

    browser->send_text(std::string(64 * 1024 + 1, 'x'));

    const std::optional<WebSocketFrame> frame = browser->read_frame();
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->kind, WebSocketFrame::Kind::Close);
    EXPECT_EQ(frame->close_code, 1009);
}

TEST(BrowserLimits, OneConnectionTooManyIsToldToComeBackLater) {
    Broker broker;
    ASSERT_EQ(broker.load_rules("[limits]\nconnections = 2\n"), MOSQ_ERR_SUCCESS)
        << broker.whole_log();
    const std::optional<WebSocketClient> first = WebSocketClient::open(broker.port(), "/ws");
    const std::optional<WebSocketClient> second = WebSocketClient::open(broker.port(), "/ws");
    ASSERT_TRUE(first && second);
    HttpResponse refusal;

    EXPECT_FALSE(WebSocketClient::open(broker.port(), "/ws", {}, &refusal));

    EXPECT_EQ(refusal.status, 503);
    EXPECT_EQ(refusal.headers.count("retry-after"), 1U);
}

TEST(BrowserLimits, WhoSaysNothingIsHungUpOn) {
    Broker broker;
    ASSERT_EQ(broker.load_rules("[limits]\nhandshake_timeout = \"200ms\"\n"), MOSQ_ERR_SUCCESS)
        << broker.whole_log();
    std::optional<TcpStream> silent = TcpStream::connect(broker.port());
    ASSERT_TRUE(silent);

    EXPECT_TRUE(silent->read_to_end(http_deadline));
}

TEST_F(Browser, FindsTheNewestValuesByHttp) {
    publish("battery/topic", sent_by("user-1", 3));

    const std::optional<HttpResponse> latest =
        http_get(broker.port(), "/api/latest?topic=battery/%23");

    ASSERT_TRUE(latest);
    EXPECT_EQ(latest->status, 200);
    EXPECT_THAT(latest->body, HasSubstr(R"("data":)" + seen_of("user-1", 3)));
}

TEST_F(Browser, FindsNoMoreValueOnceTheRetainedMessageIsCleared) {
    publish("battery/topic", sent_by("user-1", 3));

    broker.publish({"battery/topic", "", 0, true});
    broker.tick();

    const std::optional<HttpResponse> latest =
        http_get(broker.port(), "/api/latest?topic=battery/%23");
    ASSERT_TRUE(latest);
    EXPECT_THAT(latest->body, HasSubstr(R"("items":[])"));
}

TEST_F(Browser, LearnsByReadyzWhetherTheBrokerTicks) {
    broker.tick();

    const std::optional<HttpResponse> ready = http_get(broker.port(), "/readyz");

    ASSERT_TRUE(ready);
    EXPECT_EQ(ready->status, 200) << ready->body;
}

TEST_F(Browser, GetsThePageAtTheRoot) {
    const std::optional<HttpResponse> page = http_get(broker.port(), "/");

    ASSERT_TRUE(page);
    EXPECT_EQ(page->status, 200);
    EXPECT_THAT(page->headers.at("content-type"), HasSubstr("text/html"));
}

// It says no more word, not even that it goes.
TEST(EventStream, OfABrowserThatVanishedEnds) {
    Broker broker;
    ASSERT_EQ(broker.load_rules("[limits]\nping_interval = \"1s\"\n"
                                "queue = { close_after = \"500ms\" }\n"),
              MOSQ_ERR_SUCCESS);
    const auto streams = [&broker] {
        const auto sessions = http_get(broker.port(), "/api/sessions");
        return sessions && sessions->body.find("\"sse\"") != std::string::npos;
    };
    std::optional<TcpStream> stream = TcpStream::connect(broker.port());
    ASSERT_TRUE(stream);
    stream->write("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    ASSERT_TRUE(stream->read_until("id: ", http_deadline));
    ASSERT_TRUE(streams());

    ASSERT_TRUE(stream->vanish());

    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (streams() && std::chrono::steady_clock::now() < end) {
        std::this_thread::sleep_for(milliseconds(50));
    }
    EXPECT_FALSE(streams());
    EXPECT_THAT(http_get(broker.port(), "/metrics")->body,
                HasSubstr("rtbridge_disconnects_total{code=\"1006\"} 1\n"));
}

}  // namespace
}  // namespace rtbridge
