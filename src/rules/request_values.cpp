#include "rules/request_values.h"

#include "base/iso_time.h"

namespace rtbridge {

WorkingPayload* RequestValues::document(Brace::Kind kind) const {
    switch (kind) {
        case Brace::Kind::Payload:
            return payload;
        case Brace::Kind::Arg:
            return arg;
        case Brace::Kind::Body:
            return body;
        default:
            return nullptr;
    }
}

bool RequestValues::append(const Brace& brace, std::string& out) const {
    switch (brace.kind()) {
        case Brace::Kind::Capture:
            if (brace.capture() >= captures.size()) return false;
            out += captures[brace.capture()];
            return true;
        case Brace::Kind::Topic:
            return append_known(out, topic);
        case Brace::Kind::Key:
            return append_known(out, key);
        case Brace::Kind::Session:
            return append_known(out, session);
        case Brace::Kind::Sessions:
            if (sessions) out += std::to_string(*sessions);
            return sessions.has_value();
        case Brace::Kind::Now:
            append_iso_time(out, unix_ms);
            return true;
        case Brace::Kind::NowMs:
            out += std::to_string(unix_ms);
            return true;
        default:
            return identity != nullptr && append_of_identity(brace, out);
    }
}

bool RequestValues::append_of_identity(const Brace& brace, std::string& out) const {
    if (brace.kind() == Brace::Kind::User) return append_known(out, identity->user);
    if (brace.kind() == Brace::Kind::Role) {
        return !identity->roles.empty() && append_known(out, identity->roles.front());
    }
    if (brace.kind() != Brace::Kind::Claim) return false;  // never compiled
    const auto claim = identity->claims.find(brace.member());
    return claim != identity->claims.end() && append_known(out, claim->second);
}

}  // namespace rtbridge
