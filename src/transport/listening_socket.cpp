#include "transport/listening_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace rtbridge {
namespace {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length = 0;

    [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

bool parse_address(const std::string& host, std::uint16_t port, SocketAddress& address) {
    const std::string text = host == "localhost" ? "127.0.0.1" : host;
    auto* const v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
    if (inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        address.length = sizeof(sockaddr_in);
        return true;
    }
    auto* const v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    if (inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) != 1) return false;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    address.length = sizeof(sockaddr_in6);
    return true;
}

std::uint16_t bound_port(int fd) {
    SocketAddress address;
    address.length = sizeof(address.storage);
    if (getsockname(fd, address.get(), &address.length) != 0) return 0;
    // Both families have the port at the same place.
    return ntohs(reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_port);
}

}  // namespace

Result<ListeningSocket, std::string> listen_on(const BindAddress& bind_address) {
    const std::string name = bind_address.host + ":" + std::to_string(bind_address.port);
    const auto failure = [&name](const char* what) {
        return Failure{std::string(what) + " " + name + ": " +
                       std::generic_category().message(errno)};
    };
    SocketAddress address;
    if (!parse_address(bind_address.host, bind_address.port, address)) {
        return Failure{"not an IP address: " + bind_address.host};
    }
    ListeningSocket result;
    result.fd.reset(
        socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
    if (!result.fd.valid()) return failure("cannot open a socket for");
    const int on = 1;
    setsockopt(result.fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(result.fd.get(), address.get(), address.length) != 0) return failure("cannot bind");
    if (listen(result.fd.get(), SOMAXCONN) != 0) return failure("cannot listen on");
    result.port = bound_port(result.fd.get());
    return result;
}

}  // namespace rtbridge
