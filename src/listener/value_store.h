#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "handoff/update.h"
#include "listener/selection.h"

namespace rtbridge {

// The newest update per topic, key and variant, and as many older ones as the history of their rule
// says. Bounded in bytes: beyond, the oldest history goes first, then the values that were not
// updated for longest.
//
// It knows what it does not have: after any offset it can tell whether everything that a selection
// missed is still here, whether the newest values are, or neither.
//
// Thread: listener; each listener has its own, the updates themselves are shared.
class ValueStore {
public:
    // Returns how many updates had to be forgotten to stay within `bytes_max`.
    // REQUIRES: offsets rise.
    std::size_t put(const UpdatePtr& update, std::size_t bytes_max);
    // The retained message of the topic was cleared: its values are not the newest of anything any
    // more. History keeps them.
    void clear_topic(const std::string& topic, std::uint64_t offset);
    // Updates up to `offset` never came here.
    void note_lost(std::uint64_t offset) noexcept;

    // The offset of the newest update ever put or lost, 0 = none.
    [[nodiscard]] std::uint64_t newest_offset() const noexcept { return newest_offset_; }

    // Topic, key name, key, variant: an owned ValueName.
    using Position = std::tuple<std::string, std::string, std::string, std::uint32_t>;
    [[nodiscard]] static Position position_of(const Update& update);
    using Payloads = rtbridge::Payloads;

    // A walk over what `selection` selects, in topic and key order and in steps, so that nothing is
    // collected that can't be sent yet. Entries that come or go meanwhile do not disturb it.
    class Walk {
    public:
        Walk(const ValueStore& store, Selection selection, Payloads payloads);
        // Up to `bytes_max` of payload (one entry at least) out of `entries_max` looked at: both
        // bound the time that a step takes. Empty does not mean done().
        [[nodiscard]] std::vector<UpdatePtr> step(std::size_t entries_max, std::size_t bytes_max);
        [[nodiscard]] bool done() const noexcept { return done_; }

    private:
        const ValueStore* store_;
        Selection selection_;
        Payloads payloads_;
        std::string beginning_;  // what every selected topic begins with
        std::size_t key_ = 0;    // the one of the selection that is being walked, if any
        std::optional<Position> after_;
        bool done_ = false;
    };

    // Entries that `selection` selects and that are `allowed`, after the entry `after` of a former
    // page; up to `limit` of them and about `bytes_max` of payload, out of `page_entries_max`
    // looked at.
    struct Page {
        std::vector<UpdatePtr> items;
        std::optional<Position> next;  // to go on after; nothing: there are no further ones
    };
    using Allowed = std::function<bool(const Update&)>;
    static constexpr std::size_t page_entries_max = 20'000;
    [[nodiscard]] Page page(const Selection& selection, Payloads payloads, const Allowed& allowed,
                            const Position* after, std::size_t limit, std::size_t bytes_max) const;
    [[nodiscard]] Page page(const TopicFilter& filter, Payloads payloads, const Allowed& allowed,
                            const Position* after, std::size_t limit, std::size_t bytes_max) const {
        return page(Selection{{filter}, {}}, payloads, allowed, after, limit, bytes_max);
    }

    // The newest value with this key on any of `topics` (empty: on any) that is `allowed`, out of
    // `page_entries_max` looked at. Null: there is none.
    [[nodiscard]] UpdatePtr newest_of_key(const std::string& key,
                                          const std::vector<TopicFilter>& topics, Payloads payloads,
                                          const Allowed& allowed) const;
    [[nodiscard]] std::size_t key_count() const noexcept { return by_key_.size(); }

    // What came after `since` of what `selection` selects and is `allowed`; where that is more than
    // the newest value, `history_allowed` is asked as well.
    enum class Kept : std::uint8_t {
        All,     // `updates` is everything, in offset order
        Newest,  // some older ones are gone; the newest per topic and key are here
        No,      // it can't be told what there was
    };
    struct Missed {
        Kept kept = Kept::No;
        std::vector<UpdatePtr> updates{};
        std::size_t bytes = 0;
    };
    static constexpr std::size_t missed_entries_max = 20'000;  // looked at; beyond: Kept::Newest
    [[nodiscard]] Missed missed(const Selection& selection, Payloads payloads,
                                const Allowed& allowed, const Allowed& history_allowed,
                                std::uint64_t since) const;

    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
    [[nodiscard]] std::size_t history_size() const noexcept { return history_.size(); }

private:
    struct Entry;
    // An update that is not the newest of its entry any more.
    struct Older {
        UpdatePtr update;
        Entry* entry = nullptr;
    };
    using History = std::list<Older>;
    struct Entry {
        UpdatePtr newest;
        // For each kind of payloads that the newest does not fit, the newest that did; null where
        // there is none, as in most entries.
        using Fitting = std::array<UpdatePtr, static_cast<std::size_t>(Payloads::Count)>;
        std::unique_ptr<Fitting> newest_fitting;
        bool cleared = false;  // the newest is history and no value any more
        // Everything of this entry with a higher offset is here.
        std::uint64_t complete_after = 0;
        std::list<History::iterator> older;        // oldest first
        std::list<const Position*>::iterator age;  // position in by_age_
        [[nodiscard]] const UpdatePtr* value(Payloads payloads) const;
        [[nodiscard]] std::size_t fitting_bytes() const;
    };
    using Entries = std::map<Position, Entry, std::less<>>;

    void supersede(Entry& entry, const Update& by);
    static void keep_fitting(Entry& entry, const UpdatePtr& former, const Update& by);
    void end_further_variants(Entries::iterator it);
    void forget_oldest_of(Entry& entry);
    void forget(Entries::iterator it);
    std::size_t shrink_to(std::size_t bytes_max);

    Entries entries_;
    std::list<const Position*> by_age_;  // least recently updated first
    History history_;                    // in the order in which they stopped being the newest
    std::unordered_map<std::string, std::set<Position>> by_key_;  // key value -> its entries
    std::size_t bytes_ = 0;
    std::uint64_t newest_offset_ = 0;
    bool any_variants_ = false;
    std::uint64_t unknown_until_ = 0;  // of updates up to here some are gone without a trace
};

}  // namespace rtbridge
