#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "access/identity.h"
#include "base/result.h"

namespace rtbridge {

// A name in braces that stands for something about an identity: {user}, {client}, {claim.site}. In
// an access rule it fills a whole topic level or a whole key.
//
// Thread: any; a value.
struct Placeholder {
    enum class Source { User, Client, Claim };
    Source source = Source::User;
    std::string claim;  // its name, of Source::Claim

    // The error is a reason to show to whoever wrote it. REQUIRES: has_brace(text).
    [[nodiscard]] static Result<Placeholder, std::string> parse(std::string_view text);
    [[nodiscard]] static bool has_brace(std::string_view text) noexcept;

    // Empty: the identity has no such value, or one that could be taken for more than one level of
    // a topic or for a wildcard. What has the placeholder then matches nothing.
    [[nodiscard]] std::string_view value(const Identity& identity) const;

    friend bool operator==(const Placeholder&, const Placeholder&) = default;
};

// The values of all placeholders of a policy, by their numbers there; empty ones match nothing.
using PlaceholderValues = std::vector<std::string>;

}  // namespace rtbridge
