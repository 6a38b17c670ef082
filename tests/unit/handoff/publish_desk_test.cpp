#include "handoff/publish_desk.h"

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>

#include "fakes/fake_clock.h"
#include "fakes/fake_doorbell.h"

namespace rtbridge {
namespace {

// The test's thread plays both.
class PublishDeskTest : public testing::Test {
protected:
    static PublishRequest request_to(std::string topic, std::string payload = "1") {
        PublishRequest request;
        request.topic = std::move(topic);
        request.payload = std::move(payload);
        return request;
    }
    bool ask(PublishDesk& desk, std::string topic, std::string payload = "1") {
        is_listener_thread = true;
        assert_on_listener_thread();
        const bool asked = desk.request(
            request_to(topic, std::move(payload)), [this, topic](PublishResult result) {
                done += topic + "=" + std::to_string(static_cast<int>(result)) + " ";
            });
        is_listener_thread = false;
        return asked;
    }
    static std::vector<PublishDesk::Waiting> fetch(PublishDesk& desk, std::size_t most = 100) {
        assert_on_broker_thread();
        return desk.fetch(most);
    }
    static void deliver(PublishDesk& desk, const std::vector<PublishAnswer>& answers) {
        is_listener_thread = true;
        assert_on_listener_thread();
        desk.deliver(answers);
        is_listener_thread = false;
    }
    static void give_up_late(PublishDesk& desk) {
        is_listener_thread = true;
        assert_on_listener_thread();
        desk.give_up_late();
        is_listener_thread = false;
    }
    void TearDown() override { is_listener_thread = false; }

    [[nodiscard]] std::uint64_t refused() const {
        return metrics.limits.at(static_cast<std::size_t>(Limit::Publishes)).value();
    }

    FakeDoorbell doorbell;
    Metrics metrics;
    FakeClock clock;
    std::string done;
};

TEST_F(PublishDeskTest, GivesRequestsInOrderAndAnswersToWhoAsked) {
    PublishDesk desk({}, doorbell, metrics, clock);
    ASSERT_TRUE(ask(desk, "a"));
    ASSERT_TRUE(ask(desk, "b"));
    EXPECT_TRUE(desk.any_waiting());

    const auto fetched = fetch(desk);

    ASSERT_EQ(fetched.size(), 2U);
    EXPECT_EQ(fetched[0].request.topic, "a");
    EXPECT_EQ(fetched[1].request.topic, "b");
    EXPECT_FALSE(desk.any_waiting());
    deliver(desk,
            {{fetched[1].id, PublishResult::DroppedByRule}, {fetched[0].id, PublishResult::Taken}});
    EXPECT_EQ(done, "b=2 a=0 ");
}

TEST_F(PublishDeskTest, RingsForEachRequest) {
    PublishDesk desk({}, doorbell, metrics, clock);

    ASSERT_TRUE(ask(desk, "a"));
    ASSERT_TRUE(ask(desk, "b"));

    EXPECT_EQ(doorbell.rings, 2);
}

TEST_F(PublishDeskTest, IsFetchedInPortions) {
    PublishDesk desk({}, doorbell, metrics, clock);
    for (const char* topic : {"a", "b", "c"}) ASSERT_TRUE(ask(desk, topic));

    EXPECT_EQ(fetch(desk, 2).size(), 2U);

    EXPECT_TRUE(desk.any_waiting());
    EXPECT_EQ(fetch(desk, 2).at(0).request.topic, "c");
    EXPECT_FALSE(desk.any_waiting());
}

TEST_F(PublishDeskTest, RefusesMoreThanItsLimitOfRequestsUntilSomeAreAnswered) {
    PublishDesk desk({.requests_max = 2}, doorbell, metrics, clock);
    ASSERT_TRUE(ask(desk, "a"));
    ASSERT_TRUE(ask(desk, "b"));
    const auto fetched = fetch(desk);

    EXPECT_FALSE(ask(desk, "c"));
    EXPECT_EQ(refused(), 1U);
    EXPECT_EQ(doorbell.rings, 2);

    deliver(desk, {{fetched[0].id, PublishResult::Taken}});
    EXPECT_TRUE(ask(desk, "d"));
}

TEST_F(PublishDeskTest, RefusesMoreThanItsLimitOfBytesUntilSomeAreFetched) {
    const std::string payload(1000, 'x');
    PublishDesk desk({.bytes_max = 2 * (request_to("a", payload).bytes())}, doorbell, metrics,
                     clock);
    ASSERT_TRUE(ask(desk, "a", payload));
    ASSERT_TRUE(ask(desk, "b", payload));

    EXPECT_FALSE(ask(desk, "c", payload));
    EXPECT_EQ(refused(), 1U);

    EXPECT_EQ(fetch(desk).size(), 2U);
    EXPECT_TRUE(ask(desk, "d", payload));
    EXPECT_EQ(done, "");
}

TEST_F(PublishDeskTest, TakesBackWhatTheBrokerDoesNotFetchInTime) {
    PublishDesk desk({.patience = std::chrono::seconds(5)}, doorbell, metrics, clock);
    ASSERT_TRUE(ask(desk, "old"));
    clock.advance(std::chrono::seconds(3));
    ASSERT_TRUE(ask(desk, "young"));

    clock.advance(std::chrono::milliseconds(1'999));
    give_up_late(desk);
    EXPECT_EQ(done, "");

    clock.advance(std::chrono::milliseconds(1));
    give_up_late(desk);
    EXPECT_EQ(done, "old=1 ");
    EXPECT_EQ(metrics.broker_refused.value(), 1U);
    const auto fetched = fetch(desk);
    ASSERT_EQ(fetched.size(), 1U);
    EXPECT_EQ(fetched[0].request.topic, "young");
}

TEST_F(PublishDeskTest, DoesNotTakeBackWhatTheBrokerFetched) {
    PublishDesk desk({}, doorbell, metrics, clock);
    ASSERT_TRUE(ask(desk, "a"));
    const auto fetched = fetch(desk);

    clock.advance(std::chrono::hours(1));
    give_up_late(desk);

    EXPECT_EQ(done, "");
    deliver(desk, {{fetched[0].id, PublishResult::Taken}});
    EXPECT_EQ(done, "a=0 ");
}

TEST_F(PublishDeskTest, OneThatFailsKeepsNoAnswerFromTheOthers) {
    PublishDesk desk({}, doorbell, metrics, clock);
    is_listener_thread = true;
    assert_on_listener_thread();
    ASSERT_TRUE(desk.request(request_to("bad"),
                             [](PublishResult) { throw std::runtime_error("out of memory"); }));
    ASSERT_TRUE(ask(desk, "good"));
    const auto fetched = fetch(desk);

    EXPECT_THROW(deliver(desk, {{fetched[0].id, PublishResult::Taken},
                                {fetched[1].id, PublishResult::Taken}}),
                 std::runtime_error);

    EXPECT_EQ(done, "good=0 ");
}

TEST_F(PublishDeskTest, AnAnswerToNobodyIsNothing) {
    PublishDesk desk({}, doorbell, metrics, clock);

    deliver(desk, {{77, PublishResult::Taken}});

    EXPECT_EQ(done, "");
}

}  // namespace
}  // namespace rtbridge
