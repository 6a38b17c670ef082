#include "transport/form_body.h"

#include <algorithm>
#include <optional>

#include "base/json_text.h"
#include "base/utf8.h"

namespace rtbridge {
namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::optional<std::string> decoded(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i] == '+' ? ' ' : text[i];
            continue;
        }
        if (text.size() - i < 3) return std::nullopt;
        const int high = hex_digit(text[i + 1]);
        const int low = hex_digit(text[i + 2]);
        if (high < 0 || low < 0) return std::nullopt;
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

}  // namespace

Result<FormFields, std::string> read_form(std::string_view body) {
    FormFields fields;
    while (!body.empty()) {
        const std::size_t end = std::min(body.find('&'), body.size());
        const std::string_view field = body.substr(0, end);
        body.remove_prefix(std::min(end + 1, body.size()));
        if (field.empty()) continue;
        const std::size_t equals = std::min(field.find('='), field.size());
        std::optional<std::string> name = decoded(field.substr(0, equals));
        std::optional<std::string> value =
            decoded(field.substr(std::min(equals + 1, field.size())));
        if (!name || !value) return Failure{std::string("a '%' without two hex digits")};
        if (!is_utf8(*name) || !is_utf8(*value)) return Failure{std::string("invalid UTF-8")};
        fields.emplace_back(*std::move(name), *std::move(value));
    }
    return fields;
}

std::string form_json(const FormFields& fields) {
    std::string json = "{";
    for (const auto& [name, value] : fields) {
        if (json.size() > 1) json += ',';
        append_json_string(json, name);
        json += ':';
        append_json_string(json, value);
    }
    return json += '}';
}

std::vector<std::string> repeated_names(const FormFields& fields) {
    std::vector<std::string> names;
    names.reserve(fields.size());
    for (const auto& field : fields) names.push_back(field.first);
    std::sort(names.begin(), names.end());
    std::vector<std::string> repeated;
    for (std::size_t i = 1; i < names.size(); ++i) {
        const bool counted = !repeated.empty() && repeated.back() == names[i];
        if (names[i] == names[i - 1] && !counted) repeated.push_back(names[i]);
    }
    return repeated;
}

}  // namespace rtbridge
