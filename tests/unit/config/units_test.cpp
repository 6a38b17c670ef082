#include "config/units.h"

#include <gtest/gtest.h>

namespace rtbridge {
namespace {

using std::chrono::milliseconds;

TEST(Units, ADurationIsAWholeNumberAndAUnit) {
    const struct {
        std::string_view text;
        std::int64_t ms;
    } cases[] = {
        {"250ms", 250},    {"5s", 5'000}, {"2m", 120'000},
        {"1h", 3'600'000}, {"0s", 0},     {"007s", 7'000},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(parse_duration(c.text), milliseconds(c.ms)) << c.text;
    }
}

TEST(Units, ASizeIsAWholeNumberAndAUnitOf1024Or1000) {
    const struct {
        std::string_view text;
        std::uint64_t bytes;
    } cases[] = {
        {"512B", 512},    {"64KiB", 65'536},  {"1MiB", 1'048'576},    {"1GiB", 1'073'741'824},
        {"64KB", 64'000}, {"1MB", 1'000'000}, {"2GB", 2'000'000'000}, {"0B", 0},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(parse_size(c.text), c.bytes) << c.text;
    }
}

TEST(Units, RefuseEverythingElse) {
    const std::string_view cases[] = {
        "",
        "5",
        "s",
        "5 s",
        " 5s",
        "5s ",
        "-5s",
        "+5s",
        "1.5s",
        "5S",
        "5ss",
        "5sec",
        "1d",
        "KiB",
        "5kib",
        "5K",
        "5Mib",
        "-1B",
        "0x5B",
        "1 MiB",
        // More than fits
        "99999999999999999999s",
        "18446744073709551615h",
        "18446744073709551615GiB",
    };
    for (const std::string_view text : cases) {
        EXPECT_FALSE(parse_duration(text)) << text;
        EXPECT_FALSE(parse_size(text)) << text;
    }
    EXPECT_FALSE(parse_duration("5B"));
    EXPECT_FALSE(parse_size("5s"));
}

TEST(Units, AreWrittenAsTheyAreRead) {
    for (const std::int64_t ms : {0, 1, 999, 1'000, 1'500, 60'000, 90'000, 3'600'000, 86'400'000}) {
        EXPECT_EQ(parse_duration(format_duration(milliseconds(ms))), milliseconds(ms));
    }
    for (const std::uint64_t bytes : {0U, 1U, 1'000U, 1'024U, 1'536U, 1'048'576U, 1'000'000U}) {
        EXPECT_EQ(parse_size(format_size(bytes)), bytes);
    }
    EXPECT_EQ(format_duration(milliseconds(90'000)), "90s");
    EXPECT_EQ(format_size(65'536), "64KiB");
}

TEST(Units, ARateIsANumberAndATime) {
    const struct {
        std::string_view text;
        std::uint32_t updates;
        std::int64_t per_ms;
        const char* formatted;
    } cases[] = {
        {"10/s", 10, 1'000, "10/s"},     {"1000/s", 1'000, 1'000, "1000/s"},
        {"30/m", 30, 60'000, "30/m"},    {"30/min", 30, 60'000, "30/m"},
        {"1/10s", 1, 10'000, "1/10s"},   {"1/24h", 1, 86'400'000, "1/24h"},
        {"2/500ms", 2, 500, "2/500ms"},  {"1/5min", 1, 300'000, "1/5m"},
        {"60/h", 60, 3'600'000, "60/h"},
    };
    for (const auto& c : cases) {
        const std::optional<RateConfig> rate = parse_rate(c.text);
        ASSERT_TRUE(rate) << c.text;
        EXPECT_EQ(rate->updates, c.updates) << c.text;
        EXPECT_EQ(rate->per, milliseconds(c.per_ms)) << c.text;
        EXPECT_EQ(format_rate(*rate), c.formatted);
    }
}

TEST(Units, NothingElseIsARate) {
    for (const std::string_view text :
         {"", "10", "/s", "10/", "0/s", "-1/s", "1.5/s", "10 /s", "10/ s", "10/sec", "10/0s",
          "1001/s", "1/25h", "4294967296/s", "10/s/s", "1/min1", "1/0min"}) {
        EXPECT_FALSE(parse_rate(text)) << text;
    }
}

}  // namespace
}  // namespace rtbridge
