#include "rules/json_splice.h"

#include <cassert>
#include <utility>

#include "base/json_text.h"

namespace rtbridge {
namespace {

constexpr std::string_view whitespace = " \t\n\r";

// Walks a text that is known to be valid, so it looks at structure only.
class Scanner {
public:
    explicit Scanner(std::string_view text) : text_(text) {}

    [[nodiscard]] std::size_t at() const noexcept { return at_; }
    char peek() {
        at_ = text_.find_first_not_of(whitespace, at_);
        assert(at_ != std::string_view::npos);
        return text_[at_];
    }
    void skip_mark() {
        peek();
        ++at_;
    }
    void skip_string() {
        skip_mark();
        while (text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
        ++at_;
    }
    void skip_value() {
        const char first = peek();
        if (first == '"') return skip_string();
        if (first == '{' || first == '[') return skip_container();
        at_ = text_.find_first_of(",]} \t\n\r", at_);
    }

private:
    void skip_container() {
        std::size_t depth = 0;
        do {
            at_ = text_.find_first_of("{}[]\"", at_);
            switch (text_[at_]) {
                case '"':
                    skip_string();
                    continue;
                case '{':
                case '[':
                    ++depth;
                    break;
                default:
                    --depth;
            }
            ++at_;
        } while (depth > 0);
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

struct Member {
    TextRange name;  // with its quotes
    TextRange value;
};

class MemberScanner {
public:
    explicit MemberScanner(std::string_view object) : scanner_(object) { scanner_.skip_mark(); }

    // REQUIRES: next() was called for every member or for none so far.
    [[nodiscard]] bool more() { return scanner_.peek() != '}'; }
    // REQUIRES: there is one more.
    [[nodiscard]] Member next() {
        if (scanner_.peek() == ',') scanner_.skip_mark();
        Member member;
        scanner_.peek();
        member.name.begin = scanner_.at();
        scanner_.skip_string();
        member.name.end = scanner_.at();
        scanner_.skip_mark();
        scanner_.peek();
        member.value.begin = scanner_.at();
        scanner_.skip_value();
        member.value.end = scanner_.at();
        return member;
    }

private:
    Scanner scanner_;
};

}  // namespace

std::vector<TextRange> member_values(std::string_view object,
                                     const std::vector<std::size_t>& ordinals) {
    std::vector<TextRange> values;
    MemberScanner members(object);
    for (std::size_t ordinal = 0; values.size() < ordinals.size(); ++ordinal) {
        const Member member = members.next();
        if (ordinal == ordinals[values.size()]) values.push_back(member.value);
    }
    return values;
}

void rename_members(std::string& object, const std::vector<std::size_t>& ordinals,
                    std::string_view name) {
    std::vector<TextRange> names;
    MemberScanner members(object);
    for (std::size_t ordinal = 0; names.size() < ordinals.size(); ++ordinal) {
        const Member member = members.next();
        if (ordinal == ordinals[names.size()]) names.push_back(member.name);
    }
    replace_values(object, names, name);
}

void remove_members(std::string& object, const std::vector<std::size_t>& ordinals) {
    std::string rest;
    rest.reserve(object.size());
    MemberScanner members(object);
    std::size_t removed = 0;
    std::size_t kept = 0;
    std::size_t end_before = 0;  // of the member before
    for (std::size_t ordinal = 0; members.more(); ++ordinal) {
        const Member member = members.next();
        // What stands before the first member, or between two.
        const std::string_view before =
            std::string_view(object).substr(end_before, member.name.begin - end_before);
        const bool stays = removed == ordinals.size() || ordinal != ordinals[removed];
        if (ordinal == 0 || (stays && kept > 0)) rest += before;
        if (stays) {
            rest.append(object, member.name.begin, member.value.end - member.name.begin);
            ++kept;
        } else {
            ++removed;
        }
        end_before = member.value.end;
    }
    rest.append(object, end_before);
    object = std::move(rest);
}

void replace_values(std::string& object, const std::vector<TextRange>& values,
                    std::string_view value) {
    for (auto range = values.rbegin(); range != values.rend(); ++range) {
        object.replace(range->begin, range->end - range->begin, value);
    }
}

void append_member(std::string& object, std::string_view name, std::string_view value) {
    const std::size_t brace = object.find_last_of('}');
    assert(brace != std::string::npos && brace > 0);
    const std::size_t last = object.find_last_not_of(whitespace, brace - 1);
    std::string member;
    if (object[last] != '{') member += ',';
    append_json_string(member, name);
    member += ':';
    member += value;
    object.insert(last + 1, member);
}

}  // namespace rtbridge
