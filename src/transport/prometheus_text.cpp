#include "transport/prometheus_text.h"

#include <array>
#include <charconv>

namespace rtbridge {
namespace {

std::string_view to_text(PrometheusText::Type type) {
    switch (type) {
        case PrometheusText::Type::Counter:
            return "counter";
        case PrometheusText::Type::Gauge:
            return "gauge";
        case PrometheusText::Type::Histogram:
            break;
    }
    return "histogram";
}

void append_escaped(std::string& out, std::string_view label_value) {
    for (const char c : label_value) {
        if (c == '\n') {
            out += "\\n";
            continue;
        }
        if (c == '\\' || c == '"') out += '\\';
        out += c;
    }
}

// The shortest text that reads as the same number; without a locale's comma.
std::string number(double value) {
    std::array<char, 32> digits{};
    char* const end = std::to_chars(digits.begin(), digits.end(), value).ptr;
    return {digits.begin(), end};
}

std::string seconds(Histogram::Nanoseconds time) {
    return number(std::chrono::duration<double>(time).count());
}

}  // namespace

void PrometheusText::family(std::string_view name, Type type, std::string_view help) {
    name_ = name;
    text_.append("# HELP ").append(name).append(" ").append(help).append("\n");
    text_.append("# TYPE ").append(name).append(" ").append(to_text(type)).append("\n");
}

void PrometheusText::append_series(std::string_view suffix, Labels labels) {
    text_.append(name_).append(suffix);
    char before = '{';
    for (const auto& [name, value] : labels) {
        text_ += std::exchange(before, ',');
        text_.append(name).append("=\"");
        append_escaped(text_, value);
        text_ += '"';
    }
    text_ += labels.size() > 0 ? "} " : " ";
}

void PrometheusText::sample(Labels labels, std::uint64_t value) {
    append_series("", labels);
    text_.append(std::to_string(value)).append("\n");
}

void PrometheusText::fraction(Labels labels, double value) {
    append_series("", labels);
    text_.append(number(value)).append("\n");
}

void PrometheusText::histogram(const Histogram::Reading& reading) {
    std::uint64_t up_to = 0;
    for (std::size_t i = 0; i < reading.counts.size(); ++i) {
        up_to += reading.counts.at(i);
        const bool bounded = i < Histogram::bounds.size();
        const std::string le = bounded ? seconds(Histogram::bounds.at(i)) : "+Inf";
        append_series("_bucket", {{"le", le}});
        text_.append(std::to_string(up_to)).append("\n");
    }
    append_series("_sum", {});
    text_.append(seconds(reading.sum)).append("\n");
    append_series("_count", {});
    text_.append(std::to_string(up_to)).append("\n");
}

}  // namespace rtbridge
