#include "listener/send_queue.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "listener/updates.h"

namespace rtbridge {
namespace {

constexpr QueueLimits small{.soft_bytes = 100, .hard_bytes = 200};

FramePtr frame(std::size_t bytes, char fill = 'x') {
    return std::make_shared<const std::string>(bytes, fill);
}

std::string all(SendQueue& queue) {
    std::string out;
    std::string scratch;
    while (!queue.empty()) {
        const SendQueue::Chunk chunk = queue.front(64 * KiB, scratch);
        out += chunk.bytes;
        queue.pop(chunk.frames);
    }
    return out;
}

TEST(SendQueue, GivesFramesInOrder) {
    SendQueue queue;
    (void)queue.push(frame(2, 'a'), make_update("t", "1"), small);
    (void)queue.push(frame(2, 'b'), make_update("t", "2"), small);

    EXPECT_EQ(all(queue), "aabb");
    EXPECT_EQ(queue.bytes(), 0U);
}

TEST(SendQueue, GathersSmallFramesIntoOneChunkAndSendsALargeOneAlone) {
    SendQueue queue;
    const QueueLimits wide{};
    (void)queue.push(frame(10), make_update("a", "1"), wide);
    (void)queue.push(frame(20), make_update("b", "2"), wide);
    (void)queue.push(frame(90), make_update("c", "3"), wide);
    std::string scratch;

    EXPECT_EQ(queue.front(100, scratch).frames, 2U);
    queue.pop(2);
    EXPECT_EQ(queue.front(50, scratch).frames, 1U);
    EXPECT_EQ(queue.front(50, scratch).bytes.size(), 90U);
}

TEST(SendQueue, OverTheSoftLimitKeepsTheNewestPerTopicAndKey) {
    SendQueue queue;
    (void)queue.push(frame(30, 'a'), make_update("t", "1", "k1"), small);
    (void)queue.push(frame(30, 'b'), make_update("t", "2", "k2"), small);
    (void)queue.push(frame(30, 'c'), make_update("t", "3", "k1"), small);

    const SendQueue::Loss loss = queue.push(frame(30, 'd'), make_update("t", "4", "k1"), small);

    EXPECT_EQ(loss.conflated, 2U);
    EXPECT_EQ(loss.dropped, 0U);
    EXPECT_EQ(all(queue), std::string(30, 'b') + std::string(30, 'd'));
}

TEST(SendQueue, OverTheHardLimitDropsTheOldest) {
    SendQueue queue;
    for (const char c : {'a', 'b', 'c', 'd'}) {
        (void)queue.push(frame(50, c), make_update(std::string(1, c), "1"), small);
    }

    const SendQueue::Loss loss = queue.push(frame(50, 'e'), make_update("e", "1"), small);

    EXPECT_GE(loss.dropped, 1U);
    EXPECT_TRUE(all(queue).ends_with(std::string(50, 'd') + std::string(50, 'e')));
}

TEST(SendQueue, NeverHoldsMoreThanTheHardLimit) {
    SendQueue queue;
    for (int i = 0; i < 1000; ++i) {
        (void)queue.push(frame(static_cast<std::size_t>(i % 60) + 1),
                         make_update("t" + std::to_string(i), "1"), small);
        ASSERT_LE(queue.bytes(), small.hard_bytes);
    }
}

TEST(SendQueue, DropsAFrameThatIsLargerThanTheHardLimitByItself) {
    SendQueue queue;
    (void)queue.push(frame(10, 'a'), make_update("t", "1"), small);

    EXPECT_EQ(queue.push(frame(201), make_update("t", "2"), small).dropped, 1U);
    EXPECT_EQ(all(queue), std::string(10, 'a'));
}

// One chatty topic must not push out the only value of the quiet ones.
TEST(SendQueue, KeepsTheNewestOfEveryTopicWhileOneFloods) {
    const QueueLimits limits{};
    SendQueue queue;
    std::size_t dropped = 0;
    for (int i = 0; i < 880; ++i) {
        dropped +=
            queue.push(frame(1024, 'q'), make_update("quiet/" + std::to_string(i), "1"), limits)
                .dropped;
    }
    for (int i = 0; i < 2000; ++i) {
        dropped += queue.push(frame(1024, 'f'), make_update("flood", "1"), limits).dropped;
    }

    EXPECT_EQ(dropped, 0U);
    const std::string left = all(queue);
    EXPECT_EQ(std::count(left.begin(), left.end(), 'q'), 880 * 1024);
}

TEST(SendQueue, AccountsForEveryUpdate) {
    SendQueue queue;
    std::size_t pushed = 0;
    std::size_t lost = 0;
    for (int i = 0; i < 500; ++i, ++pushed) {
        const auto loss =
            queue.push(frame(17), make_update("t" + std::to_string(i % 30), "1"), small);
        lost += loss.conflated + loss.dropped;
    }

    EXPECT_EQ(pushed, lost + queue.size());
}

}  // namespace
}  // namespace rtbridge
