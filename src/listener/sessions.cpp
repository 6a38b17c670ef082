#include "listener/sessions.h"

#include <algorithm>
#include <cassert>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/random_name.h"

namespace rtbridge {
namespace {

// Sessions are written to after this much of a batch, so that a long batch doesn't fill the queues
// of browsers that read fast enough.
constexpr std::size_t batch_slice_bytes = 32 * KiB;

// How often the time is looked at: where many groups want an update, each takes its time.
constexpr std::size_t updates_per_look = 64;

constexpr std::size_t session_id_characters = 10;

std::uint32_t smallest_free_number(const Session& session) {
    std::uint32_t number = 1;
    for (const auto& subscription : session.subscriptions()) {
        if (subscription->number != number) break;
        ++number;
    }
    return number;
}

}  // namespace

Sessions::Sessions(Dependencies dependencies, const LimitsConfig& limits)
    : deps_(std::move(dependencies)),
      figures_(deps_.metrics.listeners.add()),
      limits_(limits),
      pacing_(deps_.metrics),
      environment_{deps_.metrics, deps_.clock, &limits_, TimerWheel(deps_.clock.now()),
                   deps_.clock.now()} {}

Sessions::~Sessions() {
    for (const auto& [session, owned] : sessions_) deps_.registry.remove(owned->record_);
}

Session& Sessions::open(SessionAccessPtr access, SessionOutput& output) {
    auto record = std::make_shared<SessionRecord>();
    record->id = random_name(session_id_characters);
    record->transport = output.transport();
    record->user = access->identity().user;
    record->connected_at_unix_ms = deps_.clock.unix_ms();
    deps_.registry.add(record, {{access, &access->identity()}, {}});
    auto owned =
        std::make_unique<Session>(std::move(record), std::move(access), output, environment_);
    Session& session = *owned;
    sessions_.emplace(&session, std::move(owned));
    return session;
}

void Sessions::remove(Session& session) {
    const auto it = sessions_.find(&session);
    if (it == sessions_.end()) return;
    session.abandon();
    for (const auto& subscription : session.subscriptions_) leave_group(*subscription);
    std::erase(waiting_, &session);
    deps_.registry.remove(session.record_);
    sessions_.erase(it);
}

Subscribed Sessions::subscribe(Session& session, const SubscriptionRequest& request) {
    const std::uint32_t number = smallest_free_number(session);
    auto owned = std::make_unique<Subscription>(
        Subscription{.session = session, .number = number, .offset = values_.newest_offset()});
    Subscription& subscription = *owned;
    session.subscriptions_.insert(
        session.subscriptions_.begin() + static_cast<std::ptrdiff_t>(number - 1), std::move(owned));
    assert(request.max_rate == 0 || request.mode == SubscriptionMode::Latest);
    join_group(subscription, {request.selection, session.access()->grants, &session.shape(number),
                              request.mode, request.max_rate});
    publish_details(session);
    const Recovered recovered = begin(subscription, request);
    return {number, subscription.offset, recovered};
}

// Says what the subscription gets of the past, and prepares it.
Recovered Sessions::begin(Subscription& subscription, const SubscriptionRequest& request) {
    const Selection& selection = subscription.group->selection();
    const Grants& grants = *subscription.session.access()->grants;
    const WireShape& shape = *subscription.group->kind().shape;
    const ValueStore::Payloads payloads = shape.payloads();
    const std::uint64_t until = subscription.offset;
    const auto newest_values = [&](std::uint64_t since) {
        subscription.catch_up = std::make_unique<CatchUp>(
            ValueStore::Walk(values_, selection, payloads), since, until,
            shape.marks_places() ? CatchUp::Live::Waits : CatchUp::Live::Passes);
    };
    if (!request.since || request.since->epoch != deps_.epoch) {
        if (request.snapshot) newest_values(0);
        return request.since ? Recovered::None : Recovered::New;
    }
    const std::uint64_t since = request.since->offset;
    if (since > until && since - until <= limits_.mailbox_updates) {
        // The listener that the browser was at is ahead of this one: nothing is missed, and what
        // is still to come here up to there is not news.
        subscription.offset = since;
        subscription.catch_up = std::make_unique<CatchUp>(MissedUpdates({}, 0, recovery_), since);
        return Recovered::Full;
    }
    const auto allowed = [&grants](const Update& update) {
        return grants.may(receive_live, update.topic, update.key);
    };
    const auto history_allowed = [&grants](const Update& update) {
        return grants.may(Action::History, update.topic, update.key);
    };
    ValueStore::Missed missed =
        values_.missed(selection, payloads, allowed, history_allowed, since);
    if (missed.kept == ValueStore::Kept::No) {
        if (request.snapshot) newest_values(0);
        return Recovered::None;
    }
    if (missed.kept == ValueStore::Kept::All) {
        if (recovery_.take(missed.bytes, limits_.history_bytes)) {
            subscription.catch_up = std::make_unique<CatchUp>(
                MissedUpdates(std::move(missed.updates), missed.bytes, recovery_), until);
            return Recovered::Full;
        }
        deps_.metrics.hit(Limit::Recovery);
    }
    newest_values(since);
    return Recovered::Latest;
}

// Out of what waits; returns how many.
template <typename Unwanted>
std::size_t Sessions::take_back(Session& session, const Unwanted& unwanted) {
    const std::size_t taken_back = session.queue_.remove_if(unwanted);
    session.record_->matched.subtract(taken_back);
    session.sorted_ = static_cast<std::uint32_t>(session.queue_.size());
    return taken_back;
}

bool Sessions::unsubscribe(Session& session, std::uint32_t number) {
    Subscription* const subscription = session.find_subscription(number);
    if (subscription == nullptr) return false;
    take_back(session,
              [&](const SendQueue::Item& item) { return item.subscription == subscription; });
    leave_group(*subscription);
    std::erase_if(session.subscriptions_,
                  [&](const auto& owned) { return owned.get() == subscription; });
    publish_details(session);
    return true;
}

bool Sessions::change_selection(Session& session, std::uint32_t number, Selection selection) {
    Subscription* const subscription = session.find_subscription(number);
    if (subscription == nullptr) return false;
    take_back(session, [&](const SendQueue::Item& item) {
        return item.subscription == subscription && !selection.selects(*item.update);
    });
    Group::Kind kind = subscription->group->kind();
    kind.selection = std::move(selection);
    join_group(*subscription, std::move(kind));
    if (session.flush_owed_) session.flush();
    publish_details(session);
    return true;
}

// For the status pages of all listeners.
void Sessions::publish_details(const Session& session) {
    SessionRegistry::Details details{{session.access(), &session.access()->identity()}, {}};
    for (const auto& subscription : session.subscriptions()) {
        details.selections.push_back(subscription->group->selection_text());
    }
    session.record_->subscriptions.set(details.selections.size());
    deps_.registry.set_details(session.record_, std::move(details));
}

void Sessions::change_access(Session& session, SessionAccessPtr access) {
    assert(session.access()->identity().user == access->identity().user);
    session.access_ = std::move(access);
    session.schedule_check();
    deps_.metrics.filtered_browsers.add(take_back(
        session, [&](const SendQueue::Item& item) { return !session.may_receive(*item.update); }));
    for (const auto& subscription : session.subscriptions_) {
        Group::Kind kind = subscription->group->kind();
        kind.grants = session.access()->grants;
        join_group(*subscription, std::move(kind));
    }
    if (session.flush_owed_) session.flush();
    publish_details(session);
}

void Sessions::join_group(Subscription& subscription, Group::Kind kind) {
    const std::string selected = kind.selection.canonical();
    std::string key = std::to_string(policy_) + ' ' +
                      std::to_string(reinterpret_cast<std::uintptr_t>(kind.shape)) + ' ' +
                      std::to_string(static_cast<int>(kind.mode)) + ' ' +
                      std::to_string(kind.max_rate) + ' ' + std::to_string(selected.size()) + ' ' +
                      selected + kind.grants->canonical();
    auto& group = groups_[key];
    if (group && group.get() == subscription.group) return;
    if (!group) {
        group = std::make_unique<Group>(std::move(key), next_group_id_++, std::move(kind), pacing_);
        index(*group);
        if (subscription.group != nullptr) group->go_on_from(*subscription.group);
    }
    std::vector<UpdatePtr> missing;
    if (subscription.group != nullptr) {
        missing = group->missing_from(*subscription.group);
        leave_group(subscription);
    }
    group->add(subscription);
    for (const UpdatePtr& update : missing) {
        if (update->offset <= subscription.offset) continue;  // it began with it
        (void)subscription.session.enqueue(
            subscription, group->kind().shape->encode(*update, Delivery::Live), update);
    }
}

void Sessions::leave_group(Subscription& subscription) {
    Group& group = *subscription.group;
    group.remove(subscription);
    if (!group.empty()) return;
    unindex(group);
    std::erase(touched_, &group);
    groups_.erase(std::string(group.key()));
}

void Sessions::index(Group& group) {
    const Selection& selection = group.selection();
    if (!selection.keys.empty()) {
        for (const KeySelector& key : selection.keys) by_key_[key.value].push_back(&group);
    } else if (!selection.topics.empty()) {
        for (const TopicFilter& filter : selection.topics) by_topic_.insert(filter, group.id());
        by_id_.emplace(group.id(), &group);
    } else {
        unselective_.push_back(&group);
    }
    if (group.kind().max_rate > 0) paced_.insert(&group);
}

void Sessions::unindex(Group& group) {
    const Selection& selection = group.selection();
    for (const KeySelector& key : selection.keys) {
        const auto it = by_key_.find(key.value);
        if (it == by_key_.end()) continue;
        std::erase(it->second, &group);
        if (it->second.empty()) by_key_.erase(it);
    }
    if (by_id_.erase(group.id()) > 0) {
        for (const TopicFilter& filter : selection.topics) by_topic_.erase(filter, group.id());
    }
    std::erase(unselective_, &group);
    paced_.erase(&group);
}

void Sessions::fan_out(std::deque<UpdatePtr>& updates, SteadyTime until) {
    environment_.now = deps_.clock.now();
    std::size_t slice_bytes = 0;
    for (std::size_t taken = 0; !updates.empty(); ++taken) {
        if (taken % updates_per_look == 0 && taken > 0 && deps_.clock.now() >= until) break;
        const UpdatePtr update = std::move(updates.front());
        updates.pop_front();
        if (update->offset > values_.newest_offset() + 1) note_lost(update->offset);
        remember(update);
        if (update->shape == PayloadShape::Cleared) continue;
        give_to_groups(update);
        slice_bytes += update->payload.size();
        if (slice_bytes >= batch_slice_bytes) {
            flush_groups();
            slice_bytes = 0;
        }
    }
    flush_groups();
    figures_.values.set(values_.size());
    figures_.values_bytes.set(values_.bytes());
    figures_.history.set(values_.history_size());
}

// The mailbox was full. Nobody knows what was lost, so every subscription is told.
void Sessions::note_lost(std::uint64_t next_offset) {
    const std::uint64_t from = values_.newest_offset() + 1;
    const std::uint64_t to = next_offset - 1;
    flush_groups();  // what came before the gap
    values_.note_lost(to);
    for (const auto& [session, owned] : sessions_) {
        for (const auto& subscription : owned->subscriptions_) {
            owned->note_gap(*subscription, from, to, to - from + 1, GapReason::Overload);
        }
    }
}

void Sessions::remember(const UpdatePtr& update) {
    if (update->shape == PayloadShape::Cleared) {
        values_.clear_topic(update->topic, update->offset);
        return;
    }
    const std::size_t forgotten = values_.put(update, limits_.history_bytes);
    if (forgotten > 0) deps_.metrics.hit(Limit::HistoryBytes, forgotten);
}

void Sessions::give_to_groups(const UpdatePtr& update) {
    frames_.clear();
    for (Group* group : unselective_) give_to(*group, update);
    // An update without a key has the empty one, which no subscription can name.
    if (const auto it = by_key_.find(update->key); it != by_key_.end()) {
        for (Group* group : it->second) {
            if (group->selection().selects(*update)) give_to(*group, update);
        }
    }
    by_topic_.match(update->topic, matched_);
    for (const std::uint32_t id : matched_) give_to(*by_id_.at(id), update);
    const bool taken = !frames_.empty();
    if (taken && update->received_at != SteadyTime{}) received_.push_back(update->received_at);
}

void Sessions::give_to(Group& group, const UpdatePtr& update) {
    if (!group.kind().grants->may(receive_live, update->topic, update->key)) {
        deps_.metrics.filtered_browsers.add(group.size());
        return;
    }
    if (!group.kind().shape->carries(*update)) {
        deps_.metrics.updates_not_json.add(group.size());
        return;
    }
    if (group.offer(update, environment_.now)) take(group, update);
}

void Sessions::take(Group& group, const UpdatePtr& update) {
    const WireShape* const shape = group.kind().shape;
    auto frame = std::find_if(frames_.begin(), frames_.end(),
                              [shape](const auto& built) { return built.first == shape; });
    if (frame == frames_.end()) {
        frame = frames_.emplace(frames_.end(), shape, shape->encode(*update, Delivery::Live));
    }
    if (group.take(frame->second, update)) touched_.push_back(&group);
}

void Sessions::flush_groups() {
    std::uint64_t delivered = 0;
    for (Group* group : touched_) {
        delivered += group->flush(waiting_, limits_.queue.hard_bytes);
    }
    touched_.clear();
    for (Session* session : waiting_) session->flush();
    waiting_.clear();
    if (delivered > 0) deps_.metrics.updates_out.add(delivered);
    note_written();
}

void Sessions::note_written() {
    if (received_.empty()) return;
    const SteadyTime now = deps_.clock.now();
    for (const SteadyTime received : received_) figures_.publish_to_write.record(now - received);
    received_.clear();
}

std::optional<SteadyTime> Sessions::next_release() const {
    std::optional<SteadyTime> next;
    for (const Group* group : paced_) {
        const std::optional<SteadyTime> of_group = group->next_release();
        if (of_group && (!next || *of_group < *next)) next = of_group;
    }
    return next;
}

void Sessions::release(SteadyTime now) {
    environment_.now = now;
    for (Group* group : paced_) {
        for (const UpdatePtr& update : group->release(now)) {
            frames_.clear();
            take(*group, update);
        }
    }
    flush_groups();
}

void Sessions::set_limits(const LimitsConfig& limits) {
    limits_ = limits;
    for (const auto& [session, owned] : sessions_) owned->schedule_check();
}

void Sessions::check(SteadyTime now) {
    environment_.now = now;
    environment_.wheel.advance(now, [now](TimerWheel::Entry& entry) {
        assert_on_listener_thread();
        static_cast<Session&>(entry).check(now);
    });
}

void Sessions::close_all(CloseCode code, std::string_view reason) {
    for (const auto& [session, owned] : sessions_) owned->close(code, reason);
}

}  // namespace rtbridge
