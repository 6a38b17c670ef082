#include "report.h"

#include <cmath>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <ostream>
#include <sstream>

namespace rtbridge::load {
namespace {

// Three figures that count, and thousands apart: 2.96, 50000 -> 50'000.
std::string readable(double value) {
    std::ostringstream text;
    const double size = std::abs(value);
    text << std::fixed << std::setprecision(size < 10 ? 2 : size < 100 ? 1 : 0) << value;
    std::string digits = text.str();
    if (size < 1000) return digits;
    for (std::size_t at = digits.size() - 3; at > (value < 0 ? 1U : 0U); at -= 3) {
        digits.insert(at, 1, '\'');
        if (at <= 3) break;
    }
    return digits;
}

}  // namespace

void print_table(std::ostream& out, const Report& report) {
    out << report.scenario << '\n';
    for (const Figure& figure : report.figures) {
        out << "  " << std::left << std::setw(46) << figure.name << std::right << std::setw(12)
            << readable(figure.value) << ' ' << std::left << std::setw(16) << figure.unit
            << figure.goal << '\n';
    }
}

void print_json(std::ostream& out, const Report& report) {
    nlohmann::ordered_json figures = nlohmann::ordered_json::array();
    for (const Figure& figure : report.figures) {
        figures.push_back({{"name", figure.name},
                           {"value", figure.value},
                           {"unit", figure.unit},
                           {"goal", figure.goal}});
    }
    out << nlohmann::ordered_json{{"scenario", report.scenario}, {"figures", figures}}.dump()
        << '\n';
}

}  // namespace rtbridge::load
