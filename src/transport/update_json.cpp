#include "transport/update_json.h"

#include "access/base64.h"
#include "base/json_text.h"

namespace rtbridge {

void append_update_head(std::string& out, const Update& update) {
    out += "\"t\":";
    append_json_string(out, update.topic);
    if (!update.key.empty()) {
        out += ",\"k\":";
        append_json_string(out, update.key);
    }
    out += ",\"o\":" + std::to_string(update.offset);
    out += ",\"ts\":" + std::to_string(update.unix_ms);
}

void append_update_payload(std::string& out, const Update& update) {
    switch (update.shape) {
        case PayloadShape::Json:
            out += ",\"d\":";
            out += update.payload;
            return;
        case PayloadShape::Text:
            out += ",\"x\":";
            append_json_string(out, update.payload);
            return;
        default:
            out += ",\"b64\":\"" + encode_base64(update.payload) + '"';
    }
}

void append_gap(std::string& out, const Gap& gap) {
    out += "\"gap\":{\"from\":" + std::to_string(gap.from) + ",\"to\":" + std::to_string(gap.to) +
           ",\"n\":" + std::to_string(gap.n) + ",\"why\":\"";
    out += to_text(gap.why);
    out += "\"}";
}

}  // namespace rtbridge
