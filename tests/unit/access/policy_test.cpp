#include "access/policy.h"

#include <gtest/gtest.h>

#include "config/config_loader.h"
#include "config/config_text.h"

namespace rtbridge {
namespace {

// [acl] with these lines, compiled. Mistakes fail the test.
std::shared_ptr<const Policy> policy(const std::string& acl) {
    Diagnostics diagnostics;
    const std::optional<Config> config = parse_config(acl, "acl.toml", diagnostics);
    EXPECT_EQ(to_test_text(diagnostics), "");
    return config ? Policy::compile(*config, diagnostics) : nullptr;
}

Identity user(const std::string& name, std::vector<std::string> roles = {}) {
    Identity identity;
    identity.user = name;
    identity.roles = std::move(roles);
    return identity;
}

Coverage coverage(const Grants& grants, const std::string& filter,
                  const std::vector<std::string>& keys = {}) {
    return grants.coverage(receive_live, TopicFilter::parse(filter).value(), keys);
}

const std::string read_all = "allow = [\"receive\", \"subscribe\"]\n";

TEST(Policy, WithoutSectionsEverythingIsAllowed) {
    const auto grants = policy("")->grants({});

    EXPECT_TRUE(grants->may(receive_live, "a/b"));
    EXPECT_TRUE(grants->may(Action::Publish, "a/b"));
    EXPECT_TRUE(grants->may_admin());
    EXPECT_FALSE(grants->may(Action::Publish, "$CONTROL/dynamic-security/v1"));
}

TEST(Policy, WithAuthOnlyThoseLetInMayRead) {
    const auto grants = policy("[auth]\nanonymous = \"role:viewer\"\n")->grants({});

    EXPECT_TRUE(grants->may(receive_live, "a/b"));
    EXPECT_TRUE(grants->may(Action::History, "a/b"));
    EXPECT_FALSE(grants->may(Action::Publish, "a/b"));
    EXPECT_FALSE(grants->may_admin());
}

TEST(Policy, DenyBeatsAllowBeatsDefaultInAnyOrder) {
    const std::string allow = "[[acl.rule]]\ntopics = [\"a/#\"]\n" + read_all;
    const std::string deny = "[[acl.rule]]\ntopics = [\"a/secret\"]\ndeny = [\"receive\"]\n";
    for (const std::string& rules : {allow + deny, deny + allow}) {
        const auto grants = policy(rules)->grants({});

        EXPECT_TRUE(grants->may(receive_live, "a/open"));
        EXPECT_FALSE(grants->may(receive_live, "a/secret"));
        EXPECT_TRUE(grants->may(Action::Subscribe, "a/secret"));
        EXPECT_FALSE(grants->may(receive_live, "b"));
    }
}

TEST(Policy, AdminNeedsARuleEvenIfTheDefaultIsAllow) {
    const auto compiled = policy(
        "[acl]\ndefault = \"allow\"\n"
        "[[acl.rule]]\nrole = \"admin\"\nallow = [\"admin\"]\n"
        "[[acl.rule]]\nuser = \"eve\"\ndeny = [\"admin\"]\n");

    EXPECT_FALSE(compiled->grants(user("anna"))->may_admin());
    EXPECT_TRUE(compiled->grants(user("anna", {"admin"}))->may_admin());
    EXPECT_FALSE(compiled->grants(user("eve", {"admin"}))->may_admin());
    EXPECT_TRUE(compiled->grants(user("anna"))->may(Action::Publish, "a"));
}

TEST(Policy, ConditionsMustAllMatch) {
    const auto compiled = policy(
        "[[acl.rule]]\nuser = \"dev-*\"\nclient = \"c?\"\nrole = \"r\"\n"
        "address = \"10.0.0.0/8\"\ntopics = [\"a\"]\n" +
        read_all);
    const Identity right{.user = "dev-1",
                         .client = "c1",
                         .address = "10.1.1.1",
                         .roles = {"r"},
                         .claims = {},
                         .expires_unix_s = {}};
    const auto may = [&](const Identity& who) {
        return compiled->grants(who)->may(receive_live, "a");
    };
    EXPECT_TRUE(may(right));
    Identity wrong = right;
    wrong.user = "dog-1";
    EXPECT_FALSE(may(wrong));
    wrong = right;
    wrong.client = "c12";
    EXPECT_FALSE(may(wrong));
    wrong = right;
    wrong.roles = {"R"};
    EXPECT_FALSE(may(wrong));
    wrong = right;
    wrong.address = "";
    EXPECT_FALSE(may(wrong));
}

TEST(Policy, AStarIsWhoeverHasAName) {
    const auto compiled = policy("[[acl.rule]]\nuser = \"*\"\ntopics = [\"a\"]\n" + read_all);

    EXPECT_TRUE(compiled->grants(user("anna"))->may(receive_live, "a"));
    EXPECT_FALSE(compiled->grants(user(""))->may(receive_live, "a"));
}

TEST(Policy, PlaceholdersFillOneLevelAndNothingElse) {
    const auto compiled =
        policy("[[acl.rule]]\ntopics = [\"home/{user}/#\", \"site/{claim.site}/+\"]\n" + read_all);
    const auto may = [&](const std::string& name, const std::string& topic) {
        Identity who = user(name);
        who.claims["site"] = name;
        return compiled->grants(who)->may(receive_live, topic);
    };

    EXPECT_TRUE(may("anna", "home/anna/x/y"));
    EXPECT_TRUE(may("anna", "site/anna/x"));
    EXPECT_FALSE(may("anna", "home/bob/x"));
    const std::vector<std::string> unusable = {
        "", "+", "#", "bob/x", "a\nb", "a#", std::string("a\0b", 3), "\xC2\x85"};
    for (const std::string& evil : unusable) {
        EXPECT_FALSE(may(evil, "home/" + evil + "/x")) << evil;
        EXPECT_FALSE(may(evil, "home/bob/x")) << evil;
    }
}

TEST(Policy, DollarTopicsAreMatchedByTheirNameOnly) {
    const auto compiled = policy(
        "[[acl.rule]]\ntopics = [\"#\", \"+/x\", \"{user}/y\"]\n" + read_all +
        "[[acl.rule]]\nrole = \"ops\"\ntopics = [\"$SYS/#\", \"$CONTROL/+/v1\"]\n" + read_all);

    EXPECT_FALSE(compiled->grants(user("$SYS"))->may(receive_live, "$SYS/x"));
    EXPECT_FALSE(compiled->grants(user("$SYS"))->may(receive_live, "$SYS/y"));
    EXPECT_TRUE(compiled->grants(user("anna", {"ops"}))->may(receive_live, "$SYS/x"));
    EXPECT_TRUE(compiled->grants(user("anna", {"ops"}))->may(receive_live, "$CONTROL/a/v1"));
    EXPECT_FALSE(compiled->grants(user("anna", {"ops"}))->may(receive_live, "$CONTROL/a/v2"));
}

TEST(Policy, ControlTopicsAreNotPartOfADefaultAllow) {
    const auto grants = policy("[acl]\ndefault = \"allow\"\n")->grants({});

    EXPECT_TRUE(grants->may(receive_live, "$SYS/uptime"));
    EXPECT_FALSE(grants->may(Action::Publish, "$CONTROL"));
    EXPECT_FALSE(grants->may(Action::Publish, "$CONTROL/x"));
    EXPECT_EQ(coverage(*grants, "#"), Coverage::All);
    EXPECT_EQ(coverage(*grants, "$CONTROL/#"), Coverage::None);
}

TEST(Policy, ALimitToKeysFailsClosedWhereTheKeyIsUnknown) {
    const auto grants =
        policy("[[acl.rule]]\ntopics = [\"a\"]\nkeys = [\"{user}\", \"shared\"]\n" + read_all +
               "[[acl.rule]]\ntopics = [\"b\"]\n" + read_all +
               "[[acl.rule]]\ntopics = [\"b\"]\nkeys = [\"hidden\"]\ndeny = [\"receive\"]\n")
            ->grants(user("anna"));

    EXPECT_TRUE(grants->may(receive_live, "a", "anna"));
    EXPECT_TRUE(grants->may(receive_live, "a", "shared"));
    EXPECT_FALSE(grants->may(receive_live, "a", "bob"));
    EXPECT_FALSE(grants->may(receive_live, "a", ""));
    EXPECT_FALSE(grants->may(receive_live, "a"));
    EXPECT_TRUE(grants->may(receive_live, "b", "anna"));
    EXPECT_FALSE(grants->may(receive_live, "b", "hidden"));
    EXPECT_FALSE(grants->may(receive_live, "b"));
}

TEST(Policy, CoverageKnowsTheUnionOfAllowsAndEachOverlappingDeny) {
    const auto grants =
        policy("[[acl.rule]]\ntopics = [\"a\", \"a/+\", \"a/+/+/#\", \"b/#\"]\n" + read_all +
               "[[acl.rule]]\ntopics = [\"+/secret\"]\ndeny = [\"receive\"]\n"
               "[[acl.rule]]\ntopics = [\"c/#\"]\ndeny = [\"receive\"]\n"
               "[[acl.rule]]\ntopics = [\"c/+\"]\n" +
               read_all)
            ->grants({});
    const struct {
        const char* filter;
        Coverage coverage;
    } cases[] = {
        {"a/+/+/#", Coverage::All},   {"a/+/x", Coverage::All},
        {"a/#", Coverage::Part},  // a/secret
        {"a/+", Coverage::Part},      {"a/open", Coverage::All},
        {"a/secret", Coverage::None}, {"b/x/#", Coverage::All},
        {"+/secret", Coverage::None}, {"#", Coverage::Part},
        {"c/+", Coverage::None},  // allowed, and denied in whole
        {"d/#", Coverage::None},      {"$SYS/#", Coverage::None},
    };
    for (const auto& c : cases) EXPECT_EQ(coverage(*grants, c.filter), c.coverage) << c.filter;
}

TEST(Policy, AllowsThatOnlyTogetherCoverAFilterDo) {
    const auto grants = policy("[[acl.rule]]\ntopics = [\"a\"]\n" + read_all +
                               "[[acl.rule]]\ntopics = [\"a/+\"]\n" + read_all +
                               "[[acl.rule]]\ntopics = [\"a/+/+/#\"]\n" + read_all)
                            ->grants({});

    EXPECT_EQ(coverage(*grants, "a/#"), Coverage::All);
}

TEST(Policy, CoverageWithKeysAsksForEachOfThem) {
    const auto grants = policy("[[acl.rule]]\ntopics = [\"a/#\"]\nkeys = [\"{user}\"]\n" + read_all)
                            ->grants(user("anna"));

    EXPECT_EQ(coverage(*grants, "a/x", {"anna"}), Coverage::All);
    EXPECT_EQ(coverage(*grants, "a/x", {"bob"}), Coverage::None);
    EXPECT_EQ(coverage(*grants, "a/x", {"anna", "bob"}), Coverage::Part);
    EXPECT_EQ(coverage(*grants, "a/x"), Coverage::All);
    EXPECT_EQ(grants->coverage_without_key(receive_live, TopicFilter::parse("a/x").value()),
              Coverage::None);
    EXPECT_TRUE(grants->anything(receive_live, "anna"));
    EXPECT_FALSE(grants->anything(receive_live, "bob"));
    EXPECT_TRUE(grants->anything(receive_live));
}

TEST(Policy, DecisionsNameTheRule) {
    const auto compiled = policy("[[acl.rule]]\ntopics = [\"a/#\"]\n" + read_all +
                                 "[[acl.rule]]\ntopics = [\"a/b\"]\ndeny = [\"receive\"]\n"
                                 "[[acl.rule]]\nallow = [\"admin\"]\nrole = \"r\"\n");
    const auto grants = compiled->grants(user("anna", {"r"}));
    const auto line = [&](Action action, const char* topic) {
        const Grants::Decision decision = grants->decide(action, topic);
        return (decision.allowed ? "+" : "-") +
               (decision.rule ? std::to_string(decision.rule->place.line) : "default");
    };

    EXPECT_EQ(line(Action::Receive, "a/x"), "+1");
    EXPECT_EQ(line(Action::Receive, "a/b"), "-4");
    EXPECT_EQ(line(Action::Subscribe, "a/b"), "+1");
    EXPECT_EQ(line(Action::Publish, "a/b"), "-default");
    EXPECT_EQ(line(Action::Admin, ""), "+7");
}

TEST(Policy, CanonicalTextsDifferWhereRightsDo) {
    const auto compiled =
        policy("[[acl.rule]]\ntopics = [\"{user}/#\"]\nrole = \"r\"\n" + read_all);

    EXPECT_EQ(compiled->grants(user("anna"))->canonical(),
              compiled->grants(user("bob"))->canonical());
    EXPECT_NE(compiled->grants(user("anna", {"r"}))->canonical(),
              compiled->grants(user("bob", {"r"}))->canonical());
    EXPECT_EQ(compiled->grants(user("anna", {"r"}))->canonical(),
              compiled->grants(user("anna", {"r", "s"}))->canonical());
}

TEST(Policy, GrantsOutliveTheirPolicy) {
    std::shared_ptr<const Grants> grants =
        policy("[[acl.rule]]\ntopics = [\"a\"]\n" + read_all)->grants({});

    EXPECT_TRUE(grants->may(receive_live, "a"));
}

TEST(SharePrefix, IsCutOff) {
    EXPECT_EQ(without_share_prefix("$share/g/secret/#"), "secret/#");
    EXPECT_EQ(without_share_prefix("$share/g/$SYS/#"), "$SYS/#");
    EXPECT_EQ(without_share_prefix("$share//x"), "x");
    EXPECT_EQ(without_share_prefix("$share/g"), "$share/g");
    EXPECT_EQ(without_share_prefix("$shared/g/x"), "$shared/g/x");
    EXPECT_EQ(without_share_prefix("a/$share/g"), "a/$share/g");
}

}  // namespace
}  // namespace rtbridge
