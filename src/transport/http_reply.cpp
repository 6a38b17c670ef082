#include "transport/http_reply.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace rtbridge {
namespace {

std::string_view reason_phrase(int status) {
    switch (status) {
        case 200:
            return "OK";
        case 204:
            return "No Content";
        case 206:
            return "Partial Content";
        case 301:
            return "Moved Permanently";
        case 304:
            return "Not Modified";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 409:
            return "Conflict";
        case 411:
            return "Length Required";
        case 413:
            return "Content Too Large";
        case 415:
            return "Unsupported Media Type";
        case 416:
            return "Range Not Satisfiable";
        case 426:
            return "Upgrade Required";
        case 429:
            return "Too Many Requests";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        default:
            return "Error";
    }
}

}  // namespace

HttpReply HttpReply::error(int status, std::string_view code, std::string_view message) {
    HttpReply reply;
    reply.status = status;
    const nlohmann::ordered_json body = {{"error", {{"code", code}, {"message", message}}}};
    // A message may quote the request: bytes that are no UTF-8 are replaced, not refused.
    reply.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return reply;
}

bool HttpReply::has_header(std::string_view name) const {
    return std::any_of(headers.begin(), headers.end(),
                       [name](const auto& header) { return header.first == name; });
}

std::string to_wire(const HttpReply& reply, AfterReply after, Body body) {
    std::string out = "HTTP/1.1 " + std::to_string(reply.status) + " ";
    out += reason_phrase(reply.status);
    const auto add = [&out](std::string_view name, std::string_view value) {
        out += "\r\n";
        out += name;
        out += ": ";
        out += value;
    };
    if (reply.status != 304 && reply.status != 204) {
        add("Content-Type", reply.content_type);
        if (body == Body::Chunks) {
            add("Transfer-Encoding", "chunked");
        } else if (body != Body::UntilClose) {
            add("Content-Length", std::to_string(reply.body_bytes.value_or(reply.body.size())));
        }
    }
    if (after == AfterReply::Close) add("Connection", "close");
    if (!reply.has_header("Cache-Control")) add("Cache-Control", "no-store");
    if (reply.page == HttpReply::Page::Ours) {
        for (const auto& [name, value] : security_headers) add(name, value);
    } else {
        for (const auto& [name, value] : page_security_headers) add(name, value);
    }
    for (const auto& [name, value] : reply.headers) add(name, value);
    out += "\r\n\r\n";
    if (body == Body::Send) out += reply.body;
    return out;
}

}  // namespace rtbridge
