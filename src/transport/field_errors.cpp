#include "transport/field_errors.h"

#include "base/json_text.h"
#include "config/in_quotes.h"

namespace rtbridge {

HttpReply field_errors_reply(std::string_view message, const FieldErrors& fields) {
    HttpReply reply;
    reply.status = 400;
    reply.body = R"({"error":{"code":"bad_request","message":)";
    append_json_string(reply.body, message);
    reply.body += ",\"fields\":{";
    for (const auto& [name, why] : fields) {
        if (reply.body.back() != '{') reply.body += ',';
        append_json_string(reply.body, name);
        reply.body += ':';
        append_json_string(reply.body, why);
    }
    reply.body += "}}}";
    return reply;
}

std::string field_errors_message(const FieldErrors& fields) {
    std::string message;
    for (const auto& [name, why] : fields) {
        if (!message.empty()) message += "; ";
        message += in_quotes(name) + ' ' + why;
    }
    return message;
}

}  // namespace rtbridge
