#include "base/seeded_hash.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace rtbridge {
namespace {

constexpr std::uint64_t first = 0x243F6A8885A308D3U;
constexpr std::uint64_t second = 0x13198A2E03707344U;

TEST(SeededHash, EqualTextsHashAlikeWithinAProcess) {
    EXPECT_EQ(SeededHash()("plant"), SeededHash()(std::string("plant")));
    EXPECT_EQ(SeededHash()(7, "plant"), SeededHash()(7, "plant"));
}

TEST(SeededHash, OtherTextsNumbersAndSeedsHashOtherwise) {
    const SeededHash hash(first, second);
    std::set<std::uint64_t> seen;
    std::size_t count = 0;
    // Every length around the borders of its blocks, each with one byte changed at each place.
    for (std::size_t length = 0; length <= 40; ++length) {
        const std::string text(length, 'x');
        seen.insert(hash(0, text));
        seen.insert(hash(1, text));
        seen.insert(SeededHash(first, second + 1)(0, text));
        seen.insert(SeededHash(first + 1, second)(0, text));
        count += 4;
        for (std::size_t at = 0; at < length; ++at, ++count) {
            std::string changed = text;
            changed[at] = 'y';
            seen.insert(hash(0, changed));
        }
    }

    EXPECT_EQ(seen.size(), count);
}

TEST(SeededHash, ZeroBytesCountToo) {
    const SeededHash hash(first, second);

    EXPECT_NE(hash(std::string_view("\0", 1)), hash(std::string_view("\0\0", 2)));
    EXPECT_NE(hash(std::string_view("\0", 1)), hash(""));
}

TEST(SeededHash, SpreadsNumberedNamesOverTheLowBits) {
    const SeededHash hash;
    constexpr std::size_t buckets = 256;
    std::size_t hits[buckets] = {};

    for (int i = 0; i < 25'600; ++i) ++hits[hash("device-" + std::to_string(i)) % buckets];

    for (const std::size_t hit : hits) {  // 100 each on average; 10 standard deviations
        EXPECT_GT(hit, 20U);
        EXPECT_LT(hit, 200U);
    }
}

}  // namespace
}  // namespace rtbridge
