// Random policies, identities and questions: the compiled policy answers as the oracle does.

#include <gtest/gtest.h>

#include <random>

#include "access/policy_oracle.h"

namespace rtbridge {
namespace {

#if defined(__has_feature)
#define RTBRIDGE_HAS_FEATURE(name) __has_feature(name)  // how clang tells of sanitizers
#else
#define RTBRIDGE_HAS_FEATURE(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(NDEBUG) || \
    RTBRIDGE_HAS_FEATURE(address_sanitizer) || RTBRIDGE_HAS_FEATURE(thread_sanitizer)
constexpr int policies = 60;
#else
constexpr int policies = 1'200;
#endif
constexpr int identities_per_policy = 5;
constexpr int decisions_per_identity = 350;
constexpr int coverages_per_identity = 3;
constexpr std::size_t rule_levels_max = 3;

// Levels that rules name, values of placeholders, and one ("~") that nothing names.
const std::vector<std::string> plain_levels = {"a", "b", "u1", "$S", "~", ""};
const std::vector<std::string> first_levels = {"a", "b", "u1", "~", "", "$S", "$CONTROL", "$~"};
const std::vector<std::string> keys = {"k", "u1", "a", "~"};

class Dice {
public:
    explicit Dice(unsigned seed) : random_(seed) {}
    [[nodiscard]] int below(int n) {
        return static_cast<int>(random_() % static_cast<unsigned>(n));
    }
    [[nodiscard]] bool one_in(int n) { return below(n) == 0; }
    template <typename T>
    [[nodiscard]] const T& of(const std::vector<T>& items) {
        return items[static_cast<std::size_t>(below(static_cast<int>(items.size())))];
    }

private:
    std::mt19937 random_;
};

// All topics up to one level deeper than any rule or filter.
std::vector<PolicyOracle::Topic> every_topic() {
    std::vector<PolicyOracle::Topic> topics;
    for (const std::string& level : first_levels) topics.push_back({level});
    for (std::size_t at = 0; at < topics.size(); ++at) {
        if (topics[at].size() > rule_levels_max) break;
        for (const std::string& level : plain_levels) {
            topics.push_back(topics[at]);
            topics.back().push_back(level);
        }
    }
    return topics;
}

std::string joined(const PolicyOracle::Topic& topic) {
    std::string text = topic[0];
    for (std::size_t i = 1; i < topic.size(); ++i) text += "/" + topic[i];
    return text;
}

std::string random_filter(Dice& dice, bool with_placeholders) {
    std::string filter;
    const int depth = 1 + dice.below(static_cast<int>(rule_levels_max));
    for (int level = 0; level < depth; ++level) {
        if (level > 0) filter += "/";
        const int kind = dice.below(with_placeholders ? 10 : 7);
        if (kind < 3) {
            filter += level == 0 && dice.one_in(4) ? dice.of(first_levels) : dice.of(plain_levels);
        } else if (kind < 6) {
            filter += "+";
        } else if (kind == 6) {
            return filter + "#";
        } else {
            filter += dice.of<std::string>({"{user}", "{client}", "{claim.site}"});
        }
    }
    return filter.empty() ? "a" : filter;
}

ActionSet random_actions(Dice& dice) {
    return dice.of<ActionSet>({Action::Receive, Action::Subscribe, receive_live, receive_live,
                               receive_live | ActionSet(Action::History)});
}

AclRuleConfig random_rule(Dice& dice) {
    AclRuleConfig rule;
    rule.effect = dice.one_in(3) ? AclEffect::Deny : AclEffect::Allow;
    rule.actions = random_actions(dice);
    if (dice.one_in(4)) rule.user = {dice.of<std::string>({"u1", "b", "u*", "?1", "*"}), {}};
    if (dice.one_in(5)) rule.client = {dice.of<std::string>({"a", "b", "*"}), {}};
    if (dice.one_in(4)) rule.role = {dice.of<std::string>({"r1", "r2"}), {}};
    if (dice.one_in(8)) rule.address = AddressRange::parse("10.0.0.0/8");
    for (int i = 1 + dice.below(2); i > 0; --i) {
        rule.topics.push_back({random_filter(dice, true), {}});
    }
    if (dice.one_in(4)) {
        for (int i = 1 + dice.below(2); i > 0; --i) {
            rule.keys.push_back({dice.of<std::string>({"k", "u1", "{user}", "{claim.site}"}), {}});
        }
    }
    return rule;
}

Config random_policy(Dice& dice) {
    Config config;
    config.acl.emplace();
    if (dice.one_in(3)) config.acl->default_effect = AclEffect::Allow;
    for (int i = dice.below(9); i > 0; --i) config.acl->rules.push_back(random_rule(dice));
    return config;
}

Identity random_identity(Dice& dice) {
    Identity who;
    who.user = dice.of<std::string>({"", "u1", "u1", "b", "a", "+", "$S"});
    who.client = dice.of<std::string>({"", "a", "b", "b/c"});
    who.address = dice.of<std::string>({"", "10.1.2.3", "192.0.2.1"});
    if (dice.one_in(2)) who.roles.emplace_back("r1");
    if (dice.one_in(2)) who.roles.emplace_back("r2");
    if (dice.one_in(2)) who.claims["site"] = dice.of<std::string>({"a", "b", "#", "", "$S", "u1"});
    return who;
}

std::string described(const Config& config, const Identity& who) {
    std::string text = config.acl->default_effect == AclEffect::Allow ? "default allow\n" : "";
    for (const AclRuleConfig& rule : config.acl->rules) {
        text += rule.effect == AclEffect::Allow ? "allow" : "deny";
        for (std::size_t i = 0; i < action_names.size(); ++i) {
            if (rule.actions.contains(static_cast<Action>(i)))
                text.append(" ").append(action_names[i]);
        }
        if (rule.user) text += " user=" + rule.user->value;
        if (rule.client) text += " client=" + rule.client->value;
        if (rule.role) text += " role=" + rule.role->value;
        if (rule.address) text += " address=10.0.0.0/8";
        for (const auto& topic : rule.topics) text += " \"" + topic.value + "\"";
        for (const auto& key : rule.keys) text += " key=" + key.value;
        text += "\n";
    }
    text += "identity: user=" + who.user + " client=" + who.client + " address=" + who.address;
    for (const std::string& role : who.roles) text += " role=" + role;
    for (const auto& [name, value] : who.claims) text += " " + name + "=" + value;
    return text + "\n";
}

struct World {
    std::vector<PolicyOracle::Topic> topics = every_topic();
    std::vector<std::string> texts;
    World() {
        for (const PolicyOracle::Topic& topic : topics) texts.push_back(joined(topic));
    }
};

void check_decisions(const PolicyOracle& oracle, const Grants& grants, const Identity& who,
                     const World& world, Dice& dice) {
    for (int i = 0; i < decisions_per_identity; ++i) {
        const auto at = static_cast<std::size_t>(dice.below(static_cast<int>(world.topics.size())));
        const ActionSet actions = random_actions(dice);
        const std::optional<std::string> key =
            dice.one_in(2) ? std::nullopt : std::optional(dice.of(keys));
        const bool expected = oracle.may(who, actions, world.topics[at], key);
        ASSERT_EQ(grants.may(actions, world.texts[at], key), expected)
            << "topic \"" << world.texts[at] << "\" key " << key.value_or("(unknown)");
        if (actions != ActionSet(Action::Receive)) continue;
        const Grants::Decision decision = grants.decide(Action::Receive, world.texts[at], key);
        ASSERT_EQ(decision.allowed, expected);
        if (decision.rule != nullptr) {
            ASSERT_EQ(decision.rule->effect == AclEffect::Allow, expected);
            ASSERT_TRUE(decision.rule->actions.contains(Action::Receive));
        }
    }
}

void check_coverages(const PolicyOracle& oracle, const Grants& grants, const Identity& who,
                     const World& world, Dice& dice) {
    for (int i = 0; i < coverages_per_identity; ++i) {
        const std::string filter = random_filter(dice, false);
        const ActionSet actions = random_actions(dice);
        std::vector<std::string> asked;
        for (int n = dice.below(3); n > 0; --n) asked.push_back(dice.of(keys));
        ASSERT_EQ(grants.coverage(actions, TopicFilter::parse(filter).value(), asked),
                  oracle.coverage(who, actions, split(filter), asked, world.topics))
            << "filter \"" << filter << "\" actions " << actions.contains(Action::Receive)
            << actions.contains(Action::Subscribe) << actions.contains(Action::History) << " keys "
            << testing::PrintToString(asked);
        ASSERT_EQ(grants.coverage_without_key(actions, TopicFilter::parse(filter).value()),
                  oracle.coverage_without_key(who, actions, split(filter), world.topics))
            << "filter \"" << filter << "\" without key";
    }
    const ActionSet actions = random_actions(dice);
    const std::optional<std::string> key =
        dice.one_in(2) ? std::nullopt : std::optional(dice.of(keys));
    ASSERT_EQ(grants.anything(actions, key), oracle.anything(who, actions, key, world.topics))
        << "anything, key " << key.value_or("(any)");
}

TEST(PolicyOracleTest, TheCompiledPolicyAnswersAsTheRulesReadOneByOne) {
    const World world;
    for (unsigned seed = 1; seed <= policies; ++seed) {
        Dice dice(seed);
        const Config config = random_policy(dice);
        const PolicyOracle oracle(config);
        Diagnostics diagnostics;
        const std::shared_ptr<const Policy> policy = Policy::compile(config, diagnostics);
        ASSERT_NE(policy, nullptr);
        for (int i = 0; i < identities_per_policy; ++i) {
            const Identity who = random_identity(dice);
            SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + described(config, who));
            const std::shared_ptr<const Grants> grants = policy->grants(who);
            check_decisions(oracle, *grants, who, world, dice);
            check_coverages(oracle, *grants, who, world, dice);
            if (HasFatalFailure()) return;
        }
    }
}

TEST(PolicyOracleTest, IdentitiesWithTheSameCanonicalTextMayTheSame) {
    const World world;
    int pairs = 0;
    for (unsigned seed = 1; seed <= policies / 10; ++seed) {
        Dice dice(seed);
        const Config config = random_policy(dice);
        const PolicyOracle oracle(config);
        Diagnostics diagnostics;
        const std::shared_ptr<const Policy> policy = Policy::compile(config, diagnostics);
        for (int i = 0; i < 30; ++i) {
            const Identity one = random_identity(dice);
            const Identity other = random_identity(dice);
            if (policy->grants(one)->canonical() != policy->grants(other)->canonical()) continue;
            ++pairs;
            for (int n = 0; n < 30; ++n) {
                const PolicyOracle::Topic& topic = dice.of(world.topics);
                ASSERT_EQ(oracle.may(one, receive_live, topic, "u1"),
                          oracle.may(other, receive_live, topic, "u1"))
                    << "seed " << seed << " " << joined(topic) << "\n"
                    << described(config, one) << described(config, other);
            }
        }
    }
    EXPECT_GT(pairs, policies / 10);
}

}  // namespace
}  // namespace rtbridge
