#include "rules/expression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rule_test_config.h"

namespace rtbridge {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// `out` of a rule that computes it from the payload, or why there is none.
class Computing {
public:
    explicit Computing(const char* expression, std::vector<FieldConfig> fields = {}) {
        RuleConfig rule = plain_rule("r", {"site/{site}/{device}"});
        rule.fields = std::move(fields);
        rule.compute = {{placed("out"), placed(expression)}};
        rule.mqtt = TowardsMqtt::Replace;
        rules_.emplace(std::vector{rule});
    }

    std::string operator()(const std::string& members) {
        const std::string payload = "{" + members + "}";
        const Outcome outcome = rules_->apply({.topic = "site/12/d1", .payload = payload});
        if (!outcome.replacement) {
            const RuleResult& result = rules_->workspace().results().front();
            if (result.verdict == RuleVerdict::Ok) return "unchanged";
            const std::vector<RuleTrace> traces =
                rules_->trace({.topic = "site/12/d1", .payload = payload});
            for (const RuleTrace::Step& step : traces.front().steps) {
                if (!step.ok) return std::string(to_text(result.reason)) + ": " + step.result;
            }
        }
        const std::string marker = "\"out\":";
        const std::size_t at = outcome.replacement->find(marker);
        return outcome.replacement->substr(at + marker.size(),
                                           outcome.replacement->size() - at - marker.size() - 1);
    }

private:
    std::optional<Rules> rules_;
};

std::string computed(const char* expression, const std::string& members = "") {
    return Computing(expression)(members);
}

FieldConfig field(const char* path, const char* spec) {
    return {placed(path), parse_field_spec(spec).value()};
}

TEST(Expression, ComputesNumbers) {
    const struct {
        const char* expression;
        const char* members;
        const char* out;
    } cases[] = {
        {"batteryPower / 1000", R"("batteryPower":1500)", "1.5"},
        {"a + b * -c ^ 2", R"("a":1,"b":2,"c":3)", "-17"},
        {"(a - b) / 2", R"("a":1,"b":2)", "-0.5"},
        {"a.b.c * 2", R"("a":{"b":{"c":4}})", "8"},
        {"a.b * 2", R"("a.b":5)", "10"},
        {"a > 1 && a <= 5", R"("a":5)", "1"},
        {"a == 1 || b != 2", R"("a":0,"b":2)", "0"},
        {"a >= 2 ? 10 : 20", R"("a":1)", "20"},
        {"on ? 1.5e3 : 0", R"("on":true)", "1500"},
        {"on + 1", R"("on":false)", "1"},
        {"max(a, 2, 3)", R"("a":9)", "9"},
        {"min(a,2)", R"("a":9)", "2"},
        {"round (a)", R"("a":2.5)", "3"},
        {"round_to(a, 1)", R"("a":2.449)", "2.4"},
        {"floor(a) + ceil(a)", R"("a":2.5)", "5"},
        {"clamp(a, 0, 100)", R"("a":120)", "100"},
        {"clamp(a, 0, 100)", R"("a":-3)", "0"},
        {"abs(a) + sqrt(4)", R"("a":-3)", "5"},
        {".5 + 1.", "", "1.5"},
        {"{payload.odd-name} * 2", R"("odd-name":3)", "6"},
        {"{payload.a.b} + a.b", R"("a":{"b":1})", "2"},
        {"{site} + site", "", "24"},
        {"a+a*a", R"("a":3)", "12"},
        {"min + 1", R"("min":3)", "4"},
    };
    for (const auto& c : cases) EXPECT_EQ(computed(c.expression, c.members), c.out) << c.expression;
}

TEST(Expression, WritesResultsThatStayTheSame) {
    EXPECT_EQ(computed("0.1 + 0.2"), "0.3");
    EXPECT_EQ(computed("a * 3", R"("a":0.1)"), "0.3");
    EXPECT_EQ(computed("1 / 3"), "0.333333333333333");
    EXPECT_EQ(computed("9007199254740991 + 0"), "9007199254740991");
    EXPECT_EQ(computed("10 ^ 20"), "1e+20");
    EXPECT_EQ(computed("0 * -1"), "0");
    EXPECT_EQ(computed("1 / 8192"), "0.0001220703125");
    EXPECT_EQ(computed("1 / 3000000"), "3.33333333333333e-07");
}

TEST(Expression, MissingFieldsCountAsTheirDefault) {
    Computing sum("a + b.c", {field("a", "number = 5"), field("b.c", "number?")});
    EXPECT_EQ(sum(R"("b":{"c":1})"), "6");
    EXPECT_EQ(sum(R"("a":null,"b":{"c":1})"), "6");
    EXPECT_EQ(sum(R"("a":1,"b":{"c":1})"), "2");
    EXPECT_EQ(sum(R"("a":1)"), "missing: out: b.c is missing");
    EXPECT_EQ(Computing("on + 1", {field("on", "bool = true")})(""), "2");
}

TEST(Expression, TimesAreUnixSeconds) {
    Computing seconds("ts - 1700000000", {field("ts", "time")});
    EXPECT_EQ(seconds(R"("ts":"2023-11-14T22:13:20.5Z")"), "0.5");
    EXPECT_EQ(seconds(R"("ts":1700000001)"), "1");
    EXPECT_EQ(seconds(R"("ts":1700000002000)"), "2");
}

TEST(Expression, AFailureMakesThePayloadInvalid) {
    const struct {
        const char* expression;
        const char* members;
        const char* why;
    } cases[] = {
        {"a * 2", "", "missing: out: a is missing"},
        {"a * 2", R"("a":null)", "missing: out: a is null, not a number"},
        {"a * 2", R"("a":"5")", "type: out: a is a string, not a number"},
        {"a.b", R"("a":[1])", "missing: out: a.b is missing"},
        {"a", R"("a":{})", "type: out: a is an object, not a number"},
        {"1 / a", R"("a":0)", R"(compute: out: "1 / a" is not a finite number)"},
        {"sqrt(a)", R"("a":-1)", R"-(compute: out: "sqrt(a)" is not a finite number)-"},
        {"a * a", R"("a":1e300)", R"(compute: out: "a * a" is not a finite number)"},
        {"device + 1", "", R"(type: out: {device} is "d1", not a number)"},
        {"{client} + 1", "", "missing: out: {client} is missing"},
    };
    for (const auto& c : cases) EXPECT_EQ(computed(c.expression, c.members), c.why);
}

std::vector<std::string> mistakes(const char* expression) {
    RuleConfig rule = plain_rule("r", {"site/{site}"});
    rule.compute = {{placed("out"), placed(expression)}};
    Diagnostics diagnostics;
    EXPECT_EQ(compile({rule}, diagnostics), nullptr) << expression;
    std::vector<std::string> lines;
    for (const Diagnostic& one : diagnostics.sorted()) lines.push_back(to_line(one));
    return lines;
}

// The expression stands in column 5.
TEST(Expression, MistakesAreToldWithTheirColumn) {
    const struct {
        const char* expression;
        const char* told;
    } cases[] = {
        {"", "5: error: out: is empty"},
        {"  ", "5: error: out: is empty"},
        {"a +", "8: error: out: ends too early"},
        {"a + * b", "9: error: out: unexpected \"*\""},
        {"a b", "7: error: out: unexpected \"b\""},
        {"(a + b", "11: error: out: a parenthesis is not closed"},
        {"a + b)", "10: error: out: unexpected \")\""},
        {"a = 5", "7: error: out: write == to compare; nothing can be assigned"},
        {"sqr(a)", "5: error: out: \"sqr\" is not a function; did you mean sqrt()?"},
        {"power_of(a)", "5: error: out: \"power_of\" is not a function"},
        {"abs(a, b)", "13: error: out: too many arguments"},
        {"clamp(a)", "12: error: out: too few arguments"},
        {"a ? b", "7: error: out: a \"?\" without its \":\""},
        {"a : b", "7: error: out: a \":\" without its \"?\""},
        {"a, b", "5: error: out: is more than one number; remove the comma"},
        {"state == \"Idle\"",
         "14: error: out: texts cannot be computed with; map and set are for them"},
        {"{site", "5: error: out: the brace is not closed"},
        {"{siet} + 1", "5: error: out: unknown name {siet}; did you mean {site}?"},
        {"1 + {now}", "9: error: out: {now} cannot be used here"},
        {"a..b", "5: error: out: \"a..b\" is not a path"},
        {"$1", "5: error: out: unexpected $"},
        {"1 } 2", "7: error: out: unexpected }"},
        {"{payload.a}{payload.b}", "error: out: unexpected"},
        {"2 3", "7: error: out: unexpected \"3\""},
        {"5kW", "6: error: out: unexpected"},
        {"!", "error: out: unexpected"},
    };
    for (const auto& c : cases) {
        EXPECT_THAT(mistakes(c.expression), ElementsAre(HasSubstr(c.told))) << c.expression;
    }
}

TEST(Expression, ReportsSeveralMistakesAtOnce) {
    EXPECT_THAT(mistakes("foo(a) + bar(b) = 1"),
                ElementsAre(HasSubstr(":5: "), HasSubstr(":14: "), HasSubstr(":21: ")));
}

TEST(Expression, BoundsItsCost) {
    const std::string long_one(Expression::bytes_max + 1, '1');
    EXPECT_THAT(mistakes(long_one.c_str()), ElementsAre(HasSubstr("is longer than 1000 bytes")));
    std::string many;
    for (std::size_t i = 0; i <= Expression::values_max; ++i) {
        many += (i == 0 ? "v" : " + v") + std::to_string(i);
    }
    EXPECT_THAT(mistakes(many.c_str()), ElementsAre(HasSubstr("more than 50 values")));
    // As deep as its length allows.
    const std::string deep = std::string(490, '(') + "1" + std::string(490, ')');
    EXPECT_EQ(computed(deep.c_str()), "1");
}

TEST(Expression, UsesWhatWasComputedBefore) {
    RuleConfig rule = plain_rule("r", {"t"});
    rule.compute = {{placed("kw"), placed("w / 1000")}, {placed("double"), placed("kw * 2")}};
    rule.mqtt = TowardsMqtt::Replace;
    EXPECT_EQ(Rules({rule}).apply("t", R"({"w":500})").replacement,
              R"({"w":500,"kw":0.5,"double":1})");
}

TEST(Expression, RefusesWhatIsComputedLater) {
    RuleConfig rule = plain_rule("r", {"t"});
    rule.compute = {{placed("double"), placed("kw * 2")}, {placed("kw"), placed("w / 1000")}};
    Diagnostics diagnostics;
    EXPECT_EQ(compile({rule}, diagnostics), nullptr);
    EXPECT_THAT(to_line(diagnostics.sorted().front()),
                HasSubstr("double: kw is computed further down; move it up"));
}

TEST(Expression, MayReplaceAFieldByItself) {
    RuleConfig rule = plain_rule("r", {"t"});
    rule.compute = {{placed("v"), placed("v / 1000")}};
    rule.mqtt = TowardsMqtt::Replace;
    EXPECT_EQ(Rules({rule}).apply("t", R"({ "v" : 48000 })").replacement, R"({ "v" : 48 })");
}

}  // namespace
}  // namespace rtbridge
