#include "access/base64.h"

#include <openssl/evp.h>

#include <algorithm>

namespace rtbridge {
namespace {

bool is_alphanumeric(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

// `text`: standard alphabet without padding.
std::optional<std::string> decode_unpadded(std::string text) {
    const std::size_t bytes = text.size() * 3 / 4;
    if (text.size() % 4 == 1) return std::nullopt;
    text.append((4 - text.size() % 4) % 4, '=');
    std::string out(text.size() / 4 * 3, '\0');
    const int decoded = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                        reinterpret_cast<const unsigned char*>(text.data()),
                                        static_cast<int>(text.size()));
    if (decoded < 0) return std::nullopt;
    out.resize(bytes);  // EVP_DecodeBlock counts what stands for padding as well
    return out;
}

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
    const std::size_t last = text.find_last_not_of('=');
    const std::size_t size = last == std::string_view::npos ? 0 : last + 1;
    const std::size_t padding = text.size() - size;
    if (padding > 2 || (padding > 0 && text.size() % 4 != 0)) return std::nullopt;
    text = text.substr(0, size);
    const bool valid = std::all_of(text.begin(), text.end(), [](char c) {
        return is_alphanumeric(c) || c == '+' || c == '/';
    });
    if (!valid) return std::nullopt;
    return decode_unpadded(std::string(text));
}

std::optional<std::string> decode_base64url(std::string_view text) {
    std::string standard(text);
    for (char& c : standard) {
        if (c == '-') {
            c = '+';
        } else if (c == '_') {
            c = '/';
        } else if (!is_alphanumeric(c)) {
            return std::nullopt;
        }
    }
    return decode_unpadded(std::move(standard));
}

std::string encode_base64(std::string_view bytes) {
    std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock ends with a NUL
    const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
    out.resize(static_cast<std::size_t>(size));
    return out;
}

std::string encode_base64url(std::string_view bytes) {
    std::string out = encode_base64(bytes);
    out.erase(std::find(out.begin(), out.end(), '='), out.end());
    std::replace(out.begin(), out.end(), '+', '-');
    std::replace(out.begin(), out.end(), '/', '_');
    return out;
}

}  // namespace rtbridge
