#include "transport/request_error.h"

#include "base/json_text.h"

namespace rtbridge {

std::string_view name_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::Internal:
            return "internal";
        case ErrorCode::Unauthorized:
            return "unauthorized";
        case ErrorCode::BadTopic:
            return "bad_topic";
        case ErrorCode::Forbidden:
            return "forbidden";
        case ErrorCode::UnknownOp:
            return "unknown_op";
        case ErrorCode::Already:
            return "already";
        case ErrorCode::Limit:
            return "limit";
        case ErrorCode::BadRequest:
            return "bad_request";
        case ErrorCode::Unavailable:
            return "unavailable";
        case ErrorCode::TokenExpired:
            return "token_expired";
        case ErrorCode::Rate:
            return "rate";
        case ErrorCode::BrokerRefused:
            return "broker_refused";
    }
    return "internal";
}

std::string error_reply(std::optional<std::uint32_t> id, const RequestError& error) {
    std::string text = "{";
    if (id) text += "\"re\":" + std::to_string(*id) + ',';
    text += R"("err":{"code":")";
    text += name_of(error.code);
    text += "\",\"n\":" + std::to_string(static_cast<int>(error.code)) + ",\"msg\":";
    append_json_string(text, error.message);
    text += error.retry ? ",\"retry\":true" : ",\"retry\":false";
    if (!error.which.empty()) {
        text += ",\"which\":";
        append_json_string(text, error.which);
    }
    if (error.value) text += ",\"value\":" + std::to_string(*error.value);
    if (error.maximum) text += ",\"maximum\":" + std::to_string(*error.maximum);
    if (error.after_ms) text += ",\"after\":" + std::to_string(*error.after_ms);
    return text += "}}";
}

}  // namespace rtbridge
