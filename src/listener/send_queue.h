#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/config.h"
#include "handoff/update.h"
#include "handoff/value_name.h"
#include "listener/subscription.h"
#include "listener/wire_shape.h"

namespace rtbridge {

// What waits for one browser. Bounded by hard_bytes: a queue over its soft limit keeps the newest
// update per subscription and value, over its hard limit it loses the oldest. In mode Latest
// only the newest waits in any case. Frames are shared, so a byte here is a promise to send, not a
// copy.
//
// What is taken out comes in rounds: a value that is replaced goes to the end, but not beyond those
// that were there when the round began. So offsets rise, which makes any of them a place to resume
// from, and a topic that changes all the time does not wait for ever.
//
// Thread: listener. Empty and idle it holds no memory.
class SendQueue {
public:
    struct Item {
        FramePtr frame;
        UpdatePtr update;
        Subscription* subscription = nullptr;
    };
    enum class Fate : std::uint8_t { Conflated, Dropped, TooLarge };
    struct Loss {
        Subscription* subscription;
        std::uint64_t offset;
        Fate fate;
    };

    // Appends, and adds to `losses` what had to go. A frame over hard_bytes by itself is dropped.
    void push(Item item, const QueueLimits& limits, std::vector<Loss>& losses);

    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

    // The next items, up to `chunk_bytes` of frames and one at least, oldest first. Pointers stay
    // valid until pop() or push(). REQUIRES: !empty().
    [[nodiscard]] std::vector<const Item*> front(std::size_t chunk_bytes);
    // Takes out as many as front() gave last.
    void pop(std::size_t items);

    // Only the newest of each subscription and value stays, of all or of those in mode Latest.
    enum class Which : std::uint8_t { All, Latest };
    void conflate(Which which, std::vector<Loss>& losses);
    // Puts what was pushed since `items` waited into the order of offsets, for subscriptions in
    // mode All; each of the others has it already.
    void sort_from(std::size_t items);

    // Takes back what `unwanted` says of; returns how many updates.
    std::size_t remove_if(const std::function<bool(const Item&)>& unwanted);

private:
    // Where the newest of a subscription and value waits, among those of the next round.
    struct Slot {
        const Subscription* subscription;
        ValueName name;
        bool operator==(const Slot&) const = default;
    };
    struct SlotHash {
        std::size_t operator()(const Slot& slot) const noexcept;
    };
    using Slots = std::unordered_map<Slot, std::size_t, SlotHash>;

    [[nodiscard]] static Slot slot_of(const Item& item);
    void take_out(Item& item) noexcept;
    void skip_holes() noexcept;
    void replace_in_next_round(const Item& item, std::vector<Loss>& losses);
    void squeeze();
    void drop_oldest(std::size_t bytes_max, std::vector<Loss>& losses);
    void compact();

    std::vector<Item> items_;  // a null update: taken out before its turn
    std::size_t head_ = 0;
    std::size_t round_end_ = 0;  // items before it are of the round that is being sent
    std::size_t size_ = 0;
    std::size_t bytes_ = 0;
    std::size_t conflate_above_bytes_ = 0;  // soft limit, or more where conflating freed little
    std::unique_ptr<Slots> next_round_;     // of mode Latest; null: none
};

}  // namespace rtbridge
