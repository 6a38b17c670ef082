#include "config/rule_steps.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "config/field_path.h"
#include "config/in_quotes.h"
#include "config/relative_path.h"
#include "config/template_reader.h"
#include "config/text_table.h"

namespace rtbridge {
namespace {

// The entries of the table under `key`, in file order. `each` gets the name, which is never empty,
// and the node.
template <typename Each>
void for_each_entry(TableReader& rule_table, std::string_view key, std::string_view like,
                    const Each& each) {
    const toml::table* const table = rule_table.take_table(key, like);
    if (table == nullptr) return;
    TableReader reader(rule_table.document(), *table, rule_table.title() + ' ' + std::string(key),
                       rule_table.diagnostics());
    for (const TomlEntry& entry : in_file_order(*table)) {
        if (entry.key->str().empty()) {
            reader.error(*entry.key, std::string(key) + " needs names that are not empty");
            continue;
        }
        each(reader, entry);
    }
}

Placed<std::string> name_of(TableReader& reader, const TomlEntry& entry) {
    return {std::string(entry.key->str()), reader.document().place(*entry.key)};
}

// The table of one entry; null where it is none, which is reported.
const toml::table* table_of(TableReader& reader, const TomlEntry& entry, std::string_view like) {
    return reader.take_table(entry.key->str(), like);
}

void read_bands(TableReader& reader, ClassifyConfig& classify) {
    const toml::table* const below = reader.take_table("below", "{ low = 20, ok = 80 }");
    if (below == nullptr) {
        if (!reader.take("below")) {
            reader.diagnostics().error(reader.place(),
                                       reader.title() + " has no below; add one like { low = 20 }");
        }
        return;
    }
    TableReader bands(reader.document(), *below, reader.title() + " below", reader.diagnostics());
    for (const TomlEntry& entry : in_file_order(*below)) {
        ClassifyConfig::Band band;
        band.label = entry.key->str();
        if (!bands.read(entry.key->str(), band.below)) continue;
        if (!std::isfinite(band.below)) {
            bands.error(*entry.node, "a threshold must be a finite number");
            continue;
        }
        const auto same =
            std::find_if(classify.bands.begin(), classify.bands.end(),
                         [&](const auto& other) { return other.below == band.below; });
        if (same != classify.bands.end()) {
            bands.error(*entry.node, in_quotes(band.label) + " and " + in_quotes(same->label) +
                                         " have the same threshold");
            continue;
        }
        classify.bands.push_back(std::move(band));
    }
    if (below->empty()) bands.error(*below, "below is empty; name at least one label");
    std::sort(classify.bands.begin(), classify.bands.end(),
              [](const auto& a, const auto& b) { return a.below < b.below; });
}

// A label must be able to hold what it was given for: bands narrower than the hysteresis would be
// passed over on the way back.
void check_hysteresis(TableReader& reader, const ClassifyConfig& classify, const toml::node& node) {
    for (std::size_t i = 1; i < classify.bands.size(); ++i) {
        const double width = classify.bands[i].below - classify.bands[i - 1].below;
        if (width >= classify.hysteresis) continue;
        reader.error(node,
                     "hysteresis is wider than the band of " + in_quotes(classify.bands[i].label));
        return;
    }
}

}  // namespace

void read_compute(TableReader& rule_table, RuleConfig& rule) {
    for_each_entry(rule_table, "compute", "{ power_kw = \"batteryPower / 1000\" }",
                   [&](TableReader& reader, const TomlEntry& entry) {
                       ComputeConfig compute;
                       compute.name = name_of(reader, entry);
                       if (reader.read(compute.name.value, compute.expression)) {
                           compute.expression.place = reader.document().place_inside(*entry.node);
                           rule.compute.push_back(std::move(compute));
                       }
                   });
}

void read_classify(TableReader& rule_table, RuleConfig& rule) {
    constexpr std::string_view like = "{ of = \"soc\", below = { low = 20 }, otherwise = \"ok\" }";
    for_each_entry(rule_table, "classify", {}, [&](TableReader& all, const TomlEntry& entry) {
        const toml::table* const table = table_of(all, entry, like);
        if (table == nullptr) return;
        ClassifyConfig classify;
        classify.name = name_of(all, entry);
        TableReader reader(all.document(), *table, "classify " + classify.name.value,
                           all.diagnostics());
        const std::optional<TomlEntry> of = reader.take("of");
        if (!of) {
            reader.diagnostics().error(reader.place(), reader.title() +
                                                           " has no of; add the number that it is "
                                                           "about, like of = \"batteryPercent\"");
        } else if (reader.read("of", classify.of)) {
            classify.of.place = reader.document().place_inside(*of->node);
        }
        read_bands(reader, classify);
        if (!reader.read("otherwise", classify.otherwise) && !reader.take("otherwise")) {
            reader.diagnostics().error(reader.place(),
                                       reader.title() +
                                           " has no otherwise; add the label from the last "
                                           "threshold on, like otherwise = \"ok\"");
        }
        if (const std::optional<TomlEntry> entry_of = reader.take("hysteresis");
            entry_of && reader.read("hysteresis", classify.hysteresis)) {
            if (!std::isfinite(classify.hysteresis) || classify.hysteresis < 0) {
                reader.error(*entry_of->node, "hysteresis must be 0 or a positive number");
            } else {
                check_hysteresis(reader, classify, *entry_of->node);
            }
        }
        reader.report_unknown_keys();
        rule.classify.push_back(std::move(classify));
    });
}

void read_map(TableReader& rule_table, RuleConfig& rule) {
    constexpr std::string_view like = "{ of = \"{device}\", file = \"sites.csv\" }";
    for_each_entry(rule_table, "map", {}, [&](TableReader& all, const TomlEntry& entry) {
        const toml::table* const table = table_of(all, entry, like);
        if (table == nullptr) return;
        MapConfig map;
        map.name = name_of(all, entry);
        TableReader reader(all.document(), *table, "map " + map.name.value, all.diagnostics());
        if (!reader.read("of", map.of) && !reader.take("of")) {
            reader.diagnostics().error(reader.place(),
                                       reader.title() +
                                           " has no of; add the text to look up, like "
                                           "of = \"{device}\" or of = \"{payload.deviceId}\"");
        }
        Placed<std::string> file;
        const bool has_file = reader.read("file", file);
        if (const toml::table* const entries = reader.take_table("table", "{ d1 = \"Berlin\" }")) {
            TableReader texts(reader.document(), *entries, reader.title() + " table",
                              reader.diagnostics());
            for (const TomlEntry& one : in_file_order(*entries)) {
                std::string text;
                if (texts.read(one.key->str(), text)) {
                    map.table.emplace_back(one.key->str(), std::move(text));
                }
            }
        } else if (!has_file && !reader.take("file") && !reader.take("table")) {
            reader.diagnostics().error(reader.place(),
                                       reader.title() +
                                           " has neither table nor file; add one like "
                                           "table = { d1 = \"Berlin\" } or file = \"sites.csv\"");
        }
        if (has_file) {
            read_text_table(beside_config(reader.document().path(), file.value), file.place,
                            map.table, reader.diagnostics());
        }
        std::string otherwise;
        if (reader.read("otherwise", otherwise)) map.otherwise = std::move(otherwise);
        reader.report_unknown_keys();
        rule.map.push_back(std::move(map));
    });
}

void read_rename(TableReader& rule_table, RuleConfig& rule) {
    for_each_entry(rule_table, "rename", "{ batteryPower = \"power\" }",
                   [&](TableReader& reader, const TomlEntry& entry) {
                       RenameConfig rename;
                       rename.from = name_of(reader, entry);
                       Placed<std::string> to;
                       if (!reader.read(rename.from.value, to)) return;
                       if (!is_path(rename.from.value)) {
                           return reader.error(*entry.key, not_a_path("rename", rename.from.value));
                       }
                       if (to.value.empty()) {
                           return reader.error(
                               *entry.node,
                               "the new name of " + in_quotes(rename.from.value) + " is empty");
                       }
                       rename.to = std::move(to.value);
                       rule.rename.push_back(std::move(rename));
                   });
}

void read_drop_fields(TableReader& rule_table, RuleConfig& rule) {
    std::vector<Placed<std::string>> paths;
    rule_table.read("drop_fields", paths);
    for (Placed<std::string>& path : paths) {
        if (is_path(path.value)) {
            rule.drop_fields.push_back(std::move(path));
        } else {
            rule_table.diagnostics().error(path.place, not_a_path("drop_fields", path.value));
        }
    }
}

}  // namespace rtbridge
