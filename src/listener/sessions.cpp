#include "listener/sessions.h"

#include <algorithm>
#include <array>
#include <cassert>
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
    std::string key;
    Selection selection;
    std::shared_ptr<const Grants> grants;
    std::uint32_t id = 0;
    std::vector<Session*> members;
};

Sessions::Sessions(Metrics& metrics, const Clock& clock, const LimitsConfig& limits)
    : metrics_(metrics), limits_(limits), environment_{latest_, metrics, clock, &limits_} {}

Sessions::~Sessions() = default;

Session& Sessions::add(SessionAccessPtr access, Selection selection, Snapshot snapshot,
                       SessionOutput& output) {
    const std::string& user = access->identity().user;
    if (!user.empty()) ++by_user_[user];
    auto owned = std::make_unique<Session>(random_session_id(), std::move(access),
                                           std::move(selection), output, environment_);
    Session& session = *owned;
    Group& group = join_group(session);
    sessions_.emplace(&session, Member{std::move(owned), &group});
    if (snapshot == Snapshot::Send) session.start_snapshot();
    return session;
}

void Sessions::remove(Session& session) {
    const auto it = sessions_.find(&session);
    if (it == sessions_.end()) return;
    session.abandon();
    leave_group(session, *it->second.group);
    std::erase(touched_, &session);
    const auto user = by_user_.find(session.access()->identity().user);
    if (user != by_user_.end() && --user->second == 0) by_user_.erase(user);
    sessions_.erase(it);
}

void Sessions::change_access(Session& session, SessionAccessPtr access) {
    Member& member = sessions_.at(&session);
    assert(session.access()->identity().user == access->identity().user);
    session.change_access(std::move(access));
    Group& left = *member.group;
    member.group = &join_group(session);  // first, or a group of one would go and come again
    if (member.group != &left) {
        leave_group(session, left);
    } else {
        left.members.pop_back();
    }
}

Sessions::Group& Sessions::join_group(Session& session) {
    const std::string selected = session.selection().canonical();
    const std::shared_ptr<const Grants>& grants = session.access()->grants;
    std::string key = std::to_string(policy_) + ' ' + std::to_string(selected.size()) + ' ' +
                      selected + grants->canonical();
    auto& group = groups_[key];
    if (!group) {
        group = std::make_unique<Group>(
            Group{std::move(key), session.selection(), grants, next_group_id_++, {}});
        index(*group);
    }
    group->members.push_back(&session);
    return *group;
}

void Sessions::leave_group(Session& session, Group& group) {
    std::erase(group.members, &session);
    if (!group.members.empty()) return;
    unindex(group);
    groups_.erase(std::string(group.key));
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
    // An update without a key has the empty one, which no rule can name.
    if (!group.grants->may(receive_live, update->topic, update->key)) {
        metrics_.filtered_browsers.add(group.members.size());
        return;
    }
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

std::uint32_t Sessions::count_of_user(const std::string& user) const {
    const auto it = by_user_.find(user);
    return it == by_user_.end() ? 0 : it->second;
}

void Sessions::for_each(const std::function<void(const Session&)>& visit) const {
    for (const auto& [session, member] : sessions_) visit(*session);
}

std::map<std::string_view, std::size_t> Sessions::count_by_transport() const {
    std::map<std::string_view, std::size_t> count;
    for (const auto& [session, member] : sessions_) ++count[session->transport()];
    return count;
}

}  // namespace rtbridge
