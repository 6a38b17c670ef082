#pragma once

#include <string>
#include <vector>

#include "listener/session_access.h"
#include "transport/api.h"
#include "transport/http_route.h"

namespace rtbridge {

// A request that an [[http.route]] takes: what to have published, or the newest value, or why not.
// `captures` are those of the route's path. The body is JSON, or a form, which is to templates what
// a JSON object of strings is; or there is none.
[[nodiscard]] Answer answer_http_route(const HttpRoute& route,
                                       const std::vector<std::string>& captures,
                                       const HttpRequest& request, const ApiContext& context,
                                       const SessionAccess& access) ON_LISTENER_THREAD;

}  // namespace rtbridge
