#include "transport/goodbye.h"

#include <gtest/gtest.h>

namespace rtbridge {
namespace {

using std::chrono::milliseconds;

TEST(Goodbye, WhoMayComeBackIsToldWhen) {
    EXPECT_EQ(goodbye(CloseCode::Shutdown, "shutdown",
                      RetryWindow{milliseconds(500), milliseconds(12'000)}),
              R"({"op":"bye","code":4200,"why":"shutdown","retry":{"min":500,"max":12000}})");
    EXPECT_EQ(goodbye(CloseCode::Forbidden, "no \"x\"", std::nullopt),
              R"({"op":"bye","code":4003,"why":"no \"x\""})");
}

TEST(Goodbye, OnlyThe41And42CodesInviteBack) {
    for (const CloseCode code :
         {CloseCode::PolicyViolation, CloseCode::MessageTooBig, CloseCode::InvalidToken,
          CloseCode::ProtocolError, CloseCode::Forbidden, CloseCode::UserConnections}) {
        EXPECT_FALSE(retry_window(code, 1, 0.5));
    }
    for (const CloseCode code :
         {CloseCode::OverCapacity, CloseCode::TooSlow, CloseCode::RateLimited, CloseCode::Shutdown,
          CloseCode::NoPong, CloseCode::TokenExpired, CloseCode::NoHello}) {
        EXPECT_TRUE(retry_window(code, 1, 0.5));
    }
}

TEST(Goodbye, TheMoreGoTogetherTheLongerTheyTakeToComeBack) {
    const auto few = retry_window(CloseCode::Shutdown, 1, 0);
    const auto some = retry_window(CloseCode::Shutdown, 3'000, 0);
    const auto many = retry_window(CloseCode::Shutdown, 1'000'000, 1);

    EXPECT_EQ(few->min, milliseconds(500));
    EXPECT_EQ(few->max, milliseconds(1'500));
    EXPECT_EQ(some->max, milliseconds(10'500));
    EXPECT_EQ(many->min, milliseconds(2'000));
    EXPECT_EQ(many->max, milliseconds(32'000));
}

}  // namespace
}  // namespace rtbridge
