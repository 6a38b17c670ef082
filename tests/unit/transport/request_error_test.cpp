#include "transport/request_error.h"

#include <gtest/gtest.h>

namespace rtbridge {
namespace {

TEST(RequestError, IsAnsweredToTheNumberOfTheRequest) {
    EXPECT_EQ(error_reply(7, {ErrorCode::Forbidden, "no \"a\""}),
              R"({"re":7,"err":{"code":"forbidden","n":103,"msg":"no \"a\"","retry":false}})");
    EXPECT_EQ(error_reply(std::nullopt, {ErrorCode::Unavailable, "later", true}),
              R"({"err":{"code":"unavailable","n":108,"msg":"later","retry":true}})");
}

TEST(RequestError, OfALimitHasItsFigures) {
    RequestError limit{ErrorCode::Limit, "m"};
    limit.which = "subscriptions";
    limit.value = 4;
    limit.maximum = 3;
    EXPECT_EQ(error_reply(7, limit),
              R"({"re":7,"err":{"code":"limit","n":106,"msg":"m","retry":false,)"
              R"("which":"subscriptions","value":4,"maximum":3}})");

    RequestError rate{ErrorCode::Rate, "m", true};
    rate.after_ms = 5;
    EXPECT_EQ(error_reply(7, rate),
              R"({"re":7,"err":{"code":"rate","n":111,"msg":"m","retry":true,"after":5}})");
}

}  // namespace
}  // namespace rtbridge
