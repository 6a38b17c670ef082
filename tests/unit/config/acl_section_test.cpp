#include <gtest/gtest.h>

#include "access/policy.h"
#include "config/config_loader.h"
#include "config_text.h"
#include "configuration.h"

namespace rtbridge {
namespace {

// The mistakes of reading and compiling.
std::string mistakes(const std::string& text) {
    Diagnostics diagnostics;
    const std::optional<Config> config = parse_config(text, "acl.toml", diagnostics);
    if (config && Policy::compile(*config, diagnostics) == nullptr) {
        EXPECT_TRUE(diagnostics.has_errors());
    }
    return to_test_text(diagnostics);
}

std::string in_rule(const std::string& line) {
    const bool has_effect =
        line.find("allow") != std::string::npos || line.find("deny") != std::string::npos;
    const bool has_topics = line.find("topics") != std::string::npos;
    return "[[acl.rule]]\n" + line + "\n" +
           (has_effect ? "" : "allow = [\"receive\", \"subscribe\"]\n") +
           (has_topics ? "" : "topics = [\"a\"]\n");
}

TEST(AclSection, ReadsEveryKey) {
    Diagnostics diagnostics;
    const std::optional<Config> config = parse_config(
        "[acl]\ndefault = \"allow\"\n"
        "[[acl.rule]]\nuser = \"a*\"\nclient = \"c\"\nrole = \"r\"\naddress = \"10.0.0.0/8\"\n"
        "deny = [\"receive\", \"history\"]\ntopics = [\"x/{user}\"]\nkeys = [\"{claim.k}\"]\n",
        "acl.toml", diagnostics);

    EXPECT_EQ(to_test_text(diagnostics), "");
    ASSERT_TRUE(config && config->acl);
    EXPECT_EQ(config->acl->default_effect, AclEffect::Allow);
    ASSERT_EQ(config->acl->rules.size(), 1U);
    const AclRuleConfig& rule = config->acl->rules[0];
    EXPECT_EQ(rule.effect, AclEffect::Deny);
    EXPECT_EQ(rule.actions, ActionSet(Action::Receive) | Action::History);
    EXPECT_EQ(rule.user->value, "a*");
    EXPECT_EQ(rule.client->value, "c");
    EXPECT_EQ(rule.role->value, "r");
    EXPECT_TRUE(rule.address->contains("10.1.1.1"));
    EXPECT_EQ(rule.topics[0].value, "x/{user}");
    EXPECT_EQ(rule.keys[0].value, "{claim.k}");
    EXPECT_EQ(rule.place.line, 3U);
}

TEST(AclSection, SaysWhatIsWrongWithARule) {
    const struct {
        const char* line;
        const char* mistake;
    } cases[] = {
        {"allow = [\"recieve\"]",
         "2:10: error: action \"recieve\" is not known; did you mean \"receive\"?\n"},
        {"allow = [\"*\"]",
         "2:10: error: action \"*\" is not known; write some of \"publish\", "
         "\"publish_retained\", \"receive\", \"subscribe\", \"history\", \"admin\"\n"},
        {"allow = []", "2:9: error: allow is empty; name at least one action\n"},
        {"allow = [\"publish\"]\ndeny = [\"publish\"]",
         "3:1: error: a rule either allows or denies; write deny = [...] into a rule of its own\n"},
        {"user = \"\"", "2:8: error: user is empty; write a name, or \"*\" for whoever has one\n"},
        {"client = \"{user}\"",
         "2:10: error: client = \"{user}\": names in braces stand in topics and keys only\n"},
        {"role = \"op*\"",
         "2:8: error: role = \"op*\": a role has no wildcards; write a rule for each role\n"},
        {"address = \"10.0.0.0/33\"",
         "2:11: error: address = \"10.0.0.0/33\" is neither an address nor a network; write one "
         "like \"192.0.2.7\", \"192.0.2.0/24\" or \"2001:db8::/32\"\n"},
        {"topics = []", "2:10: error: topics is empty; name at least one topic filter\n"},
        {"topics = [\"a/#/b\"]", "2:11: error: \"a/#/b\": '#' must be the last level\n"},
        {"topics = [\"a/x{user}\"]",
         "2:11: error: \"a/x{user}\": \"x{user}\" mixes braces with text; a name in braces stands "
         "alone, as in \"site/{claim.site}/state\"\n"},
        {"topics = [\"{usr}/#\"]",
         "2:11: error: \"{usr}/#\": \"{usr}\" is not known; did you mean \"{user}\"?\n"},
        {"topics = [\"{site}/#\"]",
         "2:11: error: \"{site}/#\": \"{site}\" is not known; write {user}, {client} or "
         "{claim.<name>}\n"},
        {"keys = []", "2:8: error: keys is empty; name at least one key, or remove keys\n"},
        {"keys = [\"\"]", "2:9: error: a key must not be empty\n"},
        {"keys = [\"a-{user}\"]",
         "2:9: error: \"a-{user}\": \"a-{user}\" mixes braces with text; a name in braces stands "
         "alone, as in \"site/{claim.site}/state\"\n"},
        {"keys = [\"{client}\"]",
         "2:9: error: keys concern browsers, which have no {client}; write {user} or "
         "{claim.<name>}\n"},
        {"keys = [\"k\"]\nallow = [\"publish\", \"receive\"]",
         "2:1: error: keys go with \"receive\", \"subscribe\" and \"history\" only; write "
         "\"publish\" into a rule of its own\n"},
        {"topic = [\"a\"]",
         "2:1: error: unknown key \"topic\" in an acl.rule; did you mean "
         "\"topics\"?\n"},
        {"allow = [\"admin\"]\ntopics = [\"#\"]",
         "3:1: error: \"admin\" is not a matter of topics; remove topics\n"},
    };
    for (const auto& c : cases) EXPECT_EQ(mistakes(in_rule(c.line)), c.mistake) << c.line;
}

TEST(AclSection, ARuleNeedsAnEffectAndTopics) {
    EXPECT_EQ(mistakes("[[acl.rule]]\ntopics = [\"a\"]\n"),
              "1:1: error: acl.rule has neither allow nor deny; add one like allow = "
              "[\"receive\"]\n");
    EXPECT_EQ(mistakes("[[acl.rule]]\nallow = [\"receive\"]\n"),
              "1:1: error: acl.rule has no topics; add some like topics = [\"battery/#\"]\n");
    EXPECT_EQ(mistakes("[[acl.rule]]\nallow = [\"admin\"]\n"), "");
}

TEST(AclSection, SaysWhatIsWrongWithTheSection) {
    EXPECT_EQ(mistakes("[acl]\ndefault = \"none\"\n"),
              "2:11: error: default = \"none\" is not known; write \"deny\" or \"allow\"\n");
    EXPECT_EQ(mistakes("[acl]\nrules = []\n"),
              "2:1: error: unknown key \"rules\" in [acl]; did you mean \"rule\"?\n");
    EXPECT_EQ(mistakes("[acl.rule]\n"),
              "1:6: error: rule of [acl] must be a list of tables; write [[acl.rule]] with two "
              "brackets\n");
}

TEST(AclSection, TopicsHaveALimitedDepth) {
    std::string topic = "a";
    for (int i = 1; i < 64; ++i) topic += "/a";

    EXPECT_EQ(mistakes(in_rule("topics = [\"" + topic + "\"]")), "");
    EXPECT_NE(mistakes(in_rule("topics = [\"" + topic + "/a\"]")).find("at most 64 levels"),
              std::string::npos);
}

}  // namespace
}  // namespace rtbridge
