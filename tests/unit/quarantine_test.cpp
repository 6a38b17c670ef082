#include "quarantine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fakes/fake_clock.h"

namespace rtbridge {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class RecordingBroker final : public Broker {
public:
    bool publish(const std::string& topic, const std::string& payload, int qos,
                 bool retain) override {
        lines.push_back(topic + ' ' + payload + ' ' + std::to_string(qos) + (retain ? " r" : ""));
        return takes;
    }
    void kick(const std::string& /*client_id*/) override {}
    std::string certificate_name(const void* /*connection*/) override { return {}; }

    std::vector<std::string> lines;
    bool takes = true;
};

class QuarantineTest : public ::testing::Test {
protected:
    void put(const std::string& rule, std::string_view payload = "{}") {
        assert_on_broker_thread();
        const Publish publish{
            .topic = "plant/7", .payload = payload, .retain = true, .client = "c", .user = "u"};
        quarantine.put(publish, 1, rule,
                       {InvalidReason::Range, "soc", "soc is 120, above \"100\""});
    }
    [[nodiscard]] std::uint64_t hits() const {
        return metrics.limits.at(static_cast<std::size_t>(Limit::Quarantine)).value();
    }

    RecordingBroker broker;
    Metrics metrics;
    FakeClock clock;
    Quarantine quarantine{broker, metrics, clock};
};

TEST_F(QuarantineTest, TellsWhatItWasAndWhy) {
    put("strict", "{\"soc\":120}");
    EXPECT_THAT(
        broker.lines,
        ElementsAre("rtbridge/quarantine/strict "
                    R"({"topic":"plant/7","client":"c","user":"u","rule":"strict",)"
                    R"("field":"soc","reason":"range","message":"soc is 120, above \"100\"",)"
                    R"("bytes":11,"payload":"eyJzb2MiOjEyMH0="} 1)"));
    EXPECT_EQ(metrics.messages_quarantined.value(), 1U);
    EXPECT_EQ(hits(), 0U);
}

TEST_F(QuarantineTest, BoundsWhatItTellsOfEachRule) {
    constexpr std::size_t burst = 2 * Quarantine::envelopes_per_second;
    for (std::size_t i = 0; i < burst + 5; ++i) put("noisy");
    EXPECT_EQ(broker.lines.size(), burst);
    EXPECT_EQ(hits(), 5U);

    put("quiet");
    EXPECT_EQ(broker.lines.size(), burst + 1) << "another rule has its own";
    clock.advance(std::chrono::milliseconds(100));
    put("noisy");
    put("noisy");
    EXPECT_EQ(broker.lines.size(), burst + 2);
}

TEST_F(QuarantineTest, LeavesOutTheRestOfALargePayload) {
    put("strict", std::string(Quarantine::payload_bytes_max + 1, 'x'));
    EXPECT_THAT(broker.lines.at(0), HasSubstr("\"bytes\":65537,\"payload\":\"eHh4"));
    EXPECT_LT(broker.lines.at(0).size(), 90'000U);
    EXPECT_EQ(hits(), 1U);
}

TEST_F(QuarantineTest, CountsWhatTheBrokerRefuses) {
    broker.takes = false;
    put("strict");
    EXPECT_EQ(metrics.broker_refused.value(), 1U);
    EXPECT_EQ(metrics.messages_quarantined.value(), 0U);
}

TEST_F(QuarantineTest, ForgetsRulesThatAreGone) {
    assert_on_broker_thread();
    for (int i = 0; i < 30; ++i) {
        put("gone");
        put("stays");
    }
    RuleConfig stays;
    stays.name.value = "stays";
    quarantine.keep({stays});
    broker.lines.clear();
    put("stays");
    put("gone");
    EXPECT_EQ(broker.lines.size(), 1U);
    EXPECT_THAT(broker.lines.at(0), HasSubstr("quarantine/gone"));
}

}  // namespace
}  // namespace rtbridge
