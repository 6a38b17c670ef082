#include "ctl/acl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/config_loader.h"

namespace rtbridge {
namespace {

using testing::HasSubstr;

Config parsed(const std::string& text) {
    Diagnostics diagnostics;
    std::optional<Config> config = parse_config(text, "a.toml", diagnostics);
    EXPECT_FALSE(diagnostics.has_errors());
    return config.value_or(Config());
}

Configuration configuration(const std::string& text) {
    Config config = parsed(text);
    Diagnostics diagnostics;
    auto access = std::make_shared<const Access>(
        Access{Authenticator::create(config, diagnostics), Policy::compile(config, diagnostics)});
    Configuration configuration;
    configuration.config = std::move(config);
    configuration.access = std::move(access);
    return configuration;
}

const std::string rules =
    "[[acl.rule]]\n"  // line 1
    "user = \"*\"\n"
    "allow = [\"receive\", \"subscribe\"]\n"
    "topics = [\"home/{user}/#\"]\n"
    "[[acl.rule]]\n"  // line 5
    "role = \"operator\"\n"
    "allow = [\"receive\", \"publish\", \"publish_retained\"]\n"
    "topics = [\"home/#\"]\n"
    "[[acl.rule]]\n"  // line 9
    "deny = [\"receive\", \"publish\"]\n"
    "topics = [\"home/+/secret\"]\n"
    "[[acl.rule]]\n"  // line 12
    "role = \"operator\"\n"
    "allow = [\"admin\"]\n";

std::string explained(const Identity& who, const AclQuestion& question, bool allowed) {
    std::ostringstream out;
    EXPECT_EQ(acl_explain(configuration(rules), who, question, out), allowed);
    return out.str();
}

Identity user(const std::string& name) {
    Identity who;
    who.user = name;
    return who;
}

Identity operator_role() {
    Identity who;
    who.roles = {"operator"};
    return who;
}

TEST(AclExplain, NamesTheRuleOfEachActionThatIsNeeded) {
    EXPECT_EQ(
        explained(user("anna"), {Action::Receive, "home/anna/x", {}}, true),
        "  receive           allowed  a.toml:1: allow receive, subscribe on \"home/{user}/#\" "
        "for user \"*\"\n"
        "  subscribe         allowed  a.toml:1: allow receive, subscribe on \"home/{user}/#\" "
        "for user \"*\"\n"
        "allowed: receive is of use only where all of receive, subscribe are allowed\n");
    EXPECT_EQ(
        explained(operator_role(), {Action::PublishRetained, "home/anna/secret", {}}, false),
        "  publish           denied   a.toml:9: deny publish, receive on \"home/+/secret\" for "
        "everyone\n"
        "  publish_retained  allowed  a.toml:5: allow publish, publish_retained, receive on "
        "\"home/#\" for role \"operator\"\n"
        "denied: publish_retained is of use only where all of publish, publish_retained are "
        "allowed\n");
}

TEST(AclExplain, NamesTheDefaultWhereNoRuleMatches) {
    EXPECT_EQ(explained(user("anna"), {Action::History, "home/anna/x", {}}, false),
              "  history           denied   no rule matches; default = \"deny\"\n"
              "denied\n");
}

TEST(AclExplain, AdminHasNoTopic) {
    EXPECT_EQ(explained(operator_role(), {Action::Admin, "", {}}, true),
              "  admin             allowed  a.toml:12: allow admin for role \"operator\"\n"
              "allowed\n");
}

TEST(AclExplain, SaysWhereOnlyBrowsersKnowTheKey) {
    const Configuration keyed = configuration(
        "[[acl.rule]]\nallow = [\"receive\", \"subscribe\"]\n"
        "topics = [\"battery/#\"]\nkeys = [\"{user}\"]\n");
    std::ostringstream out;

    EXPECT_TRUE(acl_explain(keyed, user("anna"), {Action::Subscribe, "battery/#", {}}, out));
    EXPECT_THAT(out.str(),
                HasSubstr("allowed\nfor browsers, by key; for MQTT clients, which know no "
                          "keys: denied\n"));
}

TEST(AclExplain, OfAFilterSaysHowMuchIsAllowed) {
    EXPECT_EQ(explained(user("anna"), {Action::Subscribe, "home/anna/#", {}}, false),
              "  receive           in part  \n"
              "  subscribe         allowed  \n"
              "in part: MQTT clients get what is allowed of it, browsers that select it are "
              "refused\n");
}

std::string who_can(const AclQuestion& question, bool somebody) {
    std::ostringstream out;
    EXPECT_EQ(acl_who_can(configuration(rules), question, out), somebody);
    return out.str();
}

TEST(AclWhoCan, ListsAllowsWithWhatTheyTakeAndDenies) {
    EXPECT_EQ(who_can({Action::Receive, "home/anna/secret", {}}, true),
              "receive\n"
              "  allowed  user \"*\" and {user} is \"anna\"  (a.toml:1)\n"
              "  allowed  role \"operator\"  (a.toml:5)\n"
              "  denied   everyone  (a.toml:9)\n"
              "subscribe\n"
              "  allowed  user \"*\" and {user} is \"anna\"  (a.toml:1)\n"
              "All of receive, subscribe are needed.\n");
}

TEST(AclWhoCan, SaysWhereNobodyMay) {
    EXPECT_EQ(who_can({Action::History, "home/anna", {}}, false),
              "history\n  nobody: no rule allows it\n");
    EXPECT_EQ(who_can({Action::Publish, "$SYS/x", {}}, false),
              "publish\n  nobody: no rule allows it\n");
}

TEST(AclWhoCan, FollowsKeysAndTheDefault) {
    const Configuration keyed = configuration(
        "[acl]\ndefault = \"allow\"\n[[acl.rule]]\ndeny = [\"history\"]\n"
        "topics = [\"a\"]\nkeys = [\"{user}\"]\n");
    std::ostringstream out;

    EXPECT_TRUE(acl_who_can(keyed, {Action::History, "a", "anna"}, out));

    EXPECT_EQ(out.str(),
              "history\n"
              "  allowed  everyone  (default = \"allow\" (all but admin and $CONTROL))\n"
              "  denied   everyone whose {user} is \"anna\"  (a.toml:3)\n");
}

TEST(AclDiff, IgnoresHowEffectsAreSpreadOverRules) {
    const std::string one =
        "[[acl.rule]]\nallow = [\"receive\", \"subscribe\"]\ntopics = [\"a\", \"b\"]\n";
    const std::string spread =
        "[[acl.rule]]\nallow = [\"subscribe\", \"receive\"]\ntopics = [\"b\"]\n"
        "[[acl.rule]]\nallow = [\"receive\"]\ntopics = [\"a\"]\n"
        "[[acl.rule]]\nallow = [\"subscribe\"]\ntopics = [\"a\"]\n";
    std::ostringstream out;

    EXPECT_TRUE(acl_diff(parsed(one), parsed(spread), out));

    EXPECT_EQ(out.str(), "");
}

TEST(AclDiff, ShowsWhatIsGoneAndWhatIsNew) {
    std::ostringstream out;

    EXPECT_FALSE(acl_diff(
        parsed("[[acl.rule]]\nallow = [\"receive\"]\ntopics = [\"a\"]\naddress = \"10.1.0.0/8\"\n"),
        parsed("[acl]\ndefault = \"allow\"\n"
               "[[acl.rule]]\nrole = \"r\"\ndeny = [\"receive\"]\ntopics = [\"a\"]\n"
               "keys = [\"k\"]\n"),
        out));

    EXPECT_EQ(out.str(),
              "- default = \"deny\"\n"
              "+ default = \"allow\" (all but admin and $CONTROL)\n"
              "- allow receive on \"a\" for address 10.0.0.0/8\n"
              "+ deny receive on \"a\" with key \"k\" for role \"r\"\n");
}

// The exit code of `rtbridgectl acl` with these words.
class AclCommand : public testing::Test {
protected:
    AclCommand() { std::ofstream(path_) << rules; }
    ~AclCommand() override { std::filesystem::remove(path_); }

