#include "quarantine.h"

#include <utility>

#include "access/base64.h"
#include "base/json_text.h"

namespace rtbridge {
namespace {

void append_text(std::string& out, std::string_view name, std::string_view text) {
    out += out.empty() ? "{\"" : ",\"";
    out += name;
    out += "\":";
    append_json_string(out, text);
}

}  // namespace

std::string quarantine_envelope(const Publish& publish, const std::string& rule,
                                const Invalidity& why) {
    std::string json;
    append_text(json, "topic", publish.topic);
    append_text(json, "client", publish.client);
    append_text(json, "user", publish.user);
    append_text(json, "rule", rule);
    append_text(json, "field", why.field);
    append_text(json, "reason", to_text(why.reason));
    append_text(json, "message", why.message);
    json += ",\"bytes\":" + std::to_string(publish.payload.size());
    append_text(json, "payload",
                encode_base64(publish.payload.substr(0, Quarantine::payload_bytes_max)));
    return json += '}';
}

void Quarantine::keep(const std::vector<RuleConfig>& rules) {
    std::map<std::string, TokenBucket, std::less<>> kept;
    for (const RuleConfig& rule : rules) {
        if (auto bucket = buckets_.extract(rule.name.value)) kept.insert(std::move(bucket));
    }
    buckets_ = std::move(kept);
}

bool Quarantine::put(const Publish& publish, int qos, const std::string& rule,
                     const Invalidity& why) {
    const SteadyTime now = clock_.now();
    if (!buckets_.try_emplace(rule, now).first->second.take(envelopes_per_second, now)) {
        metrics_.hit(Limit::Quarantine);
        return false;
    }
    if (publish.payload.size() > payload_bytes_max) metrics_.hit(Limit::Quarantine);
    const bool taken =
        broker_.publish(std::string(quarantine_prefix) + rule,
                        quarantine_envelope(publish, rule, why), qos, /*retain=*/false);
    (taken ? metrics_.messages_quarantined : metrics_.broker_refused).add();
    return taken;
}

}  // namespace rtbridge
