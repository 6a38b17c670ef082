#include "base/peer_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

namespace rtbridge {

std::optional<PeerAddress> PeerAddress::parse(const std::string& host, std::uint16_t port) {
    const std::string text = host == "localhost" ? "127.0.0.1" : host;
    PeerAddress address;
    auto* const v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
    if (inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        address.length = sizeof(sockaddr_in);
        return address;
    }
    auto* const v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    if (inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) != 1) return std::nullopt;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    address.length = sizeof(sockaddr_in6);
    return address;
}

}  // namespace rtbridge
