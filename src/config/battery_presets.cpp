#include "config/battery_presets.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "config/in_quotes.h"
#include "config/suggestion.h"

namespace rtbridge {
namespace {

struct Preset {
    std::string_view name;
    std::string_view topic;
    std::string_view value;
    std::vector<std::pair<std::string_view, std::string_view>> fields;  // topic filter, member
    BatteryConfig battery;
};

BatteryConfig common() {
    BatteryConfig battery;
    battery.voltage = "batteryVoltage";
    battery.current = "batteryCurrent";
    battery.capacity = "batteryCapacity";
    return battery;
}

Preset victron() {
    Preset preset{
        .name = "battery.victron",
        .topic = "battery/{portal}/{instance}",
        .value = "value",
        .fields = {{"N/{portal}/battery/{instance}/Dc/0/Power", "batteryPower"},
                   {"N/{portal}/battery/{instance}/Soc", "batteryPercent"},
                   {"N/{portal}/battery/{instance}/Dc/0/Voltage", "batteryVoltage"},
                   {"N/{portal}/battery/{instance}/Dc/0/Current", "batteryCurrent"},
                   {"N/{portal}/battery/{instance}/Dc/0/Temperature", "batteryTemperature"},
                   {"N/{portal}/battery/{instance}/InstalledCapacity", "batteryCapacity"},
                   {"N/{portal}/battery/{instance}/System/MinCellVoltage", "cellMin"},
                   {"N/{portal}/battery/{instance}/System/MaxCellVoltage", "cellMax"}},
        .battery = common()};
    preset.battery.capacity_in_ah = true;
    preset.battery.cells = {"cellMin", "cellMax"};
    return preset;
}

Preset openems() {
    Preset preset{.name = "battery.openems",
                  .topic = "battery/{edge}/{component}",
                  .value = "",
                  .fields = {{"edge/{edge}/channel/{component}/ActivePower", "batteryPower"},
                             {"edge/{edge}/channel/{component}/Soc", "batteryPercent"},
                             {"edge/{edge}/channel/{component}/Capacity", "batteryCapacity"}},
                  .battery = common()};
    preset.battery.voltage.clear();
    preset.battery.current.clear();
    preset.battery.positive = PowerSign::PositiveIsDischarging;
    return preset;
}

Preset evcc() {
    Preset preset{.name = "battery.evcc",
                  .topic = "battery/evcc",
                  .value = "",
                  .fields = {{"evcc/site/battery/power", "batteryPower"},
                             {"evcc/site/battery/soc", "batteryPercent"},
                             {"evcc/site/battery/capacity", "batteryCapacity"},
                             {"evcc/site/batteryPower", "batteryPower"},
                             {"evcc/site/batterySoc", "batteryPercent"},
                             {"evcc/site/batteryCapacity", "batteryCapacity"}},
                  .battery = common()};
    preset.battery.voltage.clear();
    preset.battery.current.clear();
    preset.battery.positive = PowerSign::PositiveIsDischarging;
    preset.battery.units.capacity = 1000;  // kWh
    return preset;
}

// Meters have a power too; what has no state of charge is no battery.
FieldConfig needed_number(const char* path, const SourcePlace& place) {
    return {{path, place}, FieldSpec()};
}

}  // namespace

void read_preset(TableReader& rule_table, RuleConfig& rule) {
    Placed<std::string> name;
    if (!rule_table.read("preset", name)) return;
    const std::array<Preset, 3> presets = {victron(), openems(), evcc()};
    for (const Preset& preset : presets) {
        if (preset.name != name.value) continue;
        GatherConfig& gather = rule.gather.emplace();
        gather.topic = {std::string(preset.topic), name.place};
        gather.value = preset.value;
        for (const auto& [topic, field] : preset.fields) {
            rule.topics.push_back({std::string(topic), name.place});
            gather.fields.emplace_back(field);
        }
        rule.battery = preset.battery;
        rule.fields = {needed_number("batteryPower", name.place),
                       needed_number("batteryPercent", name.place)};
        return;
    }
    std::vector<std::string_view> names;
    names.reserve(presets.size());
    for (const Preset& preset : presets) names.push_back(preset.name);
    rule_table.diagnostics().error(
        name.place, in_quotes(name.value) + " is no preset; " +
                        did_you_mean(name.value, names, "there are " + quoted_list(names)));
}

}  // namespace rtbridge
