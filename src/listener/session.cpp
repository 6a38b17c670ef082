#include "listener/session.h"

#include <functional>
#include <utility>

#include "base/bytes.h"

namespace rtbridge {
namespace {

// Several pending frames go out in one write of up to this size: 16 small frames per write make a
// delivery 14 times cheaper than one.
constexpr std::size_t write_chunk_bytes = 64 * KiB;
constexpr std::size_t snapshot_step_entries = 4096;  // looked at per turn, sent or not
constexpr int bad_requests_max = 3;

// Browsers that come back together after a restart must not be pinged together for ever: each first
// ping comes up to half an interval early, and the rest follow it.
std::chrono::milliseconds phase_of(const std::string& id, std::chrono::milliseconds interval) {
    const auto half = static_cast<std::size_t>(interval.count() / 2) + 1;
    return std::chrono::milliseconds(std::hash<std::string>()(id) % half);
}

// "limit=queue_bytes max=1048576": what the close reason says of a limit (at most 123 bytes, RFC
// 6455, 5.5.1).
std::string limit_reason(std::string_view name, std::size_t max) {
    return "limit=" + std::string(name) + " max=" + std::to_string(max);
}

}  // namespace

Session::Session(std::string id, SessionAccessPtr access, Selection selection,
                 SessionOutput& output, SessionEnvironment& environment)
    : id_(std::move(id)),
      access_(std::move(access)),
      selection_(std::move(selection)),
      output_(output),
      env_(environment),
      connected_at_unix_ms_(environment.clock.unix_ms()),
      last_life_(environment.clock.now() - phase_of(id_, environment.limits->ping_interval)),
      requests_(environment.clock.now()) {}

void Session::start_snapshot() {
    snapshot_ = std::make_unique<LatestStore::Walk>(env_.latest, selection_);
    snapshot_until_ = env_.latest.newest_offset();
}

bool Session::enqueue(const FramePtr& frame, const UpdatePtr& update) {
    if (closing_) return false;
    const SendQueue::Loss loss = queue_.push(frame, update, env_.limits->queue);
    if (loss.conflated > 0) {
        statistics_.conflated += loss.conflated;
        env_.metrics.updates_conflated.add(loss.conflated);
        env_.metrics.hit(Limit::QueueSoft);
    }
    if (loss.dropped > 0) {
        count_dropped(loss.dropped);
        env_.metrics.hit(Limit::QueueHard);
        if (!hard_since_) hard_since_ = env_.clock.now();
    }
    return !std::exchange(flush_owed_, true);
}

void Session::flush() {
    flush_owed_ = false;
    static thread_local std::string scratch;  // one per listener: gathers frames into one write
    if (closing_) return;
    if (snapshot_) send_snapshot(scratch);
    while (!queue_.empty() && output_.ready()) {
        const SendQueue::Chunk chunk = queue_.front(write_chunk_bytes, scratch);
        write(chunk.bytes, chunk.frames);
        queue_.pop(chunk.frames);
    }
    if (snapshot_ || !output_.ready()) output_.request_writable();
    if (queue_.bytes() <= env_.limits->queue.soft_bytes) hard_since_.reset();
}

// One step a turn, so that a large store delays nobody else. Entries that were updated since the
// session began are left out: the live ones are on their way.
void Session::send_snapshot(std::string& scratch) {
    if (!output_.ready()) return;
    scratch.clear();
    std::size_t updates = 0;
    for (const UpdatePtr& update : snapshot_->step(snapshot_step_entries, write_chunk_bytes)) {
        if (update->offset > snapshot_until_ || !output_.shape().carries(update->shape)) continue;
        if (!may_receive(*update)) {
            env_.metrics.filtered_browsers.add();
            continue;
        }
        const FramePtr frame = output_.shape().encode(*update);
        if (frame->size() > env_.limits->queue.hard_bytes) {
            count_dropped(1);
            env_.metrics.hit(Limit::QueueHard);
            continue;
        }
        scratch += *frame;
        ++updates;
    }
    if (updates > 0) write(scratch, updates);
    if (snapshot_->done()) snapshot_.reset();
}

void Session::write(std::string_view bytes, std::size_t updates) {
    if (output_.write(bytes) == SessionOutput::Written::No) return count_dropped(updates);
    statistics_.delivered += updates;
    env_.metrics.updates_out.add(updates);
}

void Session::count_dropped(std::size_t updates) {
    statistics_.dropped += updates;
    env_.metrics.updates_dropped.add(updates);
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

void Session::change_access(SessionAccessPtr access) {
    access_ = std::move(access);
    const std::size_t taken_back =
        queue_.remove_if([this](const Update& update) { return !may_receive(update); });
    env_.metrics.filtered_browsers.add(taken_back);
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
    const auto interval = env_.limits->ping_interval;
    if (pinged_at_) {
        if (now - *pinged_at_ >= interval / 2) {
            env_.metrics.hit(Limit::PingInterval);
            close(CloseCode::NoPong, "no pong");
        }
    } else if (now - last_life_ >= interval) {
        pinged_at_ = now;
        output_.ping();
    }
}

void Session::close(CloseCode code, std::string_view reason) {
    if (closing_) return;
    abandon();
    output_.close(code, reason);
}

void Session::abandon() {
    closing_ = true;
    count_dropped(queue_.size());
    queue_ = {};
    snapshot_.reset();
}

}  // namespace rtbridge
