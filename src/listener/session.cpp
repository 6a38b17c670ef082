#include "listener/session.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/bytes.h"
#include "listener/limit_reason.h"

namespace rtbridge {
namespace {

constexpr std::size_t write_chunk_bytes = 64 * KiB;
constexpr std::size_t catch_up_entries = 4096;  // looked at per turn, sent or not
constexpr int bad_requests_max = 3;
// After so long without any progress what waits in mode Latest is old, the round of the queue that
// was being sent as well.
constexpr std::chrono::seconds stalled_after{1};
// Proxies end an answer in which nothing comes for long (protocols.md 2).
constexpr std::chrono::milliseconds silence_max{15'000};
// By so much a session may be looked at later than it is due.
constexpr std::chrono::milliseconds lateness{500};
constexpr std::chrono::minutes looked_at_every{1};

// Browsers that come back together after a restart must not be pinged together for ever: each first
// ping comes up to half an interval early, and the rest follow it.
std::chrono::milliseconds phase_of(const std::string& id, std::chrono::milliseconds interval) {
    const auto half = static_cast<std::size_t>(interval.count() / 2) + 1;
    return std::chrono::milliseconds(std::hash<std::string>()(id) % half);
}

}  // namespace

Session::Session(SessionRecordPtr record, SessionAccessPtr access, SessionOutput& output,
                 SessionEnvironment& environment)
    : record_(std::move(record)),
      access_(std::move(access)),
      output_(output),
      env_(environment),
      last_life_(environment.clock.now() - phase_of(id(), environment.limits->ping_interval)),
      last_write_(last_life_),
      requests_(environment.clock.now()) {
    schedule_check();
}

bool Session::up_to_date() const {
    return queue_.empty() && control_.empty() &&
           std::none_of(subscriptions_.begin(), subscriptions_.end(), [](const auto& subscription) {
               return subscription->catch_up != nullptr || subscription->gap.any();
           });
}

Subscription* Session::find_subscription(std::uint32_t number) const {
    for (const auto& subscription : subscriptions_) {
        if (subscription->number == number) return subscription.get();
    }
    return nullptr;
}

// One for which live updates wait comes before those for which they don't.
Subscription* Session::catching_up() const {
    Subscription* first = nullptr;
    for (const auto& subscription : subscriptions_) {
        if (!subscription->catch_up) continue;
        if (subscription->catch_up->holds_back_live()) return subscription.get();
        if (first == nullptr) first = subscription.get();
    }
    return first;
}

void Session::send(std::string_view frame) {
    if (closing_) return;
    const std::size_t hard_bytes = env_.limits->queue.hard_bytes;
    if (control_.size() + frame.size() > hard_bytes) {
        env_.metrics.hit(Limit::QueueHard);
        return close(CloseCode::TooSlow, limit_reason("queue.hard", hard_bytes));
    }
    control_ += frame;
    if (!send_control()) output_.request_writable();
}

bool Session::takes_at_once(const Subscription& subscription) const {
    return queue_.empty() && control_.empty() && subscription.catch_up == nullptr &&
           !subscription.gap.any() && subscriptions_.size() == 1 && !closing_ && output_.ready();
}

bool Session::write_at_once(std::string_view frames, std::size_t updates) {
    record_->matched.add(updates);
    return deliver(frames, updates);
}

bool Session::enqueue(Subscription& subscription, const FramePtr& frame, const UpdatePtr& update) {
    if (closing_) return false;
    static thread_local std::vector<SendQueue::Loss> losses;
    losses.clear();
    record_->matched.add();
    queue_.push({frame, update, &subscription}, env_.limits->queue, losses);
    if (!losses.empty()) count_losses(losses);
    record_->queue_bytes.set(queue_.bytes());
    return !std::exchange(flush_owed_, true);
}

void Session::count_losses(const std::vector<SendQueue::Loss>& losses) {
    std::size_t conflated = 0;
    std::size_t dropped = 0;
    for (const auto& [subscription, offset, fate] : losses) {
        const bool lost = fate != SendQueue::Fate::Conflated;
        ++(lost ? dropped : conflated);
        if (lost || subscription->mode() == SubscriptionMode::All) {
            const GapReason why =
                fate == SendQueue::Fate::TooLarge ? GapReason::TooLarge : GapReason::Slow;
            note_gap(*subscription, offset, offset, 1, why);
        }
    }
    if (conflated > 0) {
        count_conflated_waiting(conflated);
        env_.metrics.hit(Limit::QueueSoft);
    }
    if (dropped > 0) {
        count_dropped(dropped);
        env_.metrics.hit(Limit::QueueHard);
        if (!hard_since_) {
            hard_since_ = env_.clock.now();
            schedule_check();
        }
    }
}

void Session::note_gap(Subscription& subscription, std::uint64_t from, std::uint64_t to,
                       std::uint64_t n, GapReason why) {
    if (!subscription.gap.any()) {
        record_->gaps.add();
        env_.metrics.gap(why).add();
    }
    subscription.gap.add(from, to, n, why);
}

void Session::flush() {
    flush_owed_ = false;
    if (closing_) return;
    if (send_control() && send_catch_up()) send_queue();
    const bool more = !control_.empty() || !queue_.empty() || catching_up() != nullptr;
    if (more && !closing_) output_.request_writable();
    if (queue_.bytes() <= env_.limits->queue.soft_bytes) hard_since_.reset();
    record_->queue_bytes.set(queue_.bytes() + control_.size());
}

bool Session::send_control() {
    if (control_.empty()) return true;
    if (!output_.ready()) return false;
    (void)write(std::exchange(control_, {}));
    return output_.ready();
}

// One step a turn, so that a large store delays nobody else.
bool Session::send_catch_up() {
    Subscription* const subscription = catching_up();
    if (subscription == nullptr) return true;
    if (!output_.ready()) return false;
    CatchUp& catch_up = *subscription->catch_up;
    const WireShape& shape = output_.shape(subscription->number);
    static thread_local std::vector<FramePtr> frames;
    frames.clear();
    std::vector<UpdatePtr> updates = catch_up.step(catch_up_entries, write_chunk_bytes);
    const bool in_order = catch_up.in_order() || catch_up.done();
    if (shape.marks_places() && in_order) sort_by_offset(updates);
    for (const UpdatePtr& update : updates) {
        if (!shape.carries(*update)) continue;
        if (!may_receive(*update)) {
            env_.metrics.filtered_browsers.add();
            continue;
        }
        record_->matched.add();
        FramePtr frame = shape.encode(*update, in_order ? Delivery::Replayed : Delivery::Unordered);
        if (frame->size() > env_.limits->queue.hard_bytes) {
            count_dropped(1);
            env_.metrics.hit(Limit::QueueHard);
            note_gap(*subscription, update->offset, update->offset, 1, GapReason::TooLarge);
            continue;
        }
        frames.push_back(std::move(frame));
    }
    std::string caught_up;
    if (catch_up.done()) {
        caught_up = shape.caught_up(catch_up.until());
        subscription->catch_up.reset();
    }
    std::vector<std::string_view> views;
    views.reserve(frames.size());
    for (const FramePtr& frame : frames) views.push_back(*frame);
    std::string bytes;
    shape.append(bytes, views);
    bytes += caught_up;
    if (!bytes.empty()) deliver_and_count(bytes, frames.size());
    const Subscription* const next = catching_up();
    const bool live_may_go = next == nullptr || !next->catch_up->holds_back_live();
    return live_may_go && output_.ready();
}

void Session::send_queue() {
    if (queue_.empty() || !output_.ready()) return;
    if (stalled_since_ && env_.now - *stalled_since_ >= stalled_after) {
        std::vector<SendQueue::Loss> losses;
        queue_.conflate(SendQueue::Which::Latest, losses);
        if (!losses.empty()) count_losses(losses);
    }
    stalled_since_.reset();
    if (subscriptions_.size() > 1) queue_.sort_from(sorted_);
    std::string joined;
    std::vector<std::string_view> frames;
    std::vector<std::string> gaps;
    while (!queue_.empty() && output_.ready()) {
        const std::vector<const SendQueue::Item*> items = queue_.front(write_chunk_bytes);
        frames.clear();
        gaps.clear();
        gaps.reserve(items.size());  // frames point into it
        for (const SendQueue::Item* item : items) {
            Subscription& subscription = *item->subscription;
            if (subscription.gap.any()) {
                gaps.push_back(
                    output_.shape(subscription.number).gap(std::exchange(subscription.gap, {})));
                if (!gaps.back().empty()) frames.push_back(gaps.back());
            }
            frames.push_back(*item->frame);
        }
        std::string_view bytes = frames.front();
        if (frames.size() > 1) {
            joined.clear();
            output_.shape(items.front()->subscription->number).append(joined, frames);
            bytes = joined;
        }
        deliver_and_count(bytes, items.size());
        if (closing_) return;  // abandoned: nothing waits any more
        queue_.pop(items.size());
    }
    sorted_ = static_cast<std::uint32_t>(queue_.size());
    if (!queue_.empty()) stalled_since_ = env_.now;
}

bool Session::deliver(std::string_view bytes, std::size_t updates) {
    if (!write(bytes)) {
        count_dropped(updates);
        return false;
    }
    record_->delivered.add(updates);
    return true;
}

void Session::deliver_and_count(std::string_view bytes, std::size_t updates) {
    if (deliver(bytes, updates)) env_.metrics.updates_out.add(updates);
}

bool Session::write(std::string_view bytes) {
    last_write_ = env_.now;
    return output_.write(bytes) == SessionOutput::Written::Yes;
}

void Session::count_dropped(std::size_t updates) {
    record_->dropped.add(updates);
    env_.metrics.updates_dropped.add(updates);
}

void Session::count_conflated_waiting(std::size_t updates) {
    record_->conflated.add(updates);
    env_.metrics.updates_conflated.add(updates);
}

void Session::count_conflated(std::size_t updates) {
    if (closing_) return;
    record_->matched.add(updates);
    count_conflated_waiting(updates);
}

void Session::on_life() {
    last_life_ = env_.clock.now();
    pinged_at_.reset();
}

void Session::on_bad_request() {
    env_.metrics.hit(Limit::BadRequests);
    if (++bad_requests_ >= bad_requests_max) {
        close(CloseCode::PolicyViolation, limit_reason("bad_requests", bad_requests_max));
    }
}

bool Session::take_request() {
    const std::uint32_t per_second = env_.limits->requests_per_second;
    if (requests_.take(per_second, env_.clock.now())) return true;
    env_.metrics.hit(Limit::RequestsPerSecond);
    close(CloseCode::RateLimited, limit_reason("requests_per_second", per_second));
    return false;
}

bool Session::may_receive(const Update& update) const {
    return access_->grants->may(receive_live, update.topic, update.key);
}

// When something may have to be done, at the soonest.
void Session::schedule_check() {
    const LimitsConfig& limits = *env_.limits;
    SteadyTime due = env_.clock.now() + looked_at_every;
    if (const auto next = next_liveness_check()) due = std::min(due, *next);
    if (hard_since_) due = std::min(due, *hard_since_ + limits.queue.close_after);
    if (const auto& expires = access_->identity().expires_unix_s) {
        const std::chrono::milliseconds left(*expires * 1000 - env_.clock.unix_ms());
        due = std::min(due, env_.clock.now() + left);
    }
    env_.wheel.schedule(*this, due);
}

void Session::check(SteadyTime now) {
    if (closing_) return;
    const std::optional<std::int64_t>& expires = access_->identity().expires_unix_s;
    if (expires && env_.clock.unix_ms() >= *expires * 1000) {
        close(CloseCode::TokenExpired, "token expired");
        return;
    }
    const QueueLimits& queue = env_.limits->queue;
    if (hard_since_ && now - *hard_since_ >= queue.close_after) {
        env_.metrics.hit(Limit::QueueCloseAfter);
        close(CloseCode::TooSlow, limit_reason("queue.hard", queue.hard_bytes));
        return;
    }
    check_liveness(now);
    if (!closing_) schedule_check();
}

// Of a ping, of its answer, or of a word to break a silence.
std::optional<SteadyTime> Session::next_liveness_check() const {
    using Liveness = SessionOutput::Liveness;
    const auto interval = env_.limits->ping_interval;
    switch (output_.liveness()) {
        case Liveness::Elsewhere:
            return std::nullopt;
        case Liveness::Told:
            return last_write_ + std::min(interval, silence_max - lateness);
        case Liveness::Asked:
            return pinged_at_ ? *pinged_at_ + interval / 2 : last_life_ + interval;
        case Liveness::Watched:
            return pinged_at_ ? *pinged_at_ + interval / 2
                              : std::min(last_life_, last_write_) + interval;
    }
    return std::nullopt;
}

void Session::check_liveness(SteadyTime now) {
    const std::optional<SteadyTime> due = next_liveness_check();
    if (!due || now < *due) return;
    if (pinged_at_) {
        env_.metrics.hit(Limit::PingInterval);
        close(CloseCode::NoPong, "no pong");
        return;
    }
    if (output_.liveness() != SessionOutput::Liveness::Told) pinged_at_ = now;
    last_write_ = now;
    output_.ping();
}

void Session::close(CloseCode code, std::string_view reason) {
    if (closing_) return;
    abandon();
    output_.close(code, reason);
}

void Session::abandon() {
    if (std::exchange(closing_, true)) return;
    std::size_t lost = queue_.size();
    for (const auto& subscription : subscriptions_) {
        if (!subscription->catch_up) continue;
        record_->matched.add(subscription->catch_up->left());
        lost += subscription->catch_up->left();
        subscription->catch_up.reset();
    }
    count_dropped(lost);
    queue_ = {};
    control_ = {};
    record_->queue_bytes.set(0);
}

}  // namespace rtbridge
