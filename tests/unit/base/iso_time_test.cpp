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

}  // namespace
}  // namespace rtbridge
