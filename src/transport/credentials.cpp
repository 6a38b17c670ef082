#include "transport/credentials.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>
#include <vector>

#include "access/base64.h"
#include "base/trimmed.h"

namespace rtbridge {
namespace {

using Kind = Credentials::Kind;
using Read = Result<Credentials, CredentialsRefusal>;

Read refused(int http_status, std::string message) {
    return Failure{CredentialsRefusal{http_status, std::move(message)}};
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

// RFC 7617: base64 of user ':' password.
Read read_basic(std::string_view value) {
    const std::optional<std::string> pair = decode_base64(value);
    const std::size_t colon = pair ? pair->find(':') : std::string::npos;
    if (colon == std::string::npos) return refused(401, "Authorization: Basic can't be read");
    return Credentials{Kind::Password, pair->substr(0, colon), pair->substr(colon + 1)};
}

// libwebsockets joins repeated headers by commas, which neither form has inside.
Read read_authorization(std::string_view header) {
    header = trimmed(header);
    const std::size_t space = std::min(header.size(), header.find(' '));
    const std::string_view scheme = header.substr(0, space);
    const std::string_view value = trimmed(header.substr(space));
    if (value.find(',') != std::string_view::npos) {
        return refused(400, "Authorization is there twice");
    }
    if (equal_ignoring_case(scheme, "basic")) return read_basic(value);
    if (!equal_ignoring_case(scheme, "bearer") || value.empty()) {
        return refused(401, "Authorization is Bearer or Basic here");
    }
    return Credentials{Kind::Token, {}, std::string(value)};
}

std::vector<std::string> values_of(const HttpRequest& request, std::string_view parameter) {
    std::vector<std::string> values;
    for (const auto& [name, value] : request.query) {
        if (name == parameter) values.push_back(value);
    }
    return values;
}

// RFC 6265, 5.4: "a=1; b=2".
std::vector<std::string> cookies_named(std::string_view header, std::string_view wanted) {
    std::vector<std::string> values;
    while (!header.empty()) {
        const std::size_t end = std::min(header.size(), header.find(';'));
        const std::string_view pair = trimmed(header.substr(0, end));
        header.remove_prefix(std::min(header.size(), end + 1));
        const std::size_t equals = pair.find('=');
        if (equals == std::string_view::npos || pair.substr(0, equals) != wanted) continue;
        values.emplace_back(pair.substr(equals + 1));
    }
    return values;
}

}  // namespace

Read read_credentials(const HttpRequest& request, const std::string& cookie, bool token_in_url) {
    // Also where something else counts: a token in the URL is in the history by now.
    const std::vector<std::string> tokens = values_of(request, "token");
    if (!tokens.empty() && !token_in_url) {
        return refused(400,
                       "a token in the URL is not taken here: auth.token_in_url is false; send "
                       "it as Authorization: Bearer, as a cookie, or get a ticket");
    }
    if (request.authorization) return read_authorization(*request.authorization);

    const std::vector<std::string> tickets = values_of(request, "ticket");
    const std::vector<std::string> cookies =
        cookie.empty() ? std::vector<std::string>{} : cookies_named(request.cookies, cookie);
    const struct {
        Kind kind;
        std::string_view name;
        const std::vector<std::string>& values;
    } found[] = {{Kind::Ticket, "ticket", tickets},
                 {Kind::Token, "token", tokens},
                 {Kind::Cookie, "the cookie", cookies}};
    for (const auto& [kind, name, values] : found) {
        if (values.empty()) continue;
        if (values.size() > 1) return refused(400, std::string(name) + " is there twice");
        return Credentials{kind, {}, values.front()};
    }
    return Credentials{};
}

}  // namespace rtbridge
