#include "transport/http_request.h"

#include <libwebsockets.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace rtbridge {
namespace {

// Asks for the length first: a copy into a buffer that is too small looks like an absent header.
std::optional<std::string> header(lws* wsi, lws_token_indexes token) {
    const int length = lws_hdr_total_length(wsi, token);
    if (length <= 0) return std::nullopt;
    std::string value(static_cast<std::size_t>(length) + 1, '\0');
    const int copied = lws_hdr_copy(wsi, value.data(), length + 1, token);
    value.resize(copied > 0 ? static_cast<std::size_t>(copied) : 0);
    return value;
}

// lws joins the values of repeated headers by commas, but those of cookies by nothing.
std::string cookies(lws* wsi) {
    const int total = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_COOKIE);
    if (total <= 0) return {};
    std::string all;
    std::string buffer(static_cast<std::size_t>(total) + 1, '\0');
    for (int i = 0;; ++i) {
        const int length =
            lws_hdr_copy_fragment(wsi, buffer.data(), total + 1, WSI_TOKEN_HTTP_COOKIE, i);
        if (length < 0) return all;
        if (!all.empty()) all += "; ";
        all.append(buffer, 0, static_cast<std::size_t>(length));
    }
}

// Of a header that lws does not know by itself; empty where it is absent.
std::string custom_header(lws* wsi, std::string_view name_with_colon) {
    const int name_length = static_cast<int>(name_with_colon.size());
    const int length = lws_hdr_custom_length(wsi, name_with_colon.data(), name_length);
    if (length <= 0) return {};
    std::string value(static_cast<std::size_t>(length) + 1, '\0');
    const int copied =
        lws_hdr_custom_copy(wsi, value.data(), length + 1, name_with_colon.data(), name_length);
    value.resize(copied > 0 ? static_cast<std::size_t>(copied) : 0);
    return value;
}

bool has_custom_header(lws* wsi, std::string_view name_with_colon) {
    return lws_hdr_custom_length(wsi, name_with_colon.data(),
                                 static_cast<int>(name_with_colon.size())) >= 0;
}

bool passed_a_proxy(lws* wsi) {
    // lws knows some names; the others it keeps as they came.
    static constexpr std::array known = {WSI_TOKEN_X_FORWARDED_FOR, WSI_TOKEN_HTTP_VIA,
                                         WSI_TOKEN_HTTP_X_REAL_IP};
    static constexpr std::array<std::string_view, 9> other = {
        "forwarded:",        "x-forwarded-host:",   "x-forwarded-proto:",
        "x-forwarded-port:", "x-forwarded-server:", "x-client-ip:",
        "x-original-host:",  "true-client-ip:",     "cf-connecting-ip:"};
    return std::any_of(known.begin(), known.end(),
                       [wsi](auto token) { return lws_hdr_total_length(wsi, token) > 0; }) ||
           std::any_of(other.begin(), other.end(),
                       [wsi](std::string_view name) { return has_custom_header(wsi, name); });
}

// Whether the header is there, be it empty: so lws 4.1.6 sees one whose value is folded into the
// next line.
bool has_header(lws* wsi, lws_token_indexes token) {
    char none = '\0';
    return lws_hdr_total_length(wsi, token) > 0 ||
           lws_hdr_copy_fragment(wsi, &none, 1, token, 0) == 0;
}

// lws 4.1.6 takes an encoded line end in a URL for the end of the request line, which then names no
// version, and a name with a blank before it or before its colon for a header that it doesn't know,
// while others read past the blank (RFC 9112, 5.1 and 5.2).
bool is_ambiguous(lws* wsi) {
    static constexpr std::array<std::string_view, 10> blurred = {"content-length :",
                                                                 "content-length\t:",
                                                                 "transfer-encoding :",
                                                                 "transfer-encoding\t:",
                                                                 "host :",
                                                                 "origin :",
                                                                 " content-length:",
                                                                 "\tcontent-length:",
                                                                 " transfer-encoding:",
                                                                 "\ttransfer-encoding:"};
    const std::string version = header(wsi, WSI_TOKEN_HTTP).value_or("");
    return (version != "HTTP/1.1" && version != "HTTP/1.0") ||
           std::any_of(blurred.begin(), blurred.end(),
                       [wsi](std::string_view name) { return has_custom_header(wsi, name); });
}

std::vector<std::pair<std::string, std::string>> read_query(lws* wsi) {
    std::vector<std::pair<std::string, std::string>> query;
    const int total = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_URI_ARGS);
    if (total <= 0) return query;
    std::string buffer(static_cast<std::size_t>(total) + 1, '\0');
    for (int i = 0;; ++i) {
        const int length =
            lws_hdr_copy_fragment(wsi, buffer.data(), total + 1, WSI_TOKEN_HTTP_URI_ARGS, i);
        if (length < 0) return query;
        if (length == 0) continue;
        const std::string_view argument(buffer.data(), static_cast<std::size_t>(length));
        const std::size_t equals = argument.find('=');
        query.emplace_back(argument.substr(0, equals), equals == std::string_view::npos
                                                           ? std::string_view()
                                                           : argument.substr(equals + 1));
    }
}

