#include "config/address_range.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string>

namespace rtbridge {
namespace {

using Address = std::array<std::uint8_t, 16>;
constexpr std::uint8_t address_bits = 128;
constexpr std::uint8_t mapped_bits = 96;  // ::ffff:0:0/96 holds all of IPv4

struct Parsed {
    Address bytes{};
    bool v4 = false;
};

std::optional<Parsed> parse_address(std::string_view text) {
    const std::string terminated(text);
    Parsed parsed;
    if (in_addr v4{}; inet_pton(AF_INET, terminated.c_str(), &v4) == 1) {
        parsed.bytes[10] = parsed.bytes[11] = 0xff;
        std::memcpy(&parsed.bytes[12], &v4, sizeof(v4));
        parsed.v4 = true;
        return parsed;
    }
    in6_addr v6{};
    if (inet_pton(AF_INET6, terminated.c_str(), &v6) != 1) return std::nullopt;
    std::memcpy(parsed.bytes.data(), &v6, sizeof(v6));
    return parsed;
}

void clear_after(Address& address, unsigned bits) {
    for (unsigned i = 0; i < address.size(); ++i) {
        const unsigned kept = bits > i * 8 ? std::min(bits - i * 8, 8U) : 0;
        address[i] = static_cast<std::uint8_t>(address[i] & (0xff00U >> kept));
    }
}

}  // namespace

std::optional<AddressRange> AddressRange::parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    const std::optional<Parsed> address = parse_address(text.substr(0, slash));
    if (!address) return std::nullopt;
    const unsigned most = address->v4 ? 32 : address_bits;
    unsigned prefix = most;
    if (slash != std::string_view::npos) {
        const std::string_view digits = text.substr(slash + 1);
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
        if (error != std::errc() || end != digits.data() + digits.size() || prefix > most) {
            return std::nullopt;
        }
    }
    AddressRange range;
    range.network_ = address->bytes;
    range.prefix_bits_ = static_cast<std::uint8_t>(address->v4 ? prefix + mapped_bits : prefix);
    clear_after(range.network_, range.prefix_bits_);
    return range;
}

std::string AddressRange::text() const {
    constexpr Address mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    const bool v4 = prefix_bits_ >= mapped_bits &&
                    std::equal(mapped.begin(), mapped.begin() + 12, network_.begin());
    const unsigned most = v4 ? 32 : address_bits;
    const unsigned prefix = v4 ? prefix_bits_ - mapped_bits : prefix_bits_;
    std::array<char, INET6_ADDRSTRLEN> text{};
    (void)inet_ntop(v4 ? AF_INET : AF_INET6, &network_[v4 ? 12 : 0], text.data(), text.size());
    return prefix == most ? text.data() : text.data() + ("/" + std::to_string(prefix));
}

bool AddressRange::contains(std::string_view address) const {
    std::optional<Parsed> parsed = parse_address(address);
    if (!parsed) return false;
    clear_after(parsed->bytes, prefix_bits_);
    return parsed->bytes == network_;
}

}  // namespace rtbridge
