#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/thread_role.h"
#include "config/config.h"
#include "handoff/config_snapshot.h"
#include "handoff/metrics.h"
#include "rules/json_path.h"
#include "rules/rule_set.h"
#include "rules/working_payload.h"

namespace rtbridge {

// Keeps from browsers what the options browser.max_rate and browser.deadband of a rule say, for
// each rule, topic and key. MQTT subscribers are not its concern.
//
//   deadband: an update whose named fields all differ by less than their band from those of the
//   last one sent is given up. Only these fields decide; one that is no number on either side is
//   the same, on one side a difference. The first update passes. max_rate: an update that comes too
//   early waits, and newer ones take its place, until it is its turn: the newest always arrives.
//   What takes a place is the newest, deadband or not.
//
// That a retained message was cleared passes, and everything about its topic is forgotten. Bounded
// by the limit "thinning": beyond so many entries the least recently used is forgotten, beyond so
// many bytes that wait the first in turn goes at once. Nothing that waits is lost by it.
//
// Thread: broker. Costs a look-up for updates of rules with these options, nothing for others.
class Thinning {
public:
    struct Limits {
        std::size_t entries_max = 65'536;
        std::size_t bytes_max = 16 * MiB;  // of updates that wait
    };
    Thinning(Limits limits, Metrics& metrics, const Clock& clock)
        : limits_(limits), metrics_(metrics), clock_(clock) {}

    // The rules of a configuration, and their statistics. All that was known is forgotten and all
    // that waits is returned, under the numbers of the rules of before.
    [[nodiscard]] std::vector<BrowserUpdate> adopt(
        const std::vector<RuleConfig>& rules,
        std::vector<std::shared_ptr<RuleStatistics>> statistics) ON_BROKER_THREAD;

    // False: offer() would only hand it back.
    [[nodiscard]] bool concerns(const BrowserUpdate& update) const {
        return active_ && (update.shape == PayloadShape::Cleared || options_[update.rule].thins);
    }
    // Appends what is to be sent now to `ready`, oldest first.
    void offer(BrowserUpdate update, std::vector<BrowserUpdate>& ready) ON_BROKER_THREAD;
    void release_due(std::vector<BrowserUpdate>& ready) ON_BROKER_THREAD;

    [[nodiscard]] std::size_t entries() const { return entries_.size(); }

private:
    struct Options {
        bool thins = false;
        std::chrono::nanoseconds interval{0};
        std::vector<std::pair<JsonPath, double>> deadband;
        std::shared_ptr<RuleStatistics> statistics;
    };
    using Name = std::tuple<std::string, std::uint32_t, std::string, std::string>;
    struct Entry;
    using Entries = std::map<Name, Entry, std::less<>>;
    using Values = std::vector<std::optional<double>>;  // by position in Options::deadband
    struct Entry {
        std::list<Entries::iterator>::iterator use;
        SteadyTime due{};  // when the next one may go
        Values sent;
        std::optional<BrowserUpdate> held;
    };

    [[nodiscard]] static Name name_of(const BrowserUpdate& update);
    [[nodiscard]] Values read_values(const Options& options, const BrowserUpdate& update);
    [[nodiscard]] static bool within_band(const Options& options, const Values& sent,
                                          const Values& now);
    void hold(Entries::iterator entry, BrowserUpdate update);
    [[nodiscard]] BrowserUpdate take_held(Entries::iterator entry);
    void forget(Entries::iterator entry);
    void forget_topic(const std::string& topic);
    void release_first(SteadyTime now, std::vector<BrowserUpdate>& ready);
    void make_room(std::vector<BrowserUpdate>& ready);
    void count(std::uint32_t rule);

    const Limits limits_;
    Metrics& metrics_;
    const Clock& clock_;
    bool active_ = false;           // at least one rule thins
    std::vector<Options> options_;  // by rule
    Entries entries_;
    std::list<Entries::iterator> uses_;  // least recently used first
    struct Earlier {
        bool operator()(const Entries::iterator& a, const Entries::iterator& b) const {
            return a->second.due != b->second.due ? a->second.due < b->second.due
                                                  : std::less<const void*>()(&*a, &*b);
        }
    };
    std::set<Entries::iterator, Earlier> held_;  // by the time when it is their turn
    std::size_t held_bytes_ = 0;
    WorkingPayload payload_;
};

}  // namespace rtbridge