std::string in_lower_case(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

// "application/json" of "Application/JSON; charset=utf-8".
std::string media_type(std::string text) {
    text.resize(std::min(text.size(), text.find_first_of("; \t")));
    return in_lower_case(std::move(text));
}

// What is sent after the answer to such a request goes nowhere (RFC 9112, 9.3 and 9.6).
bool ends_connection(lws* wsi) {
    const std::string options = in_lower_case(header(wsi, WSI_TOKEN_CONNECTION).value_or(""));
    const auto names = [&options](std::string_view option) {
        for (std::size_t begin = 0; begin < options.size();) {
            const std::size_t end = std::min(options.find(',', begin), options.size());
            std::string_view part = std::string_view(options).substr(begin, end - begin);
            while (part.starts_with(' ') || part.starts_with('\t')) part.remove_prefix(1);
            while (part.ends_with(' ') || part.ends_with('\t')) part.remove_suffix(1);
            if (part == option) return true;
            begin = end + 1;
        }
        return false;
    };
    if (header(wsi, WSI_TOKEN_HTTP) == "HTTP/1.0") return !names("keep-alive");
    return names("close");
}

std::optional<std::uint64_t> as_number(const std::string& text) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stop != end) return std::nullopt;
    return number;
}

}  // namespace

std::string upgrade_offer(lws* wsi) {
    return in_lower_case(header(wsi, WSI_TOKEN_UPGRADE).value_or(""));
}

HttpRequest read_request(lws* wsi, std::string peer_address) {
    HttpRequest request;
    char* uri = nullptr;
    int uri_length = 0;
    switch (lws_http_get_uri_and_method(wsi, &uri, &uri_length)) {
        case LWSHUMETH_GET:
            request.method = HttpMethod::Get;
            break;
        case LWSHUMETH_HEAD:
            request.method = HttpMethod::Head;
            break;
        case LWSHUMETH_POST:
            request.method = HttpMethod::Post;
            break;
        case LWSHUMETH_OPTIONS:
            request.method = HttpMethod::Options;
            break;
        default:
            break;
    }
    if (uri != nullptr && uri_length > 0) {
        request.path.assign(uri, static_cast<std::size_t>(uri_length));
    }
    request.query = read_query(wsi);
    request.facts.peer_address = std::move(peer_address);
    request.facts.host = header(wsi, WSI_TOKEN_HOST).value_or("");
    request.facts.origin = header(wsi, WSI_TOKEN_ORIGIN);
    request.facts.forwarded = passed_a_proxy(wsi);
    request.x_forwarded_for = header(wsi, WSI_TOKEN_X_FORWARDED_FOR);
    request.if_none_match = header(wsi, WSI_TOKEN_HTTP_IF_NONE_MATCH);
    request.if_modified_since = header(wsi, WSI_TOKEN_HTTP_IF_MODIFIED_SINCE);
    request.range = header(wsi, WSI_TOKEN_HTTP_RANGE);
    request.if_range = header(wsi, WSI_TOKEN_HTTP_IF_RANGE);
    request.subprotocols = header(wsi, WSI_TOKEN_PROTOCOL).value_or("");
    request.websocket_version = header(wsi, WSI_TOKEN_VERSION).value_or("");
    request.websocket_key = header(wsi, WSI_TOKEN_KEY).value_or("");
    request.ambiguous = is_ambiguous(wsi);
    request.authorization = header(wsi, WSI_TOKEN_HTTP_AUTHORIZATION);
    request.cookies = cookies(wsi);
    request.content_type = media_type(header(wsi, WSI_TOKEN_HTTP_CONTENT_TYPE).value_or(""));
    request.sec_fetch_mode = custom_header(wsi, "sec-fetch-mode:");
    request.sec_fetch_site = custom_header(wsi, "sec-fetch-site:");
    request.last_event_id = custom_header(wsi, "last-event-id:");
    request.takes_chunks = header(wsi, WSI_TOKEN_HTTP) == "HTTP/1.1";
    request.closes = ends_connection(wsi);
    request.requested_headers = header(wsi, WSI_TOKEN_HTTP_AC_REQUEST_HEADERS).value_or("");
    const std::string length = header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH).value_or("");
    // It overrides Content-Length, whose number then says nothing about where the body ends (RFC
    // 9112, 6.3).
    const bool encoded = has_header(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING);
    if (!encoded) request.body_bytes = as_number(length);
    // "00" is nothing as well, but not to everyone: nothing may follow it on this connection.
    request.has_body = encoded || (has_header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) && length != "0");
    return request;
}

}  // namespace rtbridge
