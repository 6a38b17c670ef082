#include "retained/retained_reader.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <optional>
#include <system_error>
#include <utility>

#include "base/all_signals_blocked.h"
#include "base/peer_address.h"

namespace rtbridge {
namespace {

constexpr std::chrono::milliseconds first_pause{20};
constexpr std::chrono::milliseconds longest_pause{250};
constexpr std::size_t read_bytes = 64 * KiB;

SteadyTime now() {
    return std::chrono::steady_clock::now();
}

std::string message_of(int error) {
    return std::generic_category().message(error);
}

std::string seconds_of(std::chrono::milliseconds time) {
    return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time).count()) + " s";
}

}  // namespace

Result<std::unique_ptr<RetainedReader>, std::string> RetainedReader::start(Order order,
                                                                           const Limits& limits,
                                                                           Doorbell& doorbell) {
    auto reader =
        std::unique_ptr<RetainedReader>(new RetainedReader(std::move(order), limits, doorbell));
    reader->stop_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!reader->stop_.valid()) return Failure{message_of(errno)};
    try {
        const AllSignalsBlocked inherited_by_the_thread;
        reader->thread_ = std::thread(&RetainedReader::run, reader.get());
    } catch (const std::system_error& error) {
        return Failure{std::string(error.what())};
    }
    return reader;
}

RetainedReader::~RetainedReader() {
    if (!thread_.joinable()) return;
    const std::uint64_t one = 1;
    (void)!write(stop_.get(), &one, sizeof(one));
    thread_.join();
}

void RetainedReader::run() noexcept {
    RetainedOutcome outcome;
    try {
        outcome = read();
    } catch (const std::exception& error) {
        outcome.ok = false;
        outcome.problem = error.what();
    }
    inbox_.finish(std::move(outcome));
}

RetainedOutcome RetainedReader::read() {
    const SteadyTime begin = now();
    const SteadyTime until = begin + limits_.read_time;
    Result<FileDescriptor, std::string> socket = connect(begin + limits_.connect_time);
    if (!socket.ok()) return {.problem = socket.error()};

    RetainedConversation conversation(order_.login, order_.filters, limits_.conversation);
    const std::string broken = talk(socket.value().get(), conversation, until);
    return {.ok = conversation.state() == RetainedConversation::State::Over && broken.empty(),
            .refused = conversation.refused(),
            .problem = broken.empty() ? conversation.problem() : broken,
            .left_out = conversation.left_out()};
}

// Nobody listens there until the broker is up, and then for good: so any error may be gone the next
// time.
Result<FileDescriptor, std::string> RetainedReader::connect(SteadyTime until) const {
    std::chrono::milliseconds pause = first_pause;
    for (;;) {
        Result<FileDescriptor, std::string> socket = try_connect(until);
        if (socket.ok()) return socket;
        const SteadyTime again = now() + pause;
        (void)wait(-1, 0, std::min(again, until));
        if (now() < again) {  // it is too late, or over
            return Failure{socket.error() + ", tried for " + seconds_of(limits_.connect_time)};
        }
        pause = std::min(2 * pause, longest_pause);
    }
}

Result<FileDescriptor, std::string> RetainedReader::try_connect(SteadyTime until) const {
    const std::optional<PeerAddress> address = PeerAddress::parse(order_.to.host, order_.to.port);
    if (!address) return Failure{"not an IP address: " + order_.to.host};
    FileDescriptor socket(
        ::socket(address->family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket.valid()) return Failure{message_of(errno)};
    if (::connect(socket.get(), address->get(), address->length) == 0) return socket;
    if (errno != EINPROGRESS) return Failure{message_of(errno)};
    if (!wait(socket.get(), POLLOUT, until)) return Failure{message_of(ETIMEDOUT)};
    int error = 0;
    socklen_t size = sizeof(error);
    getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return Failure{message_of(error)};
    return socket;
}

bool RetainedReader::wait(int fd, short events, SteadyTime until) const {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now()) /
                          std::chrono::milliseconds(1);
        if (left <= 0) return false;
        std::array<pollfd, 2> fds{{{stop_.get(), POLLIN, 0}, {fd, events, 0}}};
        const int ready = poll(fds.data(), fds.size(), static_cast<int>(left));
        if (ready < 0 && errno != EINTR) return false;
        if (fds[0].revents != 0) return false;
        if (ready > 0 && fds[1].revents != 0) return true;
    }
}

bool RetainedReader::send(int socket, std::string_view bytes, SteadyTime until) const {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            if (!wait(socket, POLLOUT, until)) return false;
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

// Empty: the conversation came to an end of its own; else what broke it.
std::string RetainedReader::talk(int socket, RetainedConversation& conversation, SteadyTime until) {
    std::string too_late = "not done within " + seconds_of(limits_.read_time);
    std::vector<char> buffer(read_bytes);
    for (;;) {
        // A failed send shows as the end of what comes, behind what the broker had to say.
        (void)send(socket, conversation.take_output(), until);
        for (RetainedMessage& message : conversation.take_messages()) {
            if (!inbox_.push(std::move(message))) return "it is more than fits";
        }
        if (conversation.state() != RetainedConversation::State::Talking) return {};
        if (!wait(socket, POLLIN, until)) return too_late;
        const ssize_t got = recv(socket, buffer.data(), buffer.size(), 0);
        if (got > 0) {
            conversation.take({buffer.data(), static_cast<std::size_t>(got)});
        } else if (got == 0) {
            return "the broker hung up; is that a plain MQTT listener, without TLS?";
        } else if (errno != EAGAIN && errno != EINTR) {
            return message_of(errno);
        }
    }
}

}  // namespace rtbridge
