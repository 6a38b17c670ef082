#include "listener/latest_store.h"

#include <algorithm>
#include <cassert>
#include <string_view>

namespace rtbridge {
namespace {

LatestStore::Position position_of(const Update& update) {
    return {update.topic, update.key_name, update.key};
}

// What every topic that the filter matches begins with.
std::string literal_beginning(const TopicFilter& filter) {
    const std::string_view text = filter.text();
    const std::size_t wildcard = text.find_first_of("+#");
    if (wildcard == std::string_view::npos) return std::string(text);
    std::string_view beginning = text.substr(0, wildcard);
    // "a/#" matches "a" as well (MQTT 5, 4.7.1.2).
    if (text[wildcard] == '#' && beginning.ends_with('/')) beginning.remove_suffix(1);
    return std::string(beginning);
}

}  // namespace

std::size_t LatestStore::put(const UpdatePtr& update, std::size_t bytes_max) {
    auto [it, inserted] = entries_.try_emplace(position_of(*update));
    Entry& entry = it->second;
    newest_offset_ = std::max(newest_offset_, update->offset);
    if (inserted) {
        entry.age = by_age_.insert(by_age_.end(), &it->first);
        if (!update->key.empty()) by_key_[update->key].insert(it->first);
    } else {
        bytes_ -= entry.update->bytes();
        by_age_.splice(by_age_.end(), by_age_, entry.age);
    }
    entry.update = update;
    bytes_ += update->bytes();

    std::size_t forgotten = 0;
    while (bytes_ > bytes_max && !by_age_.empty()) {
        erase(entries_.find(*by_age_.front()));
        ++forgotten;
    }
    return forgotten;
}

void LatestStore::erase(Entries::iterator it) {
    const Update& update = *it->second.update;
    bytes_ -= update.bytes();
    if (const auto group = by_key_.find(update.key); group != by_key_.end()) {
        group->second.erase(it->first);
        if (group->second.empty()) by_key_.erase(group);
    }
    by_age_.erase(it->second.age);
    entries_.erase(it);
}

void LatestStore::erase_topic(const std::string& topic) {
    auto it = entries_.lower_bound(Position{topic, {}, {}});
    while (it != entries_.end() && std::get<0>(it->first) == topic) erase(it++);
}

LatestStore::Walk::Walk(const LatestStore& store, const Selection& selection)
    : store_(store), selection_(selection) {
    // Several filters may select one entry twice: then everything is looked at, once.
    if (selection.topics.size() == 1) beginning_ = literal_beginning(selection.topics.front());
}

std::vector<UpdatePtr> LatestStore::Walk::step(std::size_t entries_max, std::size_t bytes_max) {
    std::vector<UpdatePtr> found;
    std::size_t bytes = 0;
    const auto take = [&](const Entry& entry) {
        if (!selection_.selects(*entry.update)) return;
        bytes += entry.update->payload.size();
        found.push_back(entry.update);
    };
    for (; key_ < selection_.keys.size(); ++key_, after_.reset()) {
        const auto group = store_.by_key_.find(selection_.keys[key_].value);
        if (group == store_.by_key_.end()) continue;
        const std::set<Position>& positions = group->second;
        auto it = after_ ? positions.upper_bound(*after_) : positions.begin();
        for (; it != positions.end(); ++it, --entries_max) {
            if (entries_max == 0 || bytes >= bytes_max) return found;
            take(store_.entries_.at(*it));
            after_ = *it;
        }
    }
    if (!selection_.keys.empty()) {
        done_ = true;
        return found;
    }
    const Entries& entries = store_.entries_;
    auto it =
        after_ ? entries.upper_bound(*after_) : entries.lower_bound(Position{beginning_, {}, {}});
    for (; entries_max > 0 && bytes < bytes_max; --entries_max, ++it) {
        if (it == entries.end() || !std::get<0>(it->first).starts_with(beginning_)) {
            done_ = true;
            break;
        }
        take(it->second);
        after_ = it->first;
    }
    return found;
}

LatestStore::Page LatestStore::page(const TopicFilter& filter,
                                    const std::function<bool(const Update&)>& allowed,
                                    const Position* after, std::size_t limit,
                                    std::size_t bytes_max) const {
    const std::string beginning = literal_beginning(filter);
    auto it = entries_.lower_bound(Position{beginning, {}, {}});
    if (after != nullptr && *after >= Position{beginning, {}, {}})
        it = entries_.upper_bound(*after);

    Page page;
    std::size_t bytes = 0;
    std::size_t looked_at = 0;
    const Position* last = after;  // of those that were looked at
    for (; it != entries_.end() && std::get<0>(it->first).starts_with(beginning); ++it) {
        const Update& update = *it->second.update;
        const bool full = looked_at++ == page_entries_max;
        const bool wanted = !full && filter.matches(update.topic) && allowed(update);
        if (wanted) bytes += update.bytes();
        if (full || (wanted &&
                     (page.items.size() == limit || (!page.items.empty() && bytes > bytes_max)))) {
            page.next = *last;
            break;
        }
        if (wanted) page.items.push_back(it->second.update);
        last = &it->first;
    }
    return page;
}

}  // namespace rtbridge
