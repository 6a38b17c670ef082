#pragma once

#include <netinet/in.h>

#include <string>
#include <string_view>
#include <utility>

namespace rtbridge::load {

// Owns a file descriptor.
class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~Descriptor();

    [[nodiscard]] int number() const { return number_; }

private:
    int number_ = -1;
};

// "127.0.0.1:1883", IPv4 only: the load generator runs on the broker's machine, where it can read
// the broker's CPU time. Throws std::runtime_error, as all functions here.
[[nodiscard]] sockaddr_in parse_address(const std::string& text);

// A blocking socket with TCP_NODELAY that gives up reading after five seconds.
[[nodiscard]] Descriptor connect_to(const sockaddr_in& address);

void send_all(int descriptor, std::string_view bytes);

[[noreturn]] void throw_errno(const std::string& what);

}  // namespace rtbridge::load
