#pragma once

#include "transport/api.h"

namespace rtbridge {

// POST /api/login {"user":…,"password":…}: a cookie that stands for the user.
[[nodiscard]] Answer answer_login(const HttpRequest& request, const ApiContext& context,
                                  const CheckedLogin* checked) ON_LISTENER_THREAD;
// POST /api/logout: the cookie is worth nothing any more.
[[nodiscard]] HttpReply answer_logout(const HttpRequest& request, const ApiContext& context);
// POST /api/ticket: a short secret for a URL, that stands for who asked.
[[nodiscard]] HttpReply answer_ticket(const ApiContext& context, const Visitor& visitor);

}  // namespace rtbridge
