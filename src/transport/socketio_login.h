#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "access/visitor.h"
#include "base/result.h"
#include "transport/api_context.h"
#include "transport/http_request.h"
#include "transport/login_check.h"

namespace rtbridge {

class JsonDocument;

// Why a client may not connect: CONNECT_ERROR {message, data: {code}}.
struct SocketIoRefusal {
    std::string code;  // as in errors of HTTP: "unauthorized", "token_expired", ...
    std::string message;
};

// The token in what came with CONNECT; `auth`: a JSON object or empty. Nothing: it names none.
[[nodiscard]] Result<std::optional<std::string>, SocketIoRefusal> read_connect_token(
    std::string_view auth, JsonDocument& document);

// Who a client is: by the token that came with CONNECT, else by what the handshake shows, else
// nobody in particular. As identify(): a check runs beside the loop, and its result goes into a
// second call.
using SocketIoIdentification = std::variant<Visitor, SocketIoRefusal, LoginCheck>;
[[nodiscard]] SocketIoIdentification identify_client(
    const std::optional<std::string>& token, const HttpRequest& handshake,
    const ApiContext& context, const CheckedLogin* checked = nullptr) ON_LISTENER_THREAD;

}  // namespace rtbridge
