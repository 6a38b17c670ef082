#include "transport/metrics_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "transport/api_fixture.h"
#include "transport/prometheus_checker.h"

namespace rtbridge {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::IsEmpty;
using testing::Key;
using testing::Not;

class MetricsTextTest : public ApiTest {
protected:
    CheckedMetrics read() {
        const HttpReply reply = get("/metrics");
        EXPECT_EQ(reply.status, 200);
        EXPECT_EQ(reply.content_type, "text/plain; version=0.0.4; charset=utf-8");
        CheckedMetrics checked = check_metrics(reply.body);
        EXPECT_THAT(checked.mistakes, IsEmpty());
        return checked;
    }
    RuleStatistics& add_rule(const std::string& name) {
        RuleConfig rule;
        rule.name.value = name;
        auto statistics = std::make_shared<RuleStatistics>();
        RuleStatistics& kept = *statistics;
        config.rules.push_back({rule, "", std::move(statistics)});
        return kept;
    }
};

// That none is forgotten is checked where the table stands, when it is compiled.
TEST_F(MetricsTextTest, ShowEveryCounterUnderANameOfItsOwn) {
    static_assert(sizeof(Counters) % sizeof(Counter) == 0);
    constexpr std::size_t count = sizeof(Counters) / sizeof(Counter);
    metrics.messages_in.add(1001);
    metrics.listener_errors.add(1002);

    const CheckedMetrics checked = read();
    std::size_t plain_counters = 0;
    std::multiset<double> values;
    for (const auto& [series, value] : checked.samples) {
        plain_counters += series.starts_with("rtbridge_") && series.ends_with("_total") ? 1 : 0;
        values.insert(value);
    }

    EXPECT_EQ(plain_counters, count);
    EXPECT_EQ(values.count(1001), 1U);
    EXPECT_EQ(values.count(1002), 1U);
}

TEST_F(MetricsTextTest, ShowEveryLimitAndEveryReasonOfAGap) {
    metrics.hit(Limit::Mailbox, 3);
    metrics.gap(GapReason::Overload).add(4);

    const CheckedMetrics checked = read();

    for (const std::string_view name : limit_names) {
        EXPECT_THAT(checked.samples,
                    Contains(Key("rtbridge_limit_hits_total{name=\"" + std::string(name) + "\"}")));
    }
    EXPECT_EQ(checked.samples.at("rtbridge_limit_hits_total{name=\"mailbox\"}"), 3);
    EXPECT_EQ(checked.samples.at("rtbridge_gaps_total{reason=\"overload\"}"), 4);
    EXPECT_EQ(checked.samples.at("rtbridge_gaps_total{reason=\"slow\"}"), 0);
    EXPECT_EQ(checked.samples.at("rtbridge_gaps_total{reason=\"too_large\"}"), 0);
}

TEST_F(MetricsTextTest, ShowDisconnectsByCodeWithAFixedSetOfCodes) {
    metrics.disconnects.count(4101);
    metrics.disconnects.count(4999);
    metrics.disconnects.count(3000);

    const CheckedMetrics checked = read();

    EXPECT_EQ(checked.samples.at("rtbridge_disconnects_total{code=\"4101\"}"), 1);
    EXPECT_EQ(checked.samples.at("rtbridge_disconnects_total{code=\"1006\"}"), 0);
    EXPECT_EQ(checked.samples.at("rtbridge_disconnects_total{code=\"other\"}"), 2);
    EXPECT_THAT(checked.samples, Not(Contains(Key("rtbridge_disconnects_total{code=\"4999\"}"))));
}

TEST_F(MetricsTextTest, AddUpTheListenersAndTellThemApart) {
    ListenerFigures& own = sessions.figures();
    ListenerFigures& other = metrics.listeners.add();
    own.sent_websocket_bytes.add(10);
    other.sent_websocket_bytes.add(5);
    other.received_http_bytes.add(7);
    other.values.set(3);
    own.publish_to_write.record(std::chrono::microseconds(10));
    other.publish_to_write.record(std::chrono::milliseconds(10));

    const CheckedMetrics checked = read();

    EXPECT_EQ(checked.samples.at("rtbridge_sent_bytes_total{protocol=\"websocket\"}"), 15);
    EXPECT_EQ(checked.samples.at("rtbridge_received_bytes_total{protocol=\"http\"}"), 7);
    EXPECT_EQ(checked.samples.at("rtbridge_values{listener=\"0\"}"), 0);
    EXPECT_EQ(checked.samples.at("rtbridge_values{listener=\"1\"}"), 3);
    EXPECT_EQ(checked.samples.at("rtbridge_mailbox_depth{listener=\"1\"}"), 0);
    EXPECT_EQ(checked.samples.at("rtbridge_publish_to_write_seconds_count"), 2);
}

TEST_F(MetricsTextTest, ShowTheMailboxOfAListener) {
    Mailbox mailbox({});
    is_listener_thread = false;
    assert_on_broker_thread();
    (void)mailbox.push(std::make_shared<const Update>());
    is_listener_thread = true;
    sessions.figures().mailbox = &mailbox;

    EXPECT_EQ(read().samples.at("rtbridge_mailbox_depth{listener=\"0\"}"), 1);
    EXPECT_EQ(json::parse(get("/api/status").body)["listeners"][0]["mailbox"], 1);
}

TEST_F(MetricsTextTest, ShowRulesByName) {
    add_rule("odd \"name\"\\").matched.add(2);

    const CheckedMetrics checked = read();

    EXPECT_EQ(checked.samples.at("rtbridge_rule_matched_total{rule=\"battery\"}"), 0);
    EXPECT_EQ(checked.samples.at(R"(rtbridge_rule_matched_total{rule="odd \"name\"\\"})"), 2);
}

TEST_F(MetricsTextTest, SayWhatRunsAndSinceWhen) {
    metrics.mosquitto_version = "2.0.11";
    config.reload = {false, 1'600'000'000'500, "a mistake"};
    clock.advance(std::chrono::seconds(90));

    const CheckedMetrics checked = read();

    const auto build = std::find_if(
        checked.samples.begin(), checked.samples.end(),
        [](const auto& sample) { return sample.first.starts_with("rtbridge_build_info{"); });
    ASSERT_NE(build, checked.samples.end());
    EXPECT_EQ(build->second, 1);
    EXPECT_THAT(build->first, testing::HasSubstr("mosquitto=\"2.0.11\""));
    EXPECT_EQ(checked.samples.at("rtbridge_uptime_seconds"), 90);
    EXPECT_EQ(checked.samples.at("rtbridge_start_time_seconds"),
              static_cast<double>(clock.unix_ms()) / 1000 - 90);
    EXPECT_EQ(checked.samples.at("rtbridge_reload_ok"), 0);
    EXPECT_EQ(checked.samples.at("rtbridge_reload_time_seconds"), 1'600'000'000.5);
    EXPECT_GT(checked.samples.at("process_resident_memory_bytes"), 0);
    EXPECT_GT(checked.samples.at("process_cpu_seconds_total"), 0);
}

TEST_F(MetricsTextTest, StandInStatusAsWell) {
    metrics.gap(GapReason::TooLarge).add(2);
    metrics.disconnects.count(1001);
    metrics.broker_thread.record(std::chrono::microseconds(15));
    sessions.figures().sent_http_bytes.add(9);

    const json status = json::parse(get("/api/status").body);

    EXPECT_EQ(status["gaps"], (json{{"slow", 0}, {"overload", 0}, {"too_large", 2}}));
    EXPECT_EQ(status["disconnects"], (json{{"1001", 1}}));
    EXPECT_EQ(status["latency"]["broker_thread"],
              (json{{"count", 1}, {"p50_us", 15.0}, {"p90_us", 19.0}, {"p99_us", 19.9}}));
    EXPECT_EQ(status["latency"]["publish_to_write"]["count"], 0);
    EXPECT_EQ(status["latency"]["publish_to_write"]["p99_us"], nullptr);
    EXPECT_EQ(status["bytes"]["sent"]["http"], 9);
    EXPECT_EQ(status["bytes"]["received"]["websocket"], 0);
    EXPECT_EQ(status["queue"], (json{{"bytes", 0}, {"largest_bytes", 0}}));
    EXPECT_EQ(
        status["listeners"],
        (json::array({{{"mailbox", 0}, {"values", 0}, {"values_bytes", 0}, {"history", 0}}})));
}

// Every "expr" in a dashboard file, at any depth.
void collect_expressions(const json& value, std::vector<std::string>& found) {
    if (value.is_object() && value.contains("expr")) found.push_back(value["expr"]);
    if (!value.is_structured()) return;
    for (const json& inner : value) collect_expressions(inner, found);
}

json dashboard() {
    std::ifstream file(RTBRIDGE_CONF_DIR "/grafana/rtbridge.json");
    return json::parse(file);
}

TEST_F(MetricsTextTest, HaveWhatTheGrafanaDashboardShows) {
    std::vector<std::string> expressions;
    collect_expressions(dashboard(), expressions);
    ASSERT_GT(expressions.size(), 20U);
    const CheckedMetrics checked = read();
    std::set<std::string> shown;

    static const std::regex name("(?:rtbridge|process)_[a-z_]+");
    static const std::regex part("_(bucket|sum|count)$");
    for (const std::string& expression : expressions) {
        for (std::sregex_iterator it(expression.begin(), expression.end(), name), end; it != end;
             ++it) {
            std::string family = it->str();
            if (!checked.families.contains(family)) {
                family = std::regex_replace(family, part, "");
                EXPECT_EQ(checked.families.contains(family) ? checked.families.at(family) : "none",
                          "histogram")
                    << expression;
            }
            shown.insert(family);
        }
    }

    for (const auto& [family, type] : checked.families) {
        EXPECT_THAT(shown, Contains(family)) << "is on no panel";
    }
}

TEST_F(MetricsTextTest, HaveADashboardThatGrafanaCanImport) {
    const json file = dashboard();

    EXPECT_GE(file["schemaVersion"], 36);
    EXPECT_EQ(file["templating"]["list"][0]["type"], "datasource");
    EXPECT_EQ(file["templating"]["list"][0]["query"], "prometheus");
    EXPECT_TRUE(file["id"].is_null());
    std::set<int> ids;
    for (const json& panel : file["panels"]) {
        EXPECT_TRUE(ids.insert(panel["id"].get<int>()).second) << panel["title"];
        const json& place = panel["gridPos"];
        EXPECT_LE(place["x"].get<int>() + place["w"].get<int>(), 24) << panel["title"];
        if (panel["type"] == "row") continue;
        EXPECT_EQ(panel["datasource"]["uid"], "${datasource}") << panel["title"];
        EXPECT_FALSE(panel["description"].get<std::string>().empty()) << panel["title"];
    }
}

}  // namespace
}  // namespace rtbridge
