#include "base/trimmed.h"

#include <gtest/gtest.h>

namespace rtbridge {
namespace {

TEST(Trimmed, TakesBlanksOffBothEndsAndNoneFromWithin) {
    EXPECT_EQ(trimmed(" \ta b\t "), "a b");
    EXPECT_EQ(trimmed("a"), "a");
    EXPECT_EQ(trimmed(" \t "), "");
    EXPECT_EQ(trimmed(""), "");
    EXPECT_EQ(trimmed("\na\n"), "\na\n");
    EXPECT_EQ(trimmed("\n [1]\r", json_blanks), "[1]");
}

}  // namespace
}  // namespace rtbridge
