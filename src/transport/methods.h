#pragma once

#include <string>

#include "transport/http_reply.h"
#include "transport/http_request.h"

namespace rtbridge {

// The methods that something at a path takes; HEAD goes with GET. Thread: any, pure.
enum class Takes {
    Get,
    Post,
    Both,
    Stream,  // GET alone
};

[[nodiscard]] bool takes(Takes wanted, HttpMethod method);
// "GET, HEAD, POST"
[[nodiscard]] std::string method_list(Takes wanted);
// 405
[[nodiscard]] HttpReply refuse_method(Takes wanted);

}  // namespace rtbridge
