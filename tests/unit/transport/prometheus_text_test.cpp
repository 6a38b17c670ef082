#include "transport/prometheus_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "transport/prometheus_checker.h"

namespace rtbridge {
namespace {

using Type = PrometheusText::Type;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(PrometheusText, WritesAFamilyWithItsSamples) {
    PrometheusText out;
    out.family("a_total", Type::Counter, "What it is.");
    out.sample(7);
    out.family("b", Type::Gauge, "Another.");
    out.sample({{"x", "1"}, {"y", "z"}}, 18'446'744'073'709'551'615U);

    EXPECT_EQ(out.take(),
              "# HELP a_total What it is.\n# TYPE a_total counter\na_total 7\n"
              "# HELP b Another.\n# TYPE b gauge\nb{x=\"1\",y=\"z\"} 18446744073709551615\n");
}

TEST(PrometheusText, EscapesWhateverALabelHolds) {
    PrometheusText out;
    out.family("a", Type::Gauge, "What it is.");
    out.sample({{"x", "say \"hi\"\\\nbye, {}=ä"}}, 1);

    const std::string text = out.take();

    EXPECT_THAT(text, HasSubstr("a{x=\"say \\\"hi\\\"\\\\\\nbye, {}=ä\"} 1\n"));
    EXPECT_THAT(check_metrics(text).mistakes, IsEmpty());
}

TEST(PrometheusText, WritesFractionsAsShortAsTheyCanBe) {
    const struct {
        double value;
        std::string_view text;
    } cases[] = {{0, "0"}, {1.5, "1.5"}, {0.1, "0.1"}, {1e-9, "1e-09"}, {1'700'000'000, "1.7e+09"}};
    for (const auto& c : cases) {
        PrometheusText out;
        out.family("a", Type::Gauge, "What it is.");
        out.fraction(c.value);
        EXPECT_THAT(out.take(), HasSubstr("a " + std::string(c.text) + "\n"));
    }
}

TEST(PrometheusText, WritesHistogramsInSecondsAndCumulative) {
    Histogram histogram;
    histogram.record(std::chrono::microseconds(3));
    histogram.record(std::chrono::milliseconds(3));
    histogram.record(std::chrono::minutes(1));
    PrometheusText out;
    out.family("a_seconds", Type::Histogram, "What it is.");
    out.histogram(histogram.read());

    const std::string text = out.take();
    CheckedMetrics checked = check_metrics(text);

    EXPECT_THAT(checked.mistakes, IsEmpty());
    EXPECT_EQ(checked.samples["a_seconds_bucket{le=\"2e-06\"}"], 0);
    EXPECT_EQ(checked.samples["a_seconds_bucket{le=\"5e-06\"}"], 1);
    EXPECT_EQ(checked.samples["a_seconds_bucket{le=\"0.005\"}"], 2);
    EXPECT_EQ(checked.samples["a_seconds_bucket{le=\"10\"}"], 2);
    EXPECT_EQ(checked.samples["a_seconds_bucket{le=\"+Inf\"}"], 3);
    EXPECT_EQ(checked.samples["a_seconds_count"], 3);
    EXPECT_DOUBLE_EQ(checked.samples["a_seconds_sum"], 60.003003);
}

TEST(PrometheusChecker, FindsWhatIsWrong) {
    const std::string good = "# HELP a What.\n# TYPE a gauge\n";
    const std::string counter = "# HELP a_total What.\n# TYPE a_total counter\n";
    const std::string histogram = "# HELP h What.\n# TYPE h histogram\n";
    ASSERT_THAT(check_metrics(good + "a 1\na{x=\"\"} 2\n").mistakes, IsEmpty());
    const std::string cases[] = {
        "",
        good + "a 1",         // no line end
        good + "b 1\n",       // of another family
        good + "a 1\na 2\n",  // twice
        good + "a{x=\"1\"} 1\na{x=\"1\"} 2\n",
        good + good,
        good + "a{} 1\n",
        good + "a{x=1} 1\n",
        good + "a{x=\"1\",} 1\n",
        good + "a{x=\"1\",x=\"2\"} 1\n",
        good + "a{x=\"a\"b\"} 1\n",
        good + "a{x=\"\\d\"} 1\n",
        good + "a{1x=\"\"} 1\n",
        good + "a one\n",
        good + "a nan\n",
        good + "a  1\n",
        good + "\n",
        "a 1\n",  // no TYPE
        "# HELP a What.\na 1\n",
        "# HELP a What.\n# TYPE b gauge\n",
        "# HELP a What.\n# TYPE a meter\n",
        "# HELP a What.\n# TYPE a counter\n",  // not _total
        "# HELP a_total What.\n# TYPE a_total gauge\n",
        counter + "a_total -1\n",
        histogram,
        histogram + "h_bucket{le=\"1\"} 1\nh_sum 1\nh_count 1\n",  // no +Inf
        histogram + "h_bucket{le=\"+Inf\"} 1\nh_count 1\n",
        histogram + "h_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 2\n",
        histogram + "h_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n",
        histogram +
            "h_bucket{le=\"2\"} 1\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 1\n"
            "h_sum 1\nh_count 1\n",
    };
    for (const std::string& text : cases) {
        EXPECT_THAT(check_metrics(text).mistakes, Not(IsEmpty())) << text;
    }
}

}  // namespace
}  // namespace rtbridge
