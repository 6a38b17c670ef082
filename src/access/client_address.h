#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/address_range.h"

namespace rtbridge {

// Is a connection from `peer` that of a proxy that the operator trusts?
[[nodiscard]] bool is_trusted_proxy(std::string_view peer,
                                    const std::vector<AddressRange>& trusted);

// Whose request it is that came from `peer`. A trusted proxy's word counts: the last entry of
// X-Forwarded-For that is no trusted proxy itself, because anything before that entry may have been
// written by its client. The peer itself where nobody is trusted, nothing is said, or what is said
// is no address. Thread: any, pure.
[[nodiscard]] std::string client_address(const std::string& peer,
                                         const std::optional<std::string>& x_forwarded_for,
                                         const std::vector<AddressRange>& trusted);

}  // namespace rtbridge
