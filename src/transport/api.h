#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "transport/api_context.h"
#include "transport/http_reply.h"
#include "transport/http_request.h"
#include "transport/login_check.h"
#include "transport/sse_request.h"

namespace rtbridge {

class HttpResponder;

struct PublishThenReply {
    PublishRequest publish;
    std::string reply;  // JSON, where the broker took it
};

// What to reply; or a check to run beside the loop first, whose result goes into a second call; or
// what the broker is to publish first, whose result goes into answer_published(); or a stream of
// server-sent events; or who replies later.
using Answer = std::variant<HttpReply, LoginCheck, PublishThenReply, SseRequest,
                            std::shared_ptr<HttpResponder>>;

// The answer to any request but a WebSocket upgrade: routes of design, dashboard, errors as JSON.
// Refuses who may not in, except at the page and the health checks, which need no identity.
[[nodiscard]] Answer answer(const HttpRequest& request, const ApiContext& context,
                            const CheckedLogin* checked = nullptr) ON_LISTENER_THREAD;

// The reply to a request that had something published: `reply`, where the broker took it. Nothing:
// the desk had no room for it.
[[nodiscard]] HttpReply answer_published(const HttpRequest& request, const ApiContext& context,
                                         std::optional<PublishResult> result, std::string reply);

// Why a session could not be opened for now, as the session would be told.
struct Impediment {
    CloseCode code;
    std::string why;
};
// What to answer in place of a refusal that passes: the refusal, or to an EventSource a stream that
// tells it to come back.
[[nodiscard]] HttpReply refuse_for_now(HttpReply refusal, const Impediment& impediment,
                                       const HttpRequest& request, const ApiContext& context);

// A request with a body has come, without the body. What is returned lives until it is answered;
// null: nobody wants to know.
[[nodiscard]] std::shared_ptr<void> announce_body(const HttpRequest& request,
                                                  const ApiContext& context) ON_LISTENER_THREAD;

// How large a body may be for answer() to need it. Nothing: none is read for this request.
[[nodiscard]] std::optional<std::size_t> body_bytes_max(const HttpRequest& request,
                                                        const ApiContext& context);

// Is the plugin fit for work? Nothing = yes, else why not.
[[nodiscard]] std::optional<std::string> not_ready_reason(const ApiContext& context);

}  // namespace rtbridge
