#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"
#include "config/diagnostic.h"

namespace rtbridge {

// Reads the file and what it includes. Returns a Config only where `diagnostics` got no error from
// it; every mistake of all files is reported in one run, each with its place.
// Meaning that spans keys (filters, templates) is checked by RuleSet::compile, which appends to the
// same diagnostics: callers want both, see load_configuration().
//
// Thread: any; reads files, so never on the broker thread outside of init and reload.
[[nodiscard]] std::optional<Config> load_config(const std::string& path, Diagnostics& diagnostics);

// The same, but with mistakes it returns what could be read all the same: good for finding further
// mistakes in it, never for running. Nothing where the file is no TOML.
[[nodiscard]] std::optional<Config> read_config(const std::string& path, Diagnostics& diagnostics);

// load_config() for a text in memory (tests, fuzzing): `path` names it and is where includes are
// relative to.
[[nodiscard]] std::optional<Config> parse_config(std::string_view text, const std::string& path,
                                                 Diagnostics& diagnostics);

}  // namespace rtbridge
