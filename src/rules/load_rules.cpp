#include "config/config_loader.h"
#include "rules/rule_set.h"

namespace rtbridge {

std::optional<LoadedRules> load_rules(const std::string& path, Diagnostics& diagnostics) {
    std::optional<Config> config = load_config(path, diagnostics);
    if (!config) return std::nullopt;
    std::shared_ptr<const RuleSet> rules = RuleSet::compile(*config, diagnostics);
    if (rules == nullptr) return std::nullopt;
    return LoadedRules{std::move(*config), std::move(rules)};
}

}  // namespace rtbridge
