#include "access/origin.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>

#include "config/origin.h"

namespace rtbridge {
namespace {

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

bool all_digits(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string host_name(std::string_view host) {
    if (host.starts_with('[')) {
        const std::size_t end = host.find(']');
        if (end == std::string_view::npos) return {};
        const std::string_view rest = host.substr(end + 1);
        if (!rest.empty() && (rest.front() != ':' || !all_digits(rest.substr(1)))) return {};
        return lower(host.substr(1, end - 1));
    }
    const std::size_t colon = host.find(':');
    if (colon == std::string_view::npos) return lower(host);
    if (!all_digits(host.substr(colon + 1))) return {};
    return lower(host.substr(0, colon));
}

std::string origin_host(std::string_view origin) {
    const std::size_t scheme_end = origin.find("://");
    return scheme_end == std::string_view::npos ? "" : host_name(origin.substr(scheme_end + 3));
}

bool is_loopback_name(std::string_view name) {
    const bool is_name = name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") ==
                         std::string_view::npos;  // two Host headers arrive joined by a comma
    if (name == "localhost" || (is_name && name.ends_with(".localhost"))) return true;
    const std::string text(name);
    in_addr v4{};
    if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24U) == 127;
    in6_addr v6{};
    if (inet_pton(AF_INET6, text.c_str(), &v6) != 1) return false;
    if (IN6_IS_ADDR_V4MAPPED(&v6)) return v6.s6_addr[12] == 127;
    return IN6_IS_ADDR_LOOPBACK(&v6);
}

bool origin_allowed(const std::optional<std::string>& origin, std::string_view host,
                    const std::vector<std::string>& allowed) {
    if (!origin) return true;
    if (allowed.empty()) {
        const std::string name = origin_host(*origin);
        return !name.empty() && name == host_name(host);
    }
    return std::any_of(allowed.begin(), allowed.end(), [&](const std::string& entry) {
        return entry == "*" || entry == parse_origin(*origin);  // the entries are parsed already
    });
}

}  // namespace rtbridge
