#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/thread_role.h"
#include "base/token_bucket.h"
#include "broker.h"
#include "config/config.h"
#include "handoff/invalid_reason.h"
#include "handoff/metrics.h"
#include "rules/own_topics.h"
#include "rules/rule_set.h"

namespace rtbridge {

// What is published there of a publish that `rule` refused. Thread: any, pure.
[[nodiscard]] std::string quarantine_envelope(const Publish& publish, const std::string& rule,
                                              const Invalidity& why);

// Where publishes go that a rule with `on_invalid = "quarantine"` refused: to the topic
// rtbridge/quarantine/<rule>, in an envelope that says why:
//
//     {"topic":"plant/7","client":"inverter-7","user":"","rule":"plant","field":"soc",
//      "reason":"range","message":"soc is 120, above 100","bytes":11,"payload":"eyJzb2MiOjEyMH0="}
//
// The broker shows the plugin nothing of it again, so no rule applies to it.
//
// Thread: broker.
class Quarantine {
public:
    // Of each rule; twice as many at once. What is beyond is not published, and counted by the
    // limit "quarantine", as is a payload of which not all is told.
    static constexpr std::uint32_t envelopes_per_second = 10;
    static constexpr std::size_t payload_bytes_max = 64 * KiB;

    Quarantine(Broker& broker, Metrics& metrics, const Clock& clock)
        : broker_(broker), metrics_(metrics), clock_(clock) {}

    // A reload: rules that are gone are forgotten.
    void keep(const std::vector<RuleConfig>& rules) ON_BROKER_THREAD;
    // Whether the envelope was published.
    bool put(const Publish& publish, int qos, const std::string& rule,
             const Invalidity& why) ON_BROKER_THREAD;

private:
    Broker& broker_;
    Metrics& metrics_;
    const Clock& clock_;
    std::map<std::string, TokenBucket, std::less<>> buckets_;  // by rule
};

}  // namespace rtbridge
