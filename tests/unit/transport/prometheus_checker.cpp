#include "transport/prometheus_checker.h"

#include <cmath>
#include <cstdlib>
#include <optional>
#include <regex>
#include <set>

namespace rtbridge {
namespace {

struct Sample {
    std::string name, labels, le;
    double value = 0;
};

std::optional<Sample> read_sample(const std::string& line) {
    static const std::regex form(R"re(([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([^ ]+))re");
    static const std::regex label(
        R"re(([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$))re");
    std::smatch parts;
    if (!std::regex_match(line, parts, form)) return std::nullopt;
    Sample sample{parts[1], parts[2], "", 0};

    std::set<std::string> names;
    std::string rest = sample.labels;
    if (parts[2].matched && rest.empty()) return std::nullopt;
    while (!rest.empty()) {
        std::smatch pair;
        if (!std::regex_search(rest, pair, label, std::regex_constants::match_continuous)) {
            return std::nullopt;
        }
        if (!names.insert(pair[1]).second) return std::nullopt;
        if (pair[1] == "le") sample.le = pair[2];
        const bool comma = pair[3] == ",";
        rest = pair.suffix();
        if (comma && rest.empty()) return std::nullopt;
    }
    const std::string number = parts[3];
    char* end = nullptr;
    sample.value = std::strtod(number.c_str(), &end);
    if (*end != '\0' || std::isnan(sample.value)) return std::nullopt;
    return sample;
}

class Checker {
public:
    CheckedMetrics check(std::string_view text) {
        if (text.empty() || text.back() != '\n') complain("no line end at the end");
        while (!text.empty()) {
            const std::size_t end = std::min(text.find('\n'), text.size() - 1);
            line_ = text.substr(0, end);
            text.remove_prefix(end + 1);
            read_line();
        }
        end_family();
        return std::move(result_);
    }

private:
    void complain(const std::string& what) { result_.mistakes.push_back(what + ": " + line_); }

    void read_line() {
        static const std::regex help(R"(# HELP ([a-z_]+) (\S.*\S))");
        static const std::regex type(R"(# TYPE ([a-z_]+) (counter|gauge|histogram))");
        std::smatch parts;
        if (std::regex_match(line_, parts, help)) {
            end_family();
            family_ = parts[1];
            type_.clear();
            if (!result_.families.emplace(family_, "").second) complain("a family twice");
        } else if (std::regex_match(line_, parts, type)) {
            if (parts[1] != family_ || !type_.empty()) complain("TYPE without its HELP");
            type_ = parts[2];
            result_.families[family_] = type_;
            const bool total = family_.ends_with("_total");
            if (total != (type_ == "counter")) complain("only counters end in _total");
        } else if (const auto sample = read_sample(line_)) {
            take(*sample);
        } else {
            complain("neither a sample nor HELP nor TYPE");
        }
    }

    void take(const Sample& sample) {
        const std::string series = line_.substr(0, line_.rfind(' '));
        if (!result_.samples.emplace(series, sample.value).second) complain("a series twice");
        if (type_.empty()) complain("a sample without TYPE");
        if (type_ != "gauge" && sample.value < 0) complain("below zero");
        if (type_ != "histogram") {
            if (sample.name != family_) complain("a sample of another family");
        } else if (sample.name == family_ + "_bucket") {
            const double bound = std::strtod(sample.le.c_str(), nullptr);
            if (sample.le.empty()) complain("a bucket without le");
            if (!(bound > bound_)) complain("bounds do not rise");
            if (sample.value < up_to_) complain("buckets are not cumulative");
            bound_ = bound;
            up_to_ = sample.value;
        } else if (sample.name == family_ + "_sum") {
            has_sum_ = true;
        } else if (sample.name == family_ + "_count") {
            has_count_ = true;
            if (sample.value != up_to_) complain("_count is not the last bucket");
        } else {
            complain("a sample of another family");
        }
    }

    void end_family() {
        if (!family_.empty() && type_.empty()) complain("HELP without TYPE before");
        if (type_ == "histogram" && !(std::isinf(bound_) && has_sum_ && has_count_)) {
            complain("a histogram without +Inf, _sum or _count before");
        }
        bound_ = -1;
        up_to_ = 0;
        has_sum_ = has_count_ = false;
    }

    CheckedMetrics result_;
    std::string line_, family_, type_;
    double bound_ = -1;
    double up_to_ = 0;
    bool has_sum_ = false;
    bool has_count_ = false;
};

}  // namespace

CheckedMetrics check_metrics(std::string_view text) {
    return Checker().check(text);
}

}  // namespace rtbridge
