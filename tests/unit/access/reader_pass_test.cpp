#include "access/reader_pass.h"

#include <gtest/gtest.h>

#include "access/mqtt_access_fixture.h"

namespace rtbridge {
namespace {

class ReaderPassTest : public ::testing::Test {
protected:
    static constexpr char places[2] = {};
    [[nodiscard]] MqttClient reader(std::string_view address = "127.0.0.1",
                                    const void* place = &places[0]) const {
        return {.connection = place, .id = pass.id(), .address = address};
    }
    ReaderPass pass;
};

TEST_F(ReaderPassTest, IsNewEachTime) {
    ASSERT_TRUE(pass.issue());
    const std::string id = pass.id(), password = pass.password();
    EXPECT_TRUE(id.starts_with(reader_id_prefix));
    EXPECT_GE(password.size(), 32U);

    ASSERT_TRUE(pass.issue());

    EXPECT_NE(pass.id(), id);
    EXPECT_NE(pass.password(), password);
    EXPECT_FALSE(pass.concerns({.id = id}));
}

TEST_F(ReaderPassTest, ConcernsNobodyUntilItIsIssuedAndAfterItIsWithdrawn) {
    EXPECT_FALSE(pass.concerns({.id = ""}));
    ASSERT_TRUE(pass.issue());
    const std::string id = pass.id();
    EXPECT_TRUE(pass.concerns({.id = id}));
    EXPECT_FALSE(pass.concerns({.id = "rtbridge-reader-"}));
    pass.withdraw();
    EXPECT_FALSE(pass.concerns({.id = id}));
    EXPECT_FALSE(pass.concerns({.id = ""}));
}

TEST_F(ReaderPassTest, LetsInWhoKnowsThePasswordFromThisMachineAndOnlyOnce) {
    ASSERT_TRUE(pass.issue());
    EXPECT_FALSE(pass.login(reader(), ""));
    EXPECT_FALSE(pass.login(reader(), "wrong"));
    EXPECT_FALSE(pass.login(reader(), std::string(pass.password().size(), '0')));
    EXPECT_FALSE(pass.login(reader("192.0.2.7"), pass.password()));
    EXPECT_FALSE(pass.login(reader(""), pass.password()));

    EXPECT_TRUE(pass.login(reader(), pass.password()));

    EXPECT_TRUE(pass.login(reader(), pass.password())) << "the broker asks again at a reload";
    EXPECT_FALSE(pass.login(reader("127.0.0.1", &places[1]), pass.password())) << "a takeover";
}

TEST_F(ReaderPassTest, AllowsReadingAndNothingElse) {
    const struct {
        MqttRequest request;
        bool allowed;
    } cases[] = {
        {MqttRequest::Subscribe, true},       {MqttRequest::Receive, true},
        {MqttRequest::Publish, false},        {MqttRequest::PublishRetained, false},
        {MqttRequest::RetainedSource, false},
    };
    for (const bool logged_in : {false, true}) {
        ASSERT_TRUE(pass.issue());
        if (logged_in) {
            ASSERT_TRUE(pass.login(reader("::1"), pass.password()));
        }
        for (const auto& c : cases) {
            EXPECT_EQ(pass.allows(reader("::1"), c.request, logged_in), c.allowed);
        }
    }
}

TEST_F(ReaderPassTest, AllowsNothingToWhoDidNotLogIn) {
    ASSERT_TRUE(pass.issue());
    EXPECT_FALSE(pass.allows(reader(), MqttRequest::Subscribe, true));
    ASSERT_TRUE(pass.login(reader(), pass.password()));
    EXPECT_FALSE(pass.allows(reader("127.0.0.1", &places[1]), MqttRequest::Subscribe, true));
}

TEST_F(ReaderPassTest, WithoutLoginsOfOursItIsTheFirstThatComes) {
    ASSERT_TRUE(pass.issue());
    EXPECT_FALSE(pass.allows(reader("192.0.2.7", &places[1]), MqttRequest::Subscribe, false));
    EXPECT_TRUE(pass.allows(reader(), MqttRequest::Subscribe, false));
    EXPECT_FALSE(pass.allows(reader("127.0.0.1", &places[1]), MqttRequest::Receive, false));
    EXPECT_TRUE(pass.allows(reader(), MqttRequest::Receive, false));
}

TEST_F(MqttAccessTest, TheReaderOfRetainedMessagesNeedsNoRights) {
    adopt(std::string(tokens) + "[acl]\ndefault = \"deny\"\n");
    const MqttAccess::ReaderLogin pass = access.expect_reader();
    const MqttClient reader = client(p1, pass.id, pass.id, "127.0.0.1");
    ASSERT_FALSE(access.login(reader, "wrong"));
    EXPECT_EQ(metrics.logins_refused.value(), 1U);
    ASSERT_TRUE(access.login(reader, pass.password));

    EXPECT_TRUE(subscribe(reader, "#"));
    EXPECT_TRUE(receive(reader, "any/topic"));
    EXPECT_FALSE(publish(reader, "any/topic"));
    EXPECT_FALSE(subscribe(client(p2, "somebody", "", "127.0.0.1"), "#"));
    EXPECT_EQ(metrics.logins.value(), 0U);
}

TEST_F(MqttAccessTest, TheReaderIsAStrangerOnceItIsDone) {
    adopt(std::string(tokens) + "[acl]\ndefault = \"deny\"\n");
    const MqttAccess::ReaderLogin pass = access.expect_reader();
    const MqttClient reader = client(p1, pass.id, pass.id, "127.0.0.1");
    ASSERT_TRUE(access.login(reader, pass.password));

    access.forget_reader();

    EXPECT_FALSE(receive(reader, "any/topic"));
    EXPECT_FALSE(access.login(reader, pass.password));
}

}  // namespace
}  // namespace rtbridge
