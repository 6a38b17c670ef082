#include "rules/json_splice.h"

#include <cassert>

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

}  // namespace

std::vector<TextRange> member_values(std::string_view object,
                                     const std::vector<std::size_t>& ordinals) {
    std::vector<TextRange> values;
    Scanner scanner(object);
    scanner.skip_mark();
    for (std::size_t ordinal = 0; values.size() < ordinals.size(); ++ordinal) {
        if (ordinal > 0) scanner.skip_mark();
        scanner.skip_string();
        scanner.skip_mark();
        scanner.peek();
        const std::size_t begin = scanner.at();
        scanner.skip_value();
        if (ordinal == ordinals[values.size()]) values.push_back({begin, scanner.at()});
    }
    return values;
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
