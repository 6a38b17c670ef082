#include "listener/send_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "listener/room.h"
#include "listener/updates.h"

namespace rtbridge {
namespace {

using testing::ElementsAre;

constexpr QueueLimits small{.soft_bytes = 100, .hard_bytes = 200};

FramePtr frame(std::size_t bytes, char fill = 'x') {
    return std::make_shared<const std::string>(bytes, fill);
}

class SendQueueTest : public testing::Test {
protected:
    SendQueueTest() : session(room.open(output)) {
        (void)room.subscribe(session, {});
        SubscriptionRequest latest;
        latest.mode = SubscriptionMode::Latest;
        (void)room.subscribe(session, latest);
    }
    [[nodiscard]] Subscription& all_mode() { return *session.find_subscription(1); }
    [[nodiscard]] Subscription& latest_mode() { return *session.find_subscription(2); }

    void push(const std::string& topic, FramePtr bytes, const std::string& key = {},
              const QueueLimits& limits = small) {
        queue.push({std::move(bytes), make_update(topic, "1", key), &all_mode()}, limits, losses);
    }
    void push_latest(const std::string& topic, const std::string& bytes) {
        queue.push(
            {std::make_shared<const std::string>(bytes), make_update(topic, bytes), &latest_mode()},
            QueueLimits{}, losses);
    }
    // The frames of one chunk, taken out.
    std::string take(std::size_t chunk_bytes = 64 * KiB) {
        std::string out;
        const auto items = queue.front(chunk_bytes);
        for (const SendQueue::Item* item : items) out += *item->frame;
        queue.pop(items.size());
        return out;
    }
    std::string take_all() {
        std::string out;
        while (!queue.empty()) out += take();
        return out;
    }
    [[nodiscard]] std::ptrdiff_t lost(SendQueue::Fate fate) const {
        return std::count_if(losses.begin(), losses.end(),
                             [fate](const SendQueue::Loss& loss) { return loss.fate == fate; });
    }

