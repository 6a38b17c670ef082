#include <array>
#include <cmath>
#include <utility>

#include "config/field_path.h"
#include "config/in_quotes.h"
#include "config/rule_steps.h"
#include "config/suggestion.h"

namespace rtbridge {
namespace {

using namespace std::chrono_literals;

void read_path(TableReader& table, std::string_view key, std::string& target) {
    Placed<std::string> path;
    if (!table.read(key, path)) return;
    if (!is_path(path.value)) {
        table.diagnostics().error(std::move(path.place), not_a_path(key, path.value));
        return;
    }
    target = std::move(path.value);
}

// One path or several.
void read_paths(TableReader& table, std::string_view key, std::vector<std::string>& targets) {
    const std::optional<TomlEntry> entry = table.take(key);
    if (!entry) return;
    if (!entry->node->is_array()) {
        std::string path;
        read_path(table, key, path);
        if (!path.empty()) targets.push_back(std::move(path));
        return;
    }
    std::vector<Placed<std::string>> paths;
    table.read(key, paths);
    for (Placed<std::string>& path : paths) {
        if (is_path(path.value)) {
            targets.push_back(std::move(path.value));
        } else {
            table.diagnostics().error(path.place, not_a_path(key, path.value));
        }
    }
}

void read_positive(TableReader& table, BatteryConfig& battery) {
    Placed<std::string> text;
    if (!table.read("positive", text)) return;
    if (text.value == "charging" || text.value == "discharging") {
        battery.positive = text.value == "charging" ? PowerSign::PositiveIsCharging
                                                    : PowerSign::PositiveIsDischarging;
        return;
    }
    table.diagnostics().error(std::move(text.place),
                              "positive = " + in_quotes(text.value) + " is not known; " +
                                  did_you_mean(text.value, {"charging", "discharging"},
                                               "write \"charging\" or \"discharging\""));
}

enum class Least { Zero, AboveZero };

void read_amount(TableReader& table, std::string_view key, double& target, Least least) {
    const std::optional<TomlEntry> entry = table.take(key);
    double number = 0;
    if (!entry || !table.read(key, number)) return;
    if (!std::isfinite(number) || number < 0 || (least == Least::AboveZero && number == 0)) {
        table.error(*entry->node,
                    std::string(key) + (least == Least::Zero ? " must be 0 or a positive number"
                                                             : " must be a positive number"));
        return;
    }
    target = number;
}

// A field of the message, or what the battery has for good.
void read_capacity(TableReader& table, BatteryConfig& battery) {
    const std::optional<TomlEntry> entry = table.take("capacity");
    if (!entry) return;
    if (entry->node->is_string()) return read_path(table, "capacity", battery.capacity);
    read_amount(table, "capacity", battery.capacity_number, Least::AboveZero);
}

struct Unit {
    std::string_view name;
    double factor;
};

// The factor of the unit under `key`; `target` stays as it is where there is none.
template <std::size_t N>
bool read_unit(TableReader& units, std::string_view key, const std::array<Unit, N>& known,
               double& target, std::string* name = nullptr) {
    Placed<std::string> text;
    if (!units.read(key, text)) return false;
    std::vector<std::string_view> names;
    for (const Unit& unit : known) {
        if (unit.name == text.value) {
            target = unit.factor;
            if (name != nullptr) *name = text.value;
            return true;
        }
        names.push_back(unit.name);
    }
    units.diagnostics().error(std::move(text.place),
                              std::string(key) + " = " + in_quotes(text.value) +
                                  " is not known; write one of " + quoted_list(names));
    return false;
}

void read_units(TableReader& battery_table, BatteryConfig& battery) {
    constexpr std::array<Unit, 3> power = {{{"W", 1}, {"kW", 1000}, {"mW", 0.001}}};
    constexpr std::array<Unit, 2> voltage = {{{"V", 1}, {"mV", 0.001}}};
    constexpr std::array<Unit, 2> current = {{{"A", 1}, {"mA", 0.001}}};
    constexpr std::array<Unit, 4> capacity = {
        {{"Wh", 1}, {"kWh", 1000}, {"Ah", 1}, {"mAh", 0.001}}};
    constexpr std::array<Unit, 2> percent = {{{"%", 1}, {"0..1", 100}}};
    constexpr std::array<Unit, 2> cells = {{{"V", 1000}, {"mV", 1}}};
    const toml::table* const table = battery_table.take_table("units", "{ power = \"kW\" }");
    if (table == nullptr) return;
    TableReader units(battery_table.document(), *table, battery_table.title() + " units",
                      battery_table.diagnostics());
    BatteryConfig::Units& factors = battery.units;
    read_unit(units, "power", power, factors.power);
    read_unit(units, "voltage", voltage, factors.voltage);
    read_unit(units, "current", current, factors.current);
    read_unit(units, "percent", percent, factors.percent);
    read_unit(units, "cells", cells, factors.cells);
    std::string name;
    if (read_unit(units, "capacity", capacity, factors.capacity, &name)) {
        battery.capacity_in_ah = name == "Ah" || name == "mAh";
    }
    units.report_unknown_keys();
}

void read_add(TableReader& table, BatteryConfig& battery) {
    std::vector<Placed<std::string>> names;
    table.read("add", names);
    for (const Placed<std::string>& name : names) {
        const auto* const known =
            std::find(battery_value_names.begin(), battery_value_names.end(), name.value);
        if (known != battery_value_names.end()) {
            battery.add.push_back(static_cast<BatteryValue>(known - battery_value_names.begin()));
            continue;
        }
        const std::vector<std::string_view> all(battery_value_names.begin(),
                                                battery_value_names.end());
        table.diagnostics().error(
            name.place, in_quotes(name.value) + " is no value of a battery; " +
                            did_you_mean(name.value, all, "there are " + quoted_list(all)));
    }
}

// What is asked for and can never be told.
void check_sources(TableReader& table, const BatteryConfig& battery) {
    const auto need = [&](BatteryValue value, bool met, const char* what) {
        if (!battery.adds(value) || met) return;
        const std::optional<TomlEntry> entry = table.take("add");
        table.error(*entry->node,
                    std::string(battery_value_names.at(static_cast<std::size_t>(value))) +
                        " needs " + what);
    };
    const bool capacity = !battery.capacity.empty() || battery.capacity_number > 0;
    need(BatteryValue::CRate, capacity, "capacity, a number or a field");
    need(BatteryValue::TimeTo, capacity, "capacity, a number or a field");
    need(BatteryValue::CellDelta, !battery.cells.empty(), "cells, the fields of their voltages");
    need(BatteryValue::TempSpread, !battery.temperatures.empty(), "temperatures, their fields");
    if (capacity && battery.capacity_in_ah && battery.current.empty() && battery.voltage.empty()) {
        table.diagnostics().error(
            table.place(),
            table.title() + ": a capacity in Ah needs voltage or current; name its field");
    }
}

}  // namespace

void read_battery(TableReader& rule_table, RuleConfig& rule) {
    const toml::table* const table = rule_table.take_table("battery", "{}");
    if (table == nullptr) return;
    TableReader reader(rule_table.document(), *table, rule_table.title() + " battery",
                       rule_table.diagnostics());
    BatteryConfig battery = rule.battery.value_or(BatteryConfig());  // of a preset
    read_path(reader, "power", battery.power);
    read_path(reader, "percent", battery.percent);
    read_positive(reader, battery);
    read_amount(reader, "idle_below", battery.idle_below, Least::Zero);
    read_path(reader, "voltage", battery.voltage);
    read_path(reader, "current", battery.current);
    read_path(reader, "time", battery.time);
    read_capacity(reader, battery);
    read_paths(reader, "cells", battery.cells);
    read_paths(reader, "temperatures", battery.temperatures);
    read_units(reader, battery);
    read_add(reader, battery);
    reader.read_duration("hold", battery.hold, {0ms, 1h});
    reader.read_duration("gap", battery.gap, {1s, 24h});
    read_amount(reader, "jump", battery.jump, Least::AboveZero);
    reader.read_duration("frozen_after", battery.frozen_after, {1s, 24h});
    check_sources(reader, battery);
    reader.report_unknown_keys();
    rule.battery = std::move(battery);
}

}  // namespace rtbridge
