#include "handoff/publish_desk.h"

#include <algorithm>
#include <exception>
#include <iterator>
#include <utility>

namespace rtbridge {

bool PublishDesk::request(PublishRequest request, Done done) {
    const std::uint64_t id = next_id_;
    if (unanswered_.size() >= limits_.requests_max || !enqueue(id, std::move(request))) {
        metrics_.hit(Limit::Publishes);
        return false;
    }
    ++next_id_;
    unanswered_.emplace(id, std::move(done));
    doorbell_.ring();
    return true;
}

bool PublishDesk::enqueue(std::uint64_t id, PublishRequest request) {
    const std::size_t bytes = request.bytes();
    const SteadyTime now = clock_.now();
    const std::lock_guard lock(mutex_);
    if (bytes_ + bytes > limits_.bytes_max) return false;
    waiting_.push_back({id, now, std::move(request)});
    bytes_ += bytes;
    any_.store(true, std::memory_order_release);
    return true;
}

void PublishDesk::deliver(const std::vector<PublishAnswer>& answers) {
    std::exception_ptr first_error;
    for (const PublishAnswer& answer : answers) {
        auto answered = unanswered_.extract(answer.id);
        if (answered.empty()) continue;
        try {
            answered.mapped()(answer.result);
        } catch (...) {
            if (!first_error) first_error = std::current_exception();
        }
    }
    if (first_error) std::rethrow_exception(first_error);
}

void PublishDesk::give_up_late() {
    if (unanswered_.empty()) return;
    const SteadyTime latest = clock_.now() - limits_.patience;
    std::vector<PublishAnswer> answers;
    {
        const std::lock_guard lock(mutex_);
        while (!waiting_.empty() && waiting_.front().since <= latest) {
            answers.push_back({waiting_.front().id, PublishResult::RefusedByBroker});
            bytes_ -= waiting_.front().request.bytes();
            waiting_.pop_front();
        }
    }
    metrics_.broker_refused.add(answers.size());
    deliver(answers);
}

std::vector<PublishDesk::Waiting> PublishDesk::fetch(std::size_t most) {
    if (!any_waiting()) return {};
    const std::lock_guard lock(mutex_);
    const auto end =
        waiting_.begin() + static_cast<std::ptrdiff_t>(std::min(most, waiting_.size()));
    std::vector<Waiting> fetched(std::make_move_iterator(waiting_.begin()),
                                 std::make_move_iterator(end));
    waiting_.erase(waiting_.begin(), end);
    for (const Waiting& waiting : fetched) bytes_ -= waiting.request.bytes();
    any_.store(!waiting_.empty(), std::memory_order_relaxed);
    return fetched;
}

}  // namespace rtbridge
