#include "bare_sender.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "battery_payload.h"

namespace rtbridge::load {
namespace {

struct Command {
    std::int64_t sent_ns = 0;
    std::uint32_t frames = 0;
};

constexpr std::size_t frame_header_bytes = 2;

std::string text_frame(std::string_view payload) {
    static_assert(battery_payload_bytes + 25 < 126, "the length must fit the short header");
    return std::string{static_cast<char>(0x81), static_cast<char>(payload.size())} +
           std::string(payload);
}

Descriptor listen_on_loopback(sockaddr_in& address) {
    Descriptor listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    address = sockaddr_in{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    constexpr int backlog = 4096;
    if (bind(listener.number(), generic, length) != 0 || listen(listener.number(), backlog) != 0 ||
        getsockname(listener.number(), generic, &length) != 0) {
        throw_errno("listen on loopback");
    }
    return listener;
}

std::vector<Descriptor> accept_all(int listener, std::size_t count) {
    std::vector<Descriptor> connections;
    for (std::size_t i = 0; i < count; ++i) {
        connections.emplace_back(accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
        if (connections.back().number() < 0) throw_errno("accept");
        const int on = 1;
        setsockopt(connections.back().number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    return connections;
}

// The life of the sending process: ends when the parent closes its end of `commands`.
void send_on_command(int commands, int listener, std::size_t count) {
    const std::vector<Descriptor> connections = accept_all(listener, count);
    const std::string frame = text_frame(enriched_payload(0));
    std::string frames;
    Command command;
    while (recv(commands, &command, sizeof command, MSG_WAITALL) == sizeof command) {
        while (frames.size() < command.frames * frame.size()) frames += frame;
        frames.resize(command.frames * frame.size());
        for (std::size_t at = 0; at < frames.size(); at += frame.size()) {
            stamp(frames.data() + at + frame_header_bytes, command.sent_ns);
        }
        for (const Descriptor& connection : connections) send_all(connection.number(), frames);
    }
}

}  // namespace

BareSender::BareSender(SessionPool& pool, std::size_t connections) {
    sockaddr_in address{};
    const Descriptor listener = listen_on_loopback(address);
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        throw_errno("socketpair");
    }
    commands_ = Descriptor(ends[0]);
    Descriptor child_end(ends[1]);

    pid_ = fork();
    if (pid_ < 0) throw_errno("fork");
    if (pid_ == 0) {
        commands_ = Descriptor();  // or the end of the parent would never be seen
        int status = EXIT_SUCCESS;
        try {
            send_on_command(child_end.number(), listener.number(), connections);
        } catch (const std::exception&) {
            status = EXIT_FAILURE;  // the parent sees its connections break and says so
        }
        _exit(status);
    }
    for (std::size_t i = 0; i < connections; ++i) pool.adopt(connect_to(address));
}

BareSender::~BareSender() {
    commands_ = Descriptor();
    waitpid(pid_, nullptr, 0);
}

void BareSender::publish(std::uint32_t count) {
    const Command command{.sent_ns = monotonic_ns(), .frames = count};
    send_all(commands_.number(),
             std::string_view(reinterpret_cast<const char*>(&command), sizeof command));
}

}  // namespace rtbridge::load
