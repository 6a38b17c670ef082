#include "transport/methods.h"

namespace rtbridge {

bool takes(Takes wanted, HttpMethod method) {
    const bool reads = method == HttpMethod::Get || method == HttpMethod::Head;
    const bool posts = method == HttpMethod::Post;
    if (wanted == Takes::Stream) return method == HttpMethod::Get;
    return (reads && wanted != Takes::Post) || (posts && wanted != Takes::Get);
}

std::string method_list(Takes wanted) {
    switch (wanted) {
        case Takes::Get:
            return "GET, HEAD";
        case Takes::Post:
            return "POST";
        case Takes::Stream:
            return "GET";
        case Takes::Both:
            break;
    }
    return "GET, HEAD, POST";
}

HttpReply refuse_method(Takes wanted) {
    HttpReply reply = HttpReply::error(405, "method_not_allowed", "only " + method_list(wanted));
    reply.headers.emplace_back("Allow", method_list(wanted) + ", OPTIONS");
    return reply;
}

}  // namespace rtbridge
