#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "rule_test_config.h"
#include "rules/battery_memory.h"

// What `battery` of a rule adds beside the state.

namespace rtbridge {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;

BatteryConfig adding(std::initializer_list<BatteryValue> values) {
    BatteryConfig battery;
    battery.power = "p";
    battery.percent = "soc";
    battery.add = values;
    return battery;
}

// What browsers get; without an update nothing.
json told(Rules& rules, std::string_view payload) {
    const Outcome outcome = rules.apply("battery/1", payload);
    return outcome.updates.size() == 1 && outcome.invalid == 0
               ? json::parse(outcome.updates.front().payload)
               : json();
}

Rules rules_of(const BatteryConfig& battery, std::vector<FieldConfig> fields = {}) {
    RuleConfig rule = plain_rule("b", {"battery/#"});
    rule.battery = battery;
    rule.fields = std::move(fields);
    return Rules({rule});
}

TEST(BatteryValues, PowerComesFromVoltageAndCurrentWhereItIsMissing) {
    BatteryConfig battery = adding({});
    battery.voltage = "dc.v";
    battery.current = "dc.i";
    battery.units.voltage = 0.001;
    battery.idle_below = 10;
    Rules rules = rules_of(battery);
    EXPECT_EQ(told(rules, R"({"dc":{"v":48000,"i":2}})")["state"], "Charging");
    EXPECT_EQ(told(rules, R"({"dc":{"v":48000,"i":-2}})")["state"], "Discharging");
    EXPECT_EQ(told(rules, R"({"dc":{"v":48000,"i":0.2}})")["state"], "Idle");
    EXPECT_EQ(told(rules, R"({"p":-50,"dc":{"v":48000,"i":2}})")["state"], "Discharging");
    EXPECT_TRUE(told(rules, R"({"dc":{"v":48000}})").is_null()) << "invalid";
    EXPECT_TRUE(told(rules, R"({"p":"50","dc":{"v":48000,"i":2}})").is_null()) << "no number";
}

TEST(BatteryValues, RatesAndTimesComeFromTheCapacity) {
    BatteryConfig battery = adding({BatteryValue::CRate, BatteryValue::TimeTo});
    battery.capacity_number = 10;
    battery.units.capacity = 1000;  // kWh
    Rules rules = rules_of(battery);
    EXPECT_EQ(told(rules, R"({"p":5000,"soc":50})"),
              json::parse(R"({"p":5000,"soc":50,"state":"Charging","c_rate":0.5,
                              "time_to_full_s":3600})"));
    EXPECT_EQ(told(rules, R"({"p":-1000,"soc":25})"),
              json::parse(R"({"p":-1000,"soc":25,"state":"Discharging","c_rate":0.1,
                              "time_to_empty_s":9000})"));
    EXPECT_EQ(told(rules, R"({"p":0,"soc":25})"),
              json::parse(R"({"p":0,"soc":25,"state":"Idle","c_rate":0})"));
    EXPECT_EQ(told(rules, R"({"p":-1000})"),
              json::parse(R"({"p":-1000,"state":"Discharging","c_rate":0.1})"));
    EXPECT_FALSE(told(rules, R"({"p":-0.0001,"soc":99})").contains("time_to_empty_s"))
        << "beyond a year";
    EXPECT_EQ(told(rules, R"({"p":1000,"soc":101})")["time_to_full_s"], 0);
}

TEST(BatteryValues, ACapacityInAmpereHoursNeedsTheCurrentOrTheVoltage) {
    BatteryConfig battery = adding({BatteryValue::CRate});
    battery.capacity = "ah";
    battery.capacity_in_ah = true;
    battery.current = "i";
    battery.voltage = "v";
    Rules rules = rules_of(battery);
    EXPECT_EQ(told(rules, R"({"p":480,"ah":100,"i":10})")["c_rate"], 0.1);
    EXPECT_EQ(told(rules, R"({"p":480,"ah":100,"v":48})")["c_rate"], 0.1);
    EXPECT_FALSE(told(rules, R"({"p":480,"ah":100})").contains("c_rate"));
    EXPECT_FALSE(told(rules, R"({"p":480,"ah":0,"i":10})").contains("c_rate"));
    EXPECT_FALSE(told(rules, R"({"p":480,"i":10})").contains("c_rate"));
}

TEST(BatteryValues, UnitsAndSignsAreTheOperators) {
    BatteryConfig battery = adding({BatteryValue::CRate, BatteryValue::TimeTo});
    battery.capacity_number = 10000;
    battery.positive = PowerSign::PositiveIsDischarging;
    battery.units.power = 1000;
    battery.units.percent = 100;
    battery.idle_below = 0.1;  // kW, as the power
    Rules rules = rules_of(battery);
    EXPECT_EQ(told(rules, R"({"p":1,"soc":0.5})"),
              json::parse(R"({"p":1,"soc":0.5,"state":"Discharging","c_rate":0.1,
                              "time_to_empty_s":18000})"));
    EXPECT_EQ(told(rules, R"({"p":0.1,"soc":0.5})")["state"], "Idle");
}

TEST(BatteryValues, SpreadsAreHighestLessLowest) {
    BatteryConfig battery = adding({BatteryValue::CellDelta, BatteryValue::TempSpread});
    battery.cells = {"cells"};
    battery.temperatures = {"t.a", "t.b", "t.missing"};
    Rules rules = rules_of(battery);
    const json both = told(rules, R"({"p":1,"cells":[3.30,3.35,3.31],"t":{"a":20,"b":17.5}})");
    EXPECT_EQ(both["cell_delta_mv"], 50);
    EXPECT_EQ(both["temp_spread_c"], 2.5);
    const json none = told(rules, R"({"p":1,"cells":[3.3,"x",null],"t":{"a":20}})");
    EXPECT_FALSE(none.contains("cell_delta_mv")) << "one number has no spread";
    EXPECT_FALSE(none.contains("temp_spread_c"));
}

TEST(BatteryValues, OfOnePayloadAreTheSameTowardsMqtt) {
    RuleConfig rule = plain_rule("b", {"battery/#"});
    rule.battery = adding({BatteryValue::CRate, BatteryValue::Energy, BatteryValue::Quality});
    rule.battery->capacity_number = 1000;
    rule.battery->hold = std::chrono::seconds(5);
    rule.mqtt = TowardsMqtt::Replace;
    Rules rules({rule});
    EXPECT_EQ(rules.apply("battery/1", R"({"p":100})").replacement,
              R"({"p":100,"state":"Charging","c_rate":0.1})");
    rules.clock.advance(std::chrono::seconds(1));
    const Outcome outcome = rules.apply("battery/1", R"({"p":-100})");
    EXPECT_EQ(outcome.replacement, R"({"p":-100,"state":"Discharging","c_rate":0.1})")
        << "what depends on messages before is not for them";
    EXPECT_EQ(json::parse(outcome.updates.front().payload)["state"], "Charging") << "for 5 s";
}

// Readings of one battery, by the second.
class Readings {
public:
    explicit Readings(BatteryConfig config = {}) : config_(std::move(config)) {}

