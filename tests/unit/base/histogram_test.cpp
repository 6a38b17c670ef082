#include "base/histogram.h"

#include <gtest/gtest.h>

#include "base/stopwatch.h"
#include "fakes/fake_clock.h"

namespace rtbridge {
namespace {

using namespace std::chrono_literals;

std::size_t bucket_of(std::chrono::nanoseconds value) {
    Histogram histogram;
    histogram.record(value);
    const Histogram::Reading reading = histogram.read();
    for (std::size_t i = 0; i < reading.counts.size(); ++i) {
        if (reading.counts.at(i) == 1) return i;
    }
    return reading.counts.size();
}

TEST(Histogram, HasBoundsInStepsOfOneTwoFive) {
    EXPECT_EQ(Histogram::bounds.at(0), 500ns);
    EXPECT_EQ(Histogram::bounds.at(1), 1us);
    EXPECT_EQ(Histogram::bounds.at(2), 2us);
    EXPECT_EQ(Histogram::bounds.at(3), 5us);
    EXPECT_EQ(Histogram::bounds.at(4), 10us);
    EXPECT_EQ(Histogram::bounds.back(), 10s);
}

TEST(Histogram, CountsAValueInTheFirstBucketWhoseBoundIsNotBelowIt) {
    const struct {
        std::chrono::nanoseconds value;
        std::size_t bucket;
    } cases[] = {
        {-5ns, 0}, {0ns, 0},     {500ns, 0}, {501ns, 1},
        {1us, 1},  {1'001ns, 2}, {10s, 22},  {10s + 1ns, 23},  // beyond the last bound
        {1h, 23},
    };
    for (const auto& c : cases) EXPECT_EQ(bucket_of(c.value), c.bucket) << c.value.count();
}

TEST(Histogram, SumsWhatItCounts) {
    Histogram histogram;
    histogram.record(3us);
    histogram.record(4us);
    histogram.record(-1us);

    EXPECT_EQ(histogram.read().count(), 3U);
    EXPECT_EQ(histogram.read().sum, 7us);
}

TEST(Histogram, EstimatesQuantilesWithinABucket) {
    Histogram histogram;
    for (int i = 0; i < 100; ++i) histogram.record(15us);  // bucket of 10 to 20 us
    const Histogram::Reading reading = histogram.read();

    EXPECT_EQ(reading.quantile(0.5), 15us);
    EXPECT_EQ(reading.quantile(0.9), 19us);
    EXPECT_EQ(reading.quantile(1.0), 20us);
}

TEST(Histogram, SkipsEmptyBucketsForAQuantile) {
    Histogram histogram;
    for (int i = 0; i < 99; ++i) histogram.record(1us);
    histogram.record(1ms);

    EXPECT_LE(histogram.read().quantile(0.99), 1us);
    EXPECT_EQ(histogram.read().quantile(1.0), 1ms);
}

TEST(Histogram, KnowsNoQuantileOfNothing) {
    EXPECT_EQ(Histogram().read().quantile(0.5), std::nullopt);
}

TEST(Histogram, TakesWhatIsBeyondTheLastBoundForThatBound) {
    Histogram histogram;
    histogram.record(1h);

    EXPECT_EQ(histogram.read().quantile(0.5), 10s);
}

TEST(Histogram, AddsReadings) {
    Histogram one;
    Histogram other;
    one.record(1us);
    other.record(1us);
    other.record(1s);

    Histogram::Reading both = one.read();
    both += other.read();

    EXPECT_EQ(both.count(), 3U);
    EXPECT_EQ(both.counts.at(1), 2U);
    EXPECT_EQ(both.sum, 1s + 2us);
}

TEST(Stopwatch, RecordsHowLongItsScopeTookUnlessToldNotTo) {
    FakeClock clock;
    Histogram histogram;
    {
        const Stopwatch watch(&histogram, clock);
        const Stopwatch idle(nullptr, clock);
        clock.advance(20ms);
    }
    EXPECT_EQ(histogram.read().count(), 1U);
    EXPECT_EQ(histogram.read().sum, 20ms);
}

}  // namespace
}  // namespace rtbridge
