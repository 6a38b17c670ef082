#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <string>
#include <string_view>

#include "base/file_descriptor.h"
#include "config/config.h"

namespace rtbridge {

// A broker's listener on loopback that says what the test wants. One connection at a time; each
// wait has a deadline and fails the test.
class FakeMqttListener {
public:
    FakeMqttListener() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address);
        EXPECT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
        EXPECT_EQ(getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
        port_ = ntohs(address.sin_port);
    }

    // Until then a connection is refused.
    void listen() { EXPECT_EQ(::listen(listener_.get(), 8), 0); }
    void accept() {
        wait(listener_.get());
        peer_.reset(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        EXPECT_TRUE(peer_.valid());
    }
    void say(std::string_view bytes) {
        EXPECT_EQ(::send(peer_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(bytes.size()));
    }
    // As many bytes as `expected` has.
    void hear(std::string_view expected) {
        std::string heard;
        while (heard.size() < expected.size()) {
            char byte = 0;
            wait(peer_.get());
            if (recv(peer_.get(), &byte, 1, 0) != 1) break;
            heard.push_back(byte);
        }
        EXPECT_EQ(heard, expected);
    }
    // The body of one packet.
    std::string hear_packet() {
        hear_byte();
        std::size_t bytes = 0;
        for (unsigned shift = 0; shift < 28; shift += 7) {
            const unsigned char next = hear_byte();
            bytes |= static_cast<std::size_t>(next & 0x7fU) << shift;
            if ((next & 0x80U) == 0) break;
        }
        std::string body;
        while (body.size() < bytes) body.push_back(static_cast<char>(hear_byte()));
        return body;
    }
    void hang_up() { peer_.reset(); }

    [[nodiscard]] BindAddress address() const { return {"127.0.0.1", port_}; }

private:
    unsigned char hear_byte() {
        unsigned char byte = 0;
        wait(peer_.get());
        EXPECT_EQ(recv(peer_.get(), &byte, 1, 0), 1);
        return byte;
    }
    static void wait(int fd) {
        pollfd watched{fd, POLLIN, 0};
        EXPECT_EQ(poll(&watched, 1, 20'000), 1) << "nothing came";
    }

    FileDescriptor listener_;
    FileDescriptor peer_;
    std::uint16_t port_ = 0;
};

}  // namespace rtbridge
