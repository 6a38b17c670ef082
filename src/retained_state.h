#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "access/mqtt_access.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/seeded_hash.h"
#include "base/thread_role.h"
#include "config/config.h"
#include "handoff/config_snapshot.h"
#include "handoff/doorbell.h"
#include "handoff/metrics.h"
#include "retained/retained_reader.h"
#include "topic/topic_trie.h"

namespace rtbridge {

// What the broker kept as retained while rtbridge was not there (broker.connect): has it read once
// at the start, for the topics of all rules, and at a reload for those that are new. Says of each
// message whether it is still news: what was published meanwhile is newer, and what rules of before
// matched was seen live. A reading that failed is repeated at the next reload.
//
// Bounded by the limit "retained": what a reading takes (RetainedReader::Limits), and how many
// topics may be published meanwhile; beyond, the rest is given up.
//
// Thread: broker.
class RetainedState {
public:
    struct Limits {
        std::size_t topics_live_max = 262'144;  // published while a reading is under way
        RetainedReader::Limits reader{};
    };
    struct Dependencies {  // all outlive this
        Doorbell& doorbell;
        MqttAccess& access;
        Metrics& metrics;
        const Clock& clock;
        LogSink& log;
    };
    RetainedState(const Limits& limits, const Dependencies& dependencies);
    ~RetainedState();

    // A configuration, from its beginning on. The first one decides whether there is a reading at
    // all, because later nobody knows what was published before.
    void adopt(const Config& config) ON_BROKER_THREAD;
    // Whether broker.connect was set at a reload, which the next start will bring.
    [[nodiscard]] bool waits_for_restart() const { return waits_for_restart_; }

    // A publish that a rule matched. Costs nothing once everything is read.
    void note_live(std::string_view topic) ON_BROKER_THREAD {
        if (watching_) remember(topic);
    }

    // Calls `show` of up to `most` messages that are news. True: the status changed since the last
    // call.
    using Show = std::function<void(const RetainedMessage&)>;
    bool take(std::size_t most, const Show& show) ON_BROKER_THREAD;
    [[nodiscard]] bool any_waiting() const noexcept {
        return reader_ != nullptr && reader_->inbox().any_waiting();
    }
    [[nodiscard]] const RetainedStatus& status() const { return status_; }

private:
    void begin(std::vector<std::string> filters) ON_BROKER_THREAD;
    void end() ON_BROKER_THREAD;
    void remember(std::string_view topic) ON_BROKER_THREAD;
    [[nodiscard]] bool is_news(const std::string& topic) ON_BROKER_THREAD;
    void conclude(const RetainedOutcome& outcome) ON_BROKER_THREAD;
    void fail(const std::string& why) ON_BROKER_THREAD;
    void set_status(RetainedStatus::State state, std::string error);
    [[nodiscard]] std::string address() const;

    const Limits limits_;
    Dependencies deps_;
    bool started_ = false;            // there was a configuration
    bool in_use_ = false;             // the first one had broker.connect
    bool given_up_ = false;           // until the next start
    bool waits_for_restart_ = false;  // broker.connect came later
    bool watching_ = false;           // live_ is kept
    bool logins_ours_ = false;
    bool changed_ = false;  // status_
    BindAddress to_;
    std::vector<std::string> filters_;               // of the rules that run, each once
    std::unordered_set<std::string> known_filters_;  // what matches them is known
    TopicTrie known_;                                // the same
    std::vector<std::uint32_t> matches_;             // scratch
    SeededHash hash_;
    std::unordered_set<std::uint64_t> live_;   // topics that are known from later, by hash
    std::unordered_set<std::uint64_t> shown_;  // in this reading, likewise
    std::uint64_t read_before_ = 0;            // counters, when the reading began
    std::uint64_t outdated_before_ = 0;
    RetainedStatus status_;
    std::unique_ptr<RetainedReader> reader_;
};

}  // namespace rtbridge
