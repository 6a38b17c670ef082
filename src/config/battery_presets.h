#pragma once

#include <string_view>

#include "config/config.h"
#include "config/toml_reader.h"

namespace rtbridge {

// `preset = "battery.victron"`: the topics of a product and what stands there. It fills in
// `gather`, `topics`, `fields` and `battery`; what the rule says itself comes on top.
//
//   battery.victron  Venus OS (dbus-flashmq, dbus-mqtt): N/<portal>/battery/<instance>/<D-Bus path>
//   battery.openems  OpenEMS Edge, Controller Api MQTT: edge/<edge>/channel/<component>/<channel>
//   battery.evcc     evcc: evcc/site/battery/…, and evcc/site/battery… of older versions
//
// Thread: any.
void read_preset(TableReader& rule_table, RuleConfig& rule);

}  // namespace rtbridge
