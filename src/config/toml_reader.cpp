#include "config/toml_reader.h"

#include <algorithm>
#include <utility>

#include "config/in_quotes.h"
#include "config/suggestion.h"
#include "config/units.h"

namespace rtbridge {
namespace {

std::string out_of_range(std::string_view key, const std::string& value, const std::string& min,
                         const std::string& max) {
    return std::string(key) + " = " + value + " is out of range; write a value from " + min +
           " to " + max;
}

}  // namespace

std::string_view type_name(const toml::node& node) {
    switch (node.type()) {
        case toml::node_type::none:
            return "nothing";
        case toml::node_type::table:
            return "a table";
        case toml::node_type::array:
            return "an array";
        case toml::node_type::string:
            return "a string";
        case toml::node_type::integer:
            return "an integer";
        case toml::node_type::floating_point:
            return "a float";
        case toml::node_type::boolean:
            return "a boolean";
        case toml::node_type::date:
            return "a date";
        case toml::node_type::time:
            return "a time";
        case toml::node_type::date_time:
            return "a date-time";
    }
    return "something else";
}

TableReader::TableReader(const TomlDocument& document, const toml::table& table, std::string title,
                         Diagnostics& diagnostics)
    : document_(document), table_(table), title_(std::move(title)), diagnostics_(diagnostics) {}

std::optional<TomlEntry> TableReader::take(std::string_view key) {
    known_.push_back(key);
    const auto entry = table_.find(key);
    if (entry == table_.end()) return std::nullopt;
    return TomlEntry{&entry->first, &entry->second};
}

const toml::table* TableReader::take_table(std::string_view key, std::string_view like) {
    const std::optional<TomlEntry> entry = take(key);
    if (!entry) return nullptr;
    const toml::table* const table = entry->node->as_table();
    if (table == nullptr) {
        std::string wanted = "a table";
        if (!like.empty()) wanted.append(" like ").append(like);
        wrong_type(key, *entry->node, wanted);
    }
    return table;
}

bool TableReader::read(std::string_view key, bool& target) {
    const std::optional<TomlEntry> entry = take(key);
    if (!entry) return false;
    const toml::value<bool>* const value = entry->node->as_boolean();
    if (value == nullptr) {
        wrong_type(key, *entry->node, "true or false");
        return false;
    }
    target = value->get();
    return true;
}

bool TableReader::read(std::string_view key, std::string& target) {
    Placed<std::string> placed;
    if (!read(key, placed)) return false;
    target = std::move(placed.value);
    return true;
}

bool TableReader::read(std::string_view key, Placed<std::string>& target) {
    const std::optional<TomlEntry> entry = take(key);
    if (!entry) return false;
    const toml::value<std::string>* const value = entry->node->as_string();
    if (value == nullptr) {
        wrong_type(key, *entry->node, "a string");
        return false;
    }
    target = {value->get(), document_.place(*value)};
    return true;
}

bool TableReader::read(std::string_view key, std::vector<Placed<std::string>>& target) {
    const std::optional<TomlEntry> entry = take(key);
    if (!entry) return false;
    const toml::array* const array = entry->node->as_array();
    if (array == nullptr) {
        wrong_type(key, *entry->node, "an array of strings");
        return false;
    }
    std::vector<Placed<std::string>> strings;
    for (const toml::node& node : *array) {
        const toml::value<std::string>* const value = node.as_string();
        if (value == nullptr) {
            wrong_type("each entry of " + std::string(key), node, "a string");
        } else {
            strings.push_back({value->get(), document_.place(node)});
        }
    }
    const bool complete = strings.size() == array->size();
    target = std::move(strings);  // even if not: later stages then check the rest in the same run
    return complete;
}

bool TableReader::read(std::string_view key, double& target) {
    const std::optional<TomlEntry> entry = take(key);
    if (!entry) return false;
    if (!entry->node->is_number()) {
        wrong_type(key, *entry->node, "a number");
        return false;
    }
    if (const auto* const integer = entry->node->as_integer()) {
        target = static_cast<double>(integer->get());
    } else {
        target = entry->node->as_floating_point()->get();
    }
    return true;
}

bool TableReader::read_integer(std::string_view key, std::int64_t& target,
                               Range<std::int64_t> range) {
    const std::optional<TomlEntry> entry = take(key);
    if (!entry) return false;
    const toml::value<std::int64_t>* const value = entry->node->as_integer();
    if (value == nullptr) {
        wrong_type(key, *entry->node, "an integer");
        return false;
    }
    const std::int64_t number = value->get();
    if (number < range.min || number > range.max) {
        error(*value, out_of_range(key, std::to_string(number), std::to_string(range.min),
                                   std::to_string(range.max)));
        return false;
    }
    target = number;
    return true;
}

bool TableReader::read_duration(std::string_view key, std::chrono::milliseconds& target,
                                Range<std::chrono::milliseconds> range) {
    const std::optional<TomlEntry> entry = take(key);
    if (!entry) return false;
    const toml::value<std::string>* const value = entry->node->as_string();
    if (value == nullptr) {
        wrong_type(key, *entry->node, "a duration in quotes like \"5s\"");
        return false;
    }
    const std::optional<std::chrono::milliseconds> duration = parse_duration(value->get());
    if (!duration) {
        error(*value, std::string(key) + " = " + in_quotes(value->get()) +
                          " is not a duration; write a whole number and ms, s, m or h, like "
                          "\"250ms\"");
        return false;
    }
    if (*duration < range.min || *duration > range.max) {
        error(*value, out_of_range(key, in_quotes(value->get()), format_duration(range.min),
                                   format_duration(range.max)));
        return false;
    }
    target = *duration;
    return true;
}

bool TableReader::read_size(std::string_view key, std::uint64_t& target,
                            Range<std::uint64_t> range) {
    const std::optional<TomlEntry> entry = take(key);
    if (!entry) return false;
    const toml::value<std::string>* const value = entry->node->as_string();
    if (value == nullptr) {
        wrong_type(key, *entry->node, "a size in quotes like \"64KiB\"");
        return false;
    }
    const std::optional<std::uint64_t> bytes = parse_size(value->get());
    if (!bytes) {
        error(*value, std::string(key) + " = " + in_quotes(value->get()) +
                          " is not a size; write a whole number and B, KiB, MiB or GiB, like "
                          "\"64KiB\"");
        return false;
    }
    if (*bytes < range.min || *bytes > range.max) {
        error(*value, out_of_range(key, in_quotes(value->get()), format_size(range.min),
                                   format_size(range.max)));
        return false;
    }
    target = *bytes;
    return true;
}

void TableReader::not_supported_yet(std::initializer_list<std::string_view> keys) {
    for (const std::string_view key : keys) {
        const std::optional<TomlEntry> entry = take(key);
        if (entry) error(*entry->key, std::string(key) + " is not supported yet; remove it");
    }
}

void TableReader::refuse(std::initializer_list<std::string_view> keys, std::string_view why) {
    for (const std::string_view key : keys) {
        const std::optional<TomlEntry> entry = take(key);
        if (entry) error(*entry->key, std::string(key).append(" ").append(why));
    }
}

void TableReader::report_unknown_keys() {
    for (const auto& [key, node] : table_) {
        if (std::find(known_.begin(), known_.end(), key.str()) != known_.end()) continue;
        std::string message = "unknown key " + in_quotes(key.str()) + " in " + title_;
        if (const std::optional<std::string_view> meant = suggestion(key.str(), known_)) {
            message.append("; did you mean \"").append(*meant).append("\"?");
        } else {
            message += "; remove it";
        }
        error(key, std::move(message));
    }
}

void TableReader::error(const toml::node& node, std::string message) {
    diagnostics_.error(document_.place(node), std::move(message));
}

void TableReader::error(const toml::key& key, std::string message) {
    diagnostics_.error(document_.place(key), std::move(message));
}

void TableReader::wrong_type(std::string_view key, const toml::node& node,
                             std::string_view wanted) {
    std::string message(key);
    message.append(" must be ").append(wanted).append(", not ").append(type_name(node));
    error(node, std::move(message));
}

}  // namespace rtbridge
