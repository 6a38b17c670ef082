#include "listener/selection_check.h"

#include <gtest/gtest.h>

#include "listener/test_policy.h"

namespace rtbridge {
namespace {

const std::string acl = R"(
[acl]
[[acl.rule]]
role = "operator"
allow = ["receive", "subscribe"]
topics = ["site/#"]
[[acl.rule]]
role = "operator"
deny = ["receive"]
topics = ["site/secret"]
[[acl.rule]]
allow = ["receive", "subscribe"]
topics = ["battery/#"]
keys = ["{user}"]
)";

Selection selecting(const std::vector<std::string>& topics, const std::vector<std::string>& users) {
    Selection selection;
    for (const auto& topic : topics) selection.topics.push_back(TopicFilter::parse(topic).value());
    for (const auto& user : users) selection.keys.push_back({"userId", user});
    return selection;
}

TEST(SelectionCheck, WantsAFilterAsAWholeAndAKeyThatCanHaveAnything) {
    const auto policy = policy_of(acl);
    const Identity anna = user_named("anna"), op = user_named("op", {"operator"});
    const struct {
        const Identity& who;
        std::vector<std::string> topics, users;
        const char* denied;  // "" = allowed
    } cases[] = {
        {anna, {}, {}, ""},
        {anna, {}, {"anna"}, ""},
        {anna, {}, {"bert"}, "userId=bert"},
        {anna, {}, {"anna", "bert"}, "userId=bert"},
        {anna, {"battery/x"}, {"anna"}, ""},
        {anna, {"battery/x"}, {"bert"}, "topic battery/x"},
        {anna, {"site/a"}, {}, "topic site/a"},
        {op, {"site/a"}, {}, ""},
        {op, {"site/a", "other"}, {}, "topic other"},
        {op, {"site/#"}, {}, "topic site/#"},  // site/secret would be missing in silence
        {op, {"site/secret"}, {}, "topic site/secret"},
    };
    for (const auto& c : cases) {
        const auto denial = check_selection(selecting(c.topics, c.users), *policy->grants(c.who));
        EXPECT_EQ(denial ? denial->what : "", c.denied);
        if (denial) {
            EXPECT_NE(denial->message.find(denial->what.substr(denial->what.find(' ') + 1)),
                      std::string::npos);
        }
    }
}

TEST(SelectionCheck, NamesTheRuleThatDeniesATopic) {
    const auto policy = policy_of(acl);
    const auto grants = policy->grants(user_named("op", {"operator"}));

    const auto denied = check_selection(selecting({"site/secret"}, {}), *grants);
    const auto not_allowed = check_selection(selecting({"other"}, {}), *grants);

    ASSERT_TRUE(denied && denied->rule != nullptr);
    EXPECT_EQ(denied->rule->effect, AclEffect::Deny);
    ASSERT_TRUE(not_allowed);
    EXPECT_EQ(not_allowed->rule, nullptr);
}

TEST(SelectionCheck, WhoMayReceiveNothingMaySelectNothing) {
    const auto policy = policy_of(
        "[acl]\n[[acl.rule]]\nrole = \"x\"\nallow = [\"receive\", "
        "\"subscribe\"]\ntopics = [\"#\"]\n");

    const auto denial = check_selection({}, *policy->grants(user_named("anna")));

    ASSERT_TRUE(denial);
    EXPECT_EQ(denial->what, "any topic");
}

}  // namespace
}  // namespace rtbridge