    [[nodiscard]] int run(std::vector<std::string> words) const {
        CLI::App tool;
        int exit_code = -1;
        add_acl(tool, exit_code);
        words.insert(words.begin(), "acl");
        std::reverse(words.begin(), words.end());
        tool.parse(words);
        return exit_code;
    }

    const std::string path_ = (std::filesystem::temp_directory_path() /
                               ("rtbridge-acl-" + std::to_string(::getpid()) + ".toml"))
                                  .string();
};

TEST_F(AclCommand, AnswersByItsExitCode) {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    EXPECT_EQ(run({"explain", path_, "--user", "anna", "receive", "home/anna/x"}), 0);
    EXPECT_EQ(run({"explain", path_, "--user", "bob", "receive", "home/anna/x"}), 1);
    EXPECT_EQ(run({"explain", path_, "--user", "anna", "subscribe", "$share/g/home/anna/x"}), 0);
    EXPECT_EQ(run({"explain", path_, "--user", "bob", "subscribe", "$share/g/home/anna/x"}), 1);
    EXPECT_EQ(run({"explain", path_, "--role", "operator", "--role", "r", "admin"}), 0);
    EXPECT_EQ(run({"explain", path_, "admin"}), 1);
    EXPECT_EQ(run({"explain", path_, "recieve", "a"}), 2);
    EXPECT_EQ(run({"explain", path_, "receive"}), 2);
    EXPECT_EQ(run({"explain", path_, "receive", "a/#/b"}), 2);
    EXPECT_EQ(run({"explain", path_, "receive", "a", "--claim", "x"}), 2);
    EXPECT_EQ(run({"explain", path_ + "x", "receive", "a"}), 2);
    EXPECT_EQ(run({"who-can", path_, "receive", "home/anna/x"}), 0);
    EXPECT_EQ(run({"who-can", path_, "receive", "garden"}), 1);
    EXPECT_EQ(run({"who-can", path_, "receive", "home/#"}), 2);
    EXPECT_EQ(run({"diff", path_, path_}), 0);
    EXPECT_EQ(run({"diff", path_, path_ + "x"}), 2);
    (void)testing::internal::GetCapturedStdout();
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("did you mean receive?"));
}

}  // namespace
}  // namespace rtbridge
