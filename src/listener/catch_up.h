#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include "handoff/update.h"
#include "listener/recovery.h"
#include "listener/value_store.h"

namespace rtbridge {

// What a subscription begins with, sent as its socket drains: the newest values, or everything that
// it missed. Entries that were updated meanwhile are left out of the newest values, because the
// live update is on its way. Everything missed has to be sent before any live update.
//
// Thread: listener.
class CatchUp {
public:
    enum class Live : std::uint8_t { Passes, Waits };
    // The newest values with offsets in (since, until].
    CatchUp(ValueStore::Walk walk, std::uint64_t since, std::uint64_t until, Live live)
        : source_(std::move(walk)), since_(since), until_(until), live_(live) {}
    CatchUp(MissedUpdates missed, std::uint64_t until)
        : source_(Replay{std::move(missed), 0}), until_(until), live_(Live::Waits) {}

    // Up to `bytes_max` of payload (one update at least) out of `entries_max` looked at. Empty does
    // not mean done().
    [[nodiscard]] std::vector<UpdatePtr> step(std::size_t entries_max, std::size_t bytes_max);
    [[nodiscard]] bool done() const noexcept;
    // Live updates of the session have to wait for it.
    [[nodiscard]] bool holds_back_live() const noexcept { return live_ == Live::Waits; }
    // What step() gives has the order of offsets, from one step to the next as well.
    [[nodiscard]] bool in_order() const noexcept { return std::holds_alternative<Replay>(source_); }
    [[nodiscard]] std::uint64_t until() const noexcept { return until_; }
    // Promised and not given by step() yet, as far as it is known.
    [[nodiscard]] std::size_t left() const noexcept;

private:
    struct Replay {
        MissedUpdates missed;
        std::size_t next = 0;
    };
    std::variant<ValueStore::Walk, Replay> source_;
    std::uint64_t since_ = 0;
    std::uint64_t until_ = 0;
    Live live_;
};

}  // namespace rtbridge
