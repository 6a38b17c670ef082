#pragma once

#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/toml_reader.h"

namespace rtbridge {

// The entries of a table as the file has them; toml++ sorts them by name.
[[nodiscard]] std::vector<TomlEntry> in_file_order(const toml::table& table);

// Templates: whatever TOML and JSON have in common, with braces in texts left as they are. What
// JSON has no type for is a mistake.
[[nodiscard]] TemplateSource read_template(const TomlDocument& document, const toml::node& node,
                                           Diagnostics& diagnostics);
[[nodiscard]] TemplateSource::Object read_template_object(const TomlDocument& document,
                                                          const toml::table& table,
                                                          Diagnostics& diagnostics);

// The template under `key`, which may be a value of any type; nothing where it is absent.
[[nodiscard]] std::optional<TemplateSource> take_template(TableReader& table, std::string_view key);

}  // namespace rtbridge
