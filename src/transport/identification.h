#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "access/visitor.h"
#include "transport/api_context.h"
#include "transport/http_reply.h"
#include "transport/http_request.h"
#include "transport/login_check.h"

namespace rtbridge {

// Who sent a request: someone, or the answer that refuses it, or a check to run beside the loop,
// whose result goes into a second call.
using Identification = std::variant<Visitor, HttpReply, LoginCheck>;

[[nodiscard]] Identification identify(const HttpRequest& request, const ApiContext& context,
                                      const CheckedLogin* checked = nullptr) ON_LISTENER_THREAD;

// Whether a request shows anything that is to prove who sent it, right or wrong. Without [auth]
// only a ticket is looked at.
[[nodiscard]] bool shows_credentials(const HttpRequest& request, const ApiContext& context);

// As identify() for a user and password that came in the body of a login.
[[nodiscard]] Identification identify_by_password(const std::string& user,
                                                  const std::string& password,
                                                  const HttpRequest& request,
                                                  const ApiContext& context,
                                                  const CheckedLogin* checked) ON_LISTENER_THREAD;

// Of a check whose request has gone before the answer was known: a guess is a guess.
void count_unheard(const CheckedLogin& checked, const std::string& address,
                   const ApiContext& context) ON_LISTENER_THREAD;

// 401, with the ways to log in that are in use (RFC 9110, 11.6.1), and `"login":true` where a page
// may ask for a password.
[[nodiscard]] HttpReply unauthorized(const HttpRequest& request, const ApiContext& context,
                                     std::string_view code, std::string_view message);

// Set-Cookie of a login, or one that ends it (`secret` empty).
void set_cookie(HttpReply& reply, const ApiContext& context, std::string_view secret);

}  // namespace rtbridge
