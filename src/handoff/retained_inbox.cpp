#include "handoff/retained_inbox.h"

#include <utility>

namespace rtbridge {

bool RetainedInbox::push(RetainedMessage message) {
    {
        const std::lock_guard lock(mutex_);
        const std::size_t bytes = message.bytes();
        if (messages_.size() >= limits_.messages_max || bytes > limits_.bytes_max - bytes_) {
            return false;
        }
        bytes_ += bytes;
        messages_.push_back(std::move(message));
        any_.store(true, std::memory_order_release);
    }
    doorbell_.ring();
    return true;
}

void RetainedInbox::finish(RetainedOutcome outcome) {
    {
        const std::lock_guard lock(mutex_);
        outcome_ = std::move(outcome);
        any_.store(true, std::memory_order_release);
    }
    doorbell_.ring();
}

RetainedInbox::Batch RetainedInbox::fetch(std::size_t most) {
    Batch batch;
    {
        const std::lock_guard lock(mutex_);
        while (batch.messages.size() < most && !messages_.empty()) {
            bytes_ -= messages_.front().bytes();
            batch.messages.push_back(std::move(messages_.front()));
            messages_.pop_front();
        }
        if (messages_.empty()) batch.outcome = std::exchange(outcome_, std::nullopt);
        any_.store(!messages_.empty() || outcome_.has_value(), std::memory_order_release);
    }
    return batch;
}

}  // namespace rtbridge
