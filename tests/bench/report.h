#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace rtbridge::load {

struct Figure {
    std::string name;  // within its scenario
    double value = 0;
    std::string unit;
    std::string goal;  // as words, empty where there is none
};

// What one scenario found.
struct Report {
    std::string scenario;
    std::vector<Figure> figures;

    void add(std::string name, double value, std::string unit, std::string goal = {}) {
        figures.push_back({std::move(name), value, std::move(unit), std::move(goal)});
    }
};

// Columns as wide for every scenario, so that several runs make one table.
void print_table(std::ostream& out, const Report& report);
// One line: {"scenario":…,"figures":[{"name":…,"value":…,"unit":…,"goal":…}]}
void print_json(std::ostream& out, const Report& report);

}  // namespace rtbridge::load
