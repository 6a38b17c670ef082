#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rtbridge {

// Where something stands in a configuration file. Line and column are 1-based, the column in bytes;
// line 0 = the file as a whole.
struct SourcePlace {
    std::string file;
    std::uint32_t line = 0;
    std::uint32_t column = 0;
};

// A value together with the place it came from, so that later stages can point at it.
template <typename T>
struct Placed {
    T value{};
    SourcePlace place;
};

enum class Severity { Error, Warning };

// One mistake (or doubtful choice) in a configuration file.
struct Diagnostic {
    Severity severity = Severity::Error;
    SourcePlace place;
    std::string message;
};

// Collects everything that is wrong, so that one run reports all of it.
class Diagnostics {
public:
    void error(SourcePlace place, std::string message);
    void warning(SourcePlace place, std::string message);

    [[nodiscard]] bool has_errors() const noexcept { return errors_ > 0; }
    [[nodiscard]] bool empty() const noexcept { return items_.empty(); }
    // By file (in the order of first mention), then line, then column.
    [[nodiscard]] std::vector<Diagnostic> sorted() const;

private:
    std::vector<Diagnostic> items_;
    std::size_t errors_ = 0;
};

// "file:line:column: error: message"
[[nodiscard]] std::string to_line(const Diagnostic& diagnostic);
// The same, followed by the source line and a caret under the column, where the file can be read
// and the line isn't endless.
[[nodiscard]] std::string to_text(const Diagnostic& diagnostic);

}  // namespace rtbridge
