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
    if (inserted) {
        entry.age = by_age_.insert(by_age_.end(), &it->first);
        if (!update->key.empty()) by_key_[update->key].push_back(&entry);
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
        std::erase(group->second, &it->second);
        if (group->second.empty()) by_key_.erase(group);
    }
    by_age_.erase(it->second.age);
    entries_.erase(it);
}

void LatestStore::erase_topic(const std::string& topic) {
    auto it = entries_.lower_bound(Position{topic, {}, {}});
    while (it != entries_.end() && std::get<0>(it->first) == topic) erase(it++);
}

bool LatestStore::is_newest(const Update& update) const {
    const auto it = entries_.find(position_of(update));
    return it != entries_.end() && it->second.update->offset == update.offset;
}

void LatestStore::visit(const Selection& selection,
                        const std::function<void(const UpdatePtr&)>& visitor) const {
    if (!selection.keys.empty()) {
        for (const KeySelector& key : selection.keys) {
            const auto group = by_key_.find(key.value);
            if (group == by_key_.end()) continue;
            for (const Entry* entry : group->second) {
                if (selection.selects(*entry->update)) visitor(entry->update);
            }
        }
        return;
    }
    if (selection.topics.size() !=
        1) {  // none: everything; several: an entry may match more than one
        for (const auto& [position, entry] : entries_) {
            if (selection.selects(*entry.update)) visitor(entry.update);
        }
        return;
    }
    const std::string beginning = literal_beginning(selection.topics.front());
    for (auto it = entries_.lower_bound(Position{beginning, {}, {}});
         it != entries_.end() && std::get<0>(it->first).starts_with(beginning); ++it) {
        if (selection.selects(*it->second.update)) visitor(it->second.update);
    }
}

LatestStore::Page LatestStore::page(const TopicFilter& filter, const Position* after,
                                    std::size_t limit, std::size_t bytes_max) const {
    const std::string beginning = literal_beginning(filter);
    auto it = entries_.lower_bound(Position{beginning, {}, {}});
    if (after != nullptr && *after >= Position{beginning, {}, {}})
        it = entries_.upper_bound(*after);

    Page page;
    std::size_t bytes = 0;
    for (; it != entries_.end() && std::get<0>(it->first).starts_with(beginning); ++it) {
        if (!filter.matches(std::get<0>(it->first))) continue;
        bytes += it->second.update->payload.size();
        if (page.items.size() == limit || (!page.items.empty() && bytes > bytes_max)) {
            page.more = true;
            break;
        }
        page.items.push_back(it->second.update);
    }
    return page;
}

}  // namespace rtbridge
