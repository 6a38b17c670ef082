#include "access/policy_review.h"

#include <gtest/gtest.h>

#include "config/config_loader.h"
#include "config/config_text.h"

namespace rtbridge {
namespace {

// What is said about these rules where tokens may give any role.
std::string remarks(const std::string& rules, bool tokens = true) {
    Diagnostics diagnostics;
    std::optional<Config> config = parse_config(rules, "acl.toml", diagnostics);
    if (!config) return to_test_text(diagnostics);
    if (tokens) {
        if (!config->auth) config->auth.emplace();
        config->auth->jwt.emplace_back();
    }
    EXPECT_NE(Policy::compile(*config, diagnostics), nullptr);
    return to_test_text(diagnostics);
}

// One rule per line: "who | effect | topics".
std::string allow(const std::string& who, const std::string& actions, const std::string& topics) {
    return "[[acl.rule]]\n" + who + "\nallow = [" + actions + "]\ntopics = [" + topics + "]\n";
}
std::string deny(const std::string& who, const std::string& actions, const std::string& topics) {
    return "[[acl.rule]]\n" + who + "\ndeny = [" + actions + "]\ntopics = [" + topics + "]\n";
}
const std::string live = "\"receive\", \"subscribe\"";

TEST(PolicyReview, HasNothingToSayAboutAnOrdinaryPolicy) {
    EXPECT_EQ(remarks(allow("role = \"admin\"", live, "\"#\"") +
                      "[[acl.rule]]\nrole = \"admin\"\nallow = [\"admin\"]\n" +
                      allow("role = \"operator\"", live, "\"site/{claim.site}/#\"") +
                      allow("user = \"*\"", "\"publish\", \"publish_retained\"", "\"dev/{user}\"") +
                      deny("role = \"guest\"", "\"receive\"", "\"secret/#\"")),
              "");
}

TEST(PolicyReview, WarnsWhereEverythingIsGivenToOthersThanAdmins) {
    EXPECT_EQ(remarks(allow("", live, "\"#\"")),
              "4:11: warning: everyone may receive and subscribe every topic; name the topics that "
              "are meant\n");
    EXPECT_EQ(remarks(allow("role = \"operator\"", "\"publish\"", "\"#\"")),
              "4:11: warning: those that this rule names, who are no admins, may publish every "
              "topic; name the topics that are meant\n");
    EXPECT_EQ(remarks(allow("role = \"operator\"", live, "\"#\"") + "keys = [\"{user}\"]\n"), "");
}

TEST(PolicyReview, WarnsOfRolesThatNothingGives) {
    const std::string rule = allow("role = \"operator\"", live, "\"a\"");
    const std::string remark =
        "2:8: warning: this rule can never match: nothing gives the role \"operator\"; add "
        "[[auth.role]], [[auth.jwt]] or [auth] anonymous\n";

    EXPECT_EQ(remarks(rule, false), remark);
    EXPECT_EQ(remarks(rule + "[auth]\nanonymous = \"role:viewer\"\n", false), remark);
    EXPECT_EQ(remarks(rule + "[auth]\nanonymous = \"role:operator\"\n", false), "");
    EXPECT_EQ(remarks(rule, true), "");
}

TEST(PolicyReview, WarnsOfClaimsWithoutTokens) {
    const std::string rule = allow("", live, "\"a/{claim.site}\"");

    EXPECT_EQ(remarks(rule, false),
              "4:11: warning: \"a/{claim.site}\" can never match: claims come from tokens, and "
              "there is no [[auth.jwt]]\n");
    EXPECT_EQ(remarks(rule, true), "");
}

TEST(PolicyReview, WarnsOfTopicsThatNameAShare) {
    EXPECT_EQ(remarks(allow("", live, "\"$share/g/a/+\""), false),
              "4:11: warning: \"$share/g/a/+\" can never match: a shared subscription is checked "
              "by the filter behind its group; write \"a/+\"\n");
}

TEST(PolicyReview, WarnsOfAllowsThatDeniesTakeAwayWhole) {
    const std::string remark =
        "4:11: warning: allowing \"a/+\" has no effect: denies take it all away again\n";

    EXPECT_EQ(remarks(allow("role = \"r\"", live, "\"a/+\"") + deny("", live, "\"a/#\"")), remark);
    EXPECT_EQ(
        remarks(allow("role = \"r\"", live, "\"a/+\"") + deny("role = \"r\"", live, "\"+/+\"")),
        remark);
    EXPECT_EQ(
        remarks(allow("role = \"r\"", live, "\"a/+\"") + deny("role = \"s\"", live, "\"a/#\"")),
        "");
}

TEST(PolicyReview, WarnsWhereBrowsersWouldBeRefused) {
    const std::string remark =
        "4:11: warning: a part of \"a/#\" is denied: browsers that select it are refused, MQTT "
        "clients that subscribe to it get the rest\n";

    EXPECT_EQ(
        remarks(allow("role = \"r\"", live, "\"a/#\"") + deny("", "\"receive\"", "\"a/secret\"")),
        remark);
    EXPECT_EQ(
        remarks(allow("role = \"r\"", live, "\"a/#\"") + deny("", "\"receive\"", "\"b/secret\"") +
                deny("role = \"s\"", "\"receive\"", "\"a/secret\"") +
                deny("role = \"r\"", "\"publish\"", "\"a/secret\"")),
        "");
}

TEST(PolicyReview, WarnsOfActionsThatNeedAnother) {
    EXPECT_EQ(remarks(allow("", "\"publish_retained\"", "\"a\"")),
              "4:11: warning: allowing publish_retained on \"a\" has no effect without publish\n");
    EXPECT_EQ(remarks(allow("", "\"receive\"", "\"a\"")),
              "4:11: warning: allowing receive on \"a\" has no effect without subscribe\n");
    EXPECT_EQ(remarks(allow("", "\"subscribe\"", "\"a\"")),
              "4:11: warning: allowing subscribe on \"a\" has no effect without receive\n");
    EXPECT_EQ(
        remarks(allow("role = \"r\"", "\"receive\"", "\"a/{user}/#\"") +
                allow("", "\"subscribe\"", "\"a/+/x\"") + allow("", "\"receive\"", "\"a/#\"")),
        "");
}

TEST(PolicyReview, WarnsOfRulesByClientIdForWhatMqttClientsDoNotDo) {
    EXPECT_EQ(
        remarks(allow("client = \"dev-*\"", "\"history\"", "\"a/#\"")),
        "2:10: warning: this rule has no effect: history is of browsers, and browsers have no "
        "client id; name them by user or role\n");
    EXPECT_EQ(remarks(allow("client = \"dev-*\"", live, "\"a/#\"") + "keys = [\"k\"]\n"),
              "2:10: warning: this rule has no effect: MQTT knows no keys, and browsers have no "
              "client id; name them by user or role\n");
    EXPECT_EQ(remarks(deny("client = \"dev-*\"", live, "\"a/#\"") + "keys = [\"k\"]\n"), "")
        << "a deny by key takes the topic from MQTT clients";
    EXPECT_EQ(remarks(allow("client = \"dev-*\"", "\"publish\", \"history\"", "\"a/#\"")), "");
}

TEST(PolicyReview, WarnsOfAllowsWhereAllIsAllowed) {
    const std::string open = "[acl]\ndefault = \"allow\"\n";
    EXPECT_EQ(remarks(open + allow("user = \"a\"", live, "\"a/#\"")),
              "3:1: warning: this rule has no effect: with default = \"allow\" all this is allowed "
              "anyway, and a deny beats every allow; remove it, or write default = \"deny\"\n");
    EXPECT_EQ(remarks(open + deny("user = \"a\"", live, "\"a/#\"")), "");
    EXPECT_EQ(remarks(open + "[[acl.rule]]\nuser = \"a\"\nallow = [\"admin\"]\n"), "");
    EXPECT_EQ(remarks(open + allow("user = \"a\"", "\"publish\"", "\"$CONTROL/#\"")), "");
}

}  // namespace
}  // namespace rtbridge
