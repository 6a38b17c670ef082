#include "base/log_limiter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace rtbridge {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

class Lines final : public LogSink {
public:
    void write(LogLevel /*level*/, std::string_view line) override { lines.emplace_back(line); }
    std::vector<std::string> lines;
};

constexpr SteadyTime start{std::chrono::hours(1)};

TEST(LogLimiter, WritesALineOnceAndThenHowOftenItCameAgain) {
    Lines log;
    LogLimiter limiter(log);

    for (int i = 0; i < 4; ++i) limiter.write(LogLevel::Notice, "denied", start);
    limiter.write(LogLevel::Notice, "other", start);
    EXPECT_THAT(log.lines, ElementsAre("denied", "other"));

    limiter.sweep(start + seconds(10));
    EXPECT_THAT(log.lines, ElementsAre("denied", "other", "denied (and 3 more)"));
}

TEST(LogLimiter, WritesTheSameLineAgainInTheNextPeriod) {
    Lines log;
    LogLimiter limiter(log);
    limiter.write(LogLevel::Notice, "denied", start);
    limiter.write(LogLevel::Notice, "denied", start + seconds(9));

    limiter.write(LogLevel::Notice, "denied", start + seconds(11));

    EXPECT_THAT(log.lines, ElementsAre("denied", "denied (and 1 more)", "denied"));
}

TEST(LogLimiter, ASweepWithNothingToTellIsSilent) {
    Lines log;
    LogLimiter limiter(log);
    limiter.write(LogLevel::Notice, "denied", start);
    log.lines.clear();

    for (int s = 0; s < 30; ++s) limiter.sweep(start + seconds(s));

    EXPECT_THAT(log.lines, IsEmpty());
}

TEST(LogLimiter, OfFurtherDifferentLinesOnlyTheNumberIsTold) {
    Lines log;
    LogLimiter limiter(log);
    const int lines = static_cast<int>(LogLimiter::lines_max) + 5;

    for (int i = 0; i < lines; ++i) limiter.write(LogLevel::Notice, std::to_string(i), start);
    EXPECT_EQ(log.lines.size(), LogLimiter::lines_max);

    log.lines.clear();
    limiter.sweep(start + seconds(10));
    EXPECT_THAT(log.lines, ElementsAre("rtbridge: and 5 other lines like these"));
}

}  // namespace
}  // namespace rtbridge
