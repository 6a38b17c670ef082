#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>

namespace rtbridge {

// Where connect() leads: an IPv4 or IPv6 address, or "localhost", and a port. Thread: any; a value.
struct PeerAddress {
    sockaddr_storage storage{};
    socklen_t length = 0;

    // Nothing: `host` is none of these.
    [[nodiscard]] static std::optional<PeerAddress> parse(const std::string& host,
                                                          std::uint16_t port);
    [[nodiscard]] const sockaddr* get() const {
        return reinterpret_cast<const sockaddr*>(&storage);
    }
    [[nodiscard]] int family() const { return storage.ss_family; }
};

}  // namespace rtbridge
