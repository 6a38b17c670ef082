#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "rules/json_document.h"
#include "rules/rule_set.h"
#include "rules/rule_workspace.h"

// Whatever a device sends: no crash, and what is called JSON is JSON.

namespace rtbridge {
namespace {

std::shared_ptr<const RuleSet> compile_rules() {
    Config config;
    RuleConfig& battery = config.rules.emplace_back();
    battery.name.value = "battery";
    battery.topics = {{"#", {}}};
    battery.key = Placed<std::string>{"{payload.userId}-{payload.a.b}", {}};
    battery.battery = BatteryConfig();
    battery.mqtt = TowardsMqtt::Replace;
    RuleConfig& set = config.rules.emplace_back();
    set.name.value = "set";
    set.topics = {{"#", {}}};
    set.set = {{"copy", {"{payload.a}", {}}}, {"a", {"{payload.a} {payload_text}", {}}}};
    set.mqtt = TowardsMqtt::Publish;
    set.publish_topic.value = "live/{payload.userId}";
    RuleConfig& steps = config.rules.emplace_back();
    steps.name.value = "steps";
    steps.topics = {{"#", {}}};
    steps.battery = BatteryConfig();
    steps.battery->power = "a";
    steps.battery->cells = {"c", "a.b"};
    steps.battery->capacity_number = 5;
    steps.battery->hold = std::chrono::seconds(1);
    for (std::size_t i = 0; i < battery_value_names.size(); ++i) {
        steps.battery->add.push_back(static_cast<BatteryValue>(i));
    }
    steps.compute = {{{"sum", {}}, {"a + a * a", {}}}};
    ClassifyConfig& level = steps.classify.emplace_back();
    level = {{"level", {}}, {"sum", {}}, {{10, "low"}, {20, "middle"}}, "high", 1};
    steps.rename = {{{"a.b", {}}, "c"}, {{"state", {}}, "b"}};
    steps.drop_fields = {{"b", {}}, {"a.c", {}}};
    steps.mqtt = TowardsMqtt::Replace;
    RuleConfig& gather = config.rules.emplace_back();
    gather.name.value = "gather";
    gather.topics = {{"battery/{id}", {}}, {"other/{id}", {}}};
    gather.gather = {{"gathered/{id}", {}}, "", {"first", "second"}};
    Diagnostics diagnostics;
    return RuleSet::compile(config, diagnostics);
}

void check(bool invariant) {
    if (!invariant) std::abort();
}

void fuzz(std::string_view payload) {
    static const std::shared_ptr<const RuleSet> rules = compile_rules();
    static RuleWorkspace workspace;
    static JsonDocument document;
    const Publish publish{.topic = "battery/topic", .payload = payload};
    const Outcome outcome = rules->apply(publish, workspace, SystemClock());
    if (outcome.replacement) check(document.parse(*outcome.replacement) == nullptr);
    for (const DerivedPublish& derived : outcome.publishes) {
        check(document.parse(derived.payload) == nullptr);
        check(derived.topic.find_first_of("+#") == std::string::npos);
    }
    for (const BrowserUpdate& update : outcome.updates) {
        if (update.shape == PayloadShape::Json) check(document.parse(update.payload) == nullptr);
    }
}

}  // namespace
}  // namespace rtbridge

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    rtbridge::fuzz({reinterpret_cast<const char*>(data), size});
    return 0;
}
