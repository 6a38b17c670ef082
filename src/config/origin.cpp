#include "config/origin.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace rtbridge {
namespace {

char to_lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_name_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

bool is_ipv6_char(char c) {
    return (c >= 'a' && c <= 'f') || (c >= '0' && c <= '9') || c == ':' || c == '.';
}

bool is_host(std::string_view host) {
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
        return std::all_of(host.begin(), host.end(), is_ipv6_char);
    }
    return !host.empty() && std::all_of(host.begin(), host.end(), is_name_char);
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const char* const end = text.data() + text.size();
    const std::from_chars_result parsed = std::from_chars(text.data(), end, port);
    if (parsed.ec != std::errc() || parsed.ptr != end || port == 0) return std::nullopt;
    return port;
}

}  // namespace

std::optional<std::string> parse_origin(std::string_view text) {
    std::string origin(text);
    std::transform(origin.begin(), origin.end(), origin.begin(), to_lower);
    if (origin == "*") return origin;

    const bool https = origin.starts_with("https://");
    if (!https && !origin.starts_with("http://")) return std::nullopt;
    const std::string scheme = https ? "https://" : "http://";
    std::string host = origin.substr(scheme.size());

    const std::size_t colon = host.rfind(':');
    const bool has_port = colon != std::string::npos && host.find(']', colon) == std::string::npos;
    std::string port_suffix;
    if (has_port) {
        const std::optional<std::uint16_t> port =
            parse_port(std::string_view(host).substr(colon + 1));
        if (!port) return std::nullopt;
        host.resize(colon);
        if (*port != (https ? 443 : 80)) port_suffix = ":" + std::to_string(*port);
    }
    if (!is_host(host)) return std::nullopt;
    return scheme + host + port_suffix;
}

}  // namespace rtbridge
