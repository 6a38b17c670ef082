#include "transport/request_facts_pool.h"

#include <gtest/gtest.h>

#include <set>

namespace rtbridge {
namespace {

RequestFacts facts_of(std::string peer, std::string origin) {
    RequestFacts facts;
    facts.peer_address = std::move(peer);
    facts.host = "plant.example";
    facts.origin = std::move(origin);
    return facts;
}

class RequestFactsPoolTest : public testing::Test {
protected:
    void SetUp() override { is_listener_thread = true; }
    void TearDown() override { is_listener_thread = false; }
    std::shared_ptr<const RequestFacts> share(RequestFacts facts) {
        assert_on_listener_thread();
        return pool_.share(std::move(facts));
    }

private:
    RequestFactsPool pool_;
};

TEST_F(RequestFactsPoolTest, OnePageIsKeptOnceWhereverItsReadersAre) {
    const auto first = share(facts_of("192.0.2.1", "https://plant.example"));
    const auto second = share(facts_of("192.0.2.2", "https://plant.example"));

    EXPECT_EQ(first, second);
    EXPECT_EQ(first->peer_address, "");
    EXPECT_EQ(first->host, "plant.example");
}

TEST_F(RequestFactsPoolTest, WhatDiffersInAnythingElseIsKeptApart) {
    RequestFacts facts = facts_of("192.0.2.1", "https://plant.example");
    const auto plain = share(facts);

    facts.forwarded = true;
    const auto forwarded = share(facts);
    facts.trusted_proxy = true;
    const auto trusted = share(facts);
    const auto elsewhere = share(facts_of("192.0.2.1", "https://other.example"));
    facts.origin.reset();
    const auto without = share(facts);

    EXPECT_EQ((std::set{plain, forwarded, trusted, elsewhere, without}.size()), 5U);
    EXPECT_EQ(without->origin, std::nullopt);
}

TEST_F(RequestFactsPoolTest, ForgetsWhatNobodyUses) {
    std::weak_ptr<const RequestFacts> gone;
    { gone = share(facts_of("", "https://plant.example")); }

    EXPECT_TRUE(gone.expired());
    for (int i = 0; i < 1000; ++i) {
        EXPECT_NE(share(facts_of("", "https://" + std::to_string(i))), nullptr);
    }
}

}  // namespace
}  // namespace rtbridge
