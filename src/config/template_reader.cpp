#include "config/template_reader.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace rtbridge {

std::vector<TomlEntry> in_file_order(const toml::table& table) {
    std::vector<TomlEntry> entries;
    for (const auto& [key, node] : table) entries.push_back({&key, &node});
    std::sort(entries.begin(), entries.end(), [](const TomlEntry& a, const TomlEntry& b) {
        const toml::source_position& left = a.key->source().begin;
        const toml::source_position& right = b.key->source().begin;
        return std::pair(left.line, left.column) < std::pair(right.line, right.column);
    });
    return entries;
}

TemplateSource read_template(const TomlDocument& document, const toml::node& node,
                             Diagnostics& diagnostics) {
    TemplateSource source;
    source.place = document.place(node);
    if (const toml::table* const table = node.as_table()) {
        source.value = read_template_object(document, *table, diagnostics);
    } else if (const toml::array* const array = node.as_array()) {
        TemplateSource::Array items;
        items.reserve(array->size());
        for (const toml::node& item : *array) {
            items.push_back(read_template(document, item, diagnostics));
        }
        source.value = std::move(items);
    } else if (const auto* const text = node.as_string()) {
        source.value = text->get();
    } else if (const auto* const integer = node.as_integer()) {
        source.value = integer->get();
    } else if (const auto* const boolean = node.as_boolean()) {
        source.value = boolean->get();
    } else if (const auto* const number = node.as_floating_point()) {
        if (!std::isfinite(number->get())) {
            diagnostics.error(source.place, "JSON has neither inf nor nan; write a number");
        }
        source.value = number->get();
    } else {
        diagnostics.error(source.place, "JSON has no type for " + std::string(type_name(node)) +
                                            "; write it in quotes");
    }
    return source;
}

TemplateSource::Object read_template_object(const TomlDocument& document, const toml::table& table,
                                            Diagnostics& diagnostics) {
    const std::vector<TomlEntry> entries = in_file_order(table);
    TemplateSource::Object members;
    members.reserve(entries.size());
    for (const TomlEntry& entry : entries) {
        members.push_back(
            {std::string(entry.key->str()), read_template(document, *entry.node, diagnostics)});
    }
    return members;
}

std::optional<TemplateSource> take_template(TableReader& table, std::string_view key) {
    const std::optional<TomlEntry> entry = table.take(key);
    if (!entry) return std::nullopt;
    return read_template(table.document(), *entry->node, table.diagnostics());
}

}  // namespace rtbridge
