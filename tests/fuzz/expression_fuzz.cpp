#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "rules/json_document.h"
#include "rules/rule_set.h"
#include "rules/rule_workspace.h"

// Whatever an operator writes for `compute`, and whatever payload comes then: no crash, a mistake
// that points into the expression, or a finite number.

namespace rtbridge {
namespace {

void check(bool invariant) {
    if (!invariant) std::abort();
}

// The first line is the expression, the rest the payload.
void fuzz(std::string_view input) {
    const std::size_t line = input.find('\n');
    const std::string_view expression = input.substr(0, line);
    const std::string_view payload =
        line == std::string_view::npos ? R"({"a":1,"b":{"c":2}})" : input.substr(line + 1);
    Config config;
    RuleConfig& rule = config.rules.emplace_back();
    rule.name.value = "r";
    rule.topics = {{"site/{site}", {}}};
    rule.compute = {{{"out", {}}, {std::string(expression), {"test", 1, 1}}}};
    rule.mqtt = TowardsMqtt::Replace;
    Diagnostics diagnostics;
    const std::shared_ptr<const RuleSet> rules = RuleSet::compile(config, diagnostics);
    check((rules == nullptr) == diagnostics.has_errors());
    for (const Diagnostic& one : diagnostics.sorted()) {
        check(one.place.column >= 1 && one.place.column <= expression.size() + 1);
    }
    if (rules == nullptr) return;
    static RuleWorkspace workspace;
    static JsonDocument document;
    const Outcome outcome =
        rules->apply({.topic = "site/12", .payload = payload}, workspace, SystemClock());
    if (!outcome.replacement) return;
    check(document.parse(*outcome.replacement) == nullptr);
    const auto out = last_member(document.root(), "out");
    double number = NAN;
    check(out && out->get(number) == simdjson::SUCCESS && std::isfinite(number));
}

}  // namespace
}  // namespace rtbridge

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    rtbridge::fuzz({reinterpret_cast<const char*>(data), size});
    return 0;
}
