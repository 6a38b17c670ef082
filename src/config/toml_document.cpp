#include "config/toml_document.h"

#include <algorithm>
#include <utility>

#include "config/toml_nesting.h"

namespace rtbridge {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

bool continues_code_point(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
}

// "Error while parsing key: expected ..." reads as "syntax error while parsing key: expected ...".
std::string syntax_error(std::string_view description) {
    constexpr std::string_view prefix = "Error ";
    std::string text = "syntax error: " + std::string(description);
    if (description.starts_with(prefix)) {
        text = "syntax error " + std::string(description.substr(prefix.size()));
    } else if (description.starts_with("Encountered")) {
        text.replace(text.find('E'), 1, "e");
    }
    // toml++ quotes keys as they are, and a message is one line.
    std::replace_if(text.begin(), text.end(), is_control, '?');
    return text;
}

}  // namespace

TomlDocument::Places::Places(std::string_view source, std::string source_path)
    : path(std::move(source_path)), text(source), lines{{0, 0}} {
    std::size_t code_point = 0;
    for (std::size_t byte = 0; byte < text.size(); ++byte) {
        if (continues_code_point(text[byte])) continue;
        if (code_point % stride == 0) stones.push_back(byte);
        ++code_point;
        if (text[byte] == '\n') lines.push_back({byte + 1, code_point});
    }
}

SourcePlace TomlDocument::Places::place(const toml::source_position& position) const {
    if (position.line == 0) return {path, 0, 0};
    const Line& line = lines[std::min<std::size_t>(position.line, lines.size()) - 1];
    const std::size_t code_point = line.code_point + std::max(position.column, 1U) - 1;
    if (code_point / stride >= stones.size()) return place_of_byte(text.size());
    std::size_t byte = stones[code_point / stride];
    for (std::size_t left = code_point % stride; left > 0 && byte < text.size(); --left) {
        do {
            ++byte;
        } while (byte < text.size() && continues_code_point(text[byte]));
    }
    return place_of_byte(byte);
}

SourcePlace TomlDocument::Places::place_of_byte(std::size_t byte) const {
    const auto next =
        std::upper_bound(lines.begin(), lines.end(), byte,
                         [](std::size_t b, const Line& line) { return b < line.byte; });
    return {path, static_cast<std::uint32_t>(next - lines.begin()),
            static_cast<std::uint32_t>(byte - (next - 1)->byte + 1)};
}

char TomlDocument::Places::at(const SourcePlace& place) const {
    if (place.line == 0 || place.line > lines.size()) return '\0';
    const std::size_t byte = lines[place.line - 1].byte + place.column - 1;
    return byte < text.size() ? text[byte] : '\0';
}

SourcePlace TomlDocument::place_inside(const toml::node& text) const {
    SourcePlace inside = place(text);
    for (const char quote = places_.at(inside); quote == '"' || quote == '\'';) {
        if (places_.at(inside) != quote) break;
        ++inside.column;
    }
    return inside;
}

std::optional<TomlDocument> TomlDocument::parse(std::string_view text, const std::string& path,
                                                Diagnostics& diagnostics) {
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    Places places(text, path);
    if (const std::optional<std::size_t> byte = find_excessive_nesting(text)) {
        diagnostics.error(places.place_of_byte(*byte),
                          "nested more than 32 levels deep; no key of this file needs that");
        return std::nullopt;
    }
    try {
        toml::table root = toml::parse(text);
        return TomlDocument(std::move(places), std::move(root));
    } catch (const toml::parse_error& error) {
        diagnostics.error(places.place(error.source().begin), syntax_error(error.description()));
        return std::nullopt;
    }
}

}  // namespace rtbridge
