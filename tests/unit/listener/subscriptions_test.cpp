// Several subscriptions in a session, their modes, what they begin with, and gaps.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <sstream>

#include "listener/room.h"
#include "listener/updates.h"

namespace rtbridge {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

SubscriptionRequest to(const std::string& filter, SubscriptionMode mode = SubscriptionMode::All) {
    SubscriptionRequest request;
    request.selection = by_topic(filter);
    request.mode = mode;
    return request;
}

SubscriptionRequest resumed(const std::string& filter, std::uint64_t offset,
                            const std::string& epoch = "epoch") {
    SubscriptionRequest request = to(filter);
    request.since = ResumePoint{epoch, offset};
    return request;
}

UpdatePtr with_history(std::string topic, std::string payload) {
    Update update = *make_update(std::move(topic), std::move(payload));
    update.history.last = 10;
    return std::make_shared<const Update>(std::move(update));
}

std::uint64_t accounted(const Session& session) {
    const SessionRecord& record = session.record();
    return record.delivered.value() + record.conflated.value() + record.dropped.value();
}

class SubscriptionsTest : public testing::Test {
protected:
    SubscriptionsTest() : session(room.open(output)) {}

    Room room;
    TellingOutput output;
    Session& session;
};

TEST_F(SubscriptionsTest, EachGetsItsOwnUnderItsNumber) {
    EXPECT_EQ(room.subscribe(session, to("a/#")).number, 1U);
    EXPECT_EQ(room.subscribe(session, to("+/x")).number, 2U);

    room.fan_out({make_update("a/x", "1"), make_update("a/y", "2"), make_update("b/x", "3")});

    EXPECT_EQ(output.sent, "1:1\n2:1\n1:2\n2:3\n");
    EXPECT_EQ(output.writes, 1);
    EXPECT_EQ(session.record().matched.value(), 4U);
    EXPECT_EQ(session.record().subscriptions.value(), 2U);
}

TEST_F(SubscriptionsTest, NothingComesAfterItsEnd) {
    (void)room.subscribe(session, to("a"));
    (void)room.subscribe(session, to("b"));
    output.stalled = true;
    room.fan_out({make_update("a", "1"), make_update("b", "2")});

    EXPECT_TRUE(room.unsubscribe(session, 1));
    output.stalled = false;
    room.writable(session);
    room.fan_out({make_update("a", "3"), make_update("b", "4")});

    EXPECT_EQ(output.sent, "2:2\n2:4\n");
    EXPECT_EQ(session.record().matched.value(), accounted(session));
    EXPECT_FALSE(room.unsubscribe(session, 1));
}

TEST_F(SubscriptionsTest, ANumberIsUsedAgain) {
    (void)room.subscribe(session, to("a"));
    (void)room.subscribe(session, to("b"));
    room.unsubscribe(session, 1);

    EXPECT_EQ(room.subscribe(session, to("c")).number, 1U);
    EXPECT_EQ(room.subscribe(session, to("d")).number, 3U);
}

TEST_F(SubscriptionsTest, GroupsLastAsLongAsTheirMembers) {
    TellingOutput other;
    Session& second = room.open(other);
    (void)room.subscribe(session, to("a"));
    (void)room.subscribe(second, to("a"));
    EXPECT_EQ(room.sessions().group_count(), 1U);

    room.unsubscribe(session, 1);
    room.remove(second);

    EXPECT_EQ(room.sessions().group_count(), 0U);
}

TEST_F(SubscriptionsTest, WhatIsToldOfOneGoesOutBeforeUpdatesThatWait) {
    (void)room.subscribe(session, to("a"));
    output.stalled = true;
    room.fan_out({make_update("a", "1")});
    room.send(session, "reply\n");
    output.stalled = false;
    room.writable(session);

    EXPECT_EQ(output.sent, "reply\n1:1\n");
}

TEST_F(SubscriptionsTest, OneThatDoesNotReadItsRepliesIsClosed) {
    LimitsConfig limits;
    limits.queue.hard_bytes = 100;
    Room small(limits);
    TellingOutput deaf;
    Session& waits = small.open(deaf);
    deaf.stalled = true;

    for (int i = 0; i < 20; ++i) small.send(waits, "0123456789");

    EXPECT_EQ(deaf.closed_with, CloseCode::TooSlow);
}

// Mode latest

TEST_F(SubscriptionsTest, InModeLatestWhatIsPendingTogetherIsConflated) {
    (void)room.subscribe(session, to("#", SubscriptionMode::Latest));

    room.fan_out({make_update("a", "1"), make_update("b", "2"), make_update("a", "3")});

    EXPECT_EQ(output.sent, "1:2\n1:3\n");
    EXPECT_EQ(session.record().conflated.value(), 1U);
    EXPECT_EQ(session.record().matched.value(), 3U);
}

TEST_F(SubscriptionsTest, InModeLatestVariantsAreConflatedEachForItself) {
    (void)room.subscribe(session, to("#", SubscriptionMode::Latest));

    room.fan_out({make_variant("t", "a1", 0, 2), make_variant("t", "b1", 1, 2),
                  make_variant("t", "a2", 0, 2), make_variant("t", "b2", 1, 2)});

    EXPECT_EQ(output.sent, "1:a2\n1:b2\n");
    EXPECT_EQ(session.record().conflated.value(), 2U);
}

TEST_F(SubscriptionsTest, InModeLatestAStalledBrowserGetsTheNewestAndNoGap) {
    (void)room.subscribe(session, to("#", SubscriptionMode::Latest));
    output.stalled = true;
    for (int i = 0; i < 1000; ++i) {
        room.fan_out({make_update("t" + std::to_string(i % 3), std::to_string(i))});
    }
    output.stalled = false;
    room.writable(session);

    EXPECT_EQ(output.sent, "1:997\n1:998\n1:999\n");
    EXPECT_EQ(session.record().conflated.value(), 997U);
    EXPECT_EQ(session.record().matched.value(), accounted(session));
}

TEST_F(SubscriptionsTest, MaxRateLetsTheNewestPassWhenItsTimeHasCome) {
    SubscriptionRequest request = to("#", SubscriptionMode::Latest);
    request.max_rate = 2;
    (void)room.subscribe(session, request);

    room.fan_out({make_update("a", "a1")});
    room.fan_out({make_update("a", "a2")});
    room.fan_out({make_update("a", "a3"), make_update("b", "b1")});
    EXPECT_EQ(output.take(), "1:a1\n1:b1\n");
    ASSERT_TRUE(room.next_release());
    EXPECT_EQ(*room.next_release(), room.clock.now() + milliseconds(500));

    room.release_after(milliseconds(499));
    EXPECT_EQ(output.take(), "");
    room.release_after(milliseconds(1));

    EXPECT_EQ(output.take(), "1:a3\n");
    EXPECT_FALSE(room.next_release());
    EXPECT_EQ(session.record().matched.value(), 4U);
    EXPECT_EQ(session.record().conflated.value(), 1U);
}

TEST_F(SubscriptionsTest, WhatMaxRateHeldBackIsNotForThoseWhoCameLater) {
    SubscriptionRequest request = to("#", SubscriptionMode::Latest);
    request.max_rate = 1;
    request.snapshot = true;
    (void)room.subscribe(session, request);
    room.fan_out({make_update("a", "1"), make_update("a", "2")});
    TellingOutput late;
    Session& newcomer = room.open(late);
    (void)room.subscribe(newcomer, request);
    EXPECT_EQ(late.take(), "1r:2\n1:caught up 2\n");

    room.release_after(milliseconds(1000));

    EXPECT_THAT(output.sent, HasSubstr("1:2\n"));
    EXPECT_EQ(late.take(), "");
}

// What a subscription begins with

TEST_F(SubscriptionsTest, BeginsWithASnapshotWhereItAsksForOne) {
    room.fan_out({make_update("a", "1"), make_update("b", "2"), make_update("a", "3")});
    SubscriptionRequest request = to("#");
    request.snapshot = true;

    const Subscribed subscribed = room.subscribe(session, request);

    EXPECT_EQ(subscribed.offset, 3U);
    EXPECT_EQ(subscribed.recovered, Recovered::New);
    EXPECT_EQ(output.sent, "1r:3\n1r:2\n1:caught up 3\n");
}

TEST_F(SubscriptionsTest, GetsEverythingItMissed) {
    room.fan_out({with_history("a", "a1"), with_history("b", "b1"), with_history("a", "a2"),
                  with_history("other", "x"), with_history("b", "b2")});

    SubscriptionRequest request = resumed("+", 1);
    request.selection.topics = {TopicFilter::parse("a").value(), TopicFilter::parse("b").value()};
    const Subscribed subscribed = room.subscribe(session, request);

    EXPECT_EQ(subscribed.recovered, Recovered::Full);
    EXPECT_EQ(output.sent, "1r:b1\n1r:a2\n1r:b2\n1:caught up 5\n");
}

TEST_F(SubscriptionsTest, RecoversTwiceAndWithNothingInBetween) {
    room.fan_out({with_history("a", "1"), with_history("a", "2")});

    const Subscribed first = room.subscribe(session, resumed("a", 1));
    EXPECT_EQ(output.take(), "1r:2\n1:caught up 2\n");
    room.unsubscribe(session, 1);
    const Subscribed second = room.subscribe(session, resumed("a", first.offset));

    EXPECT_EQ(second.recovered, Recovered::Full);
    EXPECT_EQ(output.take(), "1:caught up 2\n");
}

TEST_F(SubscriptionsTest, WhatCameBeforeAnyUpdateOfItsTopicsCanBeResumedFrom) {
    const Subscribed first = room.subscribe(session, to("a"));
    room.unsubscribe(session, 1);
    room.fan_out({with_history("a", "1"), with_history("a", "2")});

    EXPECT_EQ(room.subscribe(session, resumed("a", first.offset)).recovered, Recovered::Full);
    EXPECT_EQ(output.sent, "1r:1\n1r:2\n1:caught up 2\n");
}

TEST_F(SubscriptionsTest, GetsTheNewestWhereHistoryIsTooShort) {
    room.fan_out({make_update("a", "a1"), make_update("b", "b1"), make_update("a", "a2"),
                  make_update("a", "a3")});

    EXPECT_EQ(room.subscribe(session, resumed("#", 2)).recovered, Recovered::Latest);
    EXPECT_EQ(output.sent, "1r:a3\n1:caught up 4\n");
}

TEST_F(SubscriptionsTest, OfAnotherProcessNothingCanBeResumed) {
    room.fan_out({make_update("a", "1")});
    SubscriptionRequest request = resumed("a", 0, "other");
    request.snapshot = true;

    EXPECT_EQ(room.subscribe(session, request).recovered, Recovered::None);
    EXPECT_EQ(output.take(), "1r:1\n1:caught up 1\n");
    EXPECT_EQ(room.subscribe(session, resumed("a", 1'000'000)).recovered, Recovered::None);
    EXPECT_EQ(output.take(), "");
}

// With several listeners a browser may come back to one that has not read its mail yet.
TEST_F(SubscriptionsTest, AListenerThatLagsBehindTheLastOneRepeatsNothing) {
    room.fan_out({make_update("a", "1")});

    const Subscribed subscribed = room.subscribe(session, resumed("a", 3));
    room.fan_out({make_update("a", "2"), make_update("a", "3"), make_update("a", "4")});

    EXPECT_EQ(subscribed.recovered, Recovered::Full);
    EXPECT_EQ(subscribed.offset, 3U);
    EXPECT_EQ(output.sent, "1:caught up 3\n1:4\n");
    EXPECT_EQ(session.record().matched.value(), 1U);
}

TEST_F(SubscriptionsTest, LiveUpdatesWaitForWhatWasMissed) {
    const std::string large(70'000, 'x');
    room.fan_out({with_history("a", "0"), with_history("a", large), with_history("a", large),
                  with_history("a", "3")});
    output.stall_after_write = true;
    (void)room.subscribe(session, resumed("a", 1));
    EXPECT_EQ(output.take(), "1r:" + large + "\n");

    room.fan_out({with_history("a", "4")});
    for (int turn = 0; turn < 5; ++turn) {
        output.stalled = false;
        room.writable(session);
    }

    EXPECT_EQ(output.take(), "1r:" + large + "\n1r:3\n1:caught up 4\n1:4\n");
}

TEST_F(SubscriptionsTest, LiveUpdatesWaitForWhatAnySubscriptionMissed) {
    room.fan_out({with_history("a", "0"), with_history("b", "1"), with_history("b", "2")});
    output.stalled = true;
    SubscriptionRequest first = to("a", SubscriptionMode::Latest);
    first.snapshot = true;
    (void)room.subscribe(session, first);
    (void)room.subscribe(session, resumed("a", 0));
    (void)room.subscribe(session, resumed("b", 1));
    room.fan_out({with_history("b", "3")});

    output.stall_after_write = true;
    for (int turn = 0; turn < 6; ++turn) {
        output.stalled = false;
        room.writable(session);
    }

    EXPECT_EQ(output.take(),
              "2r:0\n2:caught up 3\n3r:1\n3r:2\n3:caught up 3\n1r:0\n1:caught up 3\n3:3\n");
}

TEST_F(SubscriptionsTest, RecoveryKeepsAliveNoMoreThanItsBudget) {
    LimitsConfig limits;
    limits.history_bytes = 64 * KiB;
    Room tight(limits);
    for (int i = 0; i < 10; ++i) tight.fan_out({with_history("a", std::string(5'000, 'x'))});
    std::deque<TellingOutput> slow(4);
    int full = 0;
    for (TellingOutput& browser : slow) {
        browser.stalled = true;
        Session& waits = tight.open(browser);
        const Recovered recovered = tight.subscribe(waits, resumed("a", 1)).recovered;
        full += recovered == Recovered::Full ? 1 : 0;
    }

    EXPECT_EQ(full, 1);
    EXPECT_EQ(tight.hits(Limit::Recovery), 3U);
}

TEST_F(SubscriptionsTest, WhatWasPromisedAndNotSentIsCountedWhenTheBrowserLeaves) {
    room.fan_out({with_history("a", "0"), with_history("a", "1"), with_history("a", "2")});
    output.stalled = true;
    (void)room.subscribe(session, resumed("a", 1));

    room.remove(session);

    EXPECT_EQ(room.metrics.updates_dropped.value(), 2U);
}

// Gaps

TEST_F(SubscriptionsTest, AGapIsToldBeforeTheNextUpdate) {
    LimitsConfig limits;
    limits.queue = {.soft_bytes = 30, .hard_bytes = 1000};
    Room small(limits);
    TellingOutput slow;
    Session& waits = small.open(slow);
    (void)small.subscribe(waits, to("#"));
    slow.stalled = true;
    for (int i = 0; i < 10; ++i) small.fan_out({make_update("a", std::to_string(i))});
    slow.stalled = false;
    small.writable(waits);

    EXPECT_THAT(slow.sent, StartsWith("1:gap 1-"));
    EXPECT_THAT(slow.sent, HasSubstr(" slow\n1:"));
    EXPECT_TRUE(slow.sent.ends_with("1:9\n"));
    EXPECT_EQ(waits.record().matched.value(), 10U);
    EXPECT_EQ(accounted(waits), 10U);
    EXPECT_EQ(waits.record().gaps.value(), 1U);
}

TEST_F(SubscriptionsTest, TheGapsHoldEveryUpdateThatWasNotSent) {
    LimitsConfig limits;
    limits.queue = {.soft_bytes = 200, .hard_bytes = 400};
    Room small(limits);
    TellingOutput slow;
    Session& waits = small.open(slow);
    (void)small.subscribe(waits, to("#"));
    std::uint64_t in_gaps = 0;
    std::uint64_t sent = 0;
    const auto read = [&] {
        slow.stalled = false;
        small.writable(waits);
        std::istringstream lines(slow.take());
        for (std::string line; std::getline(lines, line);) {
            const auto n = line.find("n=");
            if (n == std::string::npos) {
                ++sent;
            } else {
                in_gaps += std::stoull(line.substr(n + 2));
            }
        }
        slow.stalled = true;
    };
    for (int i = 0; i < 3000; ++i) {
        small.fan_out({make_update("t" + std::to_string(i % 60), std::to_string(i))});
        if (i % 150 == 0) read();
    }
    read();

    EXPECT_GT(in_gaps, 0U);
    EXPECT_EQ(sent + in_gaps, 3000U);
    EXPECT_EQ(accounted(waits), 3000U);
}

TEST_F(SubscriptionsTest, WhatTheMailboxLostIsAGapForAll) {
    TellingOutput other;
    Session& second = room.open(other);
    (void)room.subscribe(session, to("#"));
    (void)room.subscribe(second, to("b"));
    room.fan_out({make_update("a", "1")});
    room.lose(3);

    room.fan_out({make_update("a", "5"), make_update("b", "6"), make_update("a", "7")});

    EXPECT_EQ(output.sent, "1:1\n1:gap 2-4 n=3 overload\n1:5\n1:6\n1:7\n");
    EXPECT_EQ(other.sent, "1:gap 2-4 n=3 overload\n1:6\n");
}

TEST_F(SubscriptionsTest, AnUpdateThatIsTooLargeIsAGapOfItsOwn) {
    LimitsConfig limits;
    limits.queue = {.soft_bytes = 50, .hard_bytes = 100};
    Room small(limits);
    TellingOutput browser;
    Session& reads = small.open(browser);
    (void)small.subscribe(reads, to("#"));

    small.fan_out({make_update("a", std::string(200, 'x')), make_update("a", "2")});

    EXPECT_EQ(browser.sent, "1:gap 1-1 n=1 too_large\n1:2\n");
    EXPECT_EQ(reads.record().dropped.value(), 1U);
}

// Who keeps up is not touched by who doesn't.
TEST_F(SubscriptionsTest, AStalledBrowserChangesNothingForOthers) {
    TellingOutput stalled;
    Session& waits = room.open(stalled);
    (void)room.subscribe(session, to("#"));
    (void)room.subscribe(waits, to("#"));
    stalled.stalled = true;

    for (int i = 0; i < 100; ++i) {
        room.fan_out({make_update("a", "1"), make_update("b", "2")});
        ASSERT_EQ(output.take(), "1:1\n1:2\n");
    }
    EXPECT_EQ(output.writes, 100);
    EXPECT_EQ(session.record().delivered.value(), 200U);
}

// Access

TEST_F(SubscriptionsTest, GoesOnThroughAReloadThatChangesNothing) {
    room.fan_out({make_update("a", "0")});
    SubscriptionRequest request = to("a");
    request.snapshot = true;
    output.stalled = true;  // its snapshot is still to come
    (void)room.subscribe(session, request);

    room.policy_changes();
    room.change_access(session, unlimited_access());
    output.stalled = false;
    room.writable(session);
    room.fan_out({make_update("a", "1")});

    EXPECT_EQ(output.sent, "1r:0\n1:caught up 1\n1:1\n");
}

TEST_F(SubscriptionsTest, WhatMaxRateHeldBackComesThroughAReload) {
    SubscriptionRequest request = to("#", SubscriptionMode::Latest);
    request.max_rate = 1;
    (void)room.subscribe(session, request);
    room.fan_out({make_update("a", "1")});
    room.fan_out({make_update("a", "2"), make_update("b", "3")});
    EXPECT_EQ(output.take(), "1:1\n1:3\n");

    TellingOutput other;
    Session& second = room.open(other);
    (void)room.subscribe(second, request);

    room.policy_changes();
    room.change_access(session, unlimited_access());
    room.change_access(second, unlimited_access());
    EXPECT_EQ(output.take(), "");
    room.release_after(milliseconds(1000));

    EXPECT_EQ(output.take(), "1:2\n");
    EXPECT_EQ(other.take(), "");
    EXPECT_EQ(session.record().matched.value(), accounted(session));
}

TEST_F(SubscriptionsTest, WhatMaxRateHeldBackComesAtOnceInAGroupThatPassedItBefore) {
    SubscriptionRequest request = to("#", SubscriptionMode::Latest);
    request.max_rate = 1;
    const auto policy =
        policy_of("[acl]\n[[acl.rule]]\nallow = [\"receive\", \"subscribe\"]\ntopics = [\"a\"]\n");
    const SessionAccessPtr access = access_of(user_named(""), *policy);
    TellingOutput passed;
    Session& other = room.open(passed, access);
    (void)room.subscribe(session, request);
    room.fan_out({make_update("a", "1")});
    (void)room.subscribe(other, request);
    room.fan_out({make_update("a", "2")});
    EXPECT_EQ(output.take() + passed.take(), "1:1\n1:2\n");

    room.change_access(session, access);

    EXPECT_EQ(output.take(), "1:2\n");
    room.release_after(milliseconds(1000));
    EXPECT_EQ(output.take() + passed.take(), "");
    EXPECT_EQ(session.record().matched.value(), accounted(session));
}

TEST_F(SubscriptionsTest, PayloadsThatAreNoJsonGoWhereTheShapeHasWordsForThem) {
    (void)room.subscribe(session, to("#"));

    room.fan_out({make_update("a", "text", {}, PayloadShape::Text)});

    EXPECT_EQ(output.sent, "1:text\n");
}

TEST_F(SubscriptionsTest, AKeyWithoutANameSelectsThatKeyOfAnyName) {
    SubscriptionRequest request;
    request.selection.keys = {{"", "anna"}};
    (void)room.subscribe(session, request);

    room.fan_out({make_update("a", "1", "anna"), make_update("a", "2", "bert")});

    EXPECT_EQ(output.sent, "1:1\n");
}

TEST_F(SubscriptionsTest, ABrowserThatWatchesForSilenceHearsSomethingInEveryInterval) {
    output.alive = SessionOutput::Liveness::Watched;
    (void)room.subscribe(session, to("#"));
    room.check_after(std::chrono::seconds(9));
    room.life(session);  // the browser talks, and hears nothing

    room.check_after(std::chrono::seconds(12));

    EXPECT_EQ(output.pings, 1);
    EXPECT_THAT(output.sent, Not(HasSubstr(":")));
}

TEST_F(SubscriptionsTest, OneWhoCanNotAnswerIsToldSomethingEvery15Seconds) {
    output.alive = SessionOutput::Liveness::Told;
    (void)room.subscribe(session, to("#"));

    for (int seconds = 0; seconds < 120; seconds += 5) room.check_after(std::chrono::seconds(5));

    EXPECT_GE(output.pings, 7);
    EXPECT_EQ(output.closed_with, std::nullopt);
}

TEST_F(SubscriptionsTest, HeartbeatsOfTheTransportAreEnough) {
    output.alive = SessionOutput::Liveness::Elsewhere;
    (void)room.subscribe(session, to("#"));

    for (int seconds = 0; seconds < 120; seconds += 5) room.check_after(std::chrono::seconds(5));

    EXPECT_EQ(output.pings, 0);
    EXPECT_EQ(output.closed_with, std::nullopt);
}

TEST_F(SubscriptionsTest, MaySelectSomethingElseLater) {
    (void)room.subscribe(session, to("a"));
    room.fan_out({make_update("a", "a1"), make_update("b", "b1")});

    EXPECT_TRUE(room.change_selection(session, 1, by_topic("b")));
    EXPECT_FALSE(room.change_selection(session, 2, by_topic("b")));
    room.fan_out({make_update("a", "a2"), make_update("b", "b2")});

    EXPECT_EQ(output.take(), "1:a1\n1:b2\n");
    EXPECT_EQ(room.sessions().group_count(), 1U);
}

TEST_F(SubscriptionsTest, WhatWaitsAndIsNotSelectedAnyMoreIsTakenBack) {
    Selection both;
    both.topics = {TopicFilter::parse("a").value(), TopicFilter::parse("b").value()};
    SubscriptionRequest request;
    request.selection = both;
    (void)room.subscribe(session, request);
    output.stalled = true;
    room.fan_out({make_update("a", "a1"), make_update("b", "b1")});

    (void)room.change_selection(session, 1, by_topic("b"));
    output.stalled = false;
    room.writable(session);

    EXPECT_EQ(output.sent, "1:b1\n");
    EXPECT_EQ(session.record().matched.value(), 1U);
    EXPECT_EQ(accounted(session), 1U);
}

}  // namespace
}  // namespace rtbridge
