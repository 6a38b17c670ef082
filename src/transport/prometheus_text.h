#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/histogram.h"

namespace rtbridge {

// Writes the text format of Prometheus, version 0.0.4: families, each with its samples.
class PrometheusText {
public:
    enum class Type : std::uint8_t { Counter, Gauge, Histogram };
    // Label values may hold anything.
    using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

    // What follows are its samples. REQUIRES: a name that was not there before; `help` of one line
    // without a backslash.
    void family(std::string_view name, Type type, std::string_view help);
    void sample(std::uint64_t value) { sample({}, value); }
    void sample(Labels labels, std::uint64_t value);
    // A sample that need not be whole.
    void fraction(double value) { fraction({}, value); }
    void fraction(Labels labels, double value);
    // REQUIRES: a family of type Histogram.
    void histogram(const Histogram::Reading& reading);

    [[nodiscard]] std::string take() { return std::move(text_); }

private:
    void append_series(std::string_view suffix, Labels labels);

    std::string text_;
    std::string name_;  // of the family
};

}  // namespace rtbridge
