#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "config/config.h"
#include "config/diagnostic.h"
#include "handoff/invalid_reason.h"
#include "handoff/update.h"

namespace rtbridge {

class Rule;
struct TransportBodies;
class RuleWorkspace;
struct RuleTrace;

// How a publish came to be known.
enum class PublishSource : std::uint8_t {
    Live,      // as it happens
    Will,      // what a client that is gone left to say: MQTT subscribers have it already
    Retained,  // what the broker had kept from before the start: of what time is not known
};

// One PUBLISH as the broker shows it. Views: valid during the call.
struct Publish {
    std::string_view topic;
    std::string_view payload;  // may be empty: with retain, that clears the retained message
    bool retain = false;
    std::string_view client = {};  // MQTT client id, may be empty
    std::string_view user = {};    // MQTT user name, may be empty
    PublishSource source = PublishSource::Live;
};

// A further publish that a rule asks for; QoS and retain are those of the publish that caused it.
struct DerivedPublish {
    std::string topic;
    std::string payload;
};

// What `on_invalid = "quarantine"` kept from everyone.
struct Quarantined {
    std::uint32_t rule = 0;  // position in RuleSet::rules()
    Invalidity why;
};

// What browsers are to see of a publish; becomes an Update once the broker thread gave it an
// offset.
struct BrowserUpdate {
    // As in Update.
    std::int64_t unix_ms = 0;
    std::string topic;
    std::string key_name;
    std::string key;
    std::string payload;
    PayloadShape shape = PayloadShape::Json;
    std::string event;
    std::string sse_body;
    std::string socketio_body;
    bool sse_body_missing = false;
    bool socketio_body_missing = false;
    std::uint32_t variant = 0;
    std::uint32_t variants = 1;

    // Position of the rule in RuleSet::rules() whose browser options count: the first that says it.
    std::uint32_t rule = 0;
    // What deadband looks at, where `payload` is a body made of it; else empty.
    std::string body_source;

    [[nodiscard]] std::size_t bytes() const noexcept {
        return sizeof(BrowserUpdate) + topic.size() + key_name.size() + key.size() +
               payload.size() + event.size() + sse_body.size() + socketio_body.size() +
               body_source.size();
    }
};

// What the matching rules make of a publish. Nothing set = no rule matched or none wants a change.
struct Outcome {
    std::uint32_t matched = 0;               // rules
    std::uint32_t invalid = 0;               // rules that refused the payload
    bool drop = false;                       // on_invalid: nobody gets this publish
    std::optional<Quarantined> quarantined;  // then also drop
    std::optional<std::string> replacement;  // payload towards MQTT subscribers
    std::vector<DerivedPublish> publishes;
    std::vector<BrowserUpdate> updates;
};

// All rules, compiled. Rules that match the same publish apply in file order: payload steps chain,
// MQTT sees the payload as of the last rule that replaces it, browsers see the final payload, or
// what a rule or a transport makes of it, once per distinct (topic, key, event, bodies). Towards
// MQTT a pure function of publish and configuration: no clock, no counters (the broker shows a
// re-sent QoS 2 message twice and compares the results). Bodies for browsers may tell the time.
//
// Thread: immutable, any; the workspace belongs to one thread.
class RuleSet {
public:
    // Null where `diagnostics` got an error; every mistake of every rule is reported.
    [[nodiscard]] static std::shared_ptr<const RuleSet> compile(const Config& config,
                                                                Diagnostics& diagnostics);
    ~RuleSet();

    // Cost: independent of the number of rules that do not match. `trace` (explain) may be null.
    // The clock is asked where browsers are told something.
    [[nodiscard]] Outcome apply(const Publish& publish, RuleWorkspace& workspace,
                                const Clock& clock, std::vector<RuleTrace>* trace = nullptr) const;

    [[nodiscard]] const std::vector<std::unique_ptr<const Rule>>& rules() const { return rules_; }

private:
    RuleSet();
    struct Index;
    std::vector<std::unique_ptr<const Rule>> rules_;  // in file order
    std::unique_ptr<const TransportBodies> transport_bodies_;
    std::unique_ptr<const Index> index_;
};

}  // namespace rtbridge
