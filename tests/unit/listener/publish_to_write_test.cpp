#include <gtest/gtest.h>

#include "listener/room.h"

namespace rtbridge {
namespace {

using namespace std::chrono_literals;

class PublishToWrite : public testing::Test {
protected:
    [[nodiscard]] static UpdatePtr received_at(SteadyTime when) {
        Update update;
        update.topic = "plant/1";
        update.payload = "{}";
        update.received_at = when;
        return std::make_shared<const Update>(std::move(update));
    }
    [[nodiscard]] UpdatePtr received_ago(std::chrono::milliseconds ago) const {
        return received_at(room.clock.now() - ago);
    }
    [[nodiscard]] Histogram::Reading measured() const {
        return room.metrics.listeners.totals().publish_to_write;
    }
    static Selection select(const char* filter) {
        Selection selection;
        selection.topics.push_back(TopicFilter::parse(filter).value());
        return selection;
    }

    Room room;
    FakeOutput one{room.shape}, other{room.shape};
};

TEST_F(PublishToWrite, IsMeasuredOncePerUpdateHoweverManySessionsGetIt) {
    room.add(one);
    room.add(other);

    room.fan_out({received_ago(3ms), received_ago(1ms)});

    EXPECT_EQ(measured().count(), 2U);
    EXPECT_EQ(measured().sum, 4ms);
}

TEST_F(PublishToWrite, IsNotMeasuredOfAnUpdateThatNobodyGets) {
    room.add(one, select("elsewhere/#"));

    room.fan_out({received_ago(3ms)});

    EXPECT_EQ(measured().count(), 0U);
}

TEST_F(PublishToWrite, IsNotMeasuredWhereTheReceiptIsNotKnown) {
    room.add(one);

    room.fan_out({received_at(SteadyTime{})});

    EXPECT_EQ(one.sent, "{}\n");
    EXPECT_EQ(measured().count(), 0U);
}

TEST_F(PublishToWrite, DoesNotCountTheTimeForWhichMaxRateHoldsBack) {
    Session& session = room.open(one);
    SubscriptionRequest request;
    request.mode = SubscriptionMode::Latest;
    request.max_rate = 1;
    (void)room.subscribe(session, std::move(request));

    room.fan_out({received_ago(0ms)});
    room.fan_out({received_ago(0ms)});
    room.release_after(2s);

    EXPECT_EQ(one.sent, "{}\n{}\n");
    EXPECT_EQ(measured().count(), 1U);
    EXPECT_EQ(measured().sum, 0ms);
}

TEST_F(PublishToWrite, StandsBesideWhatTheListenerKeeps) {
    room.fan_out({received_ago(0ms)});

    const auto listeners = room.metrics.listeners.list();
    ASSERT_EQ(listeners.size(), 1U);
    EXPECT_EQ(listeners[0]->values.value(), 1U);
    EXPECT_EQ(listeners[0]->values_bytes.value(), room.sessions().values().bytes());
    EXPECT_EQ(listeners[0]->history.value(), 0U);
}

}  // namespace
}  // namespace rtbridge
