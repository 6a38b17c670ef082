#include "tcp.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <stdexcept>
#include <system_error>

namespace rtbridge::load {

Descriptor::~Descriptor() {
    if (number_ >= 0) close(number_);
}

void throw_errno(const std::string& what) {
    throw std::runtime_error(what + ": " + std::generic_category().message(errno));
}

sockaddr_in parse_address(const std::string& text) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    const std::size_t colon = text.rfind(':');
    std::uint16_t port = 0;
    if (colon != std::string::npos) {
        std::from_chars(text.data() + colon + 1, text.data() + text.size(), port);
    }
    if (port == 0 || inet_pton(AF_INET, text.substr(0, colon).c_str(), &address.sin_addr) != 1) {
        throw std::runtime_error("not an IPv4 address and port: " + text);
    }
    address.sin_port = htons(port);
    return address;
}

Descriptor connect_to(const sockaddr_in& address) {
    Descriptor socket_owner(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (socket_owner.number() < 0) throw_errno("socket");
    const int on = 1;
    setsockopt(socket_owner.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const timeval patience{.tv_sec = 5, .tv_usec = 0};
    setsockopt(socket_owner.number(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(socket_owner.number(), reinterpret_cast<const sockaddr*>(&address),
                sizeof address) != 0) {
        throw_errno("connect to port " + std::to_string(ntohs(address.sin_port)));
    }
    return socket_owner;
}

void send_all(int descriptor, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) throw_errno("send");
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

}  // namespace rtbridge::load
