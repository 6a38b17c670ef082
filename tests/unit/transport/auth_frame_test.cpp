#include "transport/auth_frame.h"

#include <gtest/gtest.h>

namespace rtbridge {
namespace {

TEST(AuthFrame, BringsAToken) {
    const auto with_id = read_auth_frame(R"({"id":7,"op":"auth","token":"abc"})");
    ASSERT_TRUE(with_id);
    EXPECT_EQ(with_id->id, 7U);
    EXPECT_EQ(with_id->token, "abc");

    const auto without = read_auth_frame(R"({"op":"auth","token":"abc"})");
    ASSERT_TRUE(without);
    EXPECT_FALSE(without->id);
}

TEST(AuthFrame, AnythingElseIsNoSuchRequest) {
    for (const char* text :
         {"", "hello", "[]", "{}", R"({"op":"sub","token":"a"})", R"({"op":"auth"})",
          R"({"op":"auth","token":7})", R"({"op":"auth","token":"a","id":-1})",
          R"({"op":"auth","token":"a","id":4294967296})", R"({"op":"auth","token":"a"}x)"}) {
        EXPECT_FALSE(read_auth_frame(text)) << text;
    }
}

TEST(AuthFrame, AnswersEchoTheNumberOfTheRequest) {
    EXPECT_EQ(auth_accepted(7, 3600), R"({"re":7,"ok":{"ttl":3600}})");
    EXPECT_EQ(auth_accepted(std::nullopt, std::nullopt), R"({"ok":{"ttl":null}})");
}

}  // namespace
}  // namespace rtbridge
