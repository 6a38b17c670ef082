#include "config/bind_address.h"

#include <arpa/inet.h>

#include <charconv>
#include <string>

namespace rtbridge {
namespace {

bool is_address(int family, const std::string& host) {
    in6_addr address{};  // large enough for either family
    return inet_pton(family, host.c_str(), &address) == 1;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const char* const end = text.data() + text.size();
    const std::from_chars_result parsed = std::from_chars(text.data(), end, port);
    if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
    return port;
}

std::string_view address_of(const BindAddress& bind) {
    return bind.host == "localhost" ? std::string_view("127.0.0.1") : bind.host;
}

}  // namespace

std::optional<BindAddress> parse_bind_address(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    // An embedded NUL would end the text early for inet_pton.
    if (colon == std::string_view::npos || text.find('\0') != std::string_view::npos) {
        return std::nullopt;
    }
    const std::optional<std::uint16_t> port = parse_port(text.substr(colon + 1));
    if (!port) return std::nullopt;

    std::string host(text.substr(0, colon));
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
        if (!is_address(AF_INET6, host)) return std::nullopt;
    } else if (host != "localhost" && !is_address(AF_INET, host)) {
        return std::nullopt;
    }
    return BindAddress{std::move(host), *port};
}

bool leads_to(const BindAddress& to, const BindAddress& bind) {
    if (to.port != bind.port) return false;
    const bool any = bind.host == "0.0.0.0" || bind.host == "::";
    return address_of(to) == address_of(bind) || (any && to.loopback());
}

}  // namespace rtbridge