    const BatteryMemory::Values& at(double second, double power_w, double percent = 50) {
        BatteryReading reading;
        reading.power_w = power_w;
        reading.percent = percent;
        reading.state = power_w > 0   ? BatteryState::Charging
                        : power_w < 0 ? BatteryState::Discharging
                                      : BatteryState::Idle;
        reading.unix_ms = 1'700'000'000'000 + static_cast<std::int64_t>(second * 1000);
        memory_.take(reading, 0, config_);
        return memory_.values();
    }

private:
    BatteryConfig config_;
    BatteryMemory memory_;
};

TEST(BatteryEnergy, IsTheAreaBelowThePower) {
    Readings readings;
    EXPECT_EQ(readings.at(0, 1000).energy_in_wh, 0);
    EXPECT_DOUBLE_EQ(readings.at(36, 2000).energy_in_wh, 15);
    EXPECT_DOUBLE_EQ(readings.at(72, 0).energy_in_wh, 25);
    EXPECT_DOUBLE_EQ(readings.at(108, -1000).energy_out_wh, 5);
    EXPECT_DOUBLE_EQ(readings.at(144, -1000).energy_out_wh, 15);
    EXPECT_DOUBLE_EQ(readings.at(144, -1000).energy_in_wh, 25);
}

TEST(BatteryEnergy, IsSplitWhereThePowerCrossesZero) {
    Readings readings;
    (void)readings.at(0, 3000);
    const BatteryMemory::Values& values = readings.at(36, -1000);
    EXPECT_DOUBLE_EQ(values.energy_in_wh, 11.25);
    EXPECT_DOUBLE_EQ(values.energy_out_wh, 1.25);
}

TEST(BatteryEnergy, IsTheSameWithEachMessageDeliveredTwice) {
    std::uint32_t seed = 7;
    const auto random = [&seed] { return (seed = seed * 1664525 + 1013904223) >> 16; };
    Readings once;
    Readings twice;
    double second = 0;
    for (int i = 0; i < 2000; ++i) {
        second += (random() % 50) / 10.0;
        const double power = static_cast<double>(random() % 4000) - 2000;
        const BatteryMemory::Values a = once.at(second, power);
        (void)twice.at(second, power);
        const BatteryMemory::Values b = twice.at(second, power);
        ASSERT_EQ(a.energy_in_wh, b.energy_in_wh);
        ASSERT_EQ(a.energy_out_wh, b.energy_out_wh);
        ASSERT_EQ(a.quality, b.quality);
        ASSERT_EQ(a.state, b.state);
    }
    EXPECT_GT(once.at(second + 1, 0).energy_in_wh, 100);
}

TEST(BatteryEnergy, LeavesOutGapsAndStepsOfTheClock) {
    BatteryConfig config;
    config.gap = std::chrono::seconds(60);
    Readings readings(config);
    (void)readings.at(0, 1000);
    EXPECT_EQ(readings.at(61, 1000).energy_in_wh, 0) << "silent for longer than the gap";
    EXPECT_DOUBLE_EQ(readings.at(61 + 36, 1000).energy_in_wh, 10);
    EXPECT_DOUBLE_EQ(readings.at(90, 5000).energy_in_wh, 10) << "an old one that came late";
    EXPECT_DOUBLE_EQ(readings.at(-5000, 1000).energy_in_wh, 10) << "a clock that was set back";
    EXPECT_DOUBLE_EQ(readings.at(-5000 + 36, 1000).energy_in_wh, 20) << "counts on from there";
}

TEST(BatteryEnergy, TakesTheTimeOfArrivalWithoutAnother) {
    Rules rules = rules_of(adding({BatteryValue::Energy}));
    EXPECT_EQ(told(rules, R"({"p":1000})")["energy_in_wh"], 0);
    rules.clock.advance(std::chrono::seconds(36));
    const json later = told(rules, R"({"p":1000})");
    EXPECT_EQ(later["energy_in_wh"], 10);
    EXPECT_EQ(later["energy_out_wh"], 0);
}

TEST(BatteryEnergy, TakesTheTimeOfTheMessageWhereItHasOne) {
    BatteryConfig battery = adding({BatteryValue::Energy});
    battery.time = "ts";
    Rules rules = rules_of(battery);
    (void)told(rules, R"({"p":1000,"ts":"2023-11-14T22:00:00Z"})");
    EXPECT_EQ(told(rules, R"({"p":1000,"ts":1699999236})")["energy_in_wh"], 10);
    EXPECT_EQ(told(rules, R"({"p":1000,"ts":1699999236000})")["energy_in_wh"], 10) << "again";
}

TEST(BatteryState, ANewOneMustLast) {
    BatteryConfig config;
    config.hold = std::chrono::seconds(5);
    Readings readings(config);
    EXPECT_EQ(readings.at(0, 100).state, BatteryState::Charging) << "the first is taken";
    EXPECT_EQ(readings.at(1, -100).state, BatteryState::Charging);
    EXPECT_EQ(readings.at(3, 100).state, BatteryState::Charging);
    EXPECT_EQ(readings.at(4, -100).state, BatteryState::Charging);
    EXPECT_EQ(readings.at(8.9, -100).state, BatteryState::Charging);
    EXPECT_EQ(readings.at(9, -100).state, BatteryState::Discharging);
}

TEST(BatteryQuality, TellsAJumpOfThePercent) {
    Readings readings;
    EXPECT_THAT(readings.at(0, 1, 50).quality, IsEmpty());
    EXPECT_THAT(readings.at(1, 2, 60).quality, IsEmpty()) << "as much as is allowed";
    EXPECT_THAT(readings.at(2, 3, 49).quality, ElementsAre("jump"));
    EXPECT_THAT(readings.at(2, 3, 49).quality, ElementsAre("jump")) << "the same message again";
    EXPECT_THAT(readings.at(3, 4, 49).quality, IsEmpty());
    EXPECT_THAT(readings.at(1000, 4, 90).quality, IsEmpty()) << "after a long silence";
}

TEST(BatteryQuality, TellsFiguresThatNeverChange) {
    BatteryConfig config;
    config.frozen_after = std::chrono::seconds(10);
    Readings readings(config);
    EXPECT_THAT(readings.at(0, 100).quality, IsEmpty());
    EXPECT_THAT(readings.at(9, 100).quality, IsEmpty());
    EXPECT_THAT(readings.at(10, 100).quality, ElementsAre("frozen"));
    EXPECT_THAT(readings.at(11, 101).quality, IsEmpty());
    (void)readings.at(12, 0);
    EXPECT_THAT(readings.at(60, 0).quality, IsEmpty()) << "at rest";
}

TEST(BatteryQuality, TellsAPowerThatContradictsTheCurrent) {
    BatteryConfig battery = adding({BatteryValue::Quality});
    battery.current = "i";
    Rules rules = rules_of(battery);
    EXPECT_EQ(told(rules, R"({"p":100,"i":2})")["quality"], json::array());
    rules.clock.advance(std::chrono::seconds(1));
    EXPECT_EQ(told(rules, R"({"p":100,"i":-2})")["quality"], json::array({"sign_mismatch"}));
    rules.clock.advance(std::chrono::seconds(1));
    EXPECT_EQ(told(rules, R"({"p":-100,"i":0})")["quality"], json::array());
}

TEST(BatteryMemory, SurvivesANewSetOfRules) {
    RuleConfig rule = plain_rule("b", {"battery/#"});
    rule.battery = adding({BatteryValue::Energy});
    RuleMemory memory;
    BatteryReading reading;
    reading.power_w = 1000;
    memory.of("b", "x").battery.take(reading, 0, *rule.battery);
    memory.of("b", "x").battery.take(reading, 36'000, *rule.battery);
    memory.keep_only(Rules({rule}).set());
    EXPECT_DOUBLE_EQ(memory.of("b", "x").battery.values().energy_in_wh, 10);
}

}  // namespace
}  // namespace rtbridge
