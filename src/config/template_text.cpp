#include "config/template_text.h"

#include "base/json_text.h"
#include "config/names.h"

namespace rtbridge {
namespace {

struct Writer {
    std::string& out;

    // The escapes of TOML's basic strings are those of JSON's.
    void operator()(const std::string& text) const { append_json_string(out, text); }
    void operator()(std::int64_t number) const { out += std::to_string(number); }
    void operator()(double number) const { append_number(out, number); }
    void operator()(bool truth) const { out += truth ? "true" : "false"; }
    void operator()(const TemplateSource::Array& array) const {
        out += '[';
        for (const TemplateSource& item : array) {
            if (&item != &array.front()) out += ", ";
            std::visit(*this, item.value);
        }
        out += ']';
    }
    void operator()(const TemplateSource::Object& object) const {
        if (object.empty()) {
            out += "{}";
            return;
        }
        out += "{ ";
        for (const TemplateSource::Member& member : object) {
            if (&member != &object.front()) out += ", ";
            const bool bare = is_name(member.first) && member.first.find('.') == std::string::npos;
            if (bare) {
                out += member.first;
            } else {
                append_json_string(out, member.first);
            }
            out += " = ";
            std::visit(*this, member.second.value);
        }
        out += " }";
    }
};

struct Names {
    std::vector<std::string_view>& found;

    void operator()(const std::string& text) const {
        const std::vector<std::string_view> names = names_in_braces(std::string_view(text));
        found.insert(found.end(), names.begin(), names.end());
    }
    void operator()(std::int64_t /*number*/) const {}
    void operator()(double /*number*/) const {}
    void operator()(bool /*truth*/) const {}
    void operator()(const TemplateSource::Array& array) const {
        for (const TemplateSource& item : array) std::visit(*this, item.value);
    }
    void operator()(const TemplateSource::Object& object) const {
        for (const TemplateSource::Member& member : object) std::visit(*this, member.second.value);
    }
};

}  // namespace

std::string to_toml(const TemplateSource& source) {
    std::string text;
    std::visit(Writer{text}, source.value);
    return text;
}

std::string to_toml(const TemplateSource::Object& object) {
    std::string text;
    Writer{text}(object);
    return text;
}

std::vector<std::string_view> names_in_braces(std::string_view text) {
    std::vector<std::string_view> names;
    for (std::size_t at = text.find('{'); at != std::string_view::npos; at = text.find('{', at)) {
        if (text.substr(at).starts_with("{{")) {
            at += 2;
            continue;
        }
        const std::size_t end = text.find('}', at);
        if (end == std::string_view::npos) break;
        names.push_back(text.substr(at + 1, end - at - 1));
        at = end + 1;
    }
    return names;
}

std::vector<std::string_view> names_in_braces(const TemplateSource& source) {
    std::vector<std::string_view> names;
    std::visit(Names{names}, source.value);
    return names;
}

}  // namespace rtbridge
