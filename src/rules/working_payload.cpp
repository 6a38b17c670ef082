#include "rules/working_payload.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/json_text.h"
#include "base/trimmed.h"
#include "rules/long_integer.h"

namespace rtbridge {
namespace {

constexpr std::size_t kept_bytes_max = 1 * MiB;  // of each text between publishes

std::vector<std::size_t> ordinals_of(JsonDocument::Object object, std::string_view name) {
    std::vector<std::size_t> ordinals;
    std::size_t ordinal = 0;
    for (const simdjson::dom::key_value_pair member : object) {
        if (member.key == name) ordinals.push_back(ordinal);
        ++ordinal;
    }
    return ordinals;
}

}  // namespace

void WorkingPayload::reset(std::string_view original) {
    original_ = original;
    edited_ = false;
    parsed_ = Parsed::No;
    changed_.clear();
}

const char* WorkingPayload::parse_again() {
    changed_.clear();
    mistake_ = document_.parse(text());
    parsed_ = mistake_ == nullptr ? Parsed::Yes : Parsed::Failed;
    return mistake_;
}

const char* WorkingPayload::json_mistake() {
    // Our own edits keep valid JSON valid, so any parse of this publish answers.
    if (parsed_ == Parsed::No) return parse_again();
    return parsed_ == Parsed::Failed ? mistake_ : nullptr;
}

const char* WorkingPayload::object_mistake() {
    if (const char* mistake = json_mistake()) return mistake;
    return document_.root().is_object() ? nullptr : "not a JSON object";
}

bool WorkingPayload::changed_since_parse(std::string_view name) const {
    return std::find(changed_.begin(), changed_.end(), name) != changed_.end();
}

bool WorkingPayload::parsed_for(std::string_view name) {
    if (json_mistake() != nullptr) return false;
    return !changed_since_parse(name) || parse_again() == nullptr;
}

std::optional<WorkingPayload::Value> WorkingPayload::root() {
    if (json_mistake() != nullptr) return std::nullopt;
    if (!changed_.empty() && parse_again() != nullptr) return std::nullopt;
    return Value{document_.root(), long_integer_at({})};
}

std::optional<WorkingPayload::Value> WorkingPayload::find(const JsonPath& path) {
    if (object_mistake() != nullptr || !parsed_for(path.text)) return std::nullopt;
    if (const auto member = last_member(document_.root(), path.text)) {
        return Value{*member, long_integer_at({path.text})};
    }
    if (path.levels.size() < 2 || !parsed_for(path.levels.front())) return std::nullopt;
    JsonDocument::Element element = document_.root();
    for (const std::string& level : path.levels) {
        if (!element.is_object()) return std::nullopt;
        const auto member = last_member(element, level);
        if (!member) return std::nullopt;
        element = *member;
    }
    return Value{element, long_integer_at({path.levels.begin(), path.levels.end()})};
}

std::vector<std::string_view> WorkingPayload::names_to(const JsonPath& path) {
    if (!find(path)) return {};
    if (last_member(document_.root(), path.text)) return {path.text};
    return {path.levels.begin(), path.levels.end()};
}

// A number that was read as a double is found again in the text, so that two long integers which
// round to the same double stay two keys.
std::string_view WorkingPayload::long_integer_at(const std::vector<std::string_view>& names) const {
    if (!document_.rounded_integers()) return {};
    const TextRange range = range_of(names);
    const std::string_view value =
        trimmed(text().substr(range.begin, range.end - range.begin), json_blanks);
    return is_long_integer(value) ? value : std::string_view();
}

TextRange WorkingPayload::range_of(const std::vector<std::string_view>& names) const {
    JsonDocument::Element element = document_.root();
    TextRange range{0, text().size()};
    for (const std::string_view name : names) {
        const JsonDocument::Object object = element;
        const std::string_view value = text().substr(range.begin, range.end - range.begin);
        const TextRange inside = member_values(value, {ordinals_of(object, name).back()}).front();
        range = {range.begin + inside.begin, range.begin + inside.end};
        element = *last_member(object, name);
    }
    return range;
}

void WorkingPayload::begin_edit(std::size_t more_bytes) {
    edited_since_save_ = true;
    if (edited_) return;
    edited_text_.reserve(original_.size() + more_bytes);
    edited_text_ = original_;
    edited_ = true;
}

template <typename Edit>
bool WorkingPayload::edit_parent(const JsonPath& path, const Edit& edit) {
    std::vector<std::string_view> names = names_to(path);
    if (names.empty()) return false;
    const std::string_view name = names.back();
    names.pop_back();
    // A level of a path that was changed since is another object than the parsed one.
    if (!changed_.empty() && parse_again() != nullptr) return false;
    JsonDocument::Element parent = document_.root();
    for (const std::string_view level : names) parent = *last_member(parent, level);
    const TextRange range = range_of(names);
    begin_edit(0);
    if (names.empty()) {
        edit(edited_text_, JsonDocument::Object(parent), name);
    } else {
        std::string object = edited_text_.substr(range.begin, range.end - range.begin);
        edit(object, JsonDocument::Object(parent), name);
        edited_text_.replace(range.begin, range.end - range.begin, object);
    }
    // Members are counted otherwise now.
    parsed_ = Parsed::No;
    return true;
}

bool WorkingPayload::rename(const JsonPath& path, std::string_view name) {
    std::string quoted;
    append_json_string(quoted, name);
    return edit_parent(
        path, [&](std::string& object, JsonDocument::Object parsed, std::string_view old_name) {
            if (old_name == name) return;
            // Of members with the same name the last one counts, and one of them is enough.
            std::vector<std::size_t> gone = ordinals_of(parsed, old_name);
            const std::size_t renamed = gone.back();
            gone.pop_back();
            const std::vector<std::size_t> replaced = ordinals_of(parsed, name);
            gone.insert(gone.end(), replaced.begin(), replaced.end());
            std::sort(gone.begin(), gone.end());
            rename_members(object, {renamed}, quoted);
            remove_members(object, gone);
        });
}

bool WorkingPayload::remove(const JsonPath& path) {
    return edit_parent(path,
                       [](std::string& object, JsonDocument::Object parsed, std::string_view name) {
                           remove_members(object, ordinals_of(parsed, name));
                       });
}

const char* WorkingPayload::set_member(std::string_view name, std::string_view value) {
    if (!parsed_for(name)) return mistake_;
    const std::vector<std::size_t> ordinals = ordinals_of(document_.root(), name);
    const std::size_t times = std::max<std::size_t>(ordinals.size(), 1);
    // An escaped byte of the name takes six at most.
    const bool fits = value.size() <= json_bytes_max / times &&
                      text().size() + times * value.size() + 6 * name.size() + 8 <= json_bytes_max;
    if (!fits) return "too large";
    begin_edit(value.size() + name.size() + 8);
    if (ordinals.empty()) {
        append_member(edited_text_, name, value);
    } else {
        replace_values(edited_text_, member_values(edited_text_, ordinals), value);
    }
    if (!changed_since_parse(name)) changed_.emplace_back(name);
    return nullptr;
}

void WorkingPayload::save() {
    saved_edited_ = edited_;
    edited_since_save_ = false;
    if (edited_) saved_text_ = edited_text_;
}

void WorkingPayload::restore() {
    if (!edited_since_save_) return;
    if (saved_edited_) edited_text_ = saved_text_;
    edited_ = saved_edited_;
    parsed_ = Parsed::No;  // it has seen what is undone
    edited_since_save_ = false;
}

void WorkingPayload::return_to(State state) {
    edited_ = state.edited;
    edited_text_ = std::move(state.text);
    edited_since_save_ = true;
    parsed_ = Parsed::No;
}

void WorkingPayload::trim() {
    document_.trim();
    parsed_ = Parsed::No;
    for (std::string* text : {&edited_text_, &saved_text_}) {
        if (text->capacity() > kept_bytes_max) std::string().swap(*text);
    }
}

}  // namespace rtbridge
