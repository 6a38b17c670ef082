// What sessions may receive, for how long, and what a change of that does to them.

#include "listener/session_access.h"

#include <gtest/gtest.h>

#include "listener/room.h"
#include "listener/updates.h"

namespace rtbridge {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Snapshot = Room::Snapshot;

const std::string own_only =
    "[acl]\n[[acl.rule]]\nallow = [\"receive\", \"subscribe\"]\ntopics = [\"b\"]\n"
    "keys = [\"{user}\"]\n";
const std::string everything = "[acl]\ndefault = \"allow\"\n";
const std::string not_a = everything + "[[acl.rule]]\ndeny = [\"receive\"]\ntopics = [\"a\"]\n";

TEST(SessionAccess, EachGetsWhatItMayReceiveAndTheRestIsCounted) {
    Room room;
    const auto policy = policy_of(own_only);
    FakeOutput anna(room.shape), bert(room.shape);
    room.add(anna, {}, Snapshot::Send, access_of(user_named("anna"), *policy));
    room.add(bert, {}, Snapshot::Send, access_of(user_named("bert"), *policy));

    room.fan_out({make_update("b", "1", "anna"), make_update("b", "2", "bert"),
                  make_update("other", "3", "anna"), make_update("b", "4")});

    EXPECT_EQ(anna.sent, "1\n");
    EXPECT_EQ(bert.sent, "2\n");
    EXPECT_EQ(room.metrics.filtered_browsers.value(), 6U);
}

TEST(SessionAccess, ASnapshotHoldsNothingElse) {
    Room room;
    room.fan_out({make_update("b", "1", "anna"), make_update("b", "2", "bert")});
    FakeOutput output(room.shape);

    room.add(output, {}, Snapshot::Send, access_of(user_named("anna"), *policy_of(own_only)));

    EXPECT_EQ(output.sent, "1\n");
    EXPECT_EQ(room.metrics.filtered_browsers.value(), 1U);
}

TEST(SessionAccess, EndsWithTheToken) {
    Room room;
    Identity anna = user_named("anna");
    anna.expires_unix_s = room.clock.unix_ms() / 1000 + 10;
    FakeOutput output(room.shape);
    room.add(output, {}, Snapshot::Send, access_of(anna, *policy_of("")));

    room.check_after(milliseconds(9'900));
    EXPECT_FALSE(output.closed_with);
    room.check_after(milliseconds(100));

    EXPECT_EQ(output.closed_with, CloseCode::TokenExpired);
    EXPECT_EQ(output.close_reason, "token expired");
}

TEST(SessionAccess, AFreshTokenKeepsTheSession) {
    Room room;
    const auto policy = policy_of("");
    Identity anna = user_named("anna");
    anna.expires_unix_s = room.clock.unix_ms() / 1000 + 10;
    FakeOutput output(room.shape);
    Session& session = room.add(output, {}, Snapshot::Send, access_of(anna, *policy));
    *anna.expires_unix_s += 3600;

    room.change_access(session, access_of(anna, *policy));
    room.check_after(seconds(20));

    EXPECT_FALSE(output.closed_with);
}

TEST(SessionAccess, AfterAReloadTheNewRightsDecide) {
    Room room;
    FakeOutput output(room.shape);
    Session& session =
        room.add(output, {}, Snapshot::Send, access_of(user_named("anna"), *policy_of(everything)));
    room.fan_out({make_update("a", "1"), make_update("b", "2")});

    room.policy_changes();
    room.change_access(session, access_of(user_named("anna"), *policy_of(not_a)));
    room.fan_out({make_update("a", "3"), make_update("b", "4")});

    EXPECT_EQ(output.sent, "1\n2\n4\n");
    EXPECT_FALSE(output.closed_with);
}

TEST(SessionAccess, WhatWaitsIsTakenBackWhenItMayNotBeReceivedAnyMore) {
    Room room;
    FakeOutput output(room.shape);
    Session& session =
        room.add(output, {}, Snapshot::Send, access_of(user_named("anna"), *policy_of(everything)));
    output.stalled = true;
    room.fan_out({make_update("a", "1"), make_update("b", "2"), make_update("a", "3")});

    room.policy_changes();
    room.change_access(session, access_of(user_named("anna"), *policy_of(not_a)));
    output.stalled = false;
    room.writable(session);

    EXPECT_EQ(output.sent, "2\n");
    EXPECT_EQ(room.metrics.filtered_browsers.value(), 2U);
    EXPECT_EQ(session.record().queue_bytes.value(), 0U);
}

TEST(SessionAccess, SessionsOfOneSelectionButDifferentRightsAreApart) {
    Room room;
    const auto policy = policy_of(
        "[acl]\n[[acl.rule]]\nrole = \"operator\"\nallow = [\"receive\", \"subscribe\"]\n"
        "topics = [\"#\"]\n");
    FakeOutput op(room.shape), other(room.shape), op_too(room.shape);
    room.add(op, by_topic("t"), Snapshot::Send, access_of(user_named("a", {"operator"}), *policy));
    room.add(other, by_topic("t"), Snapshot::Send, access_of(user_named("b"), *policy));
    Session& gone = room.add(op_too, by_topic("t"), Snapshot::Send,
                             access_of(user_named("c", {"operator"}), *policy));

    room.fan_out({make_update("t", "1")});
    room.remove(gone);
    room.fan_out({make_update("t", "2")});

    EXPECT_EQ(op.sent, "1\n2\n");
    EXPECT_EQ(op_too.sent, "1\n");
    EXPECT_EQ(other.sent, "");
}

TEST(SessionAccess, SessionsAreCountedPerUser) {
    Room room;
    const auto policy = policy_of("");
    FakeOutput first(room.shape), second(room.shape), nobody(room.shape);
    Session& session = room.add(first, {}, Snapshot::Send, access_of(user_named("anna"), *policy));
    room.add(second, {}, Snapshot::Send, access_of(user_named("anna"), *policy));
    room.add(nobody);
    EXPECT_EQ(room.registry.count_of_user("anna"), 2U);
    EXPECT_EQ(room.registry.count_of_user(""), 0U);

    room.remove(session);

    EXPECT_EQ(room.registry.count_of_user("anna"), 1U);
}

TEST(SessionAccess, MoreRequestsThanTheLimitClose) {
    LimitsConfig limits;
    limits.requests_per_second = 2;
    Room room(limits);
    FakeOutput output(room.shape);
    Session& session = room.add(output);

    for (int i = 0; i < 4; ++i) EXPECT_TRUE(room.request(session));
    EXPECT_FALSE(room.request(session));

    EXPECT_EQ(output.closed_with, CloseCode::RateLimited);
    EXPECT_EQ(output.close_reason, "limit=requests_per_second max=2");
    EXPECT_EQ(room.hits(Limit::RequestsPerSecond), 1U);
}

class SessionAccessPoolTest : public testing::Test {
protected:
    void SetUp() override { is_listener_thread = true; }
    void TearDown() override { is_listener_thread = false; }
    SessionAccessPtr share(Identity identity, std::uint64_t record = 0) {
        assert_on_listener_thread();
        return pool.share({std::move(identity), record}, *policy);
    }
    std::shared_ptr<const Policy> policy = policy_of("");
    SessionAccessPool pool;
};

TEST_F(SessionAccessPoolTest, EqualVisitorsShareOneObject) {
    const SessionAccessPtr anna = share(user_named("anna", {"viewer"}));

    EXPECT_EQ(share(user_named("anna", {"viewer"})), anna);
    EXPECT_NE(share(user_named("anna", {"operator"})), anna);
    EXPECT_NE(share(user_named("anna", {"viewer"}), 7), anna);
}

TEST_F(SessionAccessPoolTest, KeepsNothingThatNobodyUses) {
    std::weak_ptr<const SessionAccess> unused = share(user_named("anna"));
    EXPECT_TRUE(unused.expired());

    for (int i = 0; i < 1000; ++i) (void)share(user_named(std::to_string(i)));
}

}  // namespace
}  // namespace rtbridge
