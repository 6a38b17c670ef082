#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/seeded_hash.h"
#include "base/thread_role.h"
#include "handoff/session_registry.h"
#include "listener/recovery.h"
#include "listener/session.h"
#include "listener/subscription_group.h"
#include "listener/value_store.h"
#include "topic/topic_trie.h"

namespace rtbridge {

// All sessions of a listener and the fan-out to them. Subscriptions that want the same and may
// receive the same form a group, so an update is matched and checked once per group and framed once
// per wire shape.
//
// Thread: listener.
class Sessions {
public:
    struct Dependencies {  // all outlive the sessions
        Metrics& metrics;
        const Clock& clock;
        SessionRegistry& registry;
        std::string epoch;  // names the process, whose offsets are one sequence
    };
    Sessions(Dependencies dependencies, const LimitsConfig& limits);
    ~Sessions();

    // The session lives until remove(); `output` must live as long. It has no subscription yet.
    Session& open(SessionAccessPtr access, SessionOutput& output) ON_LISTENER_THREAD;
    void remove(Session& session) ON_LISTENER_THREAD;

    // What the subscription begins with goes out at the session's next flush(), so that a reply can
    // go first. REQUIRES: max_rate only with mode Latest.
    [[nodiscard]] Subscribed subscribe(Session& session,
                                       const SubscriptionRequest& request) ON_LISTENER_THREAD;
    // Nothing of it is sent any more. False: there is no such subscription.
    bool unsubscribe(Session& session, std::uint32_t number) ON_LISTENER_THREAD;

    // From now on the subscription gets what `selection` selects, and nothing else. What its
    // session already has is not repeated. False: there is no such subscription.
    bool change_selection(Session& session, std::uint32_t number,
                          Selection selection) ON_LISTENER_THREAD;

    // A fresh token, or a reload: from now on other updates reach the session, and what waits and
    // may not be received any more is taken back. One that may receive the same notices nothing.
    void change_access(Session& session, SessionAccessPtr access) ON_LISTENER_THREAD;
    // Before the sessions get access of another policy.
    void policy_changes() ON_LISTENER_THREAD { ++policy_; }

    // Remembers each update, gives it to every subscription that selects it, and writes to each of
    // their sessions once. A jump in offsets is a gap for all.
    // Takes the updates out; what is left when `until` has passed is for a later call.
    void fan_out(std::deque<UpdatePtr>& updates,
                 SteadyTime until = SteadyTime::max()) ON_LISTENER_THREAD;
    // What subscriptions with a max_rate hold back: when to call release() again, and that.
    [[nodiscard]] std::optional<SteadyTime> next_release() const ON_LISTENER_THREAD;
    void release(SteadyTime now) ON_LISTENER_THREAD;

    void set_limits(const LimitsConfig& limits) ON_LISTENER_THREAD;
    // Several times a second; looks only at sessions for which something may be due.
    void check(SteadyTime now) ON_LISTENER_THREAD;
    void close_all(CloseCode code, std::string_view reason) ON_LISTENER_THREAD;

    [[nodiscard]] std::size_t size() const { return sessions_.size(); }  // of this listener
    [[nodiscard]] const SessionRegistry& registry() const { return deps_.registry; }  // of all
    [[nodiscard]] const ValueStore& values() const { return values_; }
    [[nodiscard]] const std::string& epoch() const { return deps_.epoch; }
    [[nodiscard]] ListenerFigures& figures() { return figures_; }  // of this listener
    [[nodiscard]] std::size_t group_count() const { return groups_.size(); }

private:
    using Group = SubscriptionGroup;

    [[nodiscard]] Recovered begin(Subscription& subscription,
                                  const SubscriptionRequest& request) ON_LISTENER_THREAD;
    template <typename Unwanted>
    std::size_t take_back(Session& session, const Unwanted& unwanted) ON_LISTENER_THREAD;
    void join_group(Subscription& subscription, Group::Kind kind) ON_LISTENER_THREAD;
    void leave_group(Subscription& subscription) ON_LISTENER_THREAD;
    void publish_details(const Session& session) ON_LISTENER_THREAD;
    void index(Group& group) ON_LISTENER_THREAD;
    void unindex(Group& group) ON_LISTENER_THREAD;

    void note_lost(std::uint64_t next_offset) ON_LISTENER_THREAD;
    void remember(const UpdatePtr& update) ON_LISTENER_THREAD;
    void give_to_groups(const UpdatePtr& update) ON_LISTENER_THREAD;
    void give_to(Group& group, const UpdatePtr& update) ON_LISTENER_THREAD;
    void take(Group& group, const UpdatePtr& update) ON_LISTENER_THREAD;
    void flush_groups() ON_LISTENER_THREAD;

    void note_written() ON_LISTENER_THREAD;

    Dependencies deps_;
    ListenerFigures& figures_;
    LimitsConfig limits_;
    ValueStore values_;
    RecoveryBudget recovery_;
    PacingBudget pacing_;
    SessionEnvironment environment_;
    std::unordered_map<const Session*, std::unique_ptr<Session>> sessions_;

    std::unordered_map<std::string, std::unique_ptr<Group>> groups_;  // by Group::key()
    // Groups with keys, by key value.
    std::unordered_map<std::string, std::vector<Group*>, SeededHash, std::equal_to<>> by_key_;
    TopicTrie by_topic_;                               // groups with topics only
    std::unordered_map<std::uint32_t, Group*> by_id_;  // ids in by_topic_
    std::vector<Group*> unselective_;                  // every update
    std::unordered_set<Group*> paced_;                 // with a max_rate
    std::uint32_t next_group_id_ = 0;
    // Grants of different policies may look alike and are not.
    std::uint64_t policy_ = 0;

    std::vector<std::pair<const WireShape*, FramePtr>> frames_;  // of the update being fanned out
    std::vector<std::uint32_t> matched_;                         // likewise
    std::vector<Group*> touched_;                                // have something to flush
    std::vector<Session*> waiting_;                              // likewise, one by one
    std::vector<SteadyTime> received_;  // of updates that somebody gets at the next flush
};

}  // namespace rtbridge
