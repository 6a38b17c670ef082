#include "handoff/outbox.h"

#include <gtest/gtest.h>

namespace rtbridge {
namespace {

TEST(Outbox, GivesLinesInOrderAndOnce) {
    assert_on_broker_thread();
    Metrics metrics;
    Outbox outbox(metrics);
    outbox.write(LogLevel::Warning, "first");
    outbox.write(LogLevel::Info, "second");

    const std::vector<LogLine> lines = outbox.drain();

    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0].level, LogLevel::Warning);
    EXPECT_EQ(lines[0].text, "first");
    EXPECT_EQ(lines[1].text, "second");
    EXPECT_TRUE(outbox.drain().empty());
}

TEST(Outbox, DropsAndCountsWhatIsTooMuch) {
    assert_on_broker_thread();
    Metrics metrics;
    Outbox outbox(metrics);

    for (std::size_t i = 0; i < Outbox::log_lines_max + 7; ++i)
        outbox.write(LogLevel::Info, "line");

    EXPECT_EQ(outbox.drain().size(), Outbox::log_lines_max);
    EXPECT_EQ(metrics.limits.at(static_cast<std::size_t>(Limit::LogLines)).value(), 7U);
}

}  // namespace
}  // namespace rtbridge
