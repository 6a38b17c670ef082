#include "access/client_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "base/trimmed.h"

namespace rtbridge {
namespace {

// "192.0.2.7:1234" and "[2001:db8::7]:1234" without what some proxies add.
std::string_view without_port(std::string_view entry) {
    if (entry.starts_with('[')) {
        const std::size_t end = entry.find(']');
        return end == std::string_view::npos ? std::string_view() : entry.substr(1, end - 1);
    }
    const std::size_t colon = entry.find(':');
    const bool v6 = colon != entry.rfind(':');
    return v6 ? entry : entry.substr(0, colon);
}

// In the one spelling that addresses of sockets have too, so that limits count them alike.
std::optional<std::string> spelled(std::string_view entry) {
    const std::string text(without_port(entry));
    std::array<char, INET6_ADDRSTRLEN> out{};
    if (in_addr v4{}; inet_pton(AF_INET, text.c_str(), &v4) == 1) {
        return inet_ntop(AF_INET, &v4, out.data(), out.size());
    }
    in6_addr v6{};
    if (inet_pton(AF_INET6, text.c_str(), &v6) != 1) return std::nullopt;
    return inet_ntop(AF_INET6, &v6, out.data(), out.size());
}

}  // namespace

bool is_trusted_proxy(std::string_view peer, const std::vector<AddressRange>& trusted) {
    return std::any_of(trusted.begin(), trusted.end(),
                       [peer](const AddressRange& range) { return range.contains(peer); });
}

std::string client_address(const std::string& peer,
                           const std::optional<std::string>& x_forwarded_for,
                           const std::vector<AddressRange>& trusted) {
    if (!x_forwarded_for || !is_trusted_proxy(peer, trusted)) return peer;
    std::string_view rest = *x_forwarded_for;
    while (true) {
        const std::size_t comma = rest.rfind(',');
        const bool first = comma == std::string_view::npos;
        const auto entry = spelled(trimmed(first ? rest : rest.substr(comma + 1)));
        if (!entry) return peer;
        if (first || !is_trusted_proxy(*entry, trusted)) return *entry;
        rest = rest.substr(0, comma);
    }
}

}  // namespace rtbridge
