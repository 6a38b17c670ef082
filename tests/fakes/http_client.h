#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rtbridge {

// A TCP connection to 127.0.0.1 that never blocks past its deadline. Errors: empty results.
class TcpStream {
public:
    // `receive_bytes`: what the system takes for it before it is read; 0: as much as it likes.
    static std::optional<TcpStream> connect(std::uint16_t port, int receive_bytes = 0);
    TcpStream(TcpStream&& other) noexcept
        : fd_(std::exchange(other.fd_, -1)), buffer_(std::move(other.buffer_)) {}
    TcpStream& operator=(TcpStream&&) = delete;
    ~TcpStream();

    bool write(std::string_view bytes);
    // Whether something has come, or the end of the stream.
    bool readable(std::chrono::milliseconds deadline);
    // Whether the other side ended the connection, read or not.
    bool hung_up(std::chrono::milliseconds deadline);
    // What comes up to and including `end`; nothing at end of stream or deadline.
    std::optional<std::string> read_until(std::string_view end, std::chrono::milliseconds deadline);
    std::optional<std::string> read_exactly(std::size_t bytes, std::chrono::milliseconds deadline);
    // Everything up to the end of the stream, or nothing where it does not end in time.
    std::optional<std::string> read_to_end(std::chrono::milliseconds deadline);

    // From now on the system drops whatever comes, unacknowledged: the peer has lost its network.
    bool vanish();

private:
    enum class Read { Some, End, TimedOut };
    explicit TcpStream(int fd) : fd_(fd) {}
    bool await_readable(std::chrono::steady_clock::time_point until);
    Read read_some(std::chrono::steady_clock::time_point until);

    int fd_;
    std::string buffer_;  // received and not yet asked for
};

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpResponse {
    int status = 0;
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;
};

inline constexpr std::chrono::milliseconds http_deadline{5'000};

// "GET path" and what comes back, nothing where no complete response came in time.
std::optional<HttpResponse> http_get(std::uint16_t port, std::string_view path,
                                     const HttpHeaders& headers = {});

// A response that is to come on `stream`. One that switches protocols (101) has no body.
std::optional<HttpResponse> read_http_response(TcpStream& stream);

}  // namespace rtbridge
