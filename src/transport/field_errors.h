#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "transport/http_reply.h"

namespace rtbridge {

// 400 {"error":{"code":"bad_request","message":"…","fields":{"matchId":"is missing"}}}
using FieldErrors = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] HttpReply field_errors_reply(std::string_view message, const FieldErrors& fields);

// "\"matchId\" is missing; \"score\" is empty"
[[nodiscard]] std::string field_errors_message(const FieldErrors& fields);

}  // namespace rtbridge
