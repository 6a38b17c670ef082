#pragma once

#include <memory>
#include <optional>
#include <variant>

#include "transport/api_context.h"
#include "transport/http_exchange.h"
#include "transport/http_reply.h"
#include "transport/http_request.h"

namespace rtbridge {

// The answer of a file: at once, or piece by piece where it is larger than FileStream::piece_bytes.
using FileAnswer = std::variant<HttpReply, std::shared_ptr<HttpResponder>>;

// The operator's own files, below the directory listener.www: `path` names a file, or a directory
// whose index.html is meant. Nothing: there is no such file, or no directory. Files need no
// identity. Only regular files are opened, and none through a symbolic link; the directory is
// looked up anew for each request, so it may be replaced as a whole.
//
// Conditions and ranges are those of RFC 9110, 13 and 14; several ranges at once give the whole.
[[nodiscard]] std::optional<FileAnswer> answer_file(const HttpRequest& request,
                                                    const ApiContext& context) ON_LISTENER_THREAD;

}  // namespace rtbridge
