#include "handoff/disconnects.h"

#include <gtest/gtest.h>

#include <set>

#include "listener/close_code.h"

namespace rtbridge {
namespace {

std::uint64_t counted_as(const Disconnects& disconnects, std::uint16_t code) {
    for (std::size_t i = 0; i < Disconnects::codes.size(); ++i) {
        if (Disconnects::codes.at(i) == code) return disconnects.value(i);
    }
    return 0;
}

TEST(Disconnects, CountsByCode) {
    Disconnects disconnects;
    disconnects.count(1001);
    disconnects.count(1001);
    disconnects.count(Disconnects::no_close);

    EXPECT_EQ(counted_as(disconnects, 1001), 2U);
    EXPECT_EQ(counted_as(disconnects, 1006), 1U);
    EXPECT_EQ(counted_as(disconnects, 1000), 0U);
}

TEST(Disconnects, CountsAllCodesThatABrowserMadeUpAsOne) {
    Disconnects disconnects;
    for (std::uint16_t code = 4500; code < 4600; ++code) disconnects.count(code);
    disconnects.count(0);
    disconnects.count(65'535);

    EXPECT_EQ(counted_as(disconnects, Disconnects::other), 102U);
}

TEST(Disconnects, KnowsEachCodeOnce) {
    const std::set<std::uint16_t> unique(Disconnects::codes.begin(), Disconnects::codes.end());

    EXPECT_EQ(unique.size(), Disconnects::codes.size());
}

// A switch without a default, so that the compiler asks for a new code here, and this test for it
// there.
bool is_ours(std::uint16_t code) {
    switch (static_cast<CloseCode>(code)) {
        case CloseCode::Normal:
        case CloseCode::UnsupportedData:
        case CloseCode::PolicyViolation:
        case CloseCode::MessageTooBig:
        case CloseCode::InvalidToken:
        case CloseCode::ProtocolError:
        case CloseCode::Forbidden:
        case CloseCode::UserConnections:
        case CloseCode::OverCapacity:
        case CloseCode::TooSlow:
        case CloseCode::RateLimited:
        case CloseCode::Internal:
        case CloseCode::Shutdown:
        case CloseCode::NoPong:
        case CloseCode::TokenExpired:
        case CloseCode::StateReset:
        case CloseCode::NoHello:
            return true;
    }
    return false;
}

TEST(Disconnects, KnowsEveryCodeThatWeCloseWith) {
    for (std::uint16_t code = 1000; code < 5000; ++code) {
        if (!is_ours(code)) continue;
        Disconnects disconnects;
        disconnects.count(code);
        EXPECT_EQ(counted_as(disconnects, code), 1U) << code;
    }
}

}  // namespace
}  // namespace rtbridge
