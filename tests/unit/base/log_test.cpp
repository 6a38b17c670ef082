#include "base/log.h"

#include <gtest/gtest.h>

namespace rtbridge {
namespace {

TEST(Log, ControlCharactersCannotForgeALine) {
    EXPECT_EQ(escape_control("a\nb\r\x1b[31m\x7f"), "a\\x0ab\\x0d\\x1b[31m\\x7f");
    EXPECT_EQ(escape_control(std::string_view("\0", 1)), "\\x00");
}

TEST(Log, TextStaysAsItIs) {
    EXPECT_EQ(escape_control("\"grün\" \\ 50 %"), "\"grün\" \\ 50 %");
}

}  // namespace
}  // namespace rtbridge
