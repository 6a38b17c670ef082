#include "transport/listening_socket.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <set>

namespace rtbridge {
namespace {

const BindAddress any_port{"127.0.0.1", 0};

std::uint16_t port_of(const FileDescriptor& socket) {
    sockaddr_in address{};
    socklen_t length = sizeof(address);
    getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &length);
    return ntohs(address.sin_port);
}

bool can_connect(std::uint16_t port) {
    const FileDescriptor client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
}

TEST(ListeningSockets, SeveralShareThePortThatTheKernelPicked) {
    const auto sockets = listen_on(any_port, 4);

    ASSERT_TRUE(sockets.ok()) << sockets.error();
    ASSERT_EQ(sockets.value().fds.size(), 4U);
    EXPECT_NE(sockets.value().port, 0);
    for (const FileDescriptor& socket : sockets.value().fds) {
        EXPECT_EQ(port_of(socket), sockets.value().port);
    }
}

TEST(ListeningSockets, TheKernelSpreadsConnectionsOverAllOfThem) {
    const auto sockets = listen_on(any_port, 4);
    ASSERT_TRUE(sockets.ok()) << sockets.error();

    std::set<int> reached;
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(can_connect(sockets.value().port));
    for (const FileDescriptor& socket : sockets.value().fds) {
        const FileDescriptor peer(accept(socket.get(), nullptr, nullptr));
        if (peer.valid()) reached.insert(socket.get());
    }

    EXPECT_EQ(reached.size(), 4U);
}

TEST(ListeningSockets, APortThatIsListenedOnIsRefusedHoweverManyWereWanted) {
    for (const std::size_t there : {1U, 3U}) {
        const auto first = listen_on(any_port, there);
        ASSERT_TRUE(first.ok()) << first.error();
        for (const std::size_t wanted : {1U, 3U}) {
            const auto second = listen_on({"127.0.0.1", first.value().port}, wanted);

            ASSERT_FALSE(second.ok()) << there << " listen, " << wanted << " more were let in";
            EXPECT_EQ(second.error(),
                      "cannot bind 127.0.0.1:" + std::to_string(first.value().port) +
                          ": Address already in use");
        }
    }
}

TEST(ListeningSockets, APortIsFreeAgainOnceTheyAreClosed) {
    std::uint16_t port = 0;
    {
        const auto sockets = listen_on(any_port, 2);
        ASSERT_TRUE(sockets.ok()) << sockets.error();
        port = sockets.value().port;
    }

    EXPECT_TRUE(listen_on({"127.0.0.1", port}, 2).ok());
}

TEST(ListeningSockets, WhatIsNoAddressIsRefused) {
    const auto sockets = listen_on({"example.com", 0}, 1);

    ASSERT_FALSE(sockets.ok());
    EXPECT_EQ(sockets.error(), "not an IP address: example.com");
}

}  // namespace
}  // namespace rtbridge
