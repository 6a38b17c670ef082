#include "ctl/replay_summary.h"

#include <algorithm>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <ostream>
#include <sstream>

#include "rules/rule.h"

namespace rtbridge {
namespace {

double in_us(std::uint64_t nanoseconds, std::uint64_t count) {
    const double us = static_cast<double>(nanoseconds) / 1000;
    return count == 0 ? 0 : us / static_cast<double>(count);
}

std::string with_two_digits(double number) {
    std::ostringstream text;
    text << std::fixed << std::setprecision(2) << number;
    return text.str();
}

double quantile_us(const Histogram::Reading& reading, double share) {
    const std::optional<std::chrono::nanoseconds> value = reading.quantile(share);
    return value ? in_us(static_cast<std::uint64_t>(value->count()), 1) : 0;
}

}  // namespace

ReplaySummary::ReplaySummary(const RuleSet& rules)
    : rules_(rules), by_rule_(rules.rules().size()) {}

void ReplaySummary::add(const Outcome& outcome, const std::vector<RuleResult>& results,
                        std::chrono::nanoseconds time) {
    ++messages_;
    times_.record(time);
    if (results.empty()) ++unmatched_;
    for (const RuleResult& result : results) {
        OfRule& rule = by_rule_[result.rule];
        ++rule.matched;
        rule.nanoseconds += static_cast<std::uint64_t>(time.count());
        rule.bodies_missing += result.bodies_missing;
        if (result.verdict == RuleVerdict::Ok) {
            ++rule.ok;
            continue;
        }
        ++rule.invalid;
        ++rule.reasons.at(static_cast<std::size_t>(result.reason));
        if (result.verdict != RuleVerdict::Dropped) continue;
        ++(outcome.quarantined ? rule.quarantined : rule.dropped);
    }
}

void ReplaySummary::write_text(std::ostream& out) const {
    out << messages_ << " message" << (messages_ == 1 ? "" : "s") << ", " << unmatched_
        << " matched by no rule, " << bad_lines_ << " bad line" << (bad_lines_ == 1 ? "" : "s")
        << "\n";
    const Histogram::Reading times = times_.read();
    out << "each took " << with_two_digits(quantile_us(times, 0.5)) << " us (median), "
        << with_two_digits(quantile_us(times, 0.99)) << " us (p99) of this machine\n";
    std::size_t width = 4;
    for (const auto& rule : rules_.rules()) width = std::max(width, rule->name().size());
    const auto cell = [&](const auto& value) { out << std::right << std::setw(12) << value; };
    out << std::left << std::setw(static_cast<int>(width)) << "rule";
    for (const char* const name : {"matched", "ok", "invalid", "dropped", "quarantined", "us"}) {
        cell(name);
    }
    out << "\n";
    for (std::size_t i = 0; i < by_rule_.size(); ++i) {
        const OfRule& rule = by_rule_[i];
        out << std::left << std::setw(static_cast<int>(width)) << rules_.rules()[i]->name();
        for (const std::uint64_t count :
             {rule.matched, rule.ok, rule.invalid, rule.dropped, rule.quarantined}) {
            cell(count);
        }
        cell(with_two_digits(in_us(rule.nanoseconds, rule.matched)));
        out << "\n";
        for (std::size_t reason = 0; reason < rule.reasons.size(); ++reason) {
            if (rule.reasons.at(reason) == 0) continue;
            out << "  " << rule.reasons.at(reason) << " "
                << to_text(static_cast<InvalidReason>(reason)) << "\n";
        }
        if (rule.bodies_missing > 0) {
            out << "  " << rule.bodies_missing << " bodies for browsers could not be made\n";
        }
    }
}

void ReplaySummary::write_json(std::ostream& out) const {
    using nlohmann::ordered_json;
    const Histogram::Reading times = times_.read();
    ordered_json rules = ordered_json::object();
    for (std::size_t i = 0; i < by_rule_.size(); ++i) {
        const OfRule& rule = by_rule_[i];
        ordered_json reasons = ordered_json::object();
        for (std::size_t reason = 0; reason < rule.reasons.size(); ++reason) {
            if (rule.reasons.at(reason) == 0) continue;
            reasons[std::string(to_text(static_cast<InvalidReason>(reason)))] =
                rule.reasons.at(reason);
        }
        rules[rules_.rules()[i]->name()] = {{"matched", rule.matched},
                                            {"ok", rule.ok},
                                            {"invalid", rule.invalid},
                                            {"invalid_by", std::move(reasons)},
                                            {"dropped", rule.dropped},
                                            {"quarantined", rule.quarantined},
                                            {"bodies_missing", rule.bodies_missing},
                                            {"us", in_us(rule.nanoseconds, rule.matched)}};
    }
    const ordered_json summary = {{"messages", messages_},
                                  {"unmatched", unmatched_},
                                  {"bad_lines", bad_lines_},
                                  {"p50_us", quantile_us(times, 0.5)},
                                  {"p99_us", quantile_us(times, 0.99)},
                                  {"rules", std::move(rules)}};
    out << ordered_json{{"summary", summary}}.dump() << "\n";
}

}  // namespace rtbridge
