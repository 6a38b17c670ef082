#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "access/identity.h"
#include "config/config.h"

namespace rtbridge {

// Whom a rule concerns: all that is given must match, nothing given is everyone.
struct Who {
    std::optional<std::string> user;    // glob; never matches an identity without a user
    std::optional<std::string> client;  // glob; never matches an identity without a client id
    std::optional<std::string> role;
    std::optional<AddressRange> address;

    [[nodiscard]] static Who of(const AclRuleConfig& rule);
    [[nodiscard]] bool everyone() const { return !user && !client && !role && !address; }
    [[nodiscard]] bool matches(const Identity& identity) const;

    friend bool operator==(const Who&, const Who&) = default;
};

// The distinct conditions of a policy, numbered: rules with the same condition share a number, its
// class. Finding the classes of an identity costs a look-up for its user, its client and each role,
// and a test per condition that none of these could find (globs, networks).
//
// Thread: any, once no class is added any more.
class WhoClasses {
public:
    using Class = std::uint32_t;

    [[nodiscard]] Class intern(const Who& who);  // the class of `who`, new or known
    [[nodiscard]] std::vector<Class> classes_of(const Identity& identity) const;  // ascending
    [[nodiscard]] const Who& who(Class number) const { return classes_[number]; }
    [[nodiscard]] std::size_t size() const noexcept { return classes_.size(); }

private:
    using ByName = std::unordered_map<std::string, std::vector<Class>>;

    std::vector<Who> classes_;
    ByName known_;  // by the names in the condition, for intern()
    // Each class is in one of these, by the name that narrows most.
    ByName by_role_;
    ByName by_user_;
    ByName by_client_;
    std::vector<Class> others_;
};

}  // namespace rtbridge
