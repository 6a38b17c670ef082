#pragma once

#include <toml++/toml.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostic.h"

namespace rtbridge {

// One TOML file: its tables, and where in the text each key and value stands. Only the files of the
// configuration reader include this header, and with it toml++. Thread: any; immutable.
class TomlDocument {
public:
    // Nothing for a syntax error, which is then in `diagnostics`. `path` names the text.
    [[nodiscard]] static std::optional<TomlDocument> parse(std::string_view text,
                                                           const std::string& path,
                                                           Diagnostics& diagnostics);

    [[nodiscard]] const toml::table& root() const { return root_; }
    [[nodiscard]] const std::string& path() const { return places_.path; }
    [[nodiscard]] SourcePlace place(const toml::node& node) const {
        return places_.place(node.source().begin);
    }
    [[nodiscard]] SourcePlace place(const toml::key& key) const {
        return places_.place(key.source().begin);
    }
    // Where the characters of a text begin, so that a place inside of it is as many columns further
    // (exact where it is written on one line and without escapes).
    [[nodiscard]] SourcePlace place_inside(const toml::node& text) const;

private:
    // toml++ counts columns in code points; compilers, most editors and SourcePlace count bytes.
    // Converting costs the same wherever on a line the position is: a line may be a megabyte long.
    struct Places {
        static constexpr std::size_t stride = 256;
        struct Line {
            std::size_t byte, code_point;
        };
        std::string path;
        std::string text;
        std::vector<Line> lines;          // where each starts
        std::vector<std::size_t> stones;  // the byte of each stride-th code point
        Places(std::string_view source, std::string source_path);
        [[nodiscard]] SourcePlace place(const toml::source_position& position) const;
        [[nodiscard]] SourcePlace place_of_byte(std::size_t byte) const;
        [[nodiscard]] char at(const SourcePlace& place) const;
    };
    TomlDocument(Places places, toml::table root)
        : places_(std::move(places)), root_(std::move(root)) {}

    Places places_;
    toml::table root_;
};

}  // namespace rtbridge
