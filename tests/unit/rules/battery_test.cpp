#include "rules/battery.h"

#include <gtest/gtest.h>

#include "rule_test_config.h"

namespace rtbridge {
namespace {

BatteryConfig power_at(const char* path) {
    BatteryConfig battery;
    battery.power = path;
    return battery;
}

BatteryConfig idle_below(double power, PowerSign positive = PowerSign::PositiveIsCharging) {
    BatteryConfig battery;
    battery.idle_below = power;
    battery.positive = positive;
    return battery;
}

// What browsers see of a payload, or "invalid: " and the reason.
std::string enriched(std::string_view payload, const BatteryConfig& battery = {}) {
    RuleConfig config = battery_rule();
    config.battery = battery;
    Rules rules({config});
    const Publish publish{.topic = "battery/topic", .payload = payload};
    if (rules.apply(publish).invalid > 0) {
        return "invalid: " + rules.trace(publish).front().steps.front().result;
    }
    return rules.apply(publish).updates.front().payload;
}

TEST(Battery, AddsTheStateAndLeavesEveryOtherByte) {
    EXPECT_EQ(enriched(R"({"userId":"user-1","batteryPercent":80,"batteryPower":1200})"),
              R"({"userId":"user-1","batteryPercent":80,"batteryPower":1200,"state":"Charging"})");
}

TEST(Battery, ReadsEveryFormOfNumber) {
    const struct {
        std::string power;
        std::string_view state;
    } cases[] = {
        {"1", "Charging"},
        {"-1", "Discharging"},
        {"0", "Idle"},
        {"-0", "Idle"},
        {"-0.0", "Idle"},
        {"0e5", "Idle"},
        {"1200.5", "Charging"},
        {"-0.001", "Discharging"},
        {"1e3", "Charging"},
        {"-1E+3", "Discharging"},
        {"5e-324", "Charging"},
        {"1e-999", "Idle"},  // rounds to 0
        {"1.7976931348623157e308", "Charging"},
        {"9223372036854775807", "Charging"},
        {"-9223372036854775808", "Discharging"},
        {"18446744073709551615", "Charging"},
        {"18446744073709551616", "Charging"},  // beyond 64 bits
        {"-9223372036854775809", "Discharging"},
        {"-12345678901234567890123", "Discharging"},
        {"1" + std::string(300, '0'), "Charging"},
    };
    for (const auto& c : cases) {
        const std::string payload = R"({"batteryPower":)" + c.power + "}";
        const std::string expected =
            R"({"batteryPower":)" + c.power + R"(,"state":")" + std::string(c.state) + R"("})";
        EXPECT_EQ(enriched(payload), expected);
    }
}

TEST(Battery, RefusesWhatIsNoNumber) {
    const struct {
        std::string_view payload, reason;
    } cases[] = {
        {R"({})", "batteryPower is missing"},
        {R"({"batterypower":1})", "batteryPower is missing"},
        {R"({"batteryPower":"5"})", "batteryPower is a string, not a number"},
        {R"({"batteryPower":true})", "batteryPower is true or false, not a number"},
        {R"({"batteryPower":null})", "batteryPower is null, not a number"},
        {R"({"batteryPower":[1]})", "batteryPower is an array, not a number"},
        {R"({"batteryPower":{"W":1}})", "batteryPower is an object, not a number"},
        {R"({"batteryPower":1e999})", "number out of range"},
        {R"({"batteryPower":-1e999})", "number out of range"},
        {R"([{"batteryPower":1}])", "not a JSON object"},
        {R"(5)", "not a JSON object"},
        {R"("batteryPower")", "not a JSON object"},
        {R"(null)", "not a JSON object"},
        {R"(charging)", "not JSON: malformed"},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(enriched(c.payload), "invalid: " + std::string(c.reason)) << c.payload;
    }
}

TEST(Battery, IsIdleUpToTheThresholdItself) {
    const struct {
        std::string power;
        std::string_view state;
    } cases[] = {{"50", "Idle"},     {"-50", "Idle"},        {"50.0001", "Charging"},
                 {"51", "Charging"}, {"-51", "Discharging"}, {"-49.9", "Idle"},
                 {"0", "Idle"}};
    for (const auto& c : cases) {
        EXPECT_EQ(enriched(R"({"batteryPower":)" + c.power + "}", idle_below(50)),
                  R"({"batteryPower":)" + c.power + R"(,"state":")" + std::string(c.state) + "\"}");
    }
}

TEST(Battery, SwapsTheSignsWherePositiveMeansDischarging) {
    const BatteryConfig swapped = idle_below(10, PowerSign::PositiveIsDischarging);

    EXPECT_EQ(enriched(R"({"batteryPower":11})", swapped),
              R"({"batteryPower":11,"state":"Discharging"})");
    EXPECT_EQ(enriched(R"({"batteryPower":-11})", swapped),
              R"({"batteryPower":-11,"state":"Charging"})");
    EXPECT_EQ(enriched(R"({"batteryPower":-10})", swapped),
              R"({"batteryPower":-10,"state":"Idle"})");
}

TEST(Battery, FindsThePowerByItsPath) {
    const BatteryConfig nested = power_at("pack.power.W");

    EXPECT_EQ(enriched(R"({"pack":{"power":{"W":-3}}})", nested),
              R"({"pack":{"power":{"W":-3}},"state":"Discharging"})");
    EXPECT_EQ(enriched(R"({"pack.power.W":3,"pack":{"power":{"W":-3}}})", nested),
              R"({"pack.power.W":3,"pack":{"power":{"W":-3}},"state":"Charging"})")
        << "a member called like the whole path comes first";
    EXPECT_EQ(enriched(R"({"pack":{"power":[1]}})", nested), "invalid: pack.power.W is missing");
    EXPECT_EQ(enriched(R"({"Leistung ⚡":7})", power_at("Leistung ⚡")),
              R"({"Leistung ⚡":7,"state":"Charging"})");
}

TEST(Battery, TakesTheLastOfDuplicateMembers) {
    EXPECT_EQ(enriched(R"({"batteryPower":1,"batteryPower":-1})"),
              R"({"batteryPower":1,"batteryPower":-1,"state":"Discharging"})");
    EXPECT_EQ(enriched(R"({"batteryPower":1,"battery\u0050ower":null})"),
              "invalid: batteryPower is null, not a number");
}

TEST(Battery, ReplacesAnExistingStateInPlace) {
    const struct {
        std::string_view payload, expected;
    } cases[] = {
        {R"({"state":"old","batteryPower":1})", R"({"state":"Charging","batteryPower":1})"},
        {R"({"state":{"a":["}",1]},"batteryPower":1})", R"({"state":"Charging","batteryPower":1})"},
        {R"({"state": -1.50e1 ,"batteryPower":1})", R"({"state": "Charging" ,"batteryPower":1})"},
        {R"({"state":null,"batteryPower":1})", R"({"state":"Charging","batteryPower":1})"},
        {R"({"state":[],"batteryPower":1})", R"({"state":"Charging","batteryPower":1})"},
        {R"({"st\u0061te":"x\"}","batteryPower":1})",
         R"({"st\u0061te":"Charging","batteryPower":1})"},
        {R"({"state":1,"batteryPower":1,"state":{}})",
         R"({"state":"Charging","batteryPower":1,"state":"Charging"})"},
        {R"({"a":{"state":"inner"},"batteryPower":1})",
         R"({"a":{"state":"inner"},"batteryPower":1,"state":"Charging"})"},
        {R"({"a":"\"state\":","batteryPower":1,"state":true})",
         R"({"a":"\"state\":","batteryPower":1,"state":"Charging"})"},
    };
    for (const auto& c : cases) EXPECT_EQ(enriched(c.payload), c.expected);
}

TEST(Battery, KeepsWhitespaceAndPutsTheStateBehindTheLastMember) {
    EXPECT_EQ(enriched("{\"batteryPower\":1 }"), "{\"batteryPower\":1,\"state\":\"Charging\" }");
    EXPECT_EQ(enriched(" \n{ \"batteryPower\" :\t1\r\n}\n"),
              " \n{ \"batteryPower\" :\t1,\"state\":\"Charging\"\r\n}\n");
}

}  // namespace
}  // namespace rtbridge
