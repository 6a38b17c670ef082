#include "listener/sessions.h"

#include <algorithm>
#include <array>
#include <random>
#include <utility>

namespace rtbridge {
namespace {

// Sessions are written to after this much of a batch, so that a long batch doesn't fill the queues
// of browsers that read fast enough.
constexpr std::size_t batch_slice_bytes = 32 * KiB;

// Names a session in logs and status pages; not a secret.
std::string random_session_id() {
    static constexpr std::string_view alphabet = "abcdefghijkmnpqrstuvwxyz23456789";
    static_assert(alphabet.size() == 32);
    static thread_local std::mt19937_64 random{std::random_device{}()};
    std::uint64_t bits = random();
    std::string id(10, ' ');
    for (char& c : id) {
        c = alphabet[bits % alphabet.size()];
        bits /= alphabet.size();
    }
    return id;
}

}  // namespace

struct Sessions::Group {
    std::string canonical;
    Selection selection;
    std::uint32_t id = 0;
    std::vector<Session*> members;
};

Sessions::Sessions(Metrics& metrics, const Clock& clock, const LimitsConfig& limits)
    : metrics_(metrics), limits_(limits), environment_{latest_, metrics, clock, &limits_} {}

Sessions::~Sessions() = default;

Session& Sessions::add(std::string address, Selection selection, Snapshot snapshot,
                       SessionOutput& output) {
    auto& group = groups_[selection.canonical()];
    if (!group) {
        group =
            std::make_unique<Group>(Group{selection.canonical(), selection, next_group_id_++, {}});
        index(*group);
    }
    auto owned = std::make_unique<Session>(random_session_id(), std::move(address),
                                           std::move(selection), output, environment_);
    Session& session = *owned;
    group->members.push_back(&session);
    sessions_.emplace(&session, Member{std::move(owned), group.get()});
    if (snapshot == Snapshot::Send) session.start_snapshot();
    return session;
}

void Sessions::remove(Session& session) {
    const auto it = sessions_.find(&session);
    if (it == sessions_.end()) return;
    session.abandon();
    Group& group = *it->second.group;
    std::erase(group.members, &session);
    std::erase(touched_, &session);
    if (group.members.empty()) {
        unindex(group);
        groups_.erase(std::string(group.canonical));
    }
    sessions_.erase(it);
}

void Sessions::index(Group& group) {
    if (!group.selection.keys.empty()) {
        for (const KeySelector& key : group.selection.keys) by_key_[key.value].push_back(&group);
    } else if (!group.selection.topics.empty()) {
        for (const TopicFilter& filter : group.selection.topics) by_topic_.insert(filter, group.id);
        by_id_.emplace(group.id, &group);
    } else {
        unselective_.push_back(&group);
    }
}

void Sessions::unindex(Group& group) {
    for (const KeySelector& key : group.selection.keys) {
        const auto it = by_key_.find(key.value);
        if (it == by_key_.end()) continue;
        std::erase(it->second, &group);
        if (it->second.empty()) by_key_.erase(it);
    }
    if (by_id_.erase(group.id) > 0) {
        for (const TopicFilter& filter : group.selection.topics) by_topic_.erase(filter, group.id);
    }
    std::erase(unselective_, &group);
}

void Sessions::fan_out(const std::deque<UpdatePtr>& updates) {
    std::size_t slice_bytes = 0;
    std::vector<std::uint32_t> matched;
    for (const UpdatePtr& update : updates) {
        if (update->shape == PayloadShape::Cleared) {
            latest_.erase_topic(update->topic);
            continue;
        }
        if (update->shape == PayloadShape::Json) {
            const std::size_t forgotten = latest_.put(update, limits_.history_bytes);
            if (forgotten > 0) metrics_.hit(Limit::HistoryBytes, forgotten);
        }
        frames_.clear();
        for (const Group* group : unselective_) queue_for_group(*group, update);
        if (const auto it = by_key_.find(update->key); it != by_key_.end()) {
            for (const Group* group : it->second) {
                if (group->selection.selects(*update)) queue_for_group(*group, update);
            }
        }
        matched.clear();
        by_topic_.match(update->topic, matched);
        for (const std::uint32_t id : matched) queue_for_group(*by_id_.at(id), update);

        slice_bytes += update->payload.size();
        if (slice_bytes >= batch_slice_bytes) {
            flush_touched();
            slice_bytes = 0;
        }
    }
    flush_touched();
}

void Sessions::queue_for_group(const Group& group, const UpdatePtr& update) {
    for (Session* session : group.members) {
        const WireShape* shape = &session->shape();
        if (!shape->carries(update->shape)) {
            metrics_.updates_not_json.add();
            continue;
        }
        auto frame = std::find_if(frames_.begin(), frames_.end(),
                                  [shape](const auto& built) { return built.first == shape; });
        if (frame == frames_.end()) {
            frame = frames_.emplace(frames_.end(), shape, shape->encode(*update));
        }
        if (session->enqueue(frame->second, update)) touched_.push_back(session);
    }
}

void Sessions::flush_touched() {
    for (Session* session : touched_) session->flush();
    touched_.clear();
}

void Sessions::set_limits(const LimitsConfig& limits) {
    limits_ = limits;
}

void Sessions::check(SteadyTime now) {
    for (const auto& [session, member] : sessions_) member.session->check(now);
}

void Sessions::close_all(CloseCode code, std::string_view reason) {
    for (const auto& [session, member] : sessions_) member.session->close(code, reason);
}

std::map<std::string_view, std::size_t> Sessions::count_by_transport() const {
    std::map<std::string_view, std::size_t> count;
    for (const auto& [session, member] : sessions_) ++count[session->transport()];
    return count;
}

}  // namespace rtbridge
