#include "access/token.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "access/authenticator.h"
#include "access/base64.h"
#include "access/strict_json.h"

namespace rtbridge {
namespace {

Failure<std::string> failure(std::string text) {
    return Failure{std::move(text)};
}

}  // namespace

Result<Token, std::string> parse_token(std::string_view text) {
    if (text.size() > token_bytes_max) return failure("it is longer than 8 KiB");
    const std::size_t first = text.find('.');
    if (first == std::string_view::npos || std::count(text.begin(), text.end(), '.') != 2) {
        return failure("it does not have three parts");
    }
    const std::size_t second = text.find('.', first + 1);
    const auto header = decode_base64url(text.substr(0, first));
    const auto claims = decode_base64url(text.substr(first + 1, second - first - 1));
    const auto signature = decode_base64url(text.substr(second + 1));
    if (!header || !claims || !signature) return failure("a part of it is not base64url");
    if (signature->empty()) return failure("it is not signed");

    Token token;
    std::optional<nlohmann::json> header_json = parse_strict_object(*header);
    if (!header_json) {
        return failure("its header is no JSON object, or has a name twice");
    }
    std::optional<nlohmann::json> claims_json = parse_strict_object(*claims);
    if (!claims_json) {
        return failure("its claims are no JSON object, or have a name twice");
    }
    token.text = text;
    token.header = std::move(*header_json);
    token.claims = std::move(*claims_json);
    token.signature_bytes = signature->size();
    return token;
}

}  // namespace rtbridge
