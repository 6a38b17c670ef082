#include "handoff/mailbox.h"

#include <cassert>
#include <utility>

namespace rtbridge {

std::size_t Mailbox::push(UpdatePtr update) {
    std::vector<UpdatePtr> dropped;  // freed after the lock
    const std::lock_guard lock(mutex_);
    const std::size_t bytes = update->bytes();
    while (!updates_.empty() &&
           (updates_.size() >= limits_.updates_max || bytes_ + bytes > limits_.bytes_max)) {
        bytes_ -= updates_.front()->bytes();
        dropped.push_back(std::move(updates_.front()));
        updates_.pop_front();
    }
    updates_.push_back(std::move(update));
    bytes_ += bytes;
    assert(updates_.size() <= limits_.updates_max);
    depth_.store(waiting(), std::memory_order_seq_cst);
    return dropped.size();
}

void Mailbox::set_snapshot(std::shared_ptr<const ConfigSnapshot> snapshot) {
    const std::lock_guard lock(mutex_);
    snapshot_.swap(snapshot);
    depth_.store(waiting(), std::memory_order_seq_cst);
}

void Mailbox::set_limits(Limits limits) {
    const std::lock_guard lock(mutex_);
    limits_ = limits;
}

void Mailbox::push_answers(const std::vector<PublishAnswer>& answers) {
    const std::lock_guard lock(mutex_);
    answers_.insert(answers_.end(), answers.begin(), answers.end());
    depth_.store(waiting(), std::memory_order_seq_cst);
}

void Mailbox::wake_if_sleeping(Wakeup& wakeup) noexcept {
    // Pairs with fall_asleep(): either the listener sees the depth, or this thread sees it
    // sleeping.
    if (depth_.load(std::memory_order_seq_cst) == 0 || !sleeping_.load(std::memory_order_seq_cst)) {
        return;
    }
    if (sleeping_.exchange(false)) wakeup.wake();
}

void Mailbox::drain(MailboxBatch& batch) {
    assert(batch.updates.empty() && batch.snapshot == nullptr);
    const std::lock_guard lock(mutex_);
    batch.updates.swap(updates_);
    batch.snapshot.swap(snapshot_);
    batch.answers.swap(answers_);
    bytes_ = 0;
    depth_.store(0, std::memory_order_seq_cst);
}

bool Mailbox::fall_asleep() noexcept {
    sleeping_.store(true, std::memory_order_seq_cst);
    if (depth_.load(std::memory_order_seq_cst) == 0) return true;
    sleeping_.store(false);
    return false;
}

}  // namespace rtbridge
