#include <gtest/gtest.h>

#include "config/config_loader.h"
#include "config_text.h"

// How `battery` of a rule is read.

namespace rtbridge {
namespace {

using namespace std::chrono_literals;

const std::string rule_head = "[[rule]]\nname = \"r\"\ntopics = [\"t\"]\n";

std::string mistakes(const std::string& battery) {
    Diagnostics diagnostics;
    const std::optional<Config> config =
        parse_config(rule_head + "battery = { " + battery + " }", "test.toml", diagnostics);
    EXPECT_EQ(config.has_value(), !diagnostics.has_errors()) << battery;
    return to_test_text(diagnostics);
}

BatteryConfig read(const std::string& battery) {
    Diagnostics diagnostics;
    const std::optional<Config> config =
        parse_config(rule_head + "battery = { " + battery + " }", "test.toml", diagnostics);
    EXPECT_EQ(to_test_text(diagnostics), "") << battery;
    return config ? config->rules.front().battery.value() : BatteryConfig();
}

TEST(BatterySection, ReadsWhereEverythingStands) {
    const BatteryConfig battery = read(
        "power = \"dc.p\", percent = \"soc\", voltage = \"v\", current = \"i\", time = \"ts\", "
        "capacity = \"cap\", cells = \"cells\", temperatures = [\"t1\", \"t.2\"], "
        "positive = \"discharging\", idle_below = 5");
    EXPECT_EQ(battery.power, "dc.p");
    EXPECT_EQ(battery.percent, "soc");
    EXPECT_EQ(battery.voltage, "v");
    EXPECT_EQ(battery.current, "i");
    EXPECT_EQ(battery.time, "ts");
    EXPECT_EQ(battery.capacity, "cap");
    EXPECT_EQ(battery.cells, std::vector<std::string>{"cells"});
    EXPECT_EQ(battery.temperatures, (std::vector<std::string>{"t1", "t.2"}));
    EXPECT_EQ(battery.positive, PowerSign::PositiveIsDischarging);
    EXPECT_EQ(battery.idle_below, 5);
}

TEST(BatterySection, ReadsUnits) {
    const BatteryConfig battery = read(
        "current = \"i\", capacity = 280, units = { power = \"kW\", voltage = \"mV\", "
        "current = \"mA\", capacity = \"Ah\", percent = \"0..1\", cells = \"mV\" }");
    EXPECT_EQ(battery.units.power, 1000);
    EXPECT_EQ(battery.units.voltage, 0.001);
    EXPECT_EQ(battery.units.current, 0.001);
    EXPECT_EQ(battery.units.capacity, 1);
    EXPECT_EQ(battery.units.percent, 100);
    EXPECT_EQ(battery.units.cells, 1);
    EXPECT_TRUE(battery.capacity_in_ah);
    EXPECT_EQ(battery.capacity_number, 280);
    EXPECT_EQ(read("capacity = 10, units = { capacity = \"kWh\" }").units.capacity, 1000);
}

TEST(BatterySection, ReadsWhatItAdds) {
    const BatteryConfig battery = read(
        "capacity = 1, cells = \"c\", temperatures = \"t\", "
        "add = [\"energy\", \"c_rate\", \"time_to\", \"cell_delta\", \"temp_spread\", "
        "\"quality\"], "
        "hold = \"5s\", gap = \"1m\", jump = 20, frozen_after = \"1h\"");
    for (std::size_t i = 0; i < battery_value_names.size(); ++i) {
        EXPECT_TRUE(battery.adds(static_cast<BatteryValue>(i))) << battery_value_names.at(i);
    }
    EXPECT_EQ(battery.hold, 5s);
    EXPECT_EQ(battery.gap, 60s);
    EXPECT_EQ(battery.jump, 20);
    EXPECT_EQ(battery.frozen_after, 1h);
    EXPECT_FALSE(read("").adds(BatteryValue::Energy));
}

TEST(BatterySection, Refuses) {
    const struct {
        const char* battery;
        const char* mistake;
    } cases[] = {
        {"voltage = \"a..b\"",
         "4:23: error: voltage = \"a..b\" is not a path; write a field like \"batteryPower\" or "
         "\"battery.power\""},
        {"cells = [\"a\", \".\"]",
         "4:27: error: cells = \".\" is not a path; write a field like \"batteryPower\" or "
         "\"battery.power\""},
        {"cells = 5", "4:21: error: cells must be a string, not an integer"},
        {"capacity = 0", "4:24: error: capacity must be a positive number"},
        {"capacity = true", "4:24: error: capacity must be a number, not a boolean"},
        {"units = { power = \"hp\" }",
         "4:31: error: power = \"hp\" is not known; write one of \"W\", \"kW\", \"mW\""},
        {"units = { capacity = \"J\" }",
         "4:34: error: capacity = \"J\" is not known; write one of \"Wh\", \"kWh\", \"Ah\", "
         "\"mAh\""},
        {"units = { volts = \"V\" }",
         "4:23: error: unknown key \"volts\" in rule \"r\" battery units; remove it"},
        {"add = [\"enrgy\"]",
         "4:20: error: \"enrgy\" is no value of a battery; did you mean \"energy\"?"},
        {"add = [\"x\"]",
         "4:20: error: \"x\" is no value of a battery; there are \"c_rate\", \"time_to\", "
         "\"cell_delta\", \"temp_spread\", \"energy\", \"quality\""},
        {"add = [\"c_rate\"]", "4:19: error: c_rate needs capacity, a number or a field"},
        {"add = [\"time_to\"]", "4:19: error: time_to needs capacity, a number or a field"},
        {"add = [\"cell_delta\"]",
         "4:19: error: cell_delta needs cells, the fields of their voltages"},
        {"add = [\"temp_spread\"]", "4:19: error: temp_spread needs temperatures, their fields"},
        {"capacity = 5, units = { capacity = \"Ah\" }",
         "4:11: error: rule \"r\" battery: a capacity in Ah needs voltage or current; name its "
         "field"},
        {"hold = \"2h\"",
         "4:20: error: hold = \"2h\" is out of range; write a value from 0s to 1h"},
        {"jump = 0", "4:20: error: jump must be a positive number"},
    };
    for (const auto& c : cases) EXPECT_EQ(mistakes(c.battery), std::string(c.mistake) + "\n");
}

}  // namespace
}  // namespace rtbridge
