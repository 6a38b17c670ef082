#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rtbridge {

// An IPv4 or IPv6 address, or a network of them: "192.0.2.7", "192.0.2.0/24", "2001:db8::/32".
// IPv4 addresses mapped into IPv6 are the IPv4 addresses they stand for.
//
// Thread: any; immutable.
class AddressRange {
public:
    [[nodiscard]] static std::optional<AddressRange> parse(std::string_view text);
    // False also for a text that is no address.
    [[nodiscard]] bool contains(std::string_view address) const;
    [[nodiscard]] std::string text() const;  // what parse() reads, shortest form

    friend bool operator==(const AddressRange&, const AddressRange&) = default;

private:
    std::array<std::uint8_t, 16> network_{};  // IPv6 form
    std::uint8_t prefix_bits_ = 0;            // of the IPv6 form
};

}  // namespace rtbridge
