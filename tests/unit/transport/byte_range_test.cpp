#include "transport/byte_range.h"

#include <gtest/gtest.h>

namespace rtbridge {
namespace {

TEST(ByteRange, ReadsOneRange) {
    const struct {
        std::string_view header;
        ByteRange range;
    } cases[] = {
        {"bytes=0-0", {0, 1}},           {"bytes=0-499", {0, 500}},
        {"bytes=500-999", {500, 1000}},  {"bytes=500-", {500, 1000}},
        {"bytes=0-", {0, 1000}},         {"bytes=-1", {999, 1000}},
        {"bytes=-1000", {0, 1000}},      {"bytes=-5000", {0, 1000}},  // RFC 9110, 14.1.2: the whole
        {"bytes=990-5000", {990, 1000}}, {"bytes=0-99999999999999999999999", {0, 1000}},
        {"Bytes= 1-2 ", {1, 3}},
    };
    for (const auto& c : cases) {
        const auto range = read_range(c.header, 1000);
        ASSERT_TRUE(std::holds_alternative<ByteRange>(range)) << c.header;
        EXPECT_EQ(std::get<ByteRange>(range), c.range) << c.header;
    }
}

TEST(ByteRange, WhatBeginsBehindTheEndCannotBeSatisfied) {
    for (const char* header :
         {"bytes=1000-", "bytes=1000-1001", "bytes=-0", "bytes=99999999999999999999999-"}) {
        EXPECT_TRUE(std::holds_alternative<UnsatisfiableRange>(read_range(header, 1000))) << header;
    }
    for (const char* header : {"bytes=0-", "bytes=-1", "bytes=0-0"}) {
        EXPECT_TRUE(std::holds_alternative<UnsatisfiableRange>(read_range(header, 0))) << header;
    }
}

TEST(ByteRange, WhatIsNoRangeOrSeveralMeansTheWhole) {
    for (const char* header :
         {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-4", "bytes=0-1,5-6", "bytes=0-1,",
          "bytes=0x0-1", "bytes=+1-2", "bytes=1 - 2", "bytes=--1", "items=0-1", "bytes=1-2-3",
          "bytes 0-1"}) {
        EXPECT_TRUE(std::holds_alternative<WholeBody>(read_range(header, 1000))) << header;
    }
}

}  // namespace
}  // namespace rtbridge
