// Browsers publish: through the listener's thread to the broker's and back.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mosquitto.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>

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
on_invalid = "drop"
mqtt = "replace"

[[rule]]
name = "live"
topics = ["cmd/+"]
mqtt = "publish:live/{topic}"
)";

class BrowserPublish : public ::testing::Test {
protected:
    void SetUp() override {
        ASSERT_EQ(broker.load_rules(rules), MOSQ_ERR_SUCCESS) << broker.whole_log();
        broker.tick();
        connect();
    }
    void connect() {
        stream.reset();
        std::optional<TcpStream> connected = TcpStream::connect(broker.port());
        ASSERT_TRUE(connected);
        stream.emplace(std::move(*connected));
    }

    bool send(const std::string& body) {
        return stream->write(
            "POST /api/publish HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(broker.port()) +
            "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
            "\r\n\r\n" + body);
    }
    // Turns the broker's loop until the answer is there.
    std::optional<HttpResponse> answer() {
        const auto until = std::chrono::steady_clock::now() + http_deadline;
        while (!stream->readable(milliseconds(1)) && std::chrono::steady_clock::now() < until)
            broker.tick();
        return read_http_response(*stream);
    }
    std::optional<HttpResponse> post(const std::string& body) {
        return send(body) ? answer() : std::nullopt;
    }

    Broker broker;
    std::optional<TcpStream> stream;
};

TEST_F(BrowserPublish, ReachesTheBrokerAndIsAnsweredAfterwards) {
    const std::optional<HttpResponse> response =
        post(R"({"topic":"a/b","payload":{ "x": 1 },"qos":1,"retain":true})");

    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 200) << response->body;
    EXPECT_EQ(response->body, R"({"ok":true})");
    ASSERT_EQ(fake_broker_queued_count(), 1U);
    const fake_queued_publish queued = fake_broker_queued_publish(0);
    EXPECT_EQ(queued.client_id, nullptr);
    EXPECT_STREQ(queued.topic, "a/b");
    EXPECT_STREQ(queued.payload, R"({ "x": 1 })");
    EXPECT_EQ(queued.qos, 1);
    EXPECT_TRUE(queued.retain);
}

TEST_F(BrowserPublish, WaitsForATickOfTheBroker) {
    ASSERT_TRUE(send(R"({"topic":"a"})"));

    EXPECT_FALSE(stream->read_until("\r\n", milliseconds(50)));
    EXPECT_EQ(fake_broker_queued_count(), 0U);

    ASSERT_TRUE(answer());
    EXPECT_EQ(fake_broker_queued_count(), 1U);
}

TEST_F(BrowserPublish, PassesTheRulesAndIsSeenByBrowsers) {
    std::optional<WebSocketClient> browser =
        WebSocketClient::open(broker.port(), "/ws?userId=user-1");
    ASSERT_TRUE(browser);

    ASSERT_TRUE(
        post(R"({"topic":"battery/topic","payload":{"userId":"user-1","batteryPower":-5}})"));

    constexpr const char* enriched =
        R"({"userId":"user-1","batteryPower":-5,"state":"Discharging"})";
    EXPECT_EQ(browser->read_text(), enriched);
    ASSERT_EQ(fake_broker_queued_count(), 1U);
    EXPECT_STREQ(fake_broker_queued_publish(0).payload, enriched);
}

TEST_F(BrowserPublish, MakesTheFurtherPublishesOfRules) {
    ASSERT_TRUE(post(R"({"topic":"cmd/x","payload":1,"qos":2})"));

    ASSERT_EQ(fake_broker_queued_count(), 2U);
    EXPECT_STREQ(fake_broker_queued_publish(0).topic, "cmd/x");
    EXPECT_STREQ(fake_broker_queued_publish(1).topic, "live/cmd/x");
    EXPECT_EQ(fake_broker_queued_publish(1).qos, 2);
}

TEST_F(BrowserPublish, ThatARuleDropsIsToldSo) {
    const std::optional<HttpResponse> response =
        post(R"({"topic":"battery/topic","payload":"not a battery"})");

    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 409);
    EXPECT_THAT(response->body, HasSubstr("dropped"));
    EXPECT_EQ(fake_broker_queued_count(), 0U);
}

