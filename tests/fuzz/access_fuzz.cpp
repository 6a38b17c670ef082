#include <cstddef>
#include <cstdint>
#include <string_view>

#include "access/policy.h"
#include "config/config_loader.h"

// A configuration, a NUL, and a topic filter. Whatever rules stand in the file, what is said of the
// filter as a whole agrees with what is said of a topic that it matches.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using rtbridge::Coverage;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::size_t end = input.find('\0');
    if (end == std::string_view::npos) return 0;
    rtbridge::Diagnostics diagnostics;
    const auto config =
        rtbridge::parse_config(input.substr(0, end), "/nonexistent/fuzz.toml", diagnostics);
    const auto filter =
        rtbridge::TopicFilter::parse(rtbridge::without_share_prefix(input.substr(end + 1)));
    if (!config || !filter.ok()) return 0;
    const auto policy = rtbridge::Policy::compile(*config, diagnostics);
    if (policy == nullptr) {
        if (!diagnostics.has_errors()) __builtin_trap();
        return 0;
    }
    rtbridge::Identity who;
    who.user = "u";
    who.client = "c";
    who.roles = {"r"};
    who.claims["x"] = "v";
    const auto grants = policy->grants(who);
    std::string topic = filter.value().text();
    for (char& c : topic) c = c == '+' || c == '#' ? 'z' : c;
    const Coverage coverage = grants->coverage(rtbridge::receive_live, filter.value(), {"k"});
    const bool may = grants->may(rtbridge::receive_live, topic, "k");
    if (coverage == Coverage::All && !may) __builtin_trap();
    if (coverage == Coverage::None && may) __builtin_trap();
    if (may && !grants->anything(rtbridge::receive_live, "k")) __builtin_trap();
    if (grants->decide(rtbridge::Action::Receive, topic, "k").allowed !=
        grants->may(rtbridge::Action::Receive, topic, "k")) {
        __builtin_trap();
    }
    return 0;
}
