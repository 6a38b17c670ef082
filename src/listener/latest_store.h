#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "handoff/update.h"
#include "listener/selection.h"

namespace rtbridge {

// The newest update per topic and key, bounded in bytes: beyond, the values that were not updated
// for longest are forgotten (and counted by the caller).
//
// Thread: listener; each listener has its own, the updates themselves are shared.
class LatestStore {
public:
    // Returns how many values had to be forgotten to stay within `bytes_max`.
    std::size_t put(const UpdatePtr& update, std::size_t bytes_max);
    // The retained message of the topic was cleared.
    void erase_topic(const std::string& topic);

    // The offset of the newest update ever put, 0 = none: what a snapshot that starts now goes up
    // to.
    [[nodiscard]] std::uint64_t newest_offset() const noexcept { return newest_offset_; }

    using Position = std::tuple<std::string, std::string, std::string>;  // topic, key name, key

    // A walk over what `selection` selects, in topic and key order and in steps, so that nothing is
    // collected that can't be sent yet. Entries that come or go meanwhile do not disturb it.
    class Walk {
    public:
        explicit Walk(const LatestStore& store, const Selection& selection);
        // Up to `bytes_max` of payload (one entry at least) out of `entries_max` looked at: both
        // bound the time that a step takes. Empty does not mean done().
        [[nodiscard]] std::vector<UpdatePtr> step(std::size_t entries_max, std::size_t bytes_max);
        [[nodiscard]] bool done() const noexcept { return done_; }

    private:
        const LatestStore& store_;
        const Selection& selection_;  // outlives the walk
        std::string beginning_;       // what every selected topic begins with
        std::size_t key_ = 0;         // the one of the selection that is being walked, if any
        std::optional<Position> after_;
        bool done_ = false;
    };

    // Entries whose topic `filter` matches and that are `allowed`, after the entry (topic,
    // key_name, key) of a former page; up to `limit` of them and about `bytes_max` of payload, out
    // of `page_entries_max` looked at.
    struct Page {
        std::vector<UpdatePtr> items;
        std::optional<Position> next;  // to go on after; nothing: there are no further ones
    };
    static constexpr std::size_t page_entries_max = 20'000;
    [[nodiscard]] Page page(const TopicFilter& filter,
                            const std::function<bool(const Update&)>& allowed,
                            const Position* after, std::size_t limit, std::size_t bytes_max) const;

    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

private:
    struct Entry {
        UpdatePtr update;
        std::list<const Position*>::iterator age;  // position in by_age_
    };
    using Entries = std::map<Position, Entry, std::less<>>;

    void erase(Entries::iterator it);

    Entries entries_;
    std::list<const Position*> by_age_;                           // least recently updated first
    std::unordered_map<std::string, std::set<Position>> by_key_;  // key value -> its entries
    std::size_t bytes_ = 0;
    std::uint64_t newest_offset_ = 0;
};

}  // namespace rtbridge
