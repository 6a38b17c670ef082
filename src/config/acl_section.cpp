#include <utility>

#include "config/in_quotes.h"
#include "config/names.h"
#include "config/sections.h"
#include "config/suggestion.h"

namespace rtbridge {
namespace {

constexpr ActionSet keyed_actions = receive_live | ActionSet(Action::History);

std::optional<Action> action_named(std::string_view name) {
    for (std::size_t i = 0; i < action_names.size(); ++i) {
        if (action_names[i] == name) return static_cast<Action>(i);
    }
    return std::nullopt;
}

std::string unknown_action(const std::string& name) {
    const std::vector<std::string_view> known(action_names.begin(), action_names.end());
    std::string message = "action " + in_quotes(name) + " is not known";
    if (const auto near = suggestion(name, known)) {
        return message + "; did you mean " + in_quotes(*near) + "?";
    }
    message += "; write some of";
    for (std::size_t i = 0; i < known.size(); ++i) {
        message += (i == 0 ? " " : ", ") + in_quotes(known[i]);
    }
    return message;
}

ActionSet actions_of(TableReader& table, std::string_view key, const TomlEntry& entry) {
    std::vector<Placed<std::string>> names;
    ActionSet actions;
    if (!table.read(key, names)) return actions;
    if (names.empty() && entry.node->is_array() && entry.node->as_array()->empty()) {
        table.error(*entry.node, std::string(key) + " is empty; name at least one action");
    }
    for (Placed<std::string>& name : names) {
        if (const auto action = action_named(name.value)) {
            actions |= *action;
        } else {
            table.diagnostics().error(std::move(name.place), unknown_action(name.value));
        }
    }
    return actions;
}

void read_effect(TableReader& table, AclRuleConfig& rule) {
    const std::optional<TomlEntry> allow = table.take("allow");
    const std::optional<TomlEntry> deny = table.take("deny");
    if (allow && deny) {
        table.error(*deny->key,
                    "a rule either allows or denies; write deny = [...] into a rule of its own");
    }
    if (!allow && !deny) {
        table.diagnostics().error(
            table.place(),
            "acl.rule has neither allow nor deny; add one like allow = [\"receive\"]");
    }
    if (deny) {
        rule.effect = AclEffect::Deny;
        rule.actions = actions_of(table, "deny", *deny);
    }
    if (allow) {
        rule.effect = AclEffect::Allow;
        rule.actions = actions_of(table, "allow", *allow);
    }
}

void read_glob(TableReader& table, std::string_view key,
               std::optional<Placed<std::string>>& target) {
    Placed<std::string> glob;
    if (!table.read(key, glob)) return;
    if (glob.value.empty()) {
        table.diagnostics().error(
            std::move(glob.place),
            std::string(key) + " is empty; write a name, or \"*\" for whoever has one");
        return;
    }
    if (glob.value.find_first_of("{}") != std::string::npos) {
        table.diagnostics().error(std::move(glob.place),
                                  std::string(key) + " = " + in_quotes(glob.value) +
                                      ": names in braces stand in topics and keys only");
        return;
    }
    target = std::move(glob);
}

void read_role(TableReader& table, AclRuleConfig& rule) {
    Placed<std::string> role;
    if (!table.read("role", role)) return;
    if (role.value.find_first_of("*?") != std::string::npos) {
        table.diagnostics().error(std::move(role.place),
                                  "role = " + in_quotes(role.value) +
                                      ": a role has no wildcards; write a rule for each role");
        return;
    }
    if (role.value.empty()) {
        table.diagnostics().error(std::move(role.place), "role is empty; write the name of a role");
        return;
    }
    rule.role = std::move(role);
}

void read_address(TableReader& table, AclRuleConfig& rule) {
    Placed<std::string> address;
    if (!table.read("address", address)) return;
    rule.address = AddressRange::parse(address.value);
    if (rule.address) return;
    table.diagnostics().error(std::move(address.place),
                              "address = " + in_quotes(address.value) +
                                  " is neither an address nor a network; write one like "
                                  "\"192.0.2.7\", \"192.0.2.0/24\" or \"2001:db8::/32\"");
}

void read_topics(TableReader& table, AclRuleConfig& rule) {
    const std::optional<TomlEntry> entry = table.take("topics");
    if (entry) {
        if (table.read("topics", rule.topics) && rule.topics.empty() && entry->node->is_array() &&
            entry->node->as_array()->empty()) {
            table.error(*entry->node, "topics is empty; name at least one topic filter");
        }
        if (rule.actions == ActionSet(Action::Admin)) {
            table.error(*entry->key, "\"admin\" is not a matter of topics; remove topics");
        }
        return;
    }
    if (!rule.actions.empty() && rule.actions != ActionSet(Action::Admin)) {
        table.diagnostics().error(table.place(),
                                  "acl.rule has no topics; add some like topics = [\"battery/#\"]");
    }
}

void read_keys(TableReader& table, AclRuleConfig& rule) {
    const std::optional<TomlEntry> entry = table.take("keys");
    if (!entry || !table.read("keys", rule.keys)) return;
    if (rule.keys.empty() && entry->node->is_array() && entry->node->as_array()->empty()) {
        table.error(*entry->node, "keys is empty; name at least one key, or remove keys");
    }
    for (const Placed<std::string>& key : rule.keys) {
        if (key.value.empty()) {
            table.diagnostics().error(key.place, "a key must not be empty");
        } else if (key.value == "{client}") {
            table.diagnostics().error(key.place,
                                      "keys concern browsers, which have no {client}; write "
                                      "{user} or {claim.<name>}");
        }
    }
    const ActionSet without_key = rule.actions - keyed_actions;
    if (without_key.empty()) return;
    std::string names;
    for (std::size_t i = 0; i < action_names.size(); ++i) {
        if (!without_key.contains(static_cast<Action>(i))) continue;
        names += (names.empty() ? "" : ", ") + in_quotes(action_names[i]);
    }
    table.error(*entry->key,
                "keys go with \"receive\", \"subscribe\" and \"history\" only; write " + names +
                    " into a rule of its own");
}

AclRuleConfig read_rule(TableReader& table) {
    AclRuleConfig rule;
    rule.place = table.place();
    read_effect(table, rule);
    read_glob(table, "user", rule.user);
    read_glob(table, "client", rule.client);
    read_role(table, rule);
    read_address(table, rule);
    read_topics(table, rule);
    read_keys(table, rule);
    table.report_unknown_keys();
    return rule;
}

void read_default(TableReader& table, AclConfig& acl) {
    Placed<std::string> text;
    if (!table.read("default", text) || text.value == "deny") return;
    if (text.value == "allow") {
        acl.default_effect = AclEffect::Allow;
        return;
    }
    table.diagnostics().error(
        std::move(text.place),
        "default = " + in_quotes(text.value) + " is not known; " +
            did_you_mean(text.value, {"deny", "allow"}, "write \"deny\" or \"allow\""));
}

}  // namespace

void read_acl_rules(const TomlDocument& document, const TomlEntry& entry,
                    std::vector<AclRuleConfig>& rules, Diagnostics& diagnostics) {
    const toml::array* const array = entry.node->as_array();
    if (array == nullptr) {
        diagnostics.error(document.place(*entry.key),
                          "rule of [acl] must be a list of tables; write [[acl.rule]] with two "
                          "brackets");
        return;
    }
    for (const toml::node& node : *array) {
        const toml::table* const table = node.as_table();
        if (table == nullptr) {
            diagnostics.error(document.place(node),
                              "each acl.rule must be a table, not " + std::string(type_name(node)));
            continue;
        }
        TableReader reader(document, *table, "an acl.rule", diagnostics);
        rules.push_back(read_rule(reader));
    }
}

AclConfig read_acl(TableReader& table) {
    AclConfig acl;
    read_default(table, acl);
    if (const std::optional<TomlEntry> rules = table.take("rule")) {
        read_acl_rules(table.document(), *rules, acl.rules, table.diagnostics());
    }
    table.report_unknown_keys();
    return acl;
}

}  // namespace rtbridge