    Room room;
    TellingOutput output;
    Session& session;
    SendQueue queue;
    std::vector<SendQueue::Loss> losses;
};

using Fate = SendQueue::Fate;

TEST_F(SendQueueTest, GivesFramesInOrder) {
    push("t", frame(2, 'a'));
    push("t", frame(2, 'b'));

    EXPECT_EQ(take_all(), "aabb");
    EXPECT_EQ(queue.bytes(), 0U);
}

TEST_F(SendQueueTest, AChunkIsBoundedAndNeverEmpty) {
    push("a", frame(10), {}, {});
    push("b", frame(20), {}, {});
    push("c", frame(90), {}, {});

    EXPECT_EQ(take(100).size(), 30U);
    EXPECT_EQ(take(50).size(), 90U);
    EXPECT_TRUE(queue.empty());
}

TEST_F(SendQueueTest, OverTheSoftLimitKeepsTheNewestPerTopicAndKey) {
    push("t", frame(30, 'a'), "k1");
    push("t", frame(30, 'b'), "k2");
    push("t", frame(30, 'c'), "k1");
    push("t", frame(30, 'd'), "k1");

    EXPECT_EQ(lost(Fate::Conflated), 2);
    EXPECT_EQ(lost(Fate::Dropped), 0);
    EXPECT_EQ(take_all(), std::string(30, 'b') + std::string(30, 'd'));
}

TEST_F(SendQueueTest, OverTheHardLimitDropsTheOldest) {
    for (const char c : {'a', 'b', 'c', 'd', 'e'}) push(std::string(1, c), frame(50, c));

    EXPECT_GE(lost(Fate::Dropped), 1);
    EXPECT_TRUE(take_all().ends_with(std::string(50, 'd') + std::string(50, 'e')));
}

TEST_F(SendQueueTest, NeverHoldsMoreThanTheHardLimit) {
    for (int i = 0; i < 1000; ++i) {
        push("t" + std::to_string(i), frame(static_cast<std::size_t>(i % 60) + 1));
        ASSERT_LE(queue.bytes(), small.hard_bytes);
    }
}

TEST_F(SendQueueTest, DropsAFrameThatIsLargerThanTheHardLimitByItself) {
    push("t", frame(10, 'a'));
    push("t", frame(201));

    EXPECT_EQ(lost(Fate::TooLarge), 1);
    EXPECT_EQ(take_all(), std::string(10, 'a'));
}

// One chatty topic must not push out the only value of the quiet ones.
TEST_F(SendQueueTest, KeepsTheNewestOfEveryTopicWhileOneFloods) {
    for (int i = 0; i < 880; ++i) push("quiet/" + std::to_string(i), frame(1024, 'q'), {}, {});
    for (int i = 0; i < 2000; ++i) push("flood", frame(1024, 'f'), {}, {});

    EXPECT_EQ(lost(Fate::Dropped), 0);
    const std::string left = take_all();
    EXPECT_EQ(std::count(left.begin(), left.end(), 'q'), 880 * 1024);
}

TEST_F(SendQueueTest, AccountsForEveryUpdate) {
    for (int i = 0; i < 500; ++i) push("t" + std::to_string(i % 30), frame(17));

    EXPECT_EQ(500U, losses.size() + queue.size());
}

TEST_F(SendQueueTest, InModeLatestOnlyTheNewestOfATopicWaits) {
    push_latest("a", "a1 ");
    push_latest("b", "b1 ");
    push_latest("a", "a2 ");

    EXPECT_EQ(lost(Fate::Conflated), 1);
    EXPECT_EQ(queue.size(), 2U);
    EXPECT_EQ(take_all(), "b1 a2 ");
}

// A topic that changes all the time moves to the end again and again, and yet gets its turn.
TEST_F(SendQueueTest, AFastTopicDoesNotWaitForEver) {
    int fast = 0;
    std::string sent;
    for (int turn = 0; turn < 100; ++turn) {
        for (int i = 0; i < 10; ++i) push_latest("slow/" + std::to_string(i), "s");
        for (int i = 0; i < 10; ++i) push_latest("fast", "F" + std::to_string(fast++ % 10));
        sent += take(2);  // far less than what comes in
    }

    EXPECT_GE(std::count(sent.begin(), sent.end(), 'F'), 10);
}

TEST_F(SendQueueTest, OffsetsRiseInModeLatest) {
    std::uint64_t last = 0;
    for (int turn = 0; turn < 200; ++turn) {
        for (int i = 0; i <= turn % 7; ++i) push_latest("t" + std::to_string((turn * i) % 5), "x");
        const auto items = queue.front(2);
        for (const SendQueue::Item* item : items) {
            ASSERT_GT(item->update->offset, last);
            last = item->update->offset;
        }
        queue.pop(items.size());
    }
}

TEST_F(SendQueueTest, AStalledBrowserInModeLatestCostsNoMemoryPerUpdate) {
    push_latest("a", "first");
    (void)queue.front(1);  // a round has begun, and nothing is read
    for (int i = 0; i < 100'000; ++i) push_latest("b", "value");

    EXPECT_EQ(queue.size(), 2U);
    EXPECT_EQ(take_all(), "firstvalue");
}

TEST_F(SendQueueTest, AfterALongStallWhatIsOldGoesAlsoFromTheRoundThatWasBeingSent) {
    push_latest("a", "a1 ");
    push_latest("b", "b1 ");
    (void)queue.front(1);
    push_latest("a", "a2 ");

    queue.conflate(SendQueue::Which::Latest, losses);

    EXPECT_EQ(take_all(), "b1 a2 ");
}

TEST_F(SendQueueTest, PutsTheUpdatesOfSeveralSubscriptionsInOrder) {
    const auto first = make_update("a", "1");
    const auto second = make_update("b", "2");
    queue.push({frame(1, '2'), second, &all_mode()}, small, losses);
    queue.push({frame(1, '1'), first, &all_mode()}, small, losses);

    queue.sort_from(0);

    EXPECT_EQ(take_all(), "12");
}

TEST_F(SendQueueTest, TakesBackWhatIsUnwanted) {
    for (const char c : {'a', 'b', 'c'}) push(std::string(1, c), frame(2, c));

    EXPECT_EQ(
        queue.remove_if([](const SendQueue::Item& item) { return item.update->topic != "b"; }), 2U);

    EXPECT_EQ(take_all(), "bb");
    EXPECT_EQ(queue.bytes(), 0U);
}

TEST_F(SendQueueTest, VariantsDoNotReplaceEachOther) {
    for (const char* round : {"1", "2"}) {
        for (std::uint32_t variant = 0; variant < 2; ++variant) {
            const std::string text = (variant == 0 ? "a" : "b") + std::string(round);
            queue.push({std::make_shared<const std::string>(text),
                        make_variant("t", text, variant, 2), &latest_mode()},
                       QueueLimits{}, losses);
        }
    }

    EXPECT_EQ(take_all(), "a2b2");
    EXPECT_EQ(lost(SendQueue::Fate::Conflated), 2);
}

}  // namespace
}  // namespace rtbridge
