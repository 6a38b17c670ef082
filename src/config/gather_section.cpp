#include <algorithm>
#include <utility>

#include "config/field_path.h"
#include "config/in_quotes.h"
#include "config/rule_steps.h"
#include "config/template_reader.h"

namespace rtbridge {
namespace {

// One topic of a field, or several that mean the same.
std::vector<Placed<std::string>> topics_of(TableReader& fields, const TomlEntry& entry) {
    std::vector<Placed<std::string>> topics;
    if (entry.node->is_array()) {
        fields.read(entry.key->str(), topics);
        return topics;
    }
    Placed<std::string> topic;
    if (fields.read(entry.key->str(), topic)) topics.push_back(std::move(topic));
    return topics;
}

void read_gathered(TableReader& reader, RuleConfig& rule, GatherConfig& gather) {
    const toml::table* const table =
        reader.take_table("fields", "{ power = \"plant/{id}/power\" }");
    if (table == nullptr || table->empty()) {
        if (table != nullptr || !reader.take("fields")) {
            reader.diagnostics().error(reader.place(),
                                       reader.title() +
                                           " has no fields; name the topic of each, like "
                                           "fields = { power = \"plant/{id}/power\" }");
        }
        return;
    }
    TableReader fields(reader.document(), *table, reader.title() + " fields", reader.diagnostics());
    for (const TomlEntry& entry : in_file_order(*table)) {
        for (Placed<std::string>& topic : topics_of(fields, entry)) {
            if (gather.fields.size() == GatherConfig::fields_max) {
                return fields.error(*entry.key, "more than " +
                                                    std::to_string(GatherConfig::fields_max) +
                                                    " topics; no device needs that");
            }
            rule.topics.push_back(std::move(topic));
            gather.fields.emplace_back(entry.key->str());
        }
    }
}

}  // namespace

void read_gather(TableReader& rule_table, RuleConfig& rule) {
    const toml::table* const table = rule_table.take_table(
        "gather", "{ topic = \"plant/{id}\", fields = { power = \"plant/{id}/power\" } }");
    if (table == nullptr) return;
    if (const std::optional<TomlEntry> preset = rule_table.take("preset")) {
        return rule_table.error(*preset->key,
                                "a preset brings its own gather; remove one of the two");
    }
    TableReader reader(rule_table.document(), *table, rule_table.title() + " gather",
                       rule_table.diagnostics());
    GatherConfig gather;
    if (!reader.read("topic", gather.topic) && !reader.take("topic")) {
        reader.diagnostics().error(
            reader.place(),
            reader.title() + " has no topic; add the one that browsers see, like \"plant/{id}\"");
    }
    Placed<std::string> value;
    if (reader.read("value", value)) {
        if (is_path(value.value)) {
            gather.value = std::move(value.value);
        } else {
            reader.diagnostics().error(value.place, not_a_path("value", value.value));
        }
    }
    read_gathered(reader, rule, gather);
    reader.report_unknown_keys();
    rule.gather = std::move(gather);
}

// What would touch the messages that a value was taken from.
void check_gather(TableReader& rule_table, const RuleConfig& rule) {
    if (!rule.gather) return;
    const auto refuse = [&](std::string_view key, const char* why) {
        if (const std::optional<TomlEntry> entry = rule_table.take(key)) {
            rule_table.error(*entry->node, why);
        }
    };
    if (rule.mqtt == TowardsMqtt::Replace) {
        refuse("mqtt",
               "what is gathered replaces no message; write \"keep\" or \"publish:<topic>\"");
    }
    if (rule.on_invalid != OnInvalid::Pass) {
        refuse("on_invalid", "what is gathered leaves the messages alone; write \"pass\"");
    }
}

}  // namespace rtbridge
