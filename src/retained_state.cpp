#include "retained_state.h"

#include <algorithm>
#include <utility>

#include "topic/topic_filter.h"

namespace rtbridge {
namespace {

// Of all rules, as MQTT writes them, each once, in file order.
std::vector<std::string> filters_of(const Config& config) {
    std::vector<std::string> filters;
    std::unordered_set<std::string> known;
    for (const RuleConfig& rule : config.rules) {
        for (const Placed<std::string>& topic : rule.topics) {
            const auto filter = TopicFilter::parse_named(topic.value);
            if (filter.ok() && known.insert(filter.value().text()).second) {
                filters.push_back(filter.value().text());
            }
        }
    }
    return filters;
}

}  // namespace

RetainedState::RetainedState(const Limits& limits, const Dependencies& dependencies)
    : limits_(limits), deps_(dependencies) {}

RetainedState::~RetainedState() = default;

void RetainedState::adopt(const Config& config) {
    const bool first = !std::exchange(started_, true);
    const std::optional<BindAddress>& connect = config.broker.connect;
    if (first) in_use_ = connect.has_value();
    waits_for_restart_ = connect && (!in_use_ || given_up_);
    if (!connect) {
        end();
        in_use_ = false;
        watching_ = false;
        live_.clear();
        return set_status(RetainedStatus::State::Off, {});
    }
    if (waits_for_restart_) return;

    to_ = *connect;
    logins_ours_ = config.auth && config.auth->mqtt;
    filters_ = filters_of(config);
    std::vector<std::string> wanted;
    for (const std::string& filter : filters_) {
        if (!known_filters_.contains(filter)) wanted.push_back(filter);
    }
    end();
    if (wanted.empty() && !first) return;
    begin(std::move(wanted));
}

void RetainedState::begin(std::vector<std::string> filters) {
    watching_ = true;
    read_before_ = deps_.metrics.retained_read.value();
    outdated_before_ = deps_.metrics.retained_outdated.value();
    if (filters.empty()) return conclude({.ok = true});
    const MqttAccess::ReaderLogin pass = deps_.access.expect_reader();
    if (pass.id.empty()) return fail("no randomness for a login");
    MqttLogin login{.client_id = pass.id};
    // A broker that lets anonymous clients in may refuse a name that it does not know.
    if (logins_ours_) login = {pass.id, pass.id, pass.password};
    auto reader = RetainedReader::start({to_, std::move(login), std::move(filters)}, limits_.reader,
                                        deps_.doorbell);
    if (!reader.ok()) return fail(reader.error());
    reader_ = std::move(reader).value();
    set_status(RetainedStatus::State::Reading, {});
}

void RetainedState::end() {
    reader_.reset();
    shown_.clear();
    deps_.access.forget_reader();
}

void RetainedState::remember(std::string_view topic) {
    live_.insert(hash_(0, topic));
    if (live_.size() <= limits_.topics_live_max) return;
    deps_.metrics.hit(Limit::Retained);
    given_up_ = true;
    watching_ = false;
    live_.clear();
    fail("more than " + std::to_string(limits_.topics_live_max) +
         " topics were published meanwhile; the rest is left out until the next start");
}

bool RetainedState::is_news(const std::string& topic) {
    known_.match(topic, matches_);
    if (!matches_.empty()) return false;
    const std::uint64_t hash = hash_(0, topic);
    if (!shown_.insert(hash).second) return false;  // filters that overlap bring it several times
    if (!live_.contains(hash)) return true;
    deps_.metrics.retained_outdated.add();
    return false;
}

bool RetainedState::take(std::size_t most, const Show& show) {
    if (!any_waiting()) return std::exchange(changed_, false);
    const RetainedInbox::Batch batch = reader_->inbox().fetch(most);
    for (const RetainedMessage& message : batch.messages) {
        if (!watching_ || !is_news(message.topic)) continue;
        show(message);
        deps_.metrics.retained_read.add();
    }
    if (batch.outcome) conclude(*batch.outcome);
    return std::exchange(changed_, false);
}

void RetainedState::conclude(const RetainedOutcome& outcome) {
    end();
    if (outcome.left_out > 0) deps_.metrics.hit(Limit::Retained, outcome.left_out);
    if (!outcome.ok) {
        return fail(outcome.problem +
                    (outcome.refused
                         ? (logins_ours_ ? ": that listener does not ask rtbridge about logins, or "
                                           "another plugin comes first; name one that does"
                                         : ": let clients of this machine in there without a name "
                                           "(allow_anonymous true), or set mqtt = true in [auth]")
                         : ""));
    }
    watching_ = false;
    live_.clear();
    known_filters_.clear();
    known_ = TopicTrie();
    for (const std::string& filter : filters_) {
        known_filters_.insert(filter);
        const auto parsed = TopicFilter::parse(filter);
        if (parsed.ok()) known_.insert(parsed.value(), 0);
    }
    set_status(RetainedStatus::State::Read, outcome.problem);
    const std::uint64_t read = deps_.metrics.retained_read.value() - read_before_;
    const std::uint64_t outdated = deps_.metrics.retained_outdated.value() - outdated_before_;
    deps_.log.write(
        outcome.problem.empty() ? LogLevel::Notice : LogLevel::Warning,
        "rtbridge: " + std::to_string(read) + " retained messages read from " + address() +
            (outdated > 0 ? ", " + std::to_string(outdated) + " were out of date" : "") +
            (outcome.problem.empty() ? "" : "; " + outcome.problem));
}

void RetainedState::fail(const std::string& why) {
    end();
    deps_.log.write(LogLevel::Error,
                    "rtbridge: broker.connect: retained messages could not be read from " +
                        address() + ": " + why +
                        "; browsers see a topic when it is published next");
    set_status(RetainedStatus::State::Failed, why);
}

void RetainedState::set_status(RetainedStatus::State state, std::string error) {
    status_ = {state, deps_.clock.unix_ms(), std::move(error)};
    changed_ = true;
}

std::string RetainedState::address() const {
    const bool v6 = to_.host.find(':') != std::string::npos;
    return (v6 ? "[" + to_.host + "]" : to_.host) + ":" + std::to_string(to_.port);
}

}  // namespace rtbridge
