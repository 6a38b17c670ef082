#pragma once

#include "config/config.h"
#include "config/toml_reader.h"

// The steps of a [[rule]] that make something of its payload. Each reads one key of the rule's
// table and reports its mistakes. Thread: any; read_map() reads files.

namespace rtbridge {

// Fills in `topics` as well.
void read_gather(TableReader& rule_table, RuleConfig& rule);
// After all others.
void check_gather(TableReader& rule_table, const RuleConfig& rule);
void read_battery(TableReader& rule_table, RuleConfig& rule);
void read_compute(TableReader& rule_table, RuleConfig& rule);
void read_classify(TableReader& rule_table, RuleConfig& rule);
void read_map(TableReader& rule_table, RuleConfig& rule);
void read_rename(TableReader& rule_table, RuleConfig& rule);
void read_drop_fields(TableReader& rule_table, RuleConfig& rule);

}  // namespace rtbridge
