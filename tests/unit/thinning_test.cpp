#include "thinning.h"

#include <gtest/gtest.h>

#include <string>

#include "fakes/fake_clock.h"

namespace rtbridge {
namespace {

using std::chrono::milliseconds;

class ThinningTest : public testing::Test {
protected:
    void SetUp() override {
        assert_on_broker_thread();
        RuleConfig unthinned;
        RuleConfig rated;
        rated.browser.max_rate = RateConfig{10, milliseconds(1'000)};
        RuleConfig banded;
        banded.browser.deadband = {{"power", 5}};
        RuleConfig both;
        both.browser.max_rate = RateConfig{1, milliseconds(1'000)};
        both.browser.deadband = {{"power", 5}, {"meta.level", 1}};
        rules = {unthinned, rated, banded, both};
        adopt();
    }
    void adopt() {
        assert_on_broker_thread();
        statistics.clear();
        for (std::size_t i = 0; i < rules.size(); ++i) {
            statistics.push_back(std::make_shared<RuleStatistics>());
        }
        for (const BrowserUpdate& waited : thinning.adopt(rules, statistics)) note(waited);
    }
    static constexpr std::uint32_t none = 0, rate = 1, band = 2, rate_and_band = 3;

    static BrowserUpdate update(std::uint32_t rule, std::string payload, std::string topic = "t",
                                std::string key = "") {
        BrowserUpdate made;
        made.rule = rule;
        made.topic = std::move(topic);
        made.key_name = key.empty() ? "" : "id";
        made.key = std::move(key);
        made.payload = std::move(payload);
        return made;
    }
    static std::string power(int value) { return R"({"power":)" + std::to_string(value) + "}"; }
    // What is sent then.
    std::string offer(BrowserUpdate offered) {
        assert_on_broker_thread();
        return offer_to(thinning, std::move(offered));
    }
    std::string offer_to(Thinning& to, BrowserUpdate offered) {
        assert_on_broker_thread();
        if (!to.concerns(offered)) return offered.payload;
        std::vector<BrowserUpdate> ready;
        offered.unix_ms = clock.unix_ms();
        to.offer(std::move(offered), ready);
        sent.clear();
        for (const BrowserUpdate& each : ready) note(each);
        return sent;
    }
    std::string tick_after(milliseconds time) {
        assert_on_broker_thread();
        clock.advance(time);
        std::vector<BrowserUpdate> ready;
        thinning.release_due(ready);
        sent.clear();
        for (const BrowserUpdate& each : ready) note(each);
        return sent;
    }
    void note(const BrowserUpdate& each) {
        sent += each.shape == PayloadShape::Cleared ? "cleared" : each.payload;
        last_unix_ms = each.unix_ms;
    }

    std::vector<RuleConfig> rules;
    std::vector<std::shared_ptr<RuleStatistics>> statistics;
    Metrics metrics;
    FakeClock clock;
    Thinning thinning{{}, metrics, clock};
    std::string sent;
    std::int64_t last_unix_ms = 0;
};

TEST_F(ThinningTest, RulesWithoutOptionsAreNotItsConcern) {
    EXPECT_FALSE(thinning.concerns(update(none, "1")));
    EXPECT_TRUE(thinning.concerns(update(rate, "1")));

    rules = {RuleConfig()};
    adopt();
    BrowserUpdate cleared = update(0, "");
    cleared.shape = PayloadShape::Cleared;
    EXPECT_FALSE(thinning.concerns(cleared)) << "where no rule thins, nothing is known to forget";
}

TEST_F(ThinningTest, TheNewestOfTooManyIsSentWhenItIsItsTurn) {
    EXPECT_EQ(offer(update(rate, "1")), "1");
    EXPECT_EQ(offer(update(rate, "2")), "");
    EXPECT_EQ(offer(update(rate, "3")), "");

    EXPECT_EQ(tick_after(milliseconds(99)), "");
    EXPECT_EQ(tick_after(milliseconds(1)), "3");

    EXPECT_EQ(metrics.updates_thinned.value(), 1U);
    EXPECT_EQ(statistics[rate]->thinned.value(), 1U);
    EXPECT_EQ(tick_after(milliseconds(500)), "");
}

TEST_F(ThinningTest, WhatWaitedKeepsTheTimeOfItsReceipt) {
    offer(update(rate, "1"));
    offer(update(rate, "2"));
    const std::int64_t received = clock.unix_ms();

    EXPECT_EQ(tick_after(milliseconds(300)), "2");

    EXPECT_EQ(last_unix_ms, received);
}

TEST_F(ThinningTest, TheTurnAfterOneThatWaitedIsAWholeIntervalLater) {
    offer(update(rate, "1"));
    offer(update(rate, "2"));
    EXPECT_EQ(tick_after(milliseconds(100)), "2");

    EXPECT_EQ(offer(update(rate, "3")), "");
    EXPECT_EQ(tick_after(milliseconds(99)), "");
    EXPECT_EQ(tick_after(milliseconds(1)), "3");
}

TEST_F(ThinningTest, SlowerThanTheRateNothingWaits) {
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(offer(update(rate, std::to_string(i))), std::to_string(i));
        EXPECT_EQ(tick_after(milliseconds(100)), "");
    }
    EXPECT_EQ(metrics.updates_thinned.value(), 0U);
}

TEST_F(ThinningTest, TopicsAndKeysAndRulesAreApart) {
    EXPECT_EQ(offer(update(rate, "1", "a", "x")), "1");

    EXPECT_EQ(offer(update(rate, "2", "b", "x")), "2");
    EXPECT_EQ(offer(update(rate, "3", "a", "y")), "3");
    EXPECT_EQ(offer(update(rate, "4", "a")), "4");
    EXPECT_EQ(offer(update(band, power(1), "a", "x")), power(1));
    EXPECT_EQ(offer(update(rate, "5", "a", "x")), "");
}

TEST_F(ThinningTest, WithinTheBandOfTheLastOneSentNothingIsSent) {
    EXPECT_EQ(offer(update(band, power(100))), power(100)) << "the first always";

    EXPECT_EQ(offer(update(band, power(104))), "");
    EXPECT_EQ(offer(update(band, power(96))), "");
    EXPECT_EQ(offer(update(band, power(105))), power(105)) << "the band itself is a difference";
    EXPECT_EQ(offer(update(band, power(101))), "");
    EXPECT_EQ(offer(update(band, power(100))), power(100)) << "from the last one sent, not seen";
    EXPECT_EQ(statistics[band]->thinned.value(), 3U);
}

TEST_F(ThinningTest, SlowDriftIsSeenInTheEnd) {
    std::string seen;
    for (int i = 0; i <= 20; ++i) {
        if (!offer(update(band, power(i))).empty()) seen += std::to_string(i) + " ";
    }
    EXPECT_EQ(seen, "0 5 10 15 20 ");
}

TEST_F(ThinningTest, OnlyTheNamedFieldsDecide) {
    offer(update(band, R"({"power":1,"mode":"eco"})"));

    EXPECT_EQ(offer(update(band, R"({"power":1,"mode":"boost"})")), "");
}

TEST_F(ThinningTest, AFieldThatComesOrGoesIsADifference) {
    offer(update(band, power(1)));

    EXPECT_EQ(offer(update(band, R"({"power":"high"})")), R"({"power":"high"})");
    EXPECT_EQ(offer(update(band, R"({"power":null})")), "") << "no number before and after";
    EXPECT_EQ(offer(update(band, "not json")), "") << "likewise";
    EXPECT_EQ(offer(update(band, power(1))), power(1));
}

TEST_F(ThinningTest, OneOfSeveralFieldsIsEnough) {
    const auto both = [](int power_value, double level) {
        return R"({"power":)" + std::to_string(power_value) + R"(,"meta":{"level":)" +
               std::to_string(level) + "}}";
    };
    offer(update(rate_and_band, both(1, 1)));
    tick_after(milliseconds(1'000));

    EXPECT_EQ(offer(update(rate_and_band, both(2, 1.5))), "");
    EXPECT_EQ(offer(update(rate_and_band, both(2, 2))), both(2, 2));
}

TEST_F(ThinningTest, WhatTakesThePlaceOfOneThatWaitsIsTheNewestDeadbandOrNot) {
    offer(update(rate_and_band, power(100)));
    EXPECT_EQ(offer(update(rate_and_band, power(200))), "");
    EXPECT_EQ(offer(update(rate_and_band, power(101))), "");

    EXPECT_EQ(tick_after(milliseconds(1'000)), power(101));
    EXPECT_EQ(offer(update(rate_and_band, power(105))), "") << "compared with what was sent last";
}

TEST_F(ThinningTest, ClearingATopicForgetsItAndPasses) {
    offer(update(rate, "1", "a", "x"));
    offer(update(rate, "2", "a", "x"));
    offer(update(rate, "1", "a!", "x"));
    BrowserUpdate cleared = update(none, "", "a");
    cleared.shape = PayloadShape::Cleared;

    EXPECT_EQ(offer(cleared), "cleared");

    EXPECT_EQ(tick_after(milliseconds(1'000)), "") << "what waited is older than the clear";
    EXPECT_EQ(thinning.entries(), 1U) << "the other topic";
    EXPECT_EQ(offer(update(rate, "3", "a", "x")), "3");
}

TEST_F(ThinningTest, BeyondItsLimitItForgetsTheLeastRecentlyUsedAndLosesNothing) {
    Thinning small({.entries_max = 2}, metrics, clock);
    assert_on_broker_thread();
    ASSERT_TRUE(small.adopt(rules, statistics).empty());
    offer_to(small, update(rate, "a1", "a"));
    offer_to(small, update(rate, "b1", "b"));
    offer_to(small, update(rate, "b2", "b"));
    offer_to(small, update(rate, "a2", "a"));

    EXPECT_EQ(offer_to(small, update(rate, "c1", "c")), "c1b2") << "b waited and goes at once";

    EXPECT_EQ(small.entries(), 2U);
    EXPECT_EQ(metrics.limits.at(static_cast<std::size_t>(Limit::Thinning)).value(), 1U);
    EXPECT_EQ(offer_to(small, update(rate, "a3", "a")), "") << "a is still known";
}

TEST_F(ThinningTest, BeyondItsLimitOfBytesTheFirstInTurnGoesAtOnce) {
    Thinning small({.bytes_max = 2'000}, metrics, clock);
    assert_on_broker_thread();
    ASSERT_TRUE(small.adopt(rules, statistics).empty());
    const std::string large(1'200, 'x');
    offer_to(small, update(rate, "1", "a"));
    offer_to(small, update(rate, "1", "b"));
    EXPECT_EQ(offer_to(small, update(rate, large + "a", "a")), "");

    const std::string released = offer_to(small, update(rate, large + "b", "b"));

    EXPECT_TRUE(released == large + "a" || released == large + "b");
}

TEST_F(ThinningTest, AReloadStartsAnewAndReleasesWhatWaits) {
    offer(update(rate, "1"));
    offer(update(rate, "2"));
    sent.clear();

    adopt();

    EXPECT_EQ(sent, "2");
    EXPECT_EQ(thinning.entries(), 0U);
    EXPECT_EQ(offer(update(rate, "3")), "3");
}

TEST_F(ThinningTest, DeadbandLooksAtWhatABodyIsMadeOf) {
    const auto said = [](const char* body, int value) {
        BrowserUpdate made = update(band, body);
        made.body_source = power(value);
        return made;
    };
    EXPECT_EQ(offer(said("1", 10)), "1");
    EXPECT_EQ(offer(said("2", 12)), "");
    EXPECT_EQ(offer(said("3", 15)), "3");
}

}  // namespace
}  // namespace rtbridge
