#include "rules/rule_application.h"

#include <algorithm>
#include <iterator>

#include "base/utf8.h"

namespace rtbridge {
namespace {

PayloadShape shape_without_json(std::string_view payload) {
    return is_utf8(payload) ? PayloadShape::Text : PayloadShape::Binary;
}

bool same_topic_and_key(const BrowserUpdate& a, const BrowserUpdate& b) {
    return a.topic == b.topic && a.key_name == b.key_name && a.key == b.key;
}

bool same_content(const BrowserUpdate& a, const BrowserUpdate& b) {
    return a.shape == b.shape && a.payload == b.payload && a.event == b.event &&
           a.sse_body == b.sse_body && a.socketio_body == b.socketio_body &&
           a.sse_body_missing == b.sse_body_missing &&
           a.socketio_body_missing == b.socketio_body_missing;
}

}  // namespace

RuleApplication::RuleApplication(const Publish& publish, const std::vector<RuleMatch>& matches,
                                 const TransportBodies& transport_bodies, const Clock& clock,
                                 RuleWorkspace::Memory& memory, RuleMemory& remembered,
                                 RuleTrace* traces)
    : publish_(publish),
      matches_(matches),
      transport_bodies_(transport_bodies),
      clock_(clock),
      payload_(memory.payload),
      applied_(memory.applied),
      results_(memory.results),
      remembered_(remembered),
      traces_(traces),
      memory_(memory) {}

// Adds what its scope takes to the result of a rule, which is there at the end of it.
class RuleApplication::RuleTime {
public:
    RuleTime(RuleApplication& application, std::size_t at) : application_(application), at_(at) {
        if (application_.memory_.take_time) begun_ = application_.clock_.now();
    }
    RuleTime(const RuleTime&) = delete;
    RuleTime& operator=(const RuleTime&) = delete;
    ~RuleTime() {
        if (!application_.memory_.take_time) return;
        const std::chrono::nanoseconds took = application_.clock_.now() - begun_;
        application_.results_[at_].nanoseconds += took.count();
    }

private:
    RuleApplication& application_;
    const std::size_t at_;
    SteadyTime begun_{};
};

Outcome RuleApplication::run() {
    outcome_.matched = static_cast<std::uint32_t>(matches_.size());
    applied_.assign(matches_.size(), AppliedRule());
    payload_.reset(publish_.payload);
    if (publish_.payload.empty()) {
        run_without_payload();
        return std::move(outcome_);
    }
    for (std::size_t at = 0; at < matches_.size(); ++at) {
        const RuleTime time(*this, at);
        if (matches_[at].rule->gathering() != nullptr) {
            gather(at);
        } else if (apply_rule(at) == Continue::No) {
            return std::move(outcome_);
        }
    }
    unix_ms_ = clock_.unix_ms();
    // MQTT has had its payload. What is too large for more goes without.
    (void)set_recalled();
    // What passed its rules beats what did not.
    for (std::size_t at = 0; at < matches_.size(); ++at) {
        if (applied_[at].valid) tell_browsers(at);
    }
    for (std::size_t at = 0; at < matches_.size(); ++at) {
        if (!applied_[at].valid && !applied_[at].gathered) tell_browsers(at);
    }
    if (!untold_.empty()) drop_untold();
    return std::move(outcome_);
}

Outcome RuleApplication::run_gathered(std::string topic) {
    gathered_ = true;
    outcome_.matched = 1;
    applied_.clear();
    applied_.emplace_back().publish_topic = std::move(topic);
    payload_.reset(publish_.payload);
    (void)apply_rule(0);
    if (!applied_.front().valid) return std::move(outcome_);
    unix_ms_ = clock_.unix_ms();
    (void)set_recalled();
    tell_browsers(0);
    if (!untold_.empty()) drop_untold();
    return std::move(outcome_);
}

// The value of this message changes what is known of its subject, and that is what the steps of the
// rule are about. The message itself stays out of it, and so do the other rules.
void RuleApplication::gather(std::size_t at) {
    applied_[at].gathered = true;
    if (memory_.gathering == nullptr) memory_.gathering = std::make_unique<RuleWorkspace::Memory>();
    std::string topic;
    const Result<std::string, Invalidity> payload = gather_payload(at, topic);
    if (!payload.ok()) {
        note(at, "gather", payload.error().message, false);
        const Invalidity& why = payload.error();
        results_.push_back(
            {matches_[at].index, RuleVerdict::Invalid, why.reason, 0, why.field, why.message});
        ++outcome_.invalid;
        return;
    }
    note(at, "gather", topic + " " + payload.value());
    if (payload.value() == Gathering::nothing) {
        results_.push_back({matches_[at].index, RuleVerdict::Ok});
        unix_ms_ = clock_.unix_ms();
        return clear_for_browsers(topic, matches_[at].index);
    }
    RuleWorkspace::Memory& memory = *memory_.gathering;
    memory.results.clear();
    memory.matches.assign(1, matches_[at]);
    Publish publish = publish_;
    publish.payload = payload.value();
    RuleApplication application(publish, memory.matches, transport_bodies_, clock_, memory,
                                remembered_, traces_ == nullptr ? nullptr : &traces_[at]);
    Outcome outcome = application.run_gathered(std::move(topic));
    memory.payload.trim();
    results_.insert(results_.end(), memory.results.begin(), memory.results.end());
    outcome_.invalid += outcome.invalid;
    std::move(outcome.publishes.begin(), outcome.publishes.end(),
              std::back_inserter(outcome_.publishes));
    std::move(outcome.updates.begin(), outcome.updates.end(), std::back_inserter(outcome_.updates));
}

Result<std::string, Invalidity> RuleApplication::gather_payload(std::size_t at,
                                                                std::string& topic) {
    const RuleMatch& match = matches_[at];
    const Rule& rule = *match.rule;
    Result<std::string, std::string> made =
        rule.gathering()->topic().make(rule.values(publish_, *match.topic, payload_));
    if (!made.ok()) return Failure{Invalidity{InvalidReason::Topic, "", made.error()}};
    topic = std::move(made).value();
    Gathering::Values& values = remembered_.of(rule.name(), topic).gathered;
    WorkingPayload& message = memory_.gathering->payload;
    message.reset(publish_.payload);
    if (auto why = rule.gathering()->take(rule.position_of(*match.topic), message, values)) {
        return Failure{*std::move(why)};
    }
    return rule.gathering()->payload(values);
}

// MQTT gets an empty payload as it is: with retain it clears what the broker holds. What the rules
// made of that message elsewhere goes with it, as far as its topic can be told without a payload.
void RuleApplication::run_without_payload() {
    unix_ms_ = clock_.unix_ms();
    for (std::size_t at = 0; at < matches_.size(); ++at) {
        const auto& [index, rule, topic] = matches_[at];
        if (rule->gathering() != nullptr) {
            gather(at);
            continue;
        }
        results_.push_back({index, RuleVerdict::Ok});
        if (!publish_.retain) {
            note(at, "mqtt", "keep (empty payload)");
            continue;
        }
        if (rule->mqtt() != TowardsMqtt::Publish) {
            note(at, "mqtt", "keep (clears the retained message)");
            clear_for_browsers(publish_.topic, index);
            continue;
        }
        if (!rule->publish_topic().known_from_topic()) {
            note(at, "mqtt", "nothing to clear: the topic needs a payload");
            continue;
        }
        const Result<std::string, std::string> cleared =
            rule->publish_topic().make(rule->values(publish_, *topic, payload_));
        if (!cleared.ok()) {
            note(at, "mqtt", cleared.error());
            continue;
        }
        note(at, "mqtt", "clear " + cleared.value());
        const std::vector<DerivedPublish>& publishes = outcome_.publishes;
        const bool done =
            std::any_of(publishes.begin(), publishes.end(),
                        [&](const DerivedPublish& p) { return p.topic == cleared.value(); });
        if (!done) outcome_.publishes.push_back({cleared.value(), ""});
        clear_for_browsers(cleared.value(), index);
    }
}

RuleApplication::Continue RuleApplication::apply_rule(std::size_t at) {
    payload_.save();
    if (std::optional<Invalidity> why = run_steps(at)) return refuse(at, *std::move(why));
    applied_[at].valid = true;
    results_.push_back({matches_[at].index, RuleVerdict::Ok});
    return Continue::Yes;
}

std::optional<Invalidity> RuleApplication::run_steps(std::size_t at) {
    const auto& [index, rule, topic] = matches_[at];
    const RuleValues values = rule->values(publish_, *topic, payload_);
    RuleTrace* trace = traces_ == nullptr ? nullptr : &traces_[at];
    std::optional<BatteryReading> reading;
    if (auto why = rule->enrich(values, reading, trace)) return why;
    const std::size_t recalled_before = recalled_.size();
    std::optional<Invalidity> why = rule->remembers() ? recall(at, reading) : std::nullopt;
    if (!why) {
        rule->tidy(values, trace);
        why = pass_to_mqtt(at);
    }
    if (why) recalled_.resize(recalled_before);
    return why;
}

std::optional<Invalidity> RuleApplication::recall(std::size_t at,
                                                  const std::optional<BatteryReading>& reading) {
    const auto& [index, rule, topic] = matches_[at];
    const RuleValues values = rule->values(publish_, *topic, payload_);
    const std::string subject =
        gathered_ ? applied_[at].publish_topic : rule->subject(values, publish_.topic);
    SubjectMemory& memory = remembered_.of(rule->name(), subject);
    // What was retained before the start, of a time that nobody knows, is no reading to count from.
    const bool timeless =
        publish_.source == PublishSource::Retained && reading && !reading->unix_ms;
    return rule->recall(values, timeless ? std::nullopt : reading, clock_.unix_ms(), memory,
                        recalled_, traces_ == nullptr ? nullptr : &traces_[at]);
}

const char* RuleApplication::set_recalled() {
    for (const PayloadMember& member : recalled_) {
        if (const char* mistake = payload_.set_member(member.name, member.json)) return mistake;
    }
    return nullptr;
}

std::optional<Invalidity> RuleApplication::pass_to_mqtt(std::size_t at) {
    const auto& [index, rule, topic] = matches_[at];
    switch (rule->mqtt()) {
        case TowardsMqtt::Keep:
            note(at, "mqtt", "keep");
            break;
        case TowardsMqtt::Replace:
            outcome_.replacement.reset();
            if (payload_.text() != publish_.payload) outcome_.replacement.emplace(payload_.text());
            note(at, "mqtt", "replace");
            break;
        case TowardsMqtt::Publish:
            return publish(at);
    }
    return std::nullopt;
}

// What is published may hold what rules remember: it replaces nothing.
std::optional<Invalidity> RuleApplication::publish(std::size_t at) {
    const auto& [index, rule, topic] = matches_[at];
    const WorkingPayload::State before =
        recalled_.empty() ? WorkingPayload::State{} : payload_.state();
    if (const char* mistake = set_recalled()) {
        note(at, "mqtt", mistake, false);
        return Invalidity{InvalidReason::TooLarge, "", mistake};
    }
    Result<std::string, std::string> to =
        rule->publish_topic().make(rule->values(publish_, *topic, payload_));
    if (!to.ok()) {
        note(at, "mqtt", to.error(), false);
        return Invalidity{InvalidReason::Topic, "", to.error()};
    }
    note(at, "mqtt", "publish " + to.value());
    outcome_.publishes.push_back({to.value(), std::string(payload_.text())});
    applied_[at].publish_topic = std::move(to).value();
    if (!recalled_.empty()) payload_.return_to(before);
    return std::nullopt;
}

RuleApplication::Continue RuleApplication::refuse(std::size_t at, Invalidity why) {
    const RuleMatch& match = matches_[at];
    if (gathered_ && why.reason == InvalidReason::Missing) {
        note(at, "gather", "waits: " + why.message);
        results_.push_back({match.index, RuleVerdict::Ok});
        return Continue::Yes;
    }
    const bool quarantine = match.rule->on_invalid() == OnInvalid::Quarantine;
    if (quarantine || match.rule->on_invalid() == OnInvalid::Drop) {
        note(at, "on_invalid", (quarantine ? "quarantine: " : "drop: ") + why.message);
        results_.push_back(
            {match.index, RuleVerdict::Dropped, why.reason, 0, why.field, why.message});
        const std::uint32_t invalid = outcome_.invalid + 1;
        outcome_ = Outcome();
        outcome_.matched = static_cast<std::uint32_t>(matches_.size());
        outcome_.invalid = invalid;
        outcome_.drop = true;
        if (quarantine) outcome_.quarantined = {match.index, std::move(why)};
        return Continue::No;
    }
    note(at, "on_invalid", "pass: " + why.message);
    results_.push_back(
        {match.index, RuleVerdict::Invalid, why.reason, 0, std::move(why.field), why.message});
    ++outcome_.invalid;
    payload_.restore();
    return Continue::Yes;
}

void RuleApplication::clear_for_browsers(std::string_view topic, std::uint32_t rule) {
    BrowserUpdate& update = outcome_.updates.emplace_back();
    update.unix_ms = unix_ms_;
    update.topic = topic;
    update.shape = PayloadShape::Cleared;
    update.rule = rule;
    settle_last_update(true);
}

void RuleApplication::tell_browsers(std::size_t at) {
    const RuleTime time(*this, at);
    const auto& [index, rule, topic] = matches_[at];
    const AppliedRule& applied = applied_[at];
    RuleTrace* trace = traces_ == nullptr ? nullptr : &traces_[at];
    RuleValues values = rule->values(publish_, *topic, payload_);
    BrowserUpdate& update = outcome_.updates.emplace_back();
    update.unix_ms = unix_ms_;
    update.rule = index;
    update.event = rule->event();
    if (std::optional<std::string> key = rule->key(values, trace)) {
        update.key_name = rule->key_name();
        update.key = std::move(*key);
    }
    if (traces_ != nullptr && !rule->browser_options().empty()) {
        note(at, "browser", rule->browser_options());
    }
    bool told = true;
    if (applied.valid) {
        update.topic = applied.publish_topic.empty() ? publish_.topic
                                                     : std::string_view(applied.publish_topic);
        told = make_bodies(at, values, update);
    } else {
        update.topic = publish_.topic;
        update.payload = payload_.original();
        update.shape = shape_without_json(payload_.original());
    }
    if (settle_last_update(applied.valid) && !told) untold_.push_back(outcome_.updates.size() - 1);
}

bool RuleApplication::make_bodies(std::size_t at, RuleValues& values, BrowserUpdate& update) {
    const Rule& rule = *matches_[at].rule;
    values.set_time(unix_ms_);
    if (!rule.body()) {
        update.payload = payload_.text();
        update.shape = final_shape();
    } else {
        if (!make_body(at, "body", *rule.body(), values, update.payload)) return false;
        if (rule.keeps_body_source()) update.body_source = payload_.text();
    }
    const auto& [sse, socketio] = transport_bodies_;
    update.sse_body_missing = sse && !make_body(at, "sse", *sse, values, update.sse_body);
    update.socketio_body_missing =
        socketio && !make_body(at, "socketio", *socketio, values, update.socketio_body);
    return true;
}

bool RuleApplication::make_body(std::size_t at, std::string_view step, const JsonTemplate& body,
                                const RuleValues& values, std::string& out) {
    const Brace* const missing = body.append(values, out);
    if (missing == nullptr) {
        if (traces_ != nullptr) note(at, step, out);
        return true;
    }
    out.clear();
    ++results_[at].bodies_missing;
    if (traces_ != nullptr) {
        const char* const mistake =
            missing->kind() == Brace::Kind::Payload ? payload_.json_mistake() : nullptr;
        note(at, step, "{" + missing->name() + "} is " + (mistake != nullptr ? mistake : "missing"),
             false);
    }
    return false;
}

// One update per topic, key and content. Those that differ in content alone are numbered; one that
// can't be told has its number too, so that the others keep theirs.
bool RuleApplication::settle_last_update(bool valid) {
    std::vector<BrowserUpdate>& updates = outcome_.updates;
    std::uint32_t others = 0;
    for (std::size_t i = 0; i + 1 < updates.size(); ++i) {
        if (!same_topic_and_key(updates[i], updates.back())) continue;
        if (!valid || same_content(updates[i], updates.back())) {
            updates.pop_back();
            return false;
        }
        ++others;
    }
    if (others == 0) return true;
    updates.back().variant = others;
    for (BrowserUpdate& update : updates) {
        if (same_topic_and_key(update, updates.back())) update.variants = others + 1;
    }
    return true;
}

void RuleApplication::drop_untold() {
    for (auto position = untold_.rbegin(); position != untold_.rend(); ++position) {
        outcome_.updates.erase(outcome_.updates.begin() + static_cast<std::ptrdiff_t>(*position));
    }
}

PayloadShape RuleApplication::final_shape() {
    if (payload_.json_mistake() == nullptr) return PayloadShape::Json;
    return shape_without_json(payload_.text());
}

void RuleApplication::note(std::size_t at, std::string_view step, std::string result, bool ok) {
    if (traces_ != nullptr) traces_[at].steps.push_back({std::string(step), std::move(result), ok});
}

}  // namespace rtbridge
