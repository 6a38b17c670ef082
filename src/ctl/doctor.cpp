#include "ctl/doctor.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
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
#include "ctl/doctor_conf.h"
#include "ctl/tls_stream.h"

// One small GET by plain sockets: an HTTP library, or libwebsockets with its loop, would be the
// larger part of a tool that is started every few seconds.

namespace rtbridge {
namespace {

using Deadline = std::chrono::steady_clock::time_point;
using AddressList = std::unique_ptr<addrinfo, FreeWith<freeaddrinfo>>;

constexpr std::chrono::seconds patience{2};
constexpr std::size_t answer_bytes_max = 16 * KiB;  // of a status line, headers and one reason

struct Url {
    bool tls = false;
    std::string host, port, path = "/readyz";
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
    constexpr std::string_view http = "http://";
    constexpr std::string_view https = "https://";
    Url url;
    url.tls = text.starts_with(https);
    if (!url.tls && !text.starts_with(http)) return std::nullopt;
    text.remove_prefix(url.tls ? https.size() : http.size());
    url.port = url.tls ? "443" : "80";

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

// The connection in clear, or under TLS.
struct Stream {
    Socket socket;
    std::optional<TlsStream> tls;

    [[nodiscard]] short wants(short otherwise) const { return tls ? tls->wants() : otherwise; }
    [[nodiscard]] ssize_t send(std::string_view data) {
        return tls ? tls->send(data.data(), data.size())
                   : ::send(socket.fd(), data.data(), data.size(), MSG_NOSIGNAL);
    }
    [[nodiscard]] ssize_t receive(char* data, std::size_t size) {
        return tls ? tls->receive(data, size) : ::recv(socket.fd(), data, size, 0);
    }
    // After a call that failed.
    [[nodiscard]] std::string error(std::string_view what) const {
        return tls ? std::string(what) + ": " + tls->error() : with_errno(what);
    }
};

bool try_again() {
    return errno == EAGAIN || errno == EINTR;
}

// An empty text, or why it failed.
std::string start_tls(Stream& stream, const Url& url, const std::string& ca_file,
                      Deadline deadline) {
    auto tls = TlsStream::over(stream.socket.fd(), url.host, ca_file);
    if (!tls.ok()) return tls.error();
    stream.tls.emplace(std::move(tls).value());
    while (stream.tls->handshake() <= 0) {
        if (!try_again()) return stream.error("TLS");
        if (!wait_until(stream.socket, stream.tls->wants(), deadline)) return "no answer in time";
    }
    return "";
}

// An empty text, or why it failed.
std::string send_request(Stream& stream, const Url& url, Deadline deadline) {
    const std::string request = "GET " + url.path + " HTTP/1.1\r\nHost: " + url.authority +
                                "\r\nConnection: close\r\nAccept: application/json\r\n\r\n";
    std::string_view rest = request;
    while (!rest.empty()) {
        const ssize_t sent = stream.send(rest);
        if (sent < 0 && !try_again()) return stream.error("cannot send");
        if (sent > 0) {
            rest.remove_prefix(static_cast<std::size_t>(sent));
        } else if (!wait_until(stream.socket, stream.wants(POLLOUT), deadline)) {
            return "no answer in time";
        }
    }
    return "";
}

// All up to the end of the stream, cut at answer_bytes_max.
Result<std::string, std::string> receive_answer(Stream& stream, Deadline deadline) {
    std::string answer;
    char part[2048];
    while (answer.size() < answer_bytes_max) {
        const ssize_t got = stream.receive(part, sizeof part);
        if (got > 0) {
            answer.append(part, static_cast<std::size_t>(got));
            continue;
        }
        if (got == 0) break;
        if (!try_again()) {
            if (!answer.empty()) break;  // cut off, but after it said something
            return Failure{stream.error("no answer")};
        }
        if (wait_until(stream.socket, stream.wants(POLLIN), deadline)) continue;
        if (!answer.empty()) break;  // a server that keeps the connection open has said enough
        return Failure{std::string("no answer in time")};
    }
    return answer;
}

Result<std::string, std::string> get(const Url& url, const std::string& ca_file) {
    const Deadline deadline = std::chrono::steady_clock::now() + patience;
    Result<Socket, std::string> socket = connect_to(url, deadline);
    if (!socket.ok()) return Failure{socket.error()};
    Stream stream{std::move(socket).value(), std::nullopt};
    std::string why = url.tls ? start_tls(stream, url, ca_file, deadline) : "";
    if (why.empty()) why = send_request(stream, url, deadline);
    if (!why.empty()) return Failure{std::move(why)};
    return receive_answer(stream, deadline);
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

int doctor_ready(std::string_view url_text, std::ostream& out, const std::string& ca_file) {
    const std::optional<Url> url = parse_url(url_text);
    if (!url) {
        out << "not ready: not a URL like http://127.0.0.1:8080/readyz: "
            << escape_control(url_text) << '\n';
        return 1;
    }
    const Result<std::string, std::string> answer = get(*url, ca_file);
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
    struct Options {
        std::string url, ca_file, conf;
        std::string program = "mosquitto";
    };
    const auto options = std::make_shared<Options>();
    CLI::App* const command = tool.add_subcommand(
        "doctor", "Examine a broker: its configuration, or whether it is ready");
    CLI::Option* const conf = command->add_option(
        "--conf", options->conf, "A mosquitto.conf, to examine with all that it loads");
    conf->type_name("FILE");
    command->add_option("--mosquitto", options->program, "The broker's program, for its version")
        ->type_name("FILE")
        ->capture_default_str()
        ->needs(conf);
    CLI::Option* const url =
        command->add_option("--ready", options->url, "URL to ask whether the broker is ready");
    command
        ->add_option("--ca", options->ca_file,
                     "Certificates to trust instead of the system's (PEM)")
        ->type_name("FILE")
        ->needs(url);
    command->footer("Exit code: 0 no error, and ready; 1 otherwise.");
    command->callback([options, conf, url, &exit_code] {
        if (conf->count() == 0 && url->count() == 0) {
            throw CLI::RequiredError("--conf or --ready");
        }
        std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets that the broker may close
        if (conf->count() > 0) exit_code = doctor_conf(options->conf, options->program, std::cout);
        if (url->count() > 0) {
            const int ready = doctor_ready(options->url, std::cout, options->ca_file);
            exit_code = std::max(exit_code, ready);
        }
    });
}

}  // namespace rtbridge
