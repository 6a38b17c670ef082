#include "listener/sessions.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "listener/room.h"
#include "listener/updates.h"

namespace rtbridge {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Sessions, EachGetsWhatItSelected) {
    Room room;
    FakeOutput all(room.shape), topic(room.shape), user(room.shape);
    room.add(all);
    room.add(topic, by_topic("site/+"));
    room.add(user, by_user("anna"));

    room.fan_out({make_update("site/a", "1"), make_update("other", "2", "anna"),
                  make_update("other", "3", "bert")});

    EXPECT_EQ(all.sent, "1\n2\n3\n");
    EXPECT_EQ(topic.sent, "1\n");
    EXPECT_EQ(user.sent, "2\n");
}

TEST(Sessions, AKeyOfAnotherNameIsNotTheSameKey) {
    Room room;
    FakeOutput output(room.shape);
    room.add(output, {{}, {{"deviceId", "anna"}}});

    room.fan_out({make_update("t", "1", "anna")});

    EXPECT_EQ(output.sent, "");
}

TEST(Sessions, ABatchGoesOutInOneWritePerSession) {
    Room room;
    FakeOutput output(room.shape);
    room.add(output);

    room.fan_out({make_update("a", "1"), make_update("b", "2"), make_update("c", "3")});

    EXPECT_EQ(output.writes, 1);
    EXPECT_EQ(room.metrics.updates_out.value(), 3U);
}

TEST(Sessions, AnUpdateIsEncodedOncePerShapeNotPerSession) {
    Room room;
    std::deque<FakeOutput> outputs;
    for (int i = 0; i < 100; ++i) {
        room.add(outputs.emplace_back(room.shape), i % 2 == 0 ? Selection{} : by_topic("#"));
    }

    room.fan_out({make_update("t", "1")});

    EXPECT_EQ(room.shape.encoded, 1);
    for (const FakeOutput& output : outputs) EXPECT_EQ(output.sent, "1\n");
}

TEST(Sessions, ANewSessionFirstGetsTheNewestValues) {
    Room room;
    room.fan_out({make_update("b", "old", "anna"), make_update("z", "1", "bert"),
                  make_update("b", "2", "anna")});
    FakeOutput output(room.shape), without(room.shape), anna(room.shape);

    room.add(output);
    room.add(without, {}, Room::Snapshot::Skip);
    room.add(anna, by_user("anna"));

    EXPECT_EQ(output.sent, "2\n1\n");
    EXPECT_EQ(without.sent, "");
    EXPECT_EQ(anna.sent, "2\n");
}

