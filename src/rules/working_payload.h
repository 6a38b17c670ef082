#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/json_document.h"
#include "rules/json_path.h"
#include "rules/json_splice.h"

namespace rtbridge {

// The payload of one publish while the matching rules change it: its text, and its parsed form,
// which follows only when somebody looks at a member that was changed since.
//
// Thread: belongs to one; reset() starts the next publish and reuses the memory.
class WorkingPayload {
public:
    struct Value {
        JsonDocument::Element element;
        std::string_view long_integer;  // as it is spelled, where no 64-bit number holds it
    };

    // `original` must outlive the use.
    void reset(std::string_view original);

    [[nodiscard]] std::string_view original() const { return original_; }
    [[nodiscard]] std::string_view text() const {
        return edited_ ? std::string_view(edited_text_) : original_;
    }
    [[nodiscard]] bool edited() const { return edited_; }

    // Null, or why the payload is no JSON.
    [[nodiscard]] const char* json_mistake();
    // Null, or why the payload is no JSON object.
    [[nodiscard]] const char* object_mistake();

    // Nothing where the payload is no JSON.
    [[nodiscard]] std::optional<Value> root();
    // Nothing where the payload is no JSON object or has no such value.
    [[nodiscard]] std::optional<Value> find(const JsonPath& path);

    // Replaces every member called `name`, or adds one. Null, or why that is impossible.
    // REQUIRES: !object_mistake(); `value` is valid JSON.
    [[nodiscard]] const char* set_member(std::string_view name, std::string_view value);

    // Gives a value another name, and what had that name before goes; false: there is no such
    // value. The value stays where it is: in the object that holds it. REQUIRES: !object_mistake().
    [[nodiscard]] bool rename(const JsonPath& path, std::string_view name);
    // Takes a value out; false: there is no such value. REQUIRES: !object_mistake().
    [[nodiscard]] bool remove(const JsonPath& path);

    // The text as it is now, to return to: one state at a time.
    void save();
    void restore();
    // The same for whoever puts it back himself.
    struct State {
        bool edited = false;
        std::string text;  // where it is
    };
    [[nodiscard]] State state() const { return {edited_, edited_ ? edited_text_ : ""}; }
    void return_to(State state);

    void trim();

private:
    // The parsed form, up to date in the member `name`.
    [[nodiscard]] bool parsed_for(std::string_view name);
    [[nodiscard]] const char* parse_again();
    [[nodiscard]] bool changed_since_parse(std::string_view name) const;
    [[nodiscard]] std::string_view long_integer_at(
        const std::vector<std::string_view>& names) const;
    // The members from the top to the value at `path`; empty: there is none.
    [[nodiscard]] std::vector<std::string_view> names_to(const JsonPath& path);
    // Where the value stands that `names` lead to. REQUIRES: it is there, and parsed.
    [[nodiscard]] TextRange range_of(const std::vector<std::string_view>& names) const;
    // Calls `edit` with the text of the object that holds the value at `path`, the parsed object,
    // and the name of the value there. False: there is no such value.
    template <typename Edit>
    bool edit_parent(const JsonPath& path, const Edit& edit);
    void begin_edit(std::size_t more_bytes);

    std::string_view original_;
    std::string edited_text_;
    bool edited_ = false;

    JsonDocument document_;
    enum class Parsed { No, Yes, Failed } parsed_ = Parsed::No;
    const char* mistake_ = nullptr;     // where parsed_ is Failed
    std::vector<std::string> changed_;  // top-level members that document_ has not seen

    std::string saved_text_;
    bool saved_edited_ = false;
    bool edited_since_save_ = false;
};

}  // namespace rtbridge
