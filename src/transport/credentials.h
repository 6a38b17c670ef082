#pragma once

#include <string>

#include "base/result.h"
#include "transport/http_request.h"

namespace rtbridge {

// What a request shows to prove who it comes from. Thread: any; a value.
struct Credentials {
    enum class Kind { None, Token, Password, Ticket, Cookie };
    Kind kind = Kind::None;
    std::string user;    // of Password only
    std::string secret;  // the token, the password, the ticket, or the cookie's value
};

// Why no credentials could be read.
struct CredentialsRefusal {
    int http_status = 401;
    std::string message;  // never quotes a secret
};

// Of several kinds the first counts: Authorization (Bearer or Basic), ?ticket=, ?token=, the
// cookie. What can't be read, or is there twice, is refused and never taken for none. `cookie` is
// its name, empty: none is looked for. Pure.
[[nodiscard]] Result<Credentials, CredentialsRefusal> read_credentials(const HttpRequest& request,
                                                                       const std::string& cookie,
                                                                       bool token_in_url);

}  // namespace rtbridge
