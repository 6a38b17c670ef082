#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rtbridge {

// Why a request that came over a WebSocket is refused; the numbers are part of rtbridge.v1.
enum class ErrorCode : std::uint8_t {
    Internal = 100,
    Unauthorized = 101,
    BadTopic = 102,
    Forbidden = 103,
    UnknownOp = 104,
    Already = 105,
    Limit = 106,
    BadRequest = 107,
    Unavailable = 108,
    TokenExpired = 109,
    Rate = 111,
    BrokerRefused = 114,
};
[[nodiscard]] std::string_view name_of(ErrorCode code);

// Thread: any; a value.
struct RequestError {
    ErrorCode code = ErrorCode::BadRequest;
    std::string message;
    bool retry = false;  // the same request may be taken later
    // Of a limit: which, and where a number is known what was wanted and what there may be.
    std::string_view which{};  // static
    std::optional<std::uint64_t> value{}, maximum{};
    std::optional<std::int64_t> after_ms{};  // of a rate: when to try again
};

// {"re":7,"err":{"code":"unauthorized","n":101,"msg":"...","retry":false}}; `id` is that of the
// request, nothing: it has none.
[[nodiscard]] std::string error_reply(std::optional<std::uint32_t> id, const RequestError& error);

}  // namespace rtbridge
