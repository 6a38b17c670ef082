#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/thread_role.h"
#include "listener/latest_store.h"
#include "listener/session.h"
#include "topic/topic_trie.h"

namespace rtbridge {

// All sessions of a listener and the fan-out to them. Sessions that selected the same and may do
// the same form a group, so an update is matched and checked once per group and framed once per
// wire shape.
//
// Thread: listener.
class Sessions {
public:
    Sessions(Metrics& metrics, const Clock& clock, const LimitsConfig& limits);
    ~Sessions();

    enum class Snapshot { Send, Skip };
    // The session lives until remove(); `output` must live as long.
    Session& add(SessionAccessPtr access, Selection selection, Snapshot snapshot,
                 SessionOutput& output) ON_LISTENER_THREAD;
    void remove(Session& session) ON_LISTENER_THREAD;

    // A fresh token, or a reload: from now on other updates reach the session. One that may receive
    // the same notices nothing.
    void change_access(Session& session, SessionAccessPtr access) ON_LISTENER_THREAD;
    // Before the sessions get access of another policy.
    void policy_changes() ON_LISTENER_THREAD { ++policy_; }

    // Remembers each update as newest value, queues it for every session that selected it, then
    // writes to each of these sessions once.
    void fan_out(const std::deque<UpdatePtr>& updates) ON_LISTENER_THREAD;
    void set_limits(const LimitsConfig& limits) ON_LISTENER_THREAD;
    void check(SteadyTime now) ON_LISTENER_THREAD;
    void close_all(CloseCode code, std::string_view reason) ON_LISTENER_THREAD;

    [[nodiscard]] std::size_t size() const { return sessions_.size(); }
    [[nodiscard]] const LatestStore& latest() const { return latest_; }
    [[nodiscard]] std::map<std::string_view, std::size_t> count_by_transport() const;
    // Of one user; nobody's sessions (the anonymous ones) are not counted.
    [[nodiscard]] std::uint32_t count_of_user(const std::string& user) const;
    void for_each(const std::function<void(const Session&)>& visit) const;

private:
    struct Group;

    void flush_touched() ON_LISTENER_THREAD;
    [[nodiscard]] Group& join_group(Session& session) ON_LISTENER_THREAD;
    void leave_group(Session& session, Group& group) ON_LISTENER_THREAD;
    void index(Group& group) ON_LISTENER_THREAD;
    void unindex(Group& group) ON_LISTENER_THREAD;
    void queue_for_group(const Group& group, const UpdatePtr& update) ON_LISTENER_THREAD;

    Metrics& metrics_;
    LimitsConfig limits_;
    LatestStore latest_;
    SessionEnvironment environment_;
    struct Member {
        std::unique_ptr<Session> session;
        Group* group = nullptr;
    };
    std::unordered_map<const Session*, Member> sessions_;
    std::unordered_map<std::string, std::unique_ptr<Group>> groups_;  // by group_key()
    std::unordered_map<std::string, std::vector<Group*>> by_key_;  // groups with keys, by key value
    TopicTrie by_topic_;                                           // groups with topics only
    std::unordered_map<std::uint32_t, Group*> by_id_;              // ids in by_topic_
    std::vector<Group*> unselective_;                              // every update
    std::uint32_t next_group_id_ = 0;
    // Grants of different policies may look alike and are not.
    std::uint64_t policy_ = 0;
    std::unordered_map<std::string, std::uint32_t> by_user_;     // how many sessions
    std::vector<std::pair<const WireShape*, FramePtr>> frames_;  // of the update being fanned out
    std::vector<Session*> touched_;                              // have something to flush
};

}  // namespace rtbridge
