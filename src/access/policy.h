#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/identity.h"
#include "config/action.h"
#include "config/config.h"
#include "config/diagnostic.h"
#include "topic/topic_filter.h"

namespace rtbridge {

class Grants;

// Who may do what, compiled from [acl] (or from its absence: design, "who may what when sections
// are missing"). Deny beats allow beats default; the order of rules is irrelevant.
//
// Thread: any; immutable.
class Policy : public std::enable_shared_from_this<Policy> {
public:
    // Null where `diagnostics` got an error; every mistake of every rule is reported.
    [[nodiscard]] static std::shared_ptr<const Policy> compile(const Config& config,
                                                               Diagnostics& diagnostics);
    ~Policy();

    // What `identity` may do under this policy. Costs a look-up per role, and a test per rule whose
    // "who" is a glob or a network: keep the result. Never null.
    [[nodiscard]] std::shared_ptr<const Grants> grants(const Identity& identity) const;

    struct Index;
    [[nodiscard]] const Index& index() const { return *index_; }

private:
    explicit Policy(Index index);
    std::unique_ptr<const Index> index_;
};

// How much of what a topic filter stands for is allowed.
enum class Coverage { None, Part, All };

// What one identity may do under one policy. Every decision costs the same however many rules there
// are.
//
// Thread: any; immutable. Holds what it needs of its policy.
class Grants {
public:
    struct Decision {
        bool allowed = false;
        // The rule that decided; null: none matched and the default decided.
        const AclRuleConfig* rule = nullptr;
    };

    // Are all of `actions` allowed on `topic`? REQUIRES: no wildcards in `topic`.
    // `key` is that of the update; without one (MQTT clients) an allow that is limited to keys does
    // not count, and such a deny does.
    [[nodiscard]] bool may(ActionSet actions, std::string_view topic,
                           std::optional<std::string_view> key = std::nullopt) const;
    // The same for a subscription: All where every topic that it matches is allowed with each of
    // `keys`, None where none is with any of them. Exact, but for two doubts that give Part: a
    // search for something allowed that takes too long is given up, and where `keys` is empty
    // nobody looks whether each key that an allow is limited to is denied.
    // `keys` empty: with any key or none; allows that are limited to keys count then, and so do
    // such denies against All. `filter` without "$share/<group>/" (without_share_prefix()).
    [[nodiscard]] Coverage coverage(ActionSet actions, const TopicFilter& filter,
                                    const std::vector<std::string>& keys = {}) const;
    // The same for an MQTT client, which knows no keys: as may() without one.
    [[nodiscard]] Coverage coverage_without_key(ActionSet actions, const TopicFilter& filter) const;
    // Could anything with this key (absent: with any key or none) be allowed on any topic?
    [[nodiscard]] bool anything(ActionSet actions,
                                std::optional<std::string_view> key = std::nullopt) const;
    [[nodiscard]] bool may_admin() const;

    // One action on one topic, and why. Slow: for explanations and for logs of refusals.
    [[nodiscard]] Decision decide(Action action, std::string_view topic,
                                  std::optional<std::string_view> key = std::nullopt) const;

    // Equal for identities that may do the same under the same policy; groups sessions.
    [[nodiscard]] const std::string& canonical() const;

    ~Grants();

private:
    friend class Policy;
    struct State;
    explicit Grants(std::unique_ptr<const State> state);
    [[nodiscard]] static std::vector<std::uint32_t> deciding_rules(
        const State& state, std::string_view topic, std::optional<std::string_view> key);

    std::unique_ptr<const State> state_;
};

// "site/+" of "$share/group/site/+", any other filter as it is (MQTT 5, 4.8.2).
[[nodiscard]] std::string_view without_share_prefix(std::string_view filter);

}  // namespace rtbridge
