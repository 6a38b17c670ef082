#include "bridge.h"

#include <unistd.h>

#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/random_name.h"
#include "base/stopwatch.h"
#include "config/restart_required.h"
#include "rules/rule.h"

namespace rtbridge {
namespace {

constexpr std::size_t epoch_characters = 8;

// Every so many publishes one is timed: reading the clock for each would cost more than most of
// them do. A prime, so that devices that publish in turn are all among them.
constexpr std::uint32_t timed_every = 17;

}  // namespace

// publish -> match rules -> enrich -> hand off; the broker's next tick wakes the listeners
Bridge::Verdict Bridge::on_publish(const Publish& publish, int qos) {
    const bool timed = untimed_ == 0;
    untimed_ = timed ? timed_every - 1 : untimed_ - 1;
    const Stopwatch on_broker_thread(timed ? &metrics_.broker_thread : nullptr, clock_);
    metrics_.messages_in.add();
    if (client_watch_.any_wills()) show_wills();
    if (!ticked_) {
        show_clients();
        take_browser_publishes();
        take_retained();
        show_what_waited();
        wake_listeners();
    }
    workspace_.take_time(timed);
    Outcome outcome = rules_->apply(publish, workspace_, clock_);
    if (!ticked_) {
        warn_without_ticks();
        write_log_lines();
    }
    if (outcome.matched == 0) return {};  // usually: no browser is meant to see most publishes

    count(publish, outcome);
    if (outcome.drop) {
        put_in_quarantine(publish, qos, outcome);
        return {.drop = true, .replacement = {}};
    }
    retained_.note_live(publish.topic);
    pass_on(publish, qos, outcome);
    if (!ticked_) wake_listeners();  // 2.0.x with per_listener_settings never ticks
    return {.drop = false, .replacement = std::move(outcome.replacement)};
}

void Bridge::pass_on(const Publish& publish, int qos, Outcome& outcome) {
    for (const DerivedPublish& derived : outcome.publishes) {
        const bool taken = broker_.publish(derived.topic, derived.payload, qos, publish.retain);
        (taken ? metrics_.publishes_derived : metrics_.broker_refused).add();
    }
    for (BrowserUpdate& update : outcome.updates) show_browsers(std::move(update));
}

void Bridge::put_in_quarantine(const Publish& publish, int qos, const Outcome& outcome) {
    if (!outcome.quarantined) return;
    const auto& [rule, why] = *outcome.quarantined;
    if (quarantine_.put(publish, qos, rules_->rules()[rule]->name(), why)) {
        statistics_[rule]->quarantined.add();
    }
}

void Bridge::hand_off(BrowserUpdate&& update) {
    auto handed_off = std::make_shared<Update>();
    handed_off->unix_ms = update.unix_ms;
    handed_off->topic = std::move(update.topic);
    handed_off->key_name = std::move(update.key_name);
    handed_off->key = std::move(update.key);
    handed_off->payload = std::move(update.payload);
    handed_off->shape = update.shape;
    handed_off->event = std::move(update.event);
    handed_off->sse_body = std::move(update.sse_body);
    handed_off->socketio_body = std::move(update.socketio_body);
    handed_off->sse_body_missing = update.sse_body_missing;
    handed_off->socketio_body_missing = update.socketio_body_missing;
    handed_off->variant = update.variant;
    handed_off->variants = update.variants;
    if (const auto& history = config_.rules[update.rule].history) {
        handed_off->history = {history->last, history->keep};
    }
    push(std::move(handed_off));
}

void Bridge::push(std::shared_ptr<Update> update) {
    update->offset = next_offset_++;
    update->received_at = clock_.now();
    const std::size_t lost = listeners_->push(std::move(update));
    if (lost > 0) {
        metrics_.hit(Limit::Mailbox, lost);
        metrics_.updates_dropped.add(lost);
    }
}

void Bridge::count(const Publish& publish, const Outcome& outcome) {
    const std::uint64_t forgotten = workspace_.remembered().take_evicted();
    if (forgotten > 0) metrics_.hit(Limit::RuleMemory, forgotten);
    metrics_.messages_matched.add();
    if (outcome.drop) metrics_.messages_dropped.add();
    if (outcome.invalid > 0) metrics_.messages_invalid.add();
    for (const RuleResult& result : workspace_.results()) {
        RuleStatistics& statistics = *statistics_[result.rule];
        statistics.matched.add();
        (result.verdict == RuleVerdict::Ok ? statistics.ok : statistics.invalid).add();
        if (result.verdict == RuleVerdict::Dropped) statistics.dropped.add();
        if (result.verdict != RuleVerdict::Ok) {
            statistics.invalid_by.at(static_cast<std::size_t>(result.reason)).add();
            keep_sample(publish, result, statistics.failed);
        }
        if (result.nanoseconds > 0) {
            statistics.timed.add();
            statistics.timed_ns.add(static_cast<std::uint64_t>(result.nanoseconds));
        }
        if (result.bodies_missing > 0) {
            statistics.bodies_missing.add(result.bodies_missing);
            metrics_.bodies_missing.add(result.bodies_missing);
        }
    }
}

void Bridge::keep_sample(const Publish& publish, const RuleResult& result, FailedSampleSlot& slot) {
    const SteadyTime now = clock_.now();
    if (!slot.wanted(now)) return;
    FailedSample sample;
    sample.unix_ms = clock_.unix_ms();
    sample.topic = publish.topic;
    sample.client = publish.client;
    sample.why = {result.reason, result.field, ""};
    sample.bytes = publish.payload.size();
    if (!config_.rules[result.rule].redact) {
        sample.why.message = result.message;
        sample.payload = publish.payload.substr(0, FailedSample::payload_bytes_max);
    }
    slot.put(std::move(sample), now);
}

bool Bridge::on_tick() {
    ticked_ = true;
    metrics_.last_tick.store(clock_.now(), std::memory_order_relaxed);
    kick_clients();
    client_watch_.on_turn();
    show_clients();
    const bool published = take_browser_publishes();
    take_retained();
    show_what_waited();
    wake_listeners();
    return published;
}

void Bridge::wake_listeners() {
    listeners_->wake();
    write_log_lines();
}

void Bridge::write_log_lines() {
    for (const LogLine& line : outbox_.drain()) log_.write(line.level, line.text);
}

void Bridge::write_capacity() {
    const bool lowered = listeners_->room() < config_.limits.connections;
    log_.write(lowered ? LogLevel::Warning : LogLevel::Notice,
               "rtbridge: " + listeners_->capacity(config_.limits));
}

// Said in the log because nothing else shows it: without ticks no MQTT client is disconnected when
// its token expires (it may do nothing any more, though), and the log lines of other threads and of
// refusals wait for the next publish.
void Bridge::warn_without_ticks() {
    if (warned_without_ticks_ || clock_.now() - started_ < tick_silence_max) return;
    warned_without_ticks_ = true;
    log_.write(
        LogLevel::Warning,
        "rtbridge: the broker never ticks the plugin, as Mosquitto 2.0 with "
        "per_listener_settings does: clients of other listeners are not checked, and expired "
        "ones are refused but not disconnected; set per_listener_settings false");
}

void Bridge::on_reload() {
    client_watch_.on_reload();
    const std::uint32_t connections_before = config_.limits.connections;
    auto loaded = load();
    reload_ = {loaded.ok(), clock_.unix_ms(), loaded.ok() ? "" : loaded.error()};
    if (loaded.ok()) {
        adopt(std::move(loaded).value());
        log_.write(LogLevel::Notice, "rtbridge: configuration reloaded, generation " +
                                         std::to_string(generation_) + ", " +
                                         std::to_string(config_.rules.size()) + " rules");
        for (const std::string& key : restart_required_) {
            log_.write(LogLevel::Warning, "rtbridge: the change of " + key +
                                              " takes effect when the broker is restarted");
        }
    } else {
        log_.write(LogLevel::Error, "rtbridge: reload refused, generation " +
                                        std::to_string(generation_) +
                                        " goes on: " + loaded.error());
    }
    if (config_.limits.connections != connections_before) write_capacity();
    listeners_->set_snapshot(make_snapshot());
    wake_listeners();
}

// Everything that is wrong goes to the log, the first mistake into the result.
Result<Configuration, std::string> Bridge::load() {
    const std::string path = options_.config_path.value_or(default_config_path);
    Diagnostics diagnostics;
    std::optional<Configuration> loaded;
    // A file that was there at the last load and is gone now is a mistake, not a wish for defaults.
    if (!options_.config_path && !from_file_ && access(path.c_str(), F_OK) != 0) {
        log_.write(LogLevel::Notice, "rtbridge: no " + path +
                                         ": running with the built-in defaults (topics battery/#)");
        loaded = Configuration::built_in();
    } else {
        loaded = load_configuration(path, diagnostics);
        if (loaded) from_file_ = true;
    }
    std::string first_error;
    for (const Diagnostic& diagnostic : diagnostics.sorted()) {
        const bool error = diagnostic.severity == Severity::Error;
        if (error && first_error.empty()) first_error = to_line(diagnostic);
        log_.write(error ? LogLevel::Error : LogLevel::Warning, "rtbridge: " + to_line(diagnostic));
    }
    if (!loaded) return Failure{first_error};
    return *std::move(loaded);
}

void Bridge::adopt(Configuration loaded) {
    // A rule that keeps its name keeps its statistics.
    std::unordered_map<std::string_view, std::shared_ptr<RuleStatistics>> kept;
    for (std::size_t i = 0; i < config_.rules.size(); ++i) {
        kept.emplace(config_.rules[i].name.value, statistics_[i]);
    }
    std::vector<std::shared_ptr<RuleStatistics>> statistics;
    for (const RuleConfig& rule : loaded.config.rules) {
        const auto found = kept.find(rule.name.value);
        statistics.push_back(found != kept.end() ? found->second
                                                 : std::make_shared<RuleStatistics>());
    }
    // What waits goes now, by the rules of before.
    for (BrowserUpdate& waited : thinning_.adopt(loaded.config.rules, statistics)) {
        hand_off(std::move(waited));
    }
    quarantine_.keep(loaded.config.rules);
    statistics_ = std::move(statistics);
    config_ = std::move(loaded.config);
    // They are in the rules now, and can be large.
    for (RuleConfig& rule : config_.rules) {
        for (MapConfig& map : rule.map) decltype(map.table)().swap(map.table);
    }
    rules_ = std::move(loaded.rules);
    workspace_.remembered().keep_only(*rules_);
    socketio_events_ = std::move(loaded.socketio_events);
    access_ = std::move(loaded.access);
    http_routes_ = std::move(loaded.http_routes);
    mqtt_access_.adopt(access_, config_);
    client_watch_.adopt(config_);
    if (listeners_) retained_.adopt(config_);
    // TLS can't be switched on or off while it runs: the certificate of before goes on.
    if (!listeners_ || bound_.tls.enabled() == config_.listener.tls.enabled()) {
        tls_ = std::move(loaded.tls);
    }
    ++generation_;
    if (listeners_) restart_required_ = restart_required(bound_, config_.listener);
    if (retained_.waits_for_restart()) restart_required_.emplace_back("broker.connect");
}

ConfigSnapshotPtr Bridge::make_snapshot() const {
    auto snapshot = std::make_shared<ConfigSnapshot>();
    snapshot->generation = generation_;
    snapshot->listener = config_.listener;
    if (listeners_) {  // what runs, not what a restart will bring
        snapshot->listener.bind = bound_.bind;
        snapshot->listener.threads = bound_.threads;
        snapshot->listener.www = bound_.www;
    }
    snapshot->limits = config_.limits;
    snapshot->socketio = config_.socketio;
    snapshot->auth = config_.auth;
    snapshot->socketio_events = socketio_events_;
    snapshot->access = access_;
    snapshot->tls = tls_;
    snapshot->http_routes = http_routes_;
    snapshot->mqtt_tunnel = config_.mqtt_tunnel;
    for (std::size_t i = 0; i < config_.rules.size(); ++i) {
        snapshot->rules.push_back(
            {config_.rules[i], rules_->rules()[i]->key_name(), statistics_[i]});
    }
    snapshot->reload = reload_;
    snapshot->restart_required = restart_required_;
    snapshot->retained = retained_.status();
    return snapshot;
}

std::unique_ptr<Bridge> Bridge::create(Options options, Broker& broker, Doorbell& doorbell,
                                       LogSink& log, const Clock& clock) {
    auto bridge =
        std::unique_ptr<Bridge>(new Bridge(std::move(options), broker, doorbell, log, clock));
    auto loaded = bridge->load();
    if (!loaded.ok()) return nullptr;
    bridge->adopt(std::move(loaded).value());
    bridge->reload_.at_unix_ms = clock.unix_ms();

    auto listeners =
        Listeners::start(bridge->make_snapshot(),
                         {bridge->metrics_, clock, static_cast<LogSink&>(bridge->outbox_),
                          bridge->logins_, bridge->registry_, bridge->doorbell_, bridge->epoch_});
    if (!listeners.ok()) {
        const SourcePlace& place = bridge->config_.listener.bind_place;
        log.write(LogLevel::Error, "rtbridge: " + to_line({Severity::Error, place,
                                                           "listener.bind: " + listeners.error()}));
        return nullptr;
    }
    bridge->listeners_ = std::move(listeners).value();
    bridge->bound_ = bridge->config_.listener;
    log.write(LogLevel::Notice, "rtbridge: listening on " + bridge->listeners_->url());
    bridge->write_capacity();
    bridge->write_what_stays_unseen();
    bridge->retained_.adopt(bridge->config_);
    bridge->take_retained();  // the status; there is nothing else yet
    bridge->wake_listeners();
    return bridge;
}

Bridge::Bridge(Options options, Broker& broker, Doorbell& doorbell, LogSink& log,
               const Clock& clock)
    : options_(std::move(options)),
      broker_(broker),
      doorbell_(doorbell),
      log_(log),
      clock_(clock),
      epoch_(random_name(epoch_characters)),
      mqtt_access_(
          {logins_.throttle, metrics_, clock, static_cast<LogSink&>(outbox_),
           [&broker](const void* connection) { return broker.certificate_name(connection); }}),
      thinning_({}, metrics_, clock),
      quarantine_(broker, metrics_, clock),
      client_watch_(metrics_, clock),
      retained_({}, {doorbell, mqtt_access_, metrics_, clock, log}),
      started_(clock.now()) {
    metrics_.mosquitto_version = options_.mosquitto_version;
}

}  // namespace rtbridge
