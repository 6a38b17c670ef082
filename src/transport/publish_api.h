#pragma once

#include "handoff/publish_request.h"
#include "listener/session_access.h"
#include "transport/api.h"

namespace rtbridge {

// POST /api/publish {"topic":"...","payload":...,"qos":0,"retain":false}: what to have published,
// or why not. All members but `topic` may be missing. The payload is a text, published as its
// characters, or any other JSON, published as its bytes stand in the body; missing: empty. A form
// with the same fields is taken as well; its payload is a text.
[[nodiscard]] Answer answer_publish(const HttpRequest& request, const ApiContext& context,
                                    const SessionAccess& access);

// 200 with `reply`, 502 broker_refused, or 409 where a rule dropped it.
[[nodiscard]] HttpReply publish_reply(PublishResult result, std::string reply);
// 403 for what a page of another site may have made the browser send: a form needs no leave of
// ours.
[[nodiscard]] std::optional<HttpReply> refuse_foreign_form(const HttpRequest& request,
                                                           const ApiContext& context);
// 503: too many publishes wait for the broker.
[[nodiscard]] HttpReply publish_desk_full();

}  // namespace rtbridge
