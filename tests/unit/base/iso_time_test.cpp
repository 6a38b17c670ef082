#include "base/iso_time.h"

#include <gtest/gtest.h>

namespace rtbridge {
namespace {

TEST(IsoTime, IsUtcWithMillisecondsWhateverTheYear) {
    const struct {
        std::int64_t unix_ms;
        const char* text;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {1'700'000'000'000, "2023-11-14T22:13:20.000Z"},
        {1'709'164'800'007, "2024-02-29T00:00:00.007Z"},
        {1'735'689'599'999, "2024-12-31T23:59:59.999Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {-62'135'596'800'000, "0001-01-01T00:00:00.000Z"},
        {253'402'300'800'000, "10000-01-01T00:00:00.000Z"},
    };
    for (const auto& c : cases) {
        std::string text;
        append_iso_time(text, c.unix_ms);
        EXPECT_EQ(text, c.text);
    }
}

TEST(IsoTime, IsReadWithAnyOffsetAndFraction) {
    const struct {
        const char* text;
        std::int64_t unix_ms;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2023-11-14T22:13:20.000Z", 1'700'000'000'000},
        {"2023-11-14t22:13:20.1z", 1'700'000'000'100},
        {"2023-11-14 23:13:20.1239999+01:00", 1'700'000'000'123},
        {"2023-11-14T16:43:20-05:30", 1'700'000'000'000},
        {"2024-02-29T00:00:00.007Z", 1'709'164'800'007},
        {"2016-12-31T23:59:60Z", 1'483'228'800'000},
        {"0001-01-01T00:00:00Z", -62'135'596'800'000},
    };
    for (const auto& c : cases) EXPECT_EQ(read_iso_time(c.text), c.unix_ms) << c.text;
}

TEST(IsoTime, IsNotReadWhereItIsNone) {
    for (const char* text : {"",
                             "now",
                             "2023-11-14",
                             "2023-11-14T22:13:20",
                             "2023-11-14T22:13Z",
                             "2023-02-29T00:00:00Z",
                             "2023-13-01T00:00:00Z",
                             "2023-00-01T00:00:00Z",
                             "2023-11-14T24:00:00Z",
                             "2023-11-14T22:60:00Z",
                             "2023-11-14T22:13:61Z",
                             "2023-11-14T22:13:20.Z",
                             "2023-11-14T22:13:20+1:00",
                             "2023-11-14T22:13:20+24:00",
                             "2023-11-14T22:13:20Zx",
                             "2023-11-14T22:13:20+01:00Z",
                             "23-11-14T22:13:20Z",
                             "2023/11/14T22:13:20Z",
                             "-2023-11-14T22:13:20Z",
                             "2023-11-1aT22:13:20Z"}) {
        EXPECT_EQ(read_iso_time(text), std::nullopt) << text;
    }
}

}  // namespace
}  // namespace rtbridge