TEST_F(BrowserPublish, ThatTheBrokerRefusesIsToldSoAndShownToNobody) {
    std::optional<WebSocketClient> browser = WebSocketClient::open(broker.port(), "/ws");
    ASSERT_TRUE(browser);
    fake_broker_exhaust_memory(true);
    const std::optional<HttpResponse> response =
        post(R"({"topic":"battery/1","payload":{"batteryPower":1}})");
    fake_broker_exhaust_memory(false);

    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 502);
    EXPECT_THAT(response->body, HasSubstr("broker_refused"));
    ASSERT_TRUE(post(R"({"topic":"battery/1","payload":{"batteryPower":2}})"));
    EXPECT_EQ(browser->read_text(), R"({"batteryPower":2,"state":"Charging"})");
}

TEST_F(BrowserPublish, ManyOnOneConnectionKeepTheirOrder) {
    for (int i = 0; i < 300; ++i) {
        const std::optional<HttpResponse> response =
            post(R"({"topic":"n","payload":)" + std::to_string(i) + "}");
        ASSERT_TRUE(response && (response->status == 200 || response->status == 429)) << i;
    }

    int last = -1;
    for (std::size_t i = 0; i < fake_broker_queued_count(); ++i) {
        const int number = std::stoi(fake_broker_queued_publish(i).payload);
        EXPECT_GT(number, last);
        last = number;
    }
    EXPECT_GE(last, 200);
}

TEST_F(BrowserPublish, WhoLeavesBeforeTheAnswerHurtsNobody) {
    ASSERT_TRUE(send(R"({"topic":"a"})"));
    stream.reset();
    const auto until = std::chrono::steady_clock::now() + http_deadline;
    while (fake_broker_queued_count() == 0 && std::chrono::steady_clock::now() < until) {
        broker.tick();
    }

    connect();
    EXPECT_TRUE(post(R"({"topic":"b"})"));
}

TEST_F(BrowserPublish, ThatWaitsAtUnloadEndsWithTheConnection) {
    ASSERT_TRUE(send(R"({"topic":"a"})"));
    EXPECT_FALSE(stream->read_until("\r\n", milliseconds(50)));

    broker.unload();

    EXPECT_TRUE(stream->read_to_end(http_deadline));
    EXPECT_EQ(fake_broker_queued_count(), 0U);
}

TEST(BrowserPublishWithoutTicks, GoesWithTheNextPublishOfADevice) {
    Broker broker;
    ASSERT_EQ(broker.load_rules(rules), MOSQ_ERR_SUCCESS) << broker.whole_log();
    std::optional<TcpStream> stream = TcpStream::connect(broker.port());
    ASSERT_TRUE(stream);
    const std::string body = R"({"topic":"a"})";
    ASSERT_TRUE(stream->write(
        "POST /api/publish HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(broker.port()) +
        "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
        "\r\n\r\n" + body));

    const auto until = std::chrono::steady_clock::now() + http_deadline;
    while (fake_broker_queued_count() == 0 && std::chrono::steady_clock::now() < until) {
        broker.publish({"elsewhere", "1"});
    }

    EXPECT_EQ(fake_broker_queued_count(), 1U);
    const std::optional<HttpResponse> response = read_http_response(*stream);
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 200);
}

TEST(Thinned, ABrowserGetsTheNewestOfTooMany) {
    Broker broker;
    ASSERT_EQ(broker.load_rules("[[rule]]\nname = \"r\"\ntopics = [\"t\"]\n"
                                "browser = { max_rate = \"10/s\" }\n"),
              MOSQ_ERR_SUCCESS)
        << broker.whole_log();
    broker.tick();
    std::optional<WebSocketClient> browser = WebSocketClient::open(broker.port(), "/ws");
    ASSERT_TRUE(browser);

    for (int i = 1; i <= 50; ++i) {
        EXPECT_EQ(broker.publish({"t", std::to_string(i)}).payload, std::to_string(i));
    }
    std::string seen;
    const auto until = std::chrono::steady_clock::now() + http_deadline;
    while (seen != "50" && std::chrono::steady_clock::now() < until) {
        broker.tick();
        if (const auto frame = browser->read_text(milliseconds(20))) seen = *frame;
    }

    EXPECT_EQ(seen, "50");
    const std::optional<HttpResponse> status = http_get(broker.port(), "/api/status");
    ASSERT_TRUE(status);
    EXPECT_THAT(status->body, ::testing::Not(HasSubstr(R"("thinned":0)")));
}

}  // namespace
}  // namespace rtbridge
