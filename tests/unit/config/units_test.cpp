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

}  // namespace
}  // namespace rtbridge
