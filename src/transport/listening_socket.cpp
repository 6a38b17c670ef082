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
    // Both families have it at the same place.
    [[nodiscard]] std::uint16_t port() const {
        return ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
    }
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

void set_option(const FileDescriptor& socket, int option) {
    const int on = 1;
    setsockopt(socket.get(), SOL_SOCKET, option, &on, sizeof(on));
}

}  // namespace

Result<ListeningSockets, std::string> listen_on(const BindAddress& bind_address,
                                                std::size_t count) {
    const std::string name = bind_address.host + ":" + std::to_string(bind_address.port);
    const auto failure = [&name](const char* what) {
        return Failure{std::string(what) + " " + name + ": " +
                       std::generic_category().message(errno)};
    };
    SocketAddress address;
    if (!parse_address(bind_address.host, bind_address.port, address)) {
        return Failure{"not an IP address: " + bind_address.host};
    }
    ListeningSockets result;
    for (std::size_t i = 0; i < count; ++i) {
        FileDescriptor& fd = result.fds.emplace_back(socket(
            address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
        if (!fd.valid()) return failure("cannot open a socket for");
        set_option(fd, SO_REUSEADDR);
        // The first binds without SO_REUSEPORT, which other processes of this user could join or
        // we could join theirs; set afterwards, it lets ours follow.
        if (i > 0) set_option(fd, SO_REUSEPORT);
        if (bind(fd.get(), address.get(), address.length) != 0) return failure("cannot bind");
        if (i == 0 && count > 1) set_option(fd, SO_REUSEPORT);
        // Where the kernel picked the port, the others bind to it by its number.
        if (getsockname(fd.get(), address.get(), &address.length) != 0) {
            return failure("cannot bind");
        }
    }
    for (const FileDescriptor& fd : result.fds) {
        if (listen(fd.get(), SOMAXCONN) != 0) return failure("cannot listen on");
    }
    result.port = address.port();
    return result;
}

}  // namespace rtbridge
