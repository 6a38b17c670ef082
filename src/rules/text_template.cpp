#include "rules/text_template.h"

namespace rtbridge {
namespace {

void append_literal(std::vector<TextTemplate::Part>& parts, std::string_view text) {
    if (parts.empty() || parts.back().brace) parts.emplace_back();
    parts.back().text += text;
}

}  // namespace

Result<TextTemplate, std::vector<std::string>> TextTemplate::compile(std::string_view source,
                                                                     TemplatePlace place,
                                                                     const TemplateNames& names) {
    TextTemplate compiled;
    std::vector<std::string> mistakes;
    while (!source.empty()) {
        const std::size_t literal = std::min(source.find_first_of("{}"), source.size());
        if (literal > 0) append_literal(compiled.parts_, source.substr(0, literal));
        source.remove_prefix(literal);
        if (source.empty()) break;
        if (source.starts_with("{{") || source.starts_with("}}")) {
            append_literal(compiled.parts_, source.substr(0, 1));
            source.remove_prefix(2);
            continue;
        }
        if (source.front() == '}') {  // closes nothing, so it is text
            append_literal(compiled.parts_, "}");
            source.remove_prefix(1);
            continue;
        }
        const std::size_t end = source.find('}');
        if (end == std::string_view::npos) {
            mistakes.emplace_back("'{' without '}'; a brace as text is written \"{{\"");
            break;
        }
        Result<Brace, std::string> brace = Brace::compile(source.substr(1, end - 1), place, names);
        if (brace.ok()) {
            compiled.parts_.push_back({"", std::move(brace).value()});
        } else {
            mistakes.push_back(brace.error());
        }
        source.remove_prefix(end + 1);
    }
    if (!mistakes.empty()) return Failure{std::move(mistakes)};
    return compiled;
}

const Brace* TextTemplate::append(const TemplateValues& values, std::string& out) const {
    for (const Part& part : parts_) {
        if (!part.brace) {
            out += part.text;
        } else if (!part.brace->append_text(values, out)) {
            return &*part.brace;
        }
    }
    return nullptr;
}

std::vector<const Brace*> TextTemplate::missing(const TemplateValues& values) const {
    std::vector<const Brace*> found;
    for (const Part& part : parts_) {
        std::string value;
        if (part.brace && !part.brace->append_text(values, value)) found.push_back(&*part.brace);
    }
    return found;
}

const Brace* TextTemplate::only_brace() const {
    return parts_.size() == 1 ? last_brace() : nullptr;
}

const Brace* TextTemplate::last_brace() const {
    for (auto part = parts_.rbegin(); part != parts_.rend(); ++part) {
        if (part->brace) return &*part->brace;
    }
    return nullptr;
}

}  // namespace rtbridge
