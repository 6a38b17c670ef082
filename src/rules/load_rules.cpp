#include <set>
#include <string_view>
#include <utility>

#include "config/config_loader.h"
#include "rules/rule_set.h"

namespace rtbridge {
namespace {

// Rules that lack what every rule needs, or take a name twice, were reported when they were read.
void drop_unfinished_rules(Config& config) {
    std::set<std::string, std::less<>> names;
    std::erase_if(config.rules, [&](const RuleConfig& rule) {
        return rule.topics.empty() || rule.name.value.empty() ||
               !names.insert(rule.name.value).second;
    });
}

}  // namespace

std::optional<LoadedRules> load_rules(const std::string& path, Diagnostics& diagnostics) {
    std::optional<Config> config = read_config(path, diagnostics);
    if (!config) return std::nullopt;
    if (diagnostics.has_errors()) drop_unfinished_rules(*config);
    std::shared_ptr<const RuleSet> rules = RuleSet::compile(*config, diagnostics);
    if (rules == nullptr || diagnostics.has_errors()) return std::nullopt;
    return LoadedRules{std::move(*config), std::move(rules)};
}

}  // namespace rtbridge
