#include "rules/rule_values.h"

#include "base/iso_time.h"
#include "rules/text_template.h"
#include "topic/topic_levels.h"

namespace rtbridge {

WorkingPayload* RuleValues::document(Brace::Kind kind) const {
    return kind == Brace::Kind::Payload ? &payload_ : nullptr;
}

bool RuleValues::append(const Brace& brace, std::string& out) const {
    switch (brace.kind()) {
        case Brace::Kind::Capture:
            out += topic_level(publish_.topic, capture_levels_[brace.capture()]);
            return true;  // may be empty: "site//state"
        case Brace::Kind::Topic:
            return append_known(out, publish_.topic);
        case Brace::Kind::Key:
            return key_ != nullptr && key_->append(*this, out) == nullptr;
        case Brace::Kind::User:
            return append_known(out, publish_.user);
        case Brace::Kind::Client:
            return append_known(out, publish_.client);
        case Brace::Kind::Rule:
            return append_known(out, rule_);
        case Brace::Kind::Now:
            append_iso_time(out, unix_ms_);
            return true;
        case Brace::Kind::NowMs:
            out += std::to_string(unix_ms_);
            return true;
        default:
            return false;  // has no meaning in a rule: never compiled
    }
}

}  // namespace rtbridge
