#include "access/placeholder.h"

#include <algorithm>

#include "config/in_quotes.h"
#include "config/suggestion.h"

namespace rtbridge {
namespace {

constexpr std::string_view claim_prefix = "claim.";

// Control characters are those of MQTT 5, 1.5.4: C0, DEL and, in two bytes of UTF-8, C1.
bool fits_one_level(std::string_view value) {
    bool after_c2 = false;
    return std::all_of(value.begin(), value.end(), [&](char c) {
        const auto byte = static_cast<unsigned char>(c);
        const bool c1 = after_c2 && byte < 0xA0U;
        after_c2 = byte == 0xC2U;
        return byte >= 0x20U && byte != 0x7FU && !c1 && c != '+' && c != '#' && c != '/';
    });
}

}  // namespace

bool Placeholder::has_brace(std::string_view text) noexcept {
    return text.find_first_of("{}") != std::string_view::npos;
}

Result<Placeholder, std::string> Placeholder::parse(std::string_view text) {
    const bool whole = text.size() >= 2 && text.front() == '{' && text.back() == '}';
    const std::string_view name = whole ? text.substr(1, text.size() - 2) : text;
    if (!whole || has_brace(name)) {
        return Failure{in_quotes(text) +
                       " mixes braces with text; a name in braces stands alone, as in "
                       "\"site/{claim.site}/state\""};
    }
    if (name == "user") return Placeholder{Source::User, {}};
    if (name == "client") return Placeholder{Source::Client, {}};
    if (name.starts_with(claim_prefix) && name.size() > claim_prefix.size()) {
        return Placeholder{Source::Claim, std::string(name.substr(claim_prefix.size()))};
    }
    std::string message = in_quotes(text) + " is not known";
    const auto near = suggestion(name, {"user", "client"});
    message += near ? "; did you mean \"{" + std::string(*near) + "}\"?"
                    : "; write {user}, {client} or {claim.<name>}";
    return Failure{message};
}

std::string_view Placeholder::value(const Identity& identity) const {
    std::string_view found;
    switch (source) {
        case Source::User:
            found = identity.user;
            break;
        case Source::Client:
            found = identity.client;
            break;
        case Source::Claim:
            if (const auto it = identity.claims.find(claim); it != identity.claims.end()) {
                found = it->second;
            }
            break;
    }
    return fits_one_level(found) ? found : std::string_view();
}

}  // namespace rtbridge
