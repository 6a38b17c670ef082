#include "http_client.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>

namespace rtbridge {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

int milliseconds_until(steady_clock::time_point until) {
    const auto left = std::chrono::duration_cast<milliseconds>(until - steady_clock::now()).count();
    return static_cast<int>(std::max<decltype(left)>(left, 0));
}

std::string lower_case(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

std::size_t number(std::string_view text, int base) {
    std::size_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value, base);
    return value;
}

std::optional<std::string> read_chunked(TcpStream& stream) {
    std::string body;
    for (;;) {
        const std::optional<std::string> line = stream.read_until("\r\n", http_deadline);
        if (!line) return std::nullopt;
        const std::size_t bytes = number(*line, 16);
        const std::optional<std::string> chunk = stream.read_exactly(bytes + 2, http_deadline);
        if (!chunk) return std::nullopt;
        if (bytes == 0) return body;
        body.append(*chunk, 0, bytes);
    }
}

// Status line and headers; the body is still to be read.
std::optional<HttpResponse> read_head(TcpStream& stream) {
    const std::optional<std::string> head = stream.read_until("\r\n\r\n", http_deadline);
    if (!head || !head->starts_with("HTTP/1.1 ")) return std::nullopt;
    HttpResponse response;
    response.status = static_cast<int>(number(std::string_view(*head).substr(9, 3), 10));
    std::size_t line = head->find("\r\n") + 2;
    while (line < head->size()) {
        const std::size_t end = head->find("\r\n", line);
        const std::string_view text = std::string_view(*head).substr(line, end - line);
        const std::size_t colon = text.find(':');
        if (colon != std::string_view::npos) {
            const std::size_t value = std::min(text.find_first_not_of(' ', colon + 1), text.size());
            response.headers[lower_case(text.substr(0, colon))] = text.substr(value);
        }
        line = end + 2;
    }
    return response;
}

}  // namespace

std::optional<TcpStream> TcpStream::connect(std::uint16_t port, int receive_bytes) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return std::nullopt;
    TcpStream stream(fd);
    if (receive_bytes > 0) {
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof(receive_bytes));
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
        return std::nullopt;
    }
    return stream;
}

TcpStream::~TcpStream() {
    if (fd_ >= 0) ::close(fd_);
}

bool TcpStream::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

bool TcpStream::await_readable(steady_clock::time_point until) {
    pollfd wanted{fd_, POLLIN, 0};
    int events = 0;
    // The plugin signals the thread that plays the broker.
    do {
        events = ::poll(&wanted, 1, milliseconds_until(until));
    } while (events < 0 && errno == EINTR);
    return events > 0;
}

bool TcpStream::vanish() {
    sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
    const sock_fprog program{1, &drop};
    return setsockopt(fd_, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0;
}

bool TcpStream::readable(milliseconds deadline) {
    return !buffer_.empty() || await_readable(steady_clock::now() + deadline);
}

bool TcpStream::hung_up(milliseconds deadline) {
    const auto until = steady_clock::now() + deadline;
    pollfd wanted{fd_, 0, 0};
    int events = 0;
    do {
        events = ::poll(&wanted, 1, milliseconds_until(until));
    } while (events < 0 && errno == EINTR);
    return events > 0;
}

TcpStream::Read TcpStream::read_some(steady_clock::time_point until) {
    if (!await_readable(until)) return Read::TimedOut;
    std::array<char, 65536> bytes;
    const ssize_t received = ::recv(fd_, bytes.data(), bytes.size(), 0);
    if (received <= 0) return Read::End;
    buffer_.append(bytes.data(), static_cast<std::size_t>(received));
    return Read::Some;
}

std::optional<std::string> TcpStream::read_until(std::string_view end, milliseconds deadline) {
    const auto until = steady_clock::now() + deadline;
    std::size_t at = buffer_.find(end);
    while (at == std::string::npos) {
        if (read_some(until) != Read::Some) return std::nullopt;
        at = buffer_.find(end);
    }
    std::string result = buffer_.substr(0, at + end.size());
    buffer_.erase(0, at + end.size());
    return result;
}

std::optional<std::string> TcpStream::read_exactly(std::size_t bytes, milliseconds deadline) {
    const auto until = steady_clock::now() + deadline;
    while (buffer_.size() < bytes) {
        if (read_some(until) != Read::Some) return std::nullopt;
    }
    std::string result = buffer_.substr(0, bytes);
    buffer_.erase(0, bytes);
    return result;
}

std::optional<std::string> TcpStream::read_to_end(milliseconds deadline) {
    const auto until = steady_clock::now() + deadline;
    for (;;) {
        const Read outcome = read_some(until);
        if (outcome == Read::TimedOut) return std::nullopt;
        if (outcome == Read::End) return std::exchange(buffer_, {});
    }
}

std::optional<HttpResponse> read_http_response(TcpStream& stream) {
    std::optional<HttpResponse> response = read_head(stream);
    if (!response || response->status == 101) return response;
    std::optional<std::string> body;
    if (const auto length = response->headers.find("content-length");
        length != response->headers.end()) {
        body = stream.read_exactly(number(length->second, 10), http_deadline);
    } else if (const auto encoding = response->headers.find("transfer-encoding");
               encoding != response->headers.end() && encoding->second == "chunked") {
        body = read_chunked(stream);
    } else {
        body = stream.read_to_end(http_deadline);
    }
    if (!body) return std::nullopt;
    response->body = std::move(*body);
    return response;
}

std::optional<HttpResponse> http_get(std::uint16_t port, std::string_view path,
                                     const HttpHeaders& headers) {
    std::optional<TcpStream> stream = TcpStream::connect(port);
    if (!stream) return std::nullopt;
    std::string request = "GET " + std::string(path) +
                          " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
                          "\r\nConnection: close\r\n";
    for (const auto& [name, value] : headers) request += name + ": " + value + "\r\n";
    if (!stream->write(request + "\r\n")) return std::nullopt;
    return read_http_response(*stream);
}

}  // namespace rtbridge