TEST(Sessions, ALiveValueReplacesTheSnapshotEntryThatWasNotSentYet) {
    Room room;
    const std::string large(70'000, '1');  // fills the first step of the snapshot
    room.fan_out({make_update("a", large), make_update("b", "2")});
    FakeOutput output(room.shape);
    output.stall_after_write = true;
    Session& session = room.add(output);
    EXPECT_EQ(output.sent, large + "\n");

    room.fan_out({make_update("b", "3")});
    output.stalled = false;
    output.stall_after_write = false;
    room.writable(session);

    EXPECT_EQ(output.sent, large + "\n3\n");
}

TEST(Sessions, ASnapshotIsSentAsTheSocketDrains) {
    Room room;
    for (int i = 0; i < 20; ++i) {
        room.fan_out({make_update("t" + std::to_string(i), std::string(10'000, 'x'))});
    }
    FakeOutput output(room.shape);
    output.stall_after_write = true;
    Session& session = room.add(output);
    EXPECT_LT(output.sent.size(), 100'000U);

    for (int turn = 0; turn < 20; ++turn) {
        output.stalled = false;
        room.writable(session);
    }

    EXPECT_EQ(output.sent.size(), 20U * 10'001);
    EXPECT_EQ(session.record().delivered.value(), 20U);
}

TEST(Sessions, ASnapshotLeavesOutAndCountsWhatIsLargerThanAQueueMayBe) {
    LimitsConfig limits;
    limits.queue = {.soft_bytes = 100, .hard_bytes = 200};
    Room room(limits);
    room.fan_out({make_update("a", std::string(300, 'x')), make_update("b", "2")});
    FakeOutput output(room.shape);

    Session& session = room.add(output);

    EXPECT_EQ(output.sent, "2\n");
    EXPECT_EQ(session.record().dropped.value(), 1U);
    EXPECT_EQ(room.hits(Limit::QueueHard), 1U);
}

TEST(Sessions, WhatStillWaitedWhenABrowserVanishedIsCounted) {
    Room room;
    FakeOutput output(room.shape);
    Session& session = room.add(output);
    output.stalled = true;
    room.fan_out({make_update("a", "1"), make_update("b", "2")});

    room.remove(session);

    EXPECT_EQ(room.metrics.updates_dropped.value(), 2U);
}

TEST(Sessions, WhatALostConnectionDidNotTakeIsNotCalledDelivered) {
    Room room;
    FakeOutput output(room.shape);
    room.add(output);
    output.lost = true;

    room.fan_out({make_update("a", "1")});

    EXPECT_EQ(room.metrics.updates_out.value(), 0U);
    EXPECT_EQ(room.metrics.updates_dropped.value(), 1U);
}

TEST(Sessions, AStalledSessionQueuesAndCatchesUpInOrder) {
    Room room;
    FakeOutput stalled(room.shape), other(room.shape);
    Session& session = room.add(stalled);
    room.add(other);
    stalled.stalled = true;

    room.fan_out({make_update("a", "1")});
    room.fan_out({make_update("a", "2")});

    EXPECT_EQ(stalled.sent, "");
    EXPECT_TRUE(stalled.writable_requested);
    EXPECT_EQ(other.sent, "1\n2\n");

    stalled.stalled = false;
    room.writable(session);
    EXPECT_EQ(stalled.sent, "1\n2\n");
}

TEST(Sessions, WhatAStalledSessionLosesIsCountedExactly) {
    LimitsConfig limits;
    limits.queue = {.soft_bytes = 200, .hard_bytes = 400};
    Room room(limits);
    FakeOutput output(room.shape);
    Session& session = room.add(output);
    output.stalled = true;

    std::uint64_t matched = 0;
    for (int i = 0; i < 500; ++i, ++matched) {
        room.fan_out({make_update("t" + std::to_string(i % 50), "{\"value\":12345}")});
    }
    output.stalled = false;
    room.writable(session);

    const SessionRecord& s = session.record();
    EXPECT_EQ(s.matched.value(), matched);
    EXPECT_EQ(s.delivered.value() + s.conflated.value() + s.dropped.value(), matched);
    EXPECT_GT(s.dropped.value(), 0U);
    EXPECT_GT(room.hits(Limit::QueueHard), 0U);
    EXPECT_TRUE(output.sent.ends_with("{\"value\":12345}\n"));
}

TEST(Sessions, OneThatStaysAtItsHardLimitIsClosed) {
    LimitsConfig limits;
    limits.queue = {.soft_bytes = 20, .hard_bytes = 40, .close_after = seconds(30)};
    limits.ping_interval = seconds(3600);
    Room room(limits);
    FakeOutput output(room.shape);
    room.add(output);
    output.stalled = true;
    for (int i = 0; i < 10; ++i) room.fan_out({make_update("t" + std::to_string(i), "1234567890")});

    room.check_after(seconds(29));
    EXPECT_FALSE(output.closed_with);

    room.check_after(seconds(2));
    EXPECT_EQ(output.closed_with, CloseCode::TooSlow);
    EXPECT_EQ(output.close_reason, "limit=queue.hard max=40");
    EXPECT_EQ(room.hits(Limit::QueueCloseAfter), 1U);
}

TEST(Sessions, OneThatRecoversInTimeIsNotClosed) {
    LimitsConfig limits;
    limits.queue = {.soft_bytes = 20, .hard_bytes = 40, .close_after = seconds(30)};
    limits.ping_interval = seconds(3600);
    Room room(limits);
    FakeOutput output(room.shape);
    Session& session = room.add(output);
    output.stalled = true;
    for (int i = 0; i < 10; ++i) room.fan_out({make_update("t" + std::to_string(i), "1234567890")});

    room.check_after(seconds(20));
    output.stalled = false;
    room.writable(session);
    room.check_after(seconds(20));

    EXPECT_FALSE(output.closed_with);
}

TEST(Sessions, APayloadThatIsNoJsonIsSkippedAndCounted) {
    Room room;
    FakeOutput output(room.shape);
    room.add(output);

    room.fan_out({make_update("t", "not json", {}, PayloadShape::Text)});

    EXPECT_EQ(output.sent, "");
    EXPECT_EQ(room.metrics.updates_not_json.value(), 1U);
}

TEST(Sessions, AClearedTopicIsNoLongerInSnapshots) {
    Room room;
    room.fan_out({make_update("t", "1")});
    room.fan_out({make_update("t", "", {}, PayloadShape::Cleared)});
    FakeOutput output(room.shape);

    room.add(output);

    EXPECT_EQ(output.sent, "");
}

TEST(Sessions, ARemovedSessionGetsNothingAndOthersOfItsSelectionGoOn) {
    Room room;
    FakeOutput gone(room.shape), stays(room.shape);
    Session& session = room.add(gone, by_topic("t"));
    room.add(stays, by_topic("t"));

    room.remove(session);
    room.fan_out({make_update("t", "1")});

    EXPECT_EQ(gone.sent, "");
    EXPECT_EQ(stays.sent, "1\n");
}

TEST(Sessions, ASilentBrowserIsPingedAndThenGivenUp) {
    LimitsConfig limits;
    limits.ping_interval = seconds(20);
    Room room(limits);
    FakeOutput output(room.shape);
    room.add(output);

    room.check_after(milliseconds(9'900));  // the first ping comes up to half an interval early
    EXPECT_EQ(output.pings, 0);
    room.check_after(milliseconds(10'100));
    EXPECT_EQ(output.pings, 1);
    room.check_after(milliseconds(9'900));
    EXPECT_FALSE(output.closed_with);
    room.check_after(milliseconds(200));

    EXPECT_EQ(output.closed_with, CloseCode::NoPong);
    EXPECT_EQ(room.hits(Limit::PingInterval), 1U);
}

TEST(Sessions, ThatCameTogetherAreNotPingedTogether) {
    Room room;
    std::deque<FakeOutput> outputs;
    for (int i = 0; i < 200; ++i) room.add(outputs.emplace_back(room.shape));
    const auto pinged = [&outputs] {
        return std::count_if(outputs.begin(), outputs.end(),
                             [](const FakeOutput& output) { return output.pings > 0; });
    };

    room.check_after(seconds(15));

    EXPECT_GT(pinged(), 50);
    EXPECT_LT(pinged(), 150);
}

TEST(Sessions, AnySignOfLifeAnswersThePing) {
    Room room;
    FakeOutput output(room.shape);
    Session& session = room.add(output);

    for (int i = 0; i < 10; ++i) {
        room.check_after(seconds(20));
        room.life(session);
        room.check_after(seconds(5));
    }

    EXPECT_EQ(output.pings, 10);
    EXPECT_FALSE(output.closed_with);
}

TEST(Sessions, TheThirdBadRequestCloses) {
    Room room;
    FakeOutput output(room.shape);
    Session& session = room.add(output);

    room.bad_request(session);
    room.bad_request(session);
    EXPECT_FALSE(output.closed_with);
    room.bad_request(session);

    EXPECT_EQ(output.closed_with, CloseCode::PolicyViolation);
    EXPECT_EQ(room.hits(Limit::BadRequests), 3U);
}

TEST(Sessions, ALongBatchDoesNotCostAFastReaderAnything) {
    LimitsConfig limits;
    limits.queue = {.soft_bytes = 64 * KiB, .hard_bytes = 128 * KiB};
    Room room(limits);
    FakeOutput output(room.shape);
    room.add(output);
    std::deque<UpdatePtr> batch;
    for (int i = 0; i < 5000; ++i) batch.push_back(make_update("t", std::string(100, '1')));

    room.fan_out(batch);

    EXPECT_EQ(output.sent.size(), 5000U * 101);
    EXPECT_EQ(room.metrics.updates_conflated.value(), 0U);
}

}  // namespace
}  // namespace rtbridge
