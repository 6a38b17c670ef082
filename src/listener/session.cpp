#include "listener/session.h"

#include <algorithm>
#include <utility>

namespace rtbridge {
namespace {

// Several pending frames go out in one write of up to this size: 16 small frames per write make a
// delivery 14 times cheaper than one.
constexpr std::size_t write_chunk_bytes = 64 * KiB;
constexpr int bad_requests_max = 3;

// "limit=queue_bytes max=1048576": what the close reason says of a limit (at most 123 bytes, RFC
// 6455, 5.5.1).
std::string limit_reason(std::string_view name, std::size_t max) {
    return "limit=" + std::string(name) + " max=" + std::to_string(max);
}

}  // namespace

Session::Session(std::string id, std::string address, Selection selection, SessionOutput& output,
                 SessionEnvironment& environment)
    : id_(std::move(id)),
      address_(std::move(address)),
      selection_(std::move(selection)),
      output_(output),
      env_(environment),
      last_life_(environment.clock.now()) {}

void Session::start_snapshot() {
    env_.latest.visit(selection_, [this](const UpdatePtr& update) {
        if (output_.shape().carries(update->shape)) snapshot_.push_back(update);
    });
    std::sort(snapshot_.begin(), snapshot_.end(),
              [](const UpdatePtr& a, const UpdatePtr& b) { return a->offset > b->offset; });
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
        statistics_.dropped += loss.dropped;
        env_.metrics.updates_dropped.add(loss.dropped);
        env_.metrics.hit(Limit::QueueHard);
        if (!hard_since_) hard_since_ = env_.clock.now();
    }
    return !std::exchange(flush_owed_, true);
}

void Session::flush() {
    flush_owed_ = false;
    static thread_local std::string
        scratch;  // one per listener: gathers several frames into one write
    if (closing_) return;
    send_snapshot();
    while (!queue_.empty() && output_.ready()) {
        const SendQueue::Chunk chunk = queue_.front(write_chunk_bytes, scratch);
        output_.write(chunk.bytes);
        statistics_.delivered += chunk.frames;
        env_.metrics.updates_out.add(chunk.frames);
        queue_.pop(chunk.frames);
    }
    if (!output_.ready()) output_.request_writable();
    if (queue_.bytes() <= env_.limits->queue.soft_bytes) hard_since_.reset();
}

// An entry that a live update replaced in the meantime is left out: the live one is on its way.
void Session::send_snapshot() {
    while (!snapshot_.empty() && output_.ready()) {
        const UpdatePtr update = std::move(snapshot_.back());
        snapshot_.pop_back();
        if (!env_.latest.is_newest(*update)) continue;
        output_.write(*output_.shape().encode(*update));
        ++statistics_.delivered;
        env_.metrics.updates_out.add();
    }
    if (snapshot_.empty()) snapshot_.shrink_to_fit();
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

void Session::check(SteadyTime now) {
    if (closing_) return;
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
    closing_ = true;
    statistics_.dropped += queue_.size();
    env_.metrics.updates_dropped.add(queue_.size());
    queue_ = {};
    snapshot_ = {};
    output_.close(code, reason);
}

}  // namespace rtbridge
