#include <cmath>
#include <utility>

#include "config/battery_presets.h"
#include "config/field_path.h"
#include "config/in_quotes.h"
#include "config/names.h"
#include "config/rule_steps.h"
#include "config/sections.h"
#include "config/suggestion.h"
#include "config/template_reader.h"
#include "config/units.h"

namespace rtbridge {
namespace {

void read_name(TableReader& table, RuleConfig& rule) {
    if (!table.read("name", rule.name)) {
        // A name of the wrong type has been reported and carries no place.
        if (!table.take("name")) {
            table.diagnostics().error(table.place(),
                                      "rule has no name; add one like name = \"battery\"");
        }
        return;
    }
    if (is_name(rule.name.value)) return;
    table.diagnostics().error(rule.name.place,
                              "name = " + in_quotes(rule.name.value) +
                                  " is not a name; write 1 to 64 letters, digits, '_', '.' or '-'");
}

void read_topics(TableReader& table, RuleConfig& rule) {
    const std::optional<TomlEntry> entry = table.take("topics");
    if (rule.gather) {  // has brought them
        if (entry) table.error(*entry->key, "gather has the topics of its fields; remove topics");
        return;
    }
    if (!entry) {
        table.diagnostics().error(table.place(),
                                  "rule has no topics; add some like topics = [\"battery/#\"]");
    } else if (table.read("topics", rule.topics) && rule.topics.empty()) {
        table.error(*entry->node, "topics is empty; name at least one topic filter");
    }
}

void read_key(TableReader& table, RuleConfig& rule) {
    Placed<std::string> key;
    if (table.read("key", key)) rule.key = std::move(key);
}

void read_on_invalid(TableReader& table, RuleConfig& rule) {
    Placed<std::string> text;
    if (!table.read("on_invalid", text) || text.value == "pass") return;
    if (text.value == "drop") {
        rule.on_invalid = OnInvalid::Drop;
    } else if (text.value == "quarantine") {
        rule.on_invalid = OnInvalid::Quarantine;
    } else {
        table.diagnostics().error(std::move(text.place),
                                  "on_invalid = " + in_quotes(text.value) + " is not known; " +
                                      did_you_mean(text.value, {"pass", "drop", "quarantine"},
                                                   "write \"pass\", \"drop\" or \"quarantine\""));
    }
}

void read_fields(TableReader& table, RuleConfig& rule) {
    const toml::table* const fields = table.take_table("fields", "{ soc = \"number 0..100\" }");
    if (fields == nullptr) return;
    TableReader reader(table.document(), *fields, table.title() + " fields", table.diagnostics());
    for (const TomlEntry& entry : in_file_order(*fields)) {
        const std::string path(entry.key->str());
        Placed<std::string> text;
        if (!reader.read(path, text)) continue;
        if (!is_path(path)) {
            reader.error(*entry.key, not_a_path("fields", path));
            continue;
        }
        Result<FieldSpec, std::string> spec = parse_field_spec(text.value);
        if (spec.ok()) {
            rule.fields.push_back(
                {{path, table.document().place(*entry.key)}, std::move(spec).value()});
        } else {
            reader.error(*entry.node, path + " = " + in_quotes(text.value) + ' ' + spec.error());
        }
    }
}

void read_set(TableReader& table, RuleConfig& rule) {
    const toml::table* const set = table.take_table("set", "{ site = \"{site}\" }");
    if (set == nullptr) return;
    rule.set = read_template_object(table.document(), *set, table.diagnostics());
}

void read_mqtt(TableReader& table, RuleConfig& rule) {
    Placed<std::string> text;
    if (!table.read("mqtt", text) || text.value == "keep") return;
    constexpr std::string_view publish = "publish:";
    if (text.value == "replace") {
        rule.mqtt = TowardsMqtt::Replace;
    } else if (text.value.starts_with(publish) && text.value.size() > publish.size()) {
        rule.mqtt = TowardsMqtt::Publish;
        rule.publish_topic = {text.value.substr(publish.size()), std::move(text.place)};
    } else {
        // "publsh:live" is near by what stands before its colon.
        std::string_view word = std::string_view(text.value).substr(0, text.value.find(':') + 1);
        if (word.empty()) word = text.value;
        const std::string otherwise = "write \"keep\", \"replace\" or \"publish:<topic>\"";
        table.diagnostics().error(
            std::move(text.place),
            "mqtt = " + in_quotes(text.value) + " is not known; " +
                (word == publish ? otherwise
                                 : did_you_mean(word, {"keep", "replace", publish}, otherwise)));
    }
}

void read_max_rate(TableReader& table, BrowserConfig& browser) {
    Placed<std::string> text;
    if (!table.read("max_rate", text)) return;
    browser.max_rate = parse_rate(text.value);
    if (browser.max_rate) return;
    table.diagnostics().error(std::move(text.place),
                              "max_rate = " + in_quotes(text.value) +
                                  " is not a rate; write how many in which time, like \"10/s\", "
                                  "\"30/min\" or \"1/10s\", from one a day to 1000 a second");
}

void read_deadband(TableReader& table, BrowserConfig& browser) {
    const toml::table* const fields = table.take_table("deadband", "{ batteryPower = 5 }");
    if (fields == nullptr) return;
    TableReader reader(table.document(), *fields, table.title() + " deadband", table.diagnostics());
    for (const TomlEntry& entry : in_file_order(*fields)) {
        DeadbandConfig deadband;
        deadband.field = entry.key->str();
        if (!is_path(deadband.field)) {
            reader.error(*entry.key, not_a_path("deadband", deadband.field));
            continue;
        }
        if (!reader.read(entry.key->str(), deadband.band)) continue;
        if (std::isfinite(deadband.band) && deadband.band > 0) {
            browser.deadband.push_back(std::move(deadband));
        } else {
            reader.error(*entry.node, deadband.field + " must be a positive number");
        }
    }
}

void read_event(TableReader& table, BrowserConfig& browser) {
    Placed<std::string> event;
    if (!table.read("event", event)) return;
    if (const char* const mistake = event_name_mistake(event.value)) {
        table.diagnostics().error(std::move(event.place),
                                  "event = " + in_quotes(event.value) + " " + mistake);
        return;
    }
    browser.event = std::move(event.value);
}

void read_browser(TableReader& rule_table, RuleConfig& rule) {
    const toml::table* const table = rule_table.take_table("browser", "{ max_rate = \"10/s\" }");
    if (table == nullptr) return;
    TableReader reader(rule_table.document(), *table, rule_table.title() + " browser",
                       rule_table.diagnostics());
    read_max_rate(reader, rule.browser);
    read_deadband(reader, rule.browser);
    read_event(reader, rule.browser);
    rule.browser.body = take_template(reader, "body");
    reader.report_unknown_keys();
}

void read_history(TableReader& rule_table, RuleConfig& rule) {
    using namespace std::chrono_literals;
    const toml::table* const table =
        rule_table.take_table("history", "{ last = 100, for = \"10m\" }");
    if (table == nullptr) return;
    TableReader reader(rule_table.document(), *table, rule_table.title() + " history",
                       rule_table.diagnostics());
    const bool neither = !reader.take("last") && !reader.take("for");
    HistoryConfig history;
    reader.read_count("last", history.last, {1, HistoryConfig::last_max});
    reader.read_duration("for", history.keep, {1s, 24h * 366});
    reader.report_unknown_keys();
    if (neither) {
        rule_table.diagnostics().error(
            reader.place(),
            "history has neither last nor for; write how many updates of each "
            "topic and key, or for how long, like { last = 100, for = \"10m\" }");
    }
    rule.history = history;
}

RuleConfig read_rule(TableReader& table) {
    RuleConfig rule;
    read_name(table, rule);
    read_preset(table, rule);
    read_gather(table, rule);
    read_topics(table, rule);
    read_key(table, rule);
    read_fields(table, rule);
    read_on_invalid(table, rule);
    read_battery(table, rule);
    read_compute(table, rule);
    read_classify(table, rule);
    read_map(table, rule);
    read_set(table, rule);
    read_rename(table, rule);
    read_drop_fields(table, rule);
    read_mqtt(table, rule);
    read_browser(table, rule);
    read_history(table, rule);
    table.read("redact", rule.redact);
    check_gather(table, rule);
    table.report_unknown_keys();
    return rule;
}

void note_places(const TomlDocument& document, const toml::table& table, const std::string& prefix,
                 RuleConfig::Places& places) {
    for (const auto& [key, node] : table) {
        const std::string name = prefix + std::string(key.str());
        places.emplace(name, document.place(key));
        if (const toml::table* const inner = node.as_table()) {
            note_places(document, *inner, name + ".", places);
        }
    }
}

// How messages name the rule, before its name has been checked.
std::string rule_title(const toml::table& table) {
    const std::optional<std::string_view> name = table["name"].value<std::string_view>();
    return name ? "rule " + in_quotes(*name) : "a rule";
}

}  // namespace

void read_rules(const TomlDocument& document, const TomlEntry& entry,
                std::vector<RuleConfig>& rules, Diagnostics& diagnostics) {
    const toml::array* const array = entry.node->as_array();
    if (array == nullptr) {
        diagnostics.error(document.place(*entry.key),
                          "rule must be a list of tables; write [[rule]] with two brackets");
        return;
    }
    for (const toml::node& node : *array) {
        const toml::table* const table = node.as_table();
        if (table == nullptr) {
            diagnostics.error(document.place(node),
                              "each rule must be a table, not " + std::string(type_name(node)));
            continue;
        }
        TableReader reader(document, *table, rule_title(*table), diagnostics);
        rules.push_back(read_rule(reader));
        note_places(document, *table, "", rules.back().places);
    }
}

}  // namespace rtbridge
