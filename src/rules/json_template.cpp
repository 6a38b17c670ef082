#include "rules/json_template.h"

#include <cmath>

#include "base/json_text.h"

namespace rtbridge {

class JsonTemplate::Compiler {
public:
    Compiler(TemplatePlace place, const TemplateNames& names, Diagnostics& diagnostics)
        : place_(place), names_(names), diagnostics_(diagnostics) {}

    void add(const TemplateSource& source) {
        place_in_file_ = &source.place;
        std::visit([this](const auto& value) { add_value(value); }, source.value);
    }

    bool ok = true;
    std::vector<Piece> pieces;

private:
    std::string& json() {
        if (pieces.empty() || pieces.back().string) pieces.emplace_back();
        return pieces.back().json;
    }
    void mistake(std::string message) {
        diagnostics_.error(*place_in_file_, std::move(message));
        ok = false;
    }

    void add_value(const std::string& text) {
        Result<TextTemplate, std::vector<std::string>> string =
            TextTemplate::compile(text, place_, names_);
        if (!string.ok()) {
            for (const std::string& message : string.error()) mistake(message);
        } else if (string.value().last_brace() != nullptr) {
            pieces.push_back({"", std::move(string).value()});
        } else {
            append_json_string(json(), string.value().parts().empty()
                                           ? std::string_view()
                                           : string.value().parts().front().text);
        }
    }
    void add_value(std::int64_t number) { json() += std::to_string(number); }
    void add_value(double number) {
        if (std::isfinite(number)) {
            append_number(json(), number);
        } else {
            mistake("JSON has no number for inf or nan");
        }
    }
    void add_value(bool truth) { json() += truth ? "true" : "false"; }
    void add_value(const TemplateSource::Array& array) {
        json() += '[';
        for (std::size_t i = 0; i < array.size(); ++i) {
            if (i > 0) json() += ',';
            add(array[i]);
        }
        json() += ']';
    }
    void add_value(const TemplateSource::Object& object) {
        json() += '{';
        for (std::size_t i = 0; i < object.size(); ++i) {
            if (i > 0) json() += ',';
            append_json_string(json(), object[i].first);
            json() += ':';
            add(object[i].second);
        }
        json() += '}';
    }

    TemplatePlace place_;
    const TemplateNames& names_;
    Diagnostics& diagnostics_;
    const SourcePlace* place_in_file_ = nullptr;
};

std::optional<JsonTemplate> JsonTemplate::compile(const TemplateSource& source, TemplatePlace place,
                                                  const TemplateNames& names,
                                                  Diagnostics& diagnostics) {
    Compiler compiler(place, names, diagnostics);
    compiler.add(source);
    if (!compiler.ok) return std::nullopt;
    JsonTemplate compiled;
    compiled.pieces_ = std::move(compiler.pieces);
    return compiled;
}

const Brace* JsonTemplate::append(const TemplateValues& values, std::string& out) const {
    for (const Piece& piece : pieces_) {
        if (!piece.string) {
            out += piece.json;
        } else if (const Brace* value = piece.string->only_brace()) {
            if (!value->append_json(values, out)) return value;
        } else {
            std::string text;
            if (const Brace* missing = piece.string->append(values, text)) return missing;
            append_json_string(out, text);
        }
    }
    return nullptr;
}

std::vector<const Brace*> JsonTemplate::missing(const TemplateValues& values) const {
    std::vector<const Brace*> found;
    for (const Piece& piece : pieces_) {
        if (!piece.string) continue;
        std::string json;
        if (const Brace* const value = piece.string->only_brace()) {
            if (!value->append_json(values, json)) found.push_back(value);
        } else {
            const std::vector<const Brace*> more = piece.string->missing(values);
            found.insert(found.end(), more.begin(), more.end());
        }
    }
    return found;
}

}  // namespace rtbridge
