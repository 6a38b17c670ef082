#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <map>
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

    // Is this still the newest of its topic and key?
    [[nodiscard]] bool is_newest(const Update& update) const;

    // Everything selected, in topic and key order. Cost: the entries under the literal beginning of
    // the filters, or the entries of the key.
    void visit(const Selection& selection,
               const std::function<void(const UpdatePtr&)>& visitor) const;

    // Entries whose topic `filter` matches, after the entry (topic, key_name, key) of a former
    // page; up to `limit` of them and about `bytes_max` of payload. `more`: there are further ones.
    struct Page {
        std::vector<UpdatePtr> items;
        bool more = false;
    };
    using Position = std::tuple<std::string, std::string, std::string>;
    [[nodiscard]] Page page(const TopicFilter& filter, const Position* after, std::size_t limit,
                            std::size_t bytes_max) const;

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
    std::list<const Position*> by_age_;  // least recently updated first
    std::unordered_map<std::string, std::vector<const Entry*>> by_key_;  // key value -> its entries
    std::size_t bytes_ = 0;
};

}  // namespace rtbridge
