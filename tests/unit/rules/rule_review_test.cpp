#include "rules/rule_review.h"

#include <gtest/gtest.h>

#include "config/config_loader.h"
#include "config/config_text.h"

namespace rtbridge {
namespace {

// What is said about these tables.
std::string remarks(const std::string& text) {
    Diagnostics diagnostics;
    const std::optional<Config> config = parse_config(text, "rules.toml", diagnostics);
    if (!config) return to_test_text(diagnostics);
    const auto rules = RuleSet::compile(*config, diagnostics);
    if (rules == nullptr) return to_test_text(diagnostics);
    RuleReview(*config, *rules, diagnostics).run();
    review_requests(*config, *rules, diagnostics);
    return to_test_text(diagnostics);
}

// Three lines: the table, its name, its topics; the options begin in the fourth.
std::string rule(const std::string& name, const std::string& topics,
                 const std::string& options = "") {
    return "[[rule]]\nname = \"" + name + "\"\ntopics = [" + topics + "]\n" + options + "\n";
}

struct Case {
    const char* what;
    std::string text;
    std::string remarks;
};

template <std::size_t N>
void expect(const Case (&cases)[N]) {
    for (const Case& each : cases) EXPECT_EQ(remarks(each.text), each.remarks) << each.what;
}

TEST(RuleReview, HasNothingToSayAboutOrdinaryRules) {
    const Case cases[] = {
        {"a battery", rule("a", "\"battery/#\"", "battery = {}\nkey = \"{payload.userId}\""), ""},
        {"a rule for the library alone", rule("a", "\"a/#\""), ""},
        {"an exception behind the general rule",
         rule("a", "\"a/#\"", "set = { site = \"any\" }") +
             rule("b", "\"a/b\"", "set = { site = \"b\" }"),
         ""},
        {"two rules that set the same",
         rule("a", "\"+/x\"", "set = { n = 1 }") + rule("b", "\"y/+\"", "set = { n = 1 }"), ""},
        {"other keys",
         rule("a", "\"a\"", "key = \"{payload.a}\"") +
             rule("b", "\"a\"", "key = \"{payload.b}\"\nbrowser = { max_rate = \"1/s\" }"),
         ""},
        {"one after the other",
         rule("a", "\"a\"", "set = { n = 1 }") +
             rule("b", "\"a\"", "set = { n = \"{payload.n}+1\" }"),
         ""},
        {"what MQTT sees before it is set anew",
         rule("a", "\"a\"", "set = { n = 1 }\nmqtt = \"replace\"") +
             rule("b", "\"a\"", "set = { n = 2 }"),
         ""},
        {"a topic of bridges", rule("a", "\"$SYS/broker/connection/+/state\""), ""},
        {"the state, worked on",
         rule("a", "\"a\"", "battery = {}\nset = { state = \"is {payload.state}\" }"), ""},
    };
    expect(cases);
}

TEST(RuleReview, WarnsOfTopicsThatNeverMatchOrSayTheSame) {
    const Case cases[] = {
        {"$SYS", rule("a", "\"$SYS/#\""),
         "3:11: warning: \"$SYS/#\" can never match: what the broker itself publishes passes no "
         "rules\n"},
        {"$share", rule("a", "\"$share/g/a\""),
         "3:11: warning: \"$share/g/a\" can never match: $share/ is for subscriptions; write the "
         "filter behind the group\n"},
        {"$CONTROL", rule("a", "\"$CONTROL/x\""),
         "3:11: warning: \"$CONTROL/x\" can never match: the broker keeps such messages to "
         "itself\n"},
        {"our own", rule("a", "\"rtbridge/quarantine/#\""),
         "3:11: warning: \"rtbridge/quarantine/#\" can never match: what rtbridge itself publishes "
         "passes no rules\n"},
        {"devices", rule("a", "\"rtbridge/device/+\""),
         "3:11: warning: \"rtbridge/device/+\" can never match: what rtbridge itself publishes "
         "passes no rules\n"},
        {"control characters", rule("a", "\"a\\u0007b\""),
         "3:11: warning: \"a\\x07b\" can never match: the broker refuses topics with control "
         "characters\n"},
        {"levels", rule("a", "\"" + std::string(201, '/') + "\""),
         "3:11: warning: \"" + std::string(60, '/') +
             "...\" can never match: the broker refuses topics with more than 200 slashes\n"},
        {"twice", rule("a", "\"a/+\", \"a/{x}\""),
         "3:18: warning: \"a/{x}\" stands here twice, as \"a/+\"; remove one of them\n"},
        {"within", rule("a", "\"a/#\", \"a/b\""),
         "3:18: warning: \"a/b\" has no effect beside \"a/#\"; remove one of them\n"},
    };
    expect(cases);
}

TEST(RuleReview, WarnsOfOptionsWithoutEffect) {
    const Case cases[] = {
        {"nothing to refuse", rule("a", "\"a\"", "on_invalid = \"drop\""),
         "4:1: warning: on_invalid has no effect: nothing in this rule can refuse a message; say "
         "what it has to have in fields\n"},
        {"a topic can be refused",
         rule("a", "\"a\"", "on_invalid = \"drop\"\nmqtt = \"publish:b/{payload.x}\""), ""},
        {"history of one", rule("a", "\"a\"", "history = { last = 1 }"),
         "4:13: warning: history has no effect: browsers get the newest value without it; raise "
         "last\n"},
        {"nothing to replace", rule("a", "\"a\"", "mqtt = \"replace\""),
         "4:1: warning: mqtt = \"replace\" has no effect: neither this rule nor one before it "
         "changes these messages\n"},
        {"what another rule changed",
         rule("a", "\"a/#\"", "set = { n = 1 }") + rule("b", "\"a/b\"", "mqtt = \"replace\""), ""},
        {"to itself", rule("a", "\"a\"", "battery = {}\nmqtt = \"publish:{topic}\""),
         "5:8: warning: this publishes to the topic that the message came from, so MQTT "
         "subscribers get both; write mqtt = \"replace\" for the enriched one alone\n"},
    };
    expect(cases);
}

TEST(RuleReview, WarnsOfFieldsThatContradictTheRest) {
    const Case cases[] = {
        {"set", rule("a", "\"a\"", "fields = { x = \"number?\" }\nset = { y = \"{payload.x}\" }"),
         "5:9: warning: this needs \"x\", which fields allows to be missing: such messages are "
         "invalid all the same\n"},
        {"a default does not fill it in",
         rule("a", "\"a\"", "fields = { x = \"number = 0\" }\nset = { y = \"{payload.x}\" }"),
         "5:9: warning: this needs \"x\", which fields allows to be missing: such messages are "
         "invalid all the same\n"},
        {"publish",
         rule("a", "\"a\"", "fields = { x = \"string?\" }\nmqtt = \"publish:b/{payload.x}\""),
         "5:1: warning: the topic needs \"x\", which fields allows to be missing: such messages "
         "are invalid all the same\n"},
        {"battery, missing",
         rule("a", "\"a\"", "fields = { batteryPower = \"number?\" }\nbattery = {}"),
         "5:1: warning: battery needs \"batteryPower\", which fields allows to be missing: such "
         "messages are invalid all the same\n"},
        {"battery, a text",
         rule("a", "\"a\"", "fields = { batteryPower = \"string\" }\nbattery = {}"),
         "5:1: warning: every message is invalid: battery needs a number in \"batteryPower\", and "
         "fields wants something else there\n"},
        {"deadband",
         rule("a", "\"a\"",
              "fields = { mode = \"one of a|b\" }\n"
              "browser = { deadband = { mode = 1 } }"),
         "5:26: warning: \"mode\" is no number by fields, so it never differs from what was sent "
         "last; remove it from deadband\n"},
        {"needed and there",
         rule("a", "\"a\"", "fields = { x = \"number\" }\nset = { y = \"{payload.x}\" }"), ""},
        {"the state", rule("a", "\"a\"", "battery = {}\nset = { state = \"on\" }"),
         "5:9: warning: this replaces the state that battery adds; give it another name, or remove "
         "battery\n"},
    };
    expect(cases);
}

TEST(RuleReview, WarnsWhereWhatARulePublishesLooksLikeInput) {
    const std::string end = ", but passes no rules again: it is seen as it is\n";
    const Case cases[] = {
        {"its own", rule("a", "\"a/#\"", "mqtt = \"publish:a/live/{payload.x}\""),
         "4:8: warning: what this publishes is within \"a/#\" of this rule" + end},
        {"another one's",
         rule("a", "\"a\"", "mqtt = \"publish:live/{payload.x}\"") + rule("b", "\"live/+\""),
         "4:8: warning: what this publishes is within \"live/+\" of rule \"b\" (line 6)" + end},
        {"by the topic",
         rule("a", "\"a/{x}\"", "mqtt = \"publish:live/{topic}\"") + rule("b", "\"live/a/#\""),
         "4:8: warning: what this publishes is within \"live/a/#\" of rule \"b\" (line 6)" + end},
        {"elsewhere", rule("a", "\"a/#\"", "mqtt = \"publish:live/{payload.x}\""), ""},
        {"another beginning of the level",
         rule("a", "\"a/#\"", "mqtt = \"publish:b/x-{payload.x}\"") + rule("b", "\"b/y\""), ""},
    };
    expect(cases);
}

TEST(RuleReview, WarnsOfRulesInTheShadowOfOthers) {
    const std::string limited = "browser = { max_rate = \"1/s\" }";
    const Case cases[] = {
        {"options", rule("a", "\"a/#\"") + rule("b", "\"a/b\"", limited),
         "8:1: warning: browser has no effect: rule \"a\" (line 2) tells browsers the same of all "
         "these messages and comes first, so its options count\n"},
        {"history", rule("a", "\"a/#\"") + rule("b", "\"a/b\"", "history = { last = 9 }"),
         "8:1: warning: history has no effect: rule \"a\" (line 2) tells browsers the same of all "
         "these messages and comes first, so its options count\n"},
        {"the whole rule", rule("a", "\"a/#\"") + rule("b", "\"a/b\""),
         "6:8: warning: this rule has no effect: rule \"a\" (line 2) tells browsers the same of "
         "all its messages\n"},
        {"twice the same", rule("a", "\"a\"") + rule("b", "\"a\""),
         "6:8: warning: this rule has no effect: rule \"a\" (line 2) tells browsers the same of "
         "all its messages\n"},
        {"first the exception, whose options count",
         rule("a", "\"a/b\"") + rule("b", "\"a/#\"", limited), ""},
        {"a rule that may refuse them",
         rule("a", "\"a/#\"", "battery = {}") + rule("b", "\"a/b\"", limited), ""},
        {"another event",
         rule("a", "\"a/#\"") + rule("b", "\"a/b\"", "browser = { event = \"e\" }"), ""},
        {"only a part", rule("a", "\"a/+\"") + rule("b", "\"a/#\"", limited), ""},
    };
    expect(cases);
}

TEST(RuleReview, WarnsOfValuesThatAnotherRuleSetsAnew) {
    const Case cases[] = {
        {"never seen",
         rule("a", "\"a/b\"", "set = { n = 1 }") + rule("b", "\"a/#\"", "set = { n = 2 }"),
         "4:9: warning: \"n\" of this rule is never seen: rule \"b\" (line 6) comes later, matches "
         "all these messages too and sets it anew\n"},
        {"where they cross",
         rule("a", "\"+/x\"", "set = { n = 1 }") + rule("b", "\"y/+\"", "set = { n = 2 }"),
         "8:9: warning: rule \"a\" (line 2) sets \"n\" otherwise; where both match, as \"y/x\", "
         "this one wins because it comes later\n"},
        {"the state of batteries",
         rule("a", "\"a\"", "battery = {}") +
             rule("b", "\"a\"", "battery = { positive = \"discharging\" }"),
         "4:1: warning: \"state\" of this rule is never seen: rule \"b\" (line 6) comes later, "
         "matches all these messages too and sets it anew\n"},
        {"replaced both times",
         rule("a", "\"a\"", "set = { n = 1 }\nmqtt = \"replace\"") +
             rule("b", "\"a\"", "set = { n = 2 }\nmqtt = \"replace\""),
         "4:9: warning: \"n\" of this rule is never seen: rule \"b\" (line 7) comes later, matches "
         "all these messages too and sets it anew\n"},
        {"a label that is replaced",
         rule("a", "\"a\"",
              "classify = { n = { of = \"x\", below = { low = 20 }, otherwise = \"ok\" } }") +
             rule("b", "\"a\"", "set = { n = 2 }"),
         "4:14: warning: \"n\" of this rule is never seen: rule \"b\" (line 6) comes later, "
         "matches "
         "all these messages too and sets it anew\n"},
        {"a value that gets another name",
         rule("a", "\"a\"", "set = { n = 1 }\nrename = { n = \"m\" }") +
             rule("b", "\"a\"", "set = { n = 2 }"),
         ""},
        {"the later one may refuse",
         rule("a", "\"a\"", "set = { n = 1 }") +
             rule("b", "\"a\"", "set = { n = \"{payload.m}\" }"),
         ""},
    };
    expect(cases);
}

TEST(RuleReview, WarnsWhereAccessLeavesNothingOfARule) {
    const std::string allow = "[acl]\n[[acl.rule]]\nuser = \"*\"\nallow = ";
    const std::string history = "history = { last = 9 }";
    const Case cases[] = {
        {"nobody receives it",
         rule("a", "\"a\"") + allow + "[\"receive\", \"subscribe\"]\ntopics = [\"b/#\"]\n",
         "3:11: warning: nobody sees what this rule makes: no rule of [acl] allows receive on its "
         "topics\n"},
        {"nobody may ask for the past",
         rule("a", "\"a/+\"", history) + allow +
             "[\"receive\", \"subscribe\"]\ntopics = [\"a/{user}\"]\n",
         "4:1: warning: history has no effect: no rule of [acl] allows the action history on these "
         "topics\n"},
        {"somebody may",
         rule("a", "\"a/+\"", history) + allow +
             "[\"receive\", \"subscribe\", \"history\"]\ntopics = [\"a/{user}\"]\n",
         ""},
        {"everything is allowed", rule("a", "\"a\"", history) + "[acl]\ndefault = \"allow\"\n", ""},
        {"it drops what is wrong",
         rule("a", "\"a\"", "fields = { x = \"number\" }\non_invalid = \"drop\"") + "[acl]\n", ""},
        {"keys that nothing gives",
         rule("a", "\"a\"") + allow +
             "[\"receive\", \"subscribe\"]\ntopics = [\"a\"]\nkeys = [\"k\"]\n",
         "10:9: warning: this rule can never match: no [[rule]] gives a key\n"},
    };
    expect(cases);
}

TEST(RuleReview, WarnsOfRequestsThatNeverFindAnything) {
    const std::string get = "[[http.route]]\nmethod = \"GET\"\npath = \"/x/{id}\"\nlatest = ";
    const std::string no_value =
        " never has a value: browsers see only what a [[rule]] matches, and none matches such "
        "topics\n";
    const Case cases[] = {
        {"a route", rule("a", "\"a/+\"") + get + "\"b/{id}\"\n",
         "8:10: warning: \"b/{id}\"" + no_value},
        {"a route that does", rule("a", "\"a/+\"") + get + "\"a/{id}\"\n", ""},
        {"what is published is seen there alone",
         rule("a", "\"a/+\"", "mqtt = \"publish:b/{payload.x}\"") + get + "\"a/{id}\"\n",
         "8:10: warning: \"a/{id}\"" + no_value},
        {"and there it is",
         rule("a", "\"a/+\"", "mqtt = \"publish:b/{payload.x}\"") + get + "\"b/{id}\"\n", ""},
        {"an event without keys",
         rule("a", "\"a/+\"") +
             "[[socketio.on]]\nevent = \"sub\"\ndo = \"subscribe\"\nkey = \"{arg}\"\n",
         "6:9: warning: event \"sub\" finds nothing: no [[rule]] gives a key\n"},
        {"a role that nothing gives",
         rule("a", "\"a/+\"", "key = \"{payload.x}\"") +
             "[auth]\nanonymous = \"role:viewer\"\n"
             "[[socketio.on]]\nevent = \"all\"\ndo = \"subscribe_all\"\nrole = \"viewr\"\n",
         "8:9: warning: nobody can send the event \"all\": nothing gives the role \"viewr\"; did "
         "you mean \"viewer\"?\n"},
    };
    expect(cases);
}

TEST(RuleReview, ComparesOnlySoManyTopics) {
    std::string text = rule("first", "\"a/#\"") + rule("second", "\"a/b\"");
    EXPECT_NE(remarks(text), "");
    for (std::size_t i = 0; i < RuleReview::topics_max; ++i) {
        const std::string name = "r" + std::to_string(i);
        text += rule(name, "\"" + name + "\"");
    }
    EXPECT_EQ(remarks(text), "");
}

}  // namespace
}  // namespace rtbridge
