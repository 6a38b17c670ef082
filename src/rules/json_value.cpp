#include "rules/json_value.h"

#include "base/json_text.h"

namespace rtbridge {
namespace {

using simdjson::dom::element_type;

// Recursion: the document is as deep as the parser allows, 1024 levels.
void append_element(std::string& out, const JsonDocument::Element& element) {
    const char* separator = "";
    switch (element.type()) {
        case element_type::ARRAY:
            out += '[';
            for (const JsonDocument::Element item : simdjson::dom::array(element)) {
                out += separator;
                append_element(out, item);
                separator = ",";
            }
            out += ']';
            break;
        case element_type::OBJECT:
            out += '{';
            for (const simdjson::dom::key_value_pair member : JsonDocument::Object(element)) {
                out += separator;
                append_json_string(out, member.key);
                out += ':';
                append_element(out, member.value);
                separator = ",";
            }
            out += '}';
            break;
        case element_type::INT64:
            out += std::to_string(std::int64_t(element));
            break;
        case element_type::UINT64:
            out += std::to_string(std::uint64_t(element));
            break;
        case element_type::DOUBLE:
            append_number(out, double(element));
            break;
        case element_type::STRING:
            append_json_string(out, std::string_view(element));
            break;
        case element_type::BOOL:
            out += bool(element) ? "true" : "false";
            break;
        case element_type::NULL_VALUE:
            out += "null";
            break;
    }
}

}  // namespace

void append_value_json(std::string& out, const WorkingPayload::Value& value) {
    if (!value.long_integer.empty()) {
        out += value.long_integer;
    } else {
        append_element(out, value.element);
    }
}

bool append_value_text(std::string& out, const WorkingPayload::Value& value) {
    if (value.element.is_null()) return false;
    if (value.element.is_string()) {
        out += std::string_view(value.element);
    } else {
        append_value_json(out, value);
    }
    return true;
}

}  // namespace rtbridge
