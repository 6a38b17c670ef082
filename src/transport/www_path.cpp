#include "transport/www_path.h"

#include <algorithm>

#include "base/utf8.h"

namespace rtbridge {
namespace {

bool servable(std::string_view name) {
    return !name.empty() && !name.starts_with('.') &&
           std::none_of(name.begin(), name.end(),
                        [](unsigned char c) { return c < 0x20 || c == 0x7f || c == '\\'; });
}

// RFC 3986, 2.3
bool stands_for_itself(unsigned char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter || (c >= '0' && c <= '9') ||
           std::string_view("-._~").find(static_cast<char>(c)) != std::string_view::npos;
}

void append_encoded(std::string& url, std::string_view text, std::string_view also_itself) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (stands_for_itself(byte) || also_itself.find(c) != std::string_view::npos) {
            url += c;
        } else {
            url += {'%', digits[byte >> 4U], digits[byte & 0xfU]};
        }
    }
}

}  // namespace

std::optional<WwwPath> read_www_path(std::string_view path) {
    if (!path.starts_with('/') || !is_utf8(path)) return std::nullopt;
    path.remove_prefix(1);
    if (path.empty()) return WwwPath{".", true};
    const bool directory = path.ends_with('/');
    if (directory) path.remove_suffix(1);
    for (std::string_view rest = path;;) {
        const std::size_t slash = rest.find('/');
        if (!servable(rest.substr(0, slash))) return std::nullopt;
        if (slash == std::string_view::npos) break;
        rest.remove_prefix(slash + 1);
    }
    return WwwPath{std::string(path), directory};
}

std::string url_path_of(std::string_view name) {
    std::string url = "/";
    append_encoded(url, name, "/");
    return url;
}

std::string url_encoded(std::string_view text) {
    std::string url;
    append_encoded(url, text, "");
    return url;
}

}  // namespace rtbridge
