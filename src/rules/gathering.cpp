#include "rules/gathering.h"

#include <algorithm>

#include "base/json_text.h"
#include "base/utf8.h"
#include "rules/json_value.h"
#include "rules/working_payload.h"

namespace rtbridge {

Gathering::Gathering(const GatherConfig& config, PublishTopic topic)
    : topic_(std::move(topic)), fields_(config.fields) {
    if (!config.value.empty()) value_.emplace(config.value);
    for (const std::string& field : fields_) {
        if (std::find(members_.begin(), members_.end(), field) == members_.end()) {
            members_.push_back(field);
        }
    }
}

std::optional<Invalidity> Gathering::take(std::size_t topic_position, WorkingPayload& payload,
                                          Values& values) const {
    const std::string& field = fields_.at(topic_position);
    const auto known = std::find_if(values.begin(), values.end(),
                                    [&](const auto& one) { return one.first == field; });
    std::string json;
    if (!payload.original().empty()) {
        if (value_) {
            if (const char* mistake = payload.object_mistake()) {
                return Invalidity{InvalidReason::NotJson, field, field + ": " + mistake};
            }
        }
        const std::optional<WorkingPayload::Value> value =
            value_ ? payload.find(*value_) : payload.root();
        if (value) {
            if (!value->element.is_null()) append_value_json(json, *value);
        } else if (value_) {
            return Invalidity{InvalidReason::Missing, field,
                              field + ": " + value_->text + " is missing"};
        } else if (is_utf8(payload.original())) {
            append_json_string(json, payload.original());
        } else {
            return Invalidity{InvalidReason::NotJson, field, field + " is neither JSON nor text"};
        }
    }
    if (json.size() > GatherConfig::value_bytes_max) {
        return Invalidity{InvalidReason::TooLarge, field, field + " is too large"};
    }
    if (json.empty()) {
        if (known != values.end()) values.erase(known);
    } else if (known != values.end()) {
        known->second = std::move(json);
    } else {
        values.emplace_back(field, std::move(json));
    }
    return std::nullopt;
}

std::string Gathering::payload(const Values& values) const {
    std::string json = "{";
    for (const std::string& member : members_) {
        const auto known = std::find_if(values.begin(), values.end(),
                                        [&](const auto& one) { return one.first == member; });
        if (known == values.end()) continue;
        if (json.size() > 1) json += ',';
        append_json_string(json, member);
        json += ':';
        json += known->second;
    }
    return json + '}';
}

}  // namespace rtbridge
