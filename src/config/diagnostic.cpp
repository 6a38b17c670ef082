#include "config/diagnostic.h"

#include <algorithm>
#include <fstream>
#include <tuple>

#include "base/log.h"

namespace rtbridge {

void Diagnostics::error(SourcePlace place, std::string message) {
    items_.push_back({Severity::Error, std::move(place), std::move(message)});
    ++errors_;
}

void Diagnostics::warning(SourcePlace place, std::string message) {
    items_.push_back({Severity::Warning, std::move(place), std::move(message)});
}

std::vector<Diagnostic> Diagnostics::sorted() const {
    std::vector<std::string> files;
    for (const Diagnostic& item : items_) {
        if (std::find(files.begin(), files.end(), item.place.file) == files.end()) {
            files.push_back(item.place.file);
        }
    }
    const auto rank = [&files](const Diagnostic& item) {
        const auto file = std::find(files.begin(), files.end(), item.place.file) - files.begin();
        return std::tuple(file, item.place.line, item.place.column);
    };
    std::vector<Diagnostic> items = items_;
    std::stable_sort(items.begin(), items.end(),
                     [&](const Diagnostic& a, const Diagnostic& b) { return rank(a) < rank(b); });
    return items;
}

std::string to_line(const Diagnostic& diagnostic) {
    const SourcePlace& place = diagnostic.place;
    std::string line = place.file;
    if (place.line > 0) {
        line += ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
    }
    line += diagnostic.severity == Severity::Error ? ": error: " : ": warning: ";
    return line + diagnostic.message;
}

namespace {
constexpr std::size_t shown_line_bytes_max = 500;  // longer ones help nobody on a terminal
}

std::string to_text(const Diagnostic& diagnostic) {
    std::string text = to_line(diagnostic) + "\n";
    const SourcePlace& place = diagnostic.place;
    std::ifstream file(place.file);
    std::string source;
    for (std::uint32_t line = 0; line < place.line && std::getline(file, source); ++line) {
        if (line + 1 != place.line) continue;
        if (source.size() > shown_line_bytes_max) break;
        std::string indent = source.substr(0, place.column > 0 ? place.column - 1 : 0);
        for (char& c : indent) {
            if (c != '\t') c = ' ';
        }
        text += "    ";
        for (const char& c : source) {
            text += c == '\t' ? "\t" : escape_control(std::string_view(&c, 1));
        }
        text.append("\n    ").append(indent).append("^\n");
    }
    return text;
}

}  // namespace rtbridge
