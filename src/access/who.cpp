#include "access/who.h"

#include <algorithm>

#include "access/glob.h"

namespace rtbridge {
namespace {

std::optional<std::string> text_of(const std::optional<Placed<std::string>>& placed) {
    if (!placed) return std::nullopt;
    return placed->value;
}

bool name_matches(const std::optional<std::string>& glob, std::string_view name) {
    return !glob || (!name.empty() && glob_matches(*glob, name));
}

bool is_literal(const std::optional<std::string>& glob) {
    return glob && !is_glob(*glob);
}

// Equal for conditions that differ at most in their address.
std::string names_key(const Who& who) {
    std::string key;
    for (const auto* const name : {&who.user, &who.client, &who.role}) {
        if (*name) key += std::to_string((*name)->size()) + ":" + **name;
        key += ";";
    }
    return key;
}

}  // namespace

Who Who::of(const AclRuleConfig& rule) {
    return {text_of(rule.user), text_of(rule.client), text_of(rule.role), rule.address};
}

bool Who::matches(const Identity& identity) const {
    return name_matches(user, identity.user) && name_matches(client, identity.client) &&
           (!role || std::binary_search(identity.roles.begin(), identity.roles.end(), *role)) &&
           (!address || address->contains(identity.address));
}

WhoClasses::Class WhoClasses::intern(const Who& who) {
    std::vector<Class>& candidates = known_[names_key(who)];
    for (const Class candidate : candidates) {
        if (classes_[candidate] == who) return candidate;
    }
    const Class added = static_cast<Class>(classes_.size());
    candidates.push_back(added);
    classes_.push_back(who);
    if (is_literal(who.user)) {
        by_user_[*who.user].push_back(added);
    } else if (is_literal(who.client)) {
        by_client_[*who.client].push_back(added);
    } else if (who.role) {
        by_role_[*who.role].push_back(added);
    } else {
        others_.push_back(added);
    }
    return added;
}

std::vector<WhoClasses::Class> WhoClasses::classes_of(const Identity& identity) const {
    std::vector<Class> found;
    const auto test = [&](const std::vector<Class>& candidates) {
        for (const Class candidate : candidates) {
            if (classes_[candidate].matches(identity)) found.push_back(candidate);
        }
    };
    const auto look_up = [&](const ByName& by_name, const std::string& name) {
        if (const auto it = by_name.find(name); it != by_name.end()) test(it->second);
    };
    look_up(by_user_, identity.user);
    look_up(by_client_, identity.client);
    for (const std::string& role : identity.roles) look_up(by_role_, role);
    test(others_);
    std::sort(found.begin(), found.end());
    return found;
}

}  // namespace rtbridge
