#include "thinning.h"

#include <cmath>

namespace rtbridge {

std::vector<BrowserUpdate> Thinning::adopt(
    const std::vector<RuleConfig>& rules, std::vector<std::shared_ptr<RuleStatistics>> statistics) {
    std::vector<BrowserUpdate> released;
    for (const Entries::iterator entry : held_) released.push_back(std::move(*entry->second.held));
    held_.clear();
    held_bytes_ = 0;
    uses_.clear();
    entries_.clear();
    options_.clear();
    active_ = false;
    for (std::size_t i = 0; i < rules.size(); ++i) {
        const BrowserConfig& browser = rules[i].browser;
        Options& options = options_.emplace_back();
        options.thins = browser.thins();
        if (browser.max_rate) options.interval = browser.max_rate->interval();
        for (const DeadbandConfig& deadband : browser.deadband) {
            options.deadband.emplace_back(JsonPath(deadband.field), deadband.band);
        }
        options.statistics = std::move(statistics[i]);
        active_ = active_ || options.thins;
    }
    return released;
}

void Thinning::offer(BrowserUpdate update, std::vector<BrowserUpdate>& ready) {
    if (update.shape == PayloadShape::Cleared) {
        forget_topic(update.topic);
        ready.push_back(std::move(update));
        return;
    }
    const Options& options = options_[update.rule];
    const auto [entry, is_new] = entries_.try_emplace(name_of(update));
    Entry& state = entry->second;
    if (is_new) {
        state.use = uses_.insert(uses_.end(), entry);
    } else {
        uses_.splice(uses_.end(), uses_, state.use);
    }
    if (state.held) {
        count(update.rule);  // the one whose place it takes
        hold(entry, std::move(update));
        return make_room(ready);
    }
    Values values = read_values(options, update);
    if (!is_new && within_band(options, state.sent, values)) return count(update.rule);

    const SteadyTime now = clock_.now();
    if (now < state.due) {
        hold(entry, std::move(update));
    } else {
        state.due = now + options.interval;
        state.sent = std::move(values);
        ready.push_back(std::move(update));
    }
    make_room(ready);
}

void Thinning::release_due(std::vector<BrowserUpdate>& ready) {
    if (held_.empty()) return;
    const SteadyTime now = clock_.now();
    while (!held_.empty() && (*held_.begin())->second.due <= now) release_first(now, ready);
}

void Thinning::release_first(SteadyTime now, std::vector<BrowserUpdate>& ready) {
    const Entries::iterator entry = *held_.begin();
    ready.push_back(take_held(entry));
    const BrowserUpdate& update = ready.back();
    const Options& options = options_[update.rule];
    entry->second.due = now + options.interval;
    entry->second.sent = read_values(options, update);
}

Thinning::Name Thinning::name_of(const BrowserUpdate& update) {
    return {update.topic, update.rule, update.key_name, update.key};
}

Thinning::Values Thinning::read_values(const Options& options, const BrowserUpdate& update) {
    Values values;
    if (options.deadband.empty()) return values;
    payload_.reset(update.body_source.empty() ? update.payload : update.body_source);
    for (const auto& [path, band] : options.deadband) {
        const std::optional<WorkingPayload::Value> found = payload_.find(path);
        double number = 0;
        const bool is_number =
            found && found->element.is_number() && found->element.get(number) == simdjson::SUCCESS;
        values.push_back(is_number ? std::optional(number) : std::nullopt);
    }
    payload_.trim();
    return values;
}

bool Thinning::within_band(const Options& options, const Values& sent, const Values& now) {
    if (options.deadband.empty()) return false;
    for (std::size_t i = 0; i < now.size(); ++i) {
        if (sent[i].has_value() != now[i].has_value()) return false;
        if (now[i] && std::abs(*now[i] - *sent[i]) >= options.deadband[i].second) return false;
    }
    return true;
}

void Thinning::hold(Entries::iterator entry, BrowserUpdate update) {
    std::optional<BrowserUpdate>& held = entry->second.held;
    if (held) held_bytes_ -= held->bytes();
    held_bytes_ += update.bytes();
    held = std::move(update);
    held_.insert(entry);
}

BrowserUpdate Thinning::take_held(Entries::iterator entry) {
    held_.erase(entry);
    BrowserUpdate taken = *std::exchange(entry->second.held, std::nullopt);
    held_bytes_ -= taken.bytes();
    return taken;
}

void Thinning::forget(Entries::iterator entry) {
    uses_.erase(entry->second.use);
    entries_.erase(entry);
}

// Only Cleared updates have no rule and key of their own: one of them speaks for the whole topic.
void Thinning::forget_topic(const std::string& topic) {
    auto entry = entries_.lower_bound(Name{topic, 0, "", ""});
    while (entry != entries_.end() && std::get<0>(entry->first) == topic) {
        const auto next = std::next(entry);
        if (entry->second.held) {
            count(std::get<1>(entry->first));
            (void)take_held(entry);
        }
        forget(entry);
        entry = next;
    }
}

void Thinning::make_room(std::vector<BrowserUpdate>& ready) {
    while (held_bytes_ > limits_.bytes_max) {
        metrics_.hit(Limit::Thinning);
        release_first(clock_.now(), ready);
    }
    while (entries_.size() > limits_.entries_max) {
        metrics_.hit(Limit::Thinning);
        const Entries::iterator oldest = uses_.front();
        if (oldest->second.held) ready.push_back(take_held(oldest));
        forget(oldest);
    }
}

void Thinning::count(std::uint32_t rule) {
    metrics_.updates_thinned.add();
    options_[rule].statistics->thinned.add();
}

}  // namespace rtbridge
