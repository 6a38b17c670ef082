#include "ctl/doctor.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <iostream>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/free_with.h"
#include "base/log.h"
#include "base/result.h"

// One small GET by plain sockets: an HTTP library, or libwebsockets with its loop, would be the
// larger part of a tool that is started every few seconds.

namespace rtbridge {
namespace {

using Deadline = std::chrono::steady_clock::time_point;
using AddressList = std::unique_ptr<addrinfo, FreeWith<freeaddrinfo>>;

constexpr std::chrono::seconds patience{2};
constexpr std::size_t answer_bytes_max = 16 * KiB;  // of a status line, headers and one reason

struct Url {
    std::string host, port = "80", path = "/readyz";
    std::string authority;  // as written, for the Host header
};

class Socket {
public:
    explicit Socket(int fd) noexcept : fd_(fd) {}
    Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Socket& operator=(Socket&&) = delete;
    ~Socket() {
        if (fd_ >= 0) ::close(fd_);
    }

    [[nodiscard]] int fd() const noexcept { return fd_; }

private:
    int fd_;
};

std::string with_errno(std::string_view what) {
    return std::string(what) + ": " + std::strerror(errno);
}

std::optional<Url> parse_url(std::string_view text) {
    constexpr std::string_view scheme = "http://";
    if (!text.starts_with(scheme)) return std::nullopt;
    text.remove_prefix(scheme.size());

    Url url;
    const std::size_t slash = text.find('/');
    if (slash != std::string_view::npos && slash + 1 < text.size()) url.path = text.substr(slash);
    std::string_view authority = text.substr(0, slash);
    url.authority = authority;

    const std::size_t bracket = authority.rfind(']');  // of an IPv6 address
    const std::size_t colon = authority.rfind(':');
    if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
        url.port = authority.substr(colon + 1);
        authority = authority.substr(0, colon);
    }
    if (authority.starts_with('[') && authority.ends_with(']')) {
        authority = authority.substr(1, authority.size() - 2);
    }
    url.host = authority;
    // What goes into the request must not be able to end a line of it.
    const std::string written = url.authority + url.path;
    const bool clean = written.find_first_of(" \t\r\n") == std::string::npos;
    if (url.host.empty() || url.port.empty() || !clean) return std::nullopt;
    return url;
}

// False: the deadline passed first.
bool wait_until(const Socket& socket, short events, Deadline deadline) {
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(
                              deadline - std::chrono::steady_clock::now())
                              .count();
        if (left <= 0) return false;
        pollfd waiting{.fd = socket.fd(), .events = events, .revents = 0};
        const int ready = ::poll(&waiting, 1, static_cast<int>(left));
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) return false;
    }
}

// An error left in errno, or 0 when connected.
int connect_to(const Socket& socket, const addrinfo& address, Deadline deadline) {
    if (::connect(socket.fd(), address.ai_addr, address.ai_addrlen) == 0) return 0;
    if (errno != EINPROGRESS) return errno;
    if (!wait_until(socket, POLLOUT, deadline)) return ETIMEDOUT;
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
    return error;
}

Result<Socket, std::string> connect_to(const Url& url, Deadline deadline) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int error = ::getaddrinfo(url.host.c_str(), url.port.c_str(), &hints, &found)) {
        return Failure{url.host + ": " + ::gai_strerror(error)};
    }
    const AddressList addresses(found);

    int error = 0;
    for (const addrinfo* address = addresses.get(); address != nullptr;
         address = address->ai_next) {
        Socket socket(::socket(address->ai_family,
                               address->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                               address->ai_protocol));
        if (socket.fd() < 0) {
            error = errno;
            continue;
        }
        error = connect_to(socket, *address, deadline);
        if (error == 0) return {std::move(socket)};
    }
    errno = error;
    return Failure{with_errno("cannot connect")};
}

// An empty text, or why it failed.
std::string send_request(const Socket& socket, const Url& url, Deadline deadline) {
    const std::string request = "GET " + url.path + " HTTP/1.1\r\nHost: " + url.authority +
                                "\r\nConnection: close\r\nAccept: application/json\r\n\r\n";
    std::string_view rest = request;
    while (!rest.empty()) {
        if (!wait_until(socket, POLLOUT, deadline)) return "no answer in time";
        const ssize_t sent = ::send(socket.fd(), rest.data(), rest.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR) return with_errno("cannot send");
        if (sent > 0) rest.remove_prefix(static_cast<std::size_t>(sent));
    }
    return "";
}

// All up to the end of the stream, cut at answer_bytes_max.
Result<std::string, std::string> receive_answer(const Socket& socket, Deadline deadline) {
    std::string answer;
    char part[2048];
    while (answer.size() < answer_bytes_max) {
        if (!wait_until(socket, POLLIN, deadline)) {
            if (!answer.empty()) break;  // a server that keeps the connection open has said enough
            return Failure{std::string("no answer in time")};
        }
        const ssize_t got = ::recv(socket.fd(), part, sizeof part, 0);
        if (got == 0) break;
        if (got < 0 && errno != EAGAIN && errno != EINTR) return Failure{with_errno("no answer")};
        if (got > 0) answer.append(part, static_cast<std::size_t>(got));
    }
    return answer;
}

Result<std::string, std::string> get(const Url& url) {
    const Deadline deadline = std::chrono::steady_clock::now() + patience;
    const Result<Socket, std::string> socket = connect_to(url, deadline);
    if (!socket.ok()) return Failure{socket.error()};
    if (std::string why = send_request(socket.value(), url, deadline); !why.empty()) {
        return Failure{std::move(why)};
    }
    return receive_answer(socket.value(), deadline);
}

// "HTTP/1.1 503 ...\r\nheaders\r\n\r\nbody" -> the status, 0 where it is no HTTP.
int status_of(std::string_view answer) {
    if (!answer.starts_with("HTTP/1.") || answer.size() < 12 || answer[8] != ' ') return 0;
    int status = 0;
    for (const char digit : answer.substr(9, 3)) {
        if (digit < '0' || digit > '9') return 0;
        status = status * 10 + (digit - '0');
    }
    return status;
}

std::string_view body_of(std::string_view answer) {
    const std::size_t end = answer.find("\r\n\r\n");
    std::string_view body = end == std::string_view::npos ? "" : answer.substr(end + 4);
    while (!body.empty() && (body.back() == '\n' || body.back() == '\r')) body.remove_suffix(1);
    return body;
}

}  // namespace

int doctor_ready(std::string_view url_text, std::ostream& out) {
    const std::optional<Url> url = parse_url(url_text);
    if (!url) {
        out << "not ready: not a URL like http://127.0.0.1:8080/readyz: "
            << escape_control(url_text) << '\n';
        return 1;
    }
    const Result<std::string, std::string> answer = get(*url);
    if (!answer.ok()) {
        out << "not ready: " << escape_control(answer.error()) << '\n';
        return 1;
    }
    const int status = status_of(answer.value());
    if (status == 200) {
        out << "ready\n";
        return 0;
    }
    out << "not ready: ";
    if (status == 0) {
        out << "the answer is not HTTP\n";
    } else {
        out << "HTTP " << status << ' ' << escape_control(body_of(answer.value())) << '\n';
    }
    return 1;
}

void add_doctor(CLI::App& tool, int& exit_code) {
    const auto url = std::make_shared<std::string>();
    CLI::App* const command = tool.add_subcommand("doctor", "Examine a running broker");
    command->add_option("--ready", *url, "URL to ask whether the broker is ready")->required();
    command->callback([url, &exit_code] { exit_code = doctor_ready(*url, std::cout); });
}

}  // namespace rtbridge
