#include "listener/value_store.h"

#include <algorithm>
#include <cassert>
#include <string_view>
#include <utility>

namespace rtbridge {
namespace {

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

// What every topic that any of the filters matches begins with.
std::string common_beginning(const std::vector<TopicFilter>& filters) {
    if (filters.empty()) return {};
    std::string common = literal_beginning(filters.front());
    for (const TopicFilter& filter : filters) {
        const std::string beginning = literal_beginning(filter);
        const auto [end, other] =
            std::mismatch(common.begin(), common.end(), beginning.begin(), beginning.end());
        common.erase(end, common.end());
    }
    return common;
}

// What history costs beside the update itself.
constexpr std::size_t history_item_bytes = 96;

bool fits_everywhere(const Update& update) {
    return update.shape == PayloadShape::Json && !update.sse_body_missing &&
           !update.socketio_body_missing;
}

}  // namespace

ValueStore::Position ValueStore::position_of(const Update& update) {
    return {update.topic, update.key_name, update.key, update.variant};
}

const UpdatePtr* ValueStore::Entry::value(Payloads payloads) const {
    if (cleared) return nullptr;
    if (newest->fits(payloads)) return &newest;
    if (newest_fitting == nullptr) return nullptr;
    const UpdatePtr& fitting = (*newest_fitting)[static_cast<std::size_t>(payloads)];
    return fitting ? &fitting : nullptr;
}

// Mostly it is one update that fits several kinds.
std::size_t ValueStore::Entry::fitting_bytes() const {
    if (newest_fitting == nullptr) return 0;
    std::size_t bytes = 0;
    for (auto it = newest_fitting->begin(); it != newest_fitting->end(); ++it) {
        const bool counted = std::find(newest_fitting->begin(), it, *it) != it;
        if (*it && !counted) bytes += (*it)->bytes();
    }
    return bytes;
}

std::size_t ValueStore::put(const UpdatePtr& update, std::size_t bytes_max) {
    assert(update->offset > newest_offset_ || update->offset == 0);
    newest_offset_ = std::max(newest_offset_, update->offset);
    auto [it, inserted] = entries_.try_emplace(position_of(*update));
    Entry& entry = it->second;
    if (inserted) {
        entry.age = by_age_.insert(by_age_.end(), &it->first);
        if (!update->key.empty()) by_key_[update->key].insert(it->first);
        // Of a value that was forgotten nothing is known.
        entry.complete_after = unknown_until_;
    } else {
        by_age_.splice(by_age_.end(), by_age_, entry.age);
        supersede(entry, *update);
    }
    entry.cleared = false;
    entry.newest = update;
    bytes_ += update->bytes();
    any_variants_ = any_variants_ || update->variant > 0;
    if (any_variants_) end_further_variants(it);

    const HistoryLimits& limits = update->history;
    while (!entry.older.empty() &&
           (entry.older.size() + 1 > limits.last ||
            (limits.keep.count() > 0 &&
             entry.older.front()->update->unix_ms + limits.keep.count() < update->unix_ms))) {
        forget_oldest_of(entry);
    }
    return shrink_to(bytes_max);
}

void ValueStore::supersede(Entry& entry, const Update& by) {
    UpdatePtr former = std::move(entry.newest);
    bytes_ -= former->bytes() + entry.fitting_bytes();
    keep_fitting(entry, former, by);
    bytes_ += entry.fitting_bytes();
    if (by.history.last <= 1) {
        entry.complete_after = former->offset;
        return;
    }
    bytes_ += former->bytes() + history_item_bytes;
    entry.older.push_back(history_.insert(history_.end(), {std::move(former), &entry}));
}

void ValueStore::keep_fitting(Entry& entry, const UpdatePtr& former, const Update& by) {
    if (entry.cleared || fits_everywhere(by)) return entry.newest_fitting.reset();
    if (entry.newest_fitting == nullptr) entry.newest_fitting = std::make_unique<Entry::Fitting>();
    for (std::size_t kind = 0; kind < entry.newest_fitting->size(); ++kind) {
        UpdatePtr& fitting = (*entry.newest_fitting)[kind];
        const auto payloads = static_cast<Payloads>(kind);
        if (by.fits(payloads)) {
            fitting = nullptr;
        } else if (former->fits(payloads)) {
            fitting = former;
        }
    }
}

// What an earlier publish had and the one of this update has not is nobody's newest value.
void ValueStore::end_further_variants(Entries::iterator it) {
    const Update& update = *it->second.newest;
    for (++it; it != entries_.end(); ++it) {
        Entry& further = it->second;
        const bool same = further.newest->topic == update.topic &&
                          further.newest->key_name == update.key_name &&
                          further.newest->key == update.key;
        if (!same) break;
        // One that max_rate held back may come after a newer one.
        const bool older = further.newest->unix_ms <= update.unix_ms;
        if (older && further.newest->variant >= update.variants) further.cleared = true;
    }
}

void ValueStore::forget_oldest_of(Entry& entry) {
    const History::iterator item = entry.older.front();
    entry.older.pop_front();
    // What a rule without history superseded may be gone already, and is newer.
    entry.complete_after = std::max(entry.complete_after, item->update->offset);
    bytes_ -= item->update->bytes() + history_item_bytes;
    history_.erase(item);
}

std::size_t ValueStore::shrink_to(std::size_t bytes_max) {
    std::size_t forgotten = 0;
    for (; bytes_ > bytes_max && !history_.empty(); ++forgotten) {
        forget_oldest_of(*history_.front().entry);
    }
    for (; bytes_ > bytes_max && !by_age_.empty(); ++forgotten) {
        forget(entries_.find(*by_age_.front()));
    }
    return forgotten;
}

void ValueStore::forget(Entries::iterator it) {
    Entry& entry = it->second;
    while (!entry.older.empty()) forget_oldest_of(entry);
    bytes_ -= entry.newest->bytes() + entry.fitting_bytes();
    unknown_until_ = std::max(unknown_until_, entry.newest->offset);
    if (const auto group = by_key_.find(entry.newest->key); group != by_key_.end()) {
        group->second.erase(it->first);
        if (group->second.empty()) by_key_.erase(group);
    }
    by_age_.erase(entry.age);
    entries_.erase(it);
}

void ValueStore::clear_topic(const std::string& topic, std::uint64_t offset) {
    newest_offset_ = std::max(newest_offset_, offset);
    auto it = entries_.lower_bound(Position{topic, {}, {}, 0});
    for (; it != entries_.end() && std::get<0>(it->first) == topic; ++it) {
        it->second.cleared = true;
    }
}

void ValueStore::note_lost(std::uint64_t offset) noexcept {
    unknown_until_ = std::max(unknown_until_, offset);
    newest_offset_ = std::max(newest_offset_, offset);
}

ValueStore::Walk::Walk(const ValueStore& store, Selection selection, Payloads payloads)
    : store_(&store), selection_(std::move(selection)), payloads_(payloads) {
    // Several filters may select one entry twice: then everything is looked at, once.
    if (selection_.topics.size() == 1) beginning_ = literal_beginning(selection_.topics.front());
}

std::vector<UpdatePtr> ValueStore::Walk::step(std::size_t entries_max, std::size_t bytes_max) {
    std::vector<UpdatePtr> found;
    std::size_t bytes = 0;
    const auto take = [&](const Entry& entry) {
        const UpdatePtr* const value = entry.value(payloads_);
        if (value == nullptr || !selection_.selects(**value)) return;
        bytes += (*value)->body(payloads_).size();
        found.push_back(*value);
    };
    for (; key_ < selection_.keys.size(); ++key_, after_.reset()) {
        const auto group = store_->by_key_.find(selection_.keys[key_].value);
        if (group == store_->by_key_.end()) continue;
        const std::set<Position>& positions = group->second;
        auto it = after_ ? positions.upper_bound(*after_) : positions.begin();
        for (; it != positions.end(); ++it, --entries_max) {
            if (entries_max == 0 || bytes >= bytes_max) return found;
            take(store_->entries_.at(*it));
            after_ = *it;
        }
    }
    if (!selection_.keys.empty()) {
        done_ = true;
        return found;
    }
    const Entries& entries = store_->entries_;
    auto it = after_ ? entries.upper_bound(*after_)
                     : entries.lower_bound(Position{beginning_, {}, {}, 0});
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

ValueStore::Page ValueStore::page(const Selection& selection, Payloads payloads,
                                  const Allowed& allowed, const Position* after, std::size_t limit,
                                  std::size_t bytes_max) const {
    const std::string beginning = common_beginning(selection.topics);
    auto it = entries_.lower_bound(Position{beginning, {}, {}, 0});
    if (after != nullptr && *after >= Position{beginning, {}, {}, 0})
        it = entries_.upper_bound(*after);

    Page page;
    std::size_t bytes = 0;
    std::size_t looked_at = 0;
    const Position* last = after;  // of those that were looked at
    for (; it != entries_.end() && std::get<0>(it->first).starts_with(beginning); ++it) {
        const UpdatePtr* const value = it->second.value(payloads);
        const bool full = looked_at++ == page_entries_max;
        const bool wanted =
            !full && value != nullptr && selection.selects(**value) && allowed(**value);
        if (wanted) bytes += (*value)->bytes();
        if (full || (wanted &&
                     (page.items.size() == limit || (!page.items.empty() && bytes > bytes_max)))) {
            page.next = *last;
            break;
        }
        if (wanted) page.items.push_back(*value);
        last = &it->first;
    }
    return page;
}

UpdatePtr ValueStore::newest_of_key(const std::string& key, const std::vector<TopicFilter>& topics,
                                    Payloads payloads, const Allowed& allowed) const {
    const auto group = by_key_.find(key);
    if (group == by_key_.end()) return nullptr;
    const Selection selection{topics, {}};
    UpdatePtr newest;
    std::size_t looked_at = 0;
    for (const Position& position : group->second) {
        if (looked_at++ == page_entries_max) break;
        const UpdatePtr* const value = entries_.at(position).value(payloads);
        if (value == nullptr || (newest && newest->offset > (*value)->offset)) continue;
        if (selection.selects(**value) && allowed(**value)) newest = *value;
    }
    return newest;
}

// Only what was updated since is looked at, newest first: the cost is that of what was missed, not
// of what there is.
ValueStore::Missed ValueStore::missed(const Selection& selection, Payloads payloads,
                                      const Allowed& allowed, const Allowed& history_allowed,
                                      std::uint64_t since) const {
    if (since < unknown_until_ || since > newest_offset_) return {};
    Missed result{Kept::All};
    const auto take = [&](const UpdatePtr& update) {
        if (update->offset <= since) return;
        if (!update->fits(payloads)) return;
        result.bytes += update->bytes();
        result.updates.push_back(update);
    };
    std::size_t looked_at = 0;
    for (auto age = by_age_.rbegin(); age != by_age_.rend(); ++age) {
        const Entry& entry = entries_.find(**age)->second;
        if (entry.newest->offset <= since) break;
        if (++looked_at > missed_entries_max) return {Kept::Newest};
        if (!selection.selects(*entry.newest) || !allowed(*entry.newest)) continue;
        const bool one = entry.older.empty() || entry.older.back()->update->offset <= since;
        if (entry.complete_after > since || (!one && !history_allowed(*entry.newest))) {
            return {Kept::Newest};
        }
        for (const History::iterator& older : entry.older) take(older->update);
        take(entry.newest);
    }
    sort_by_offset(result.updates);
    return result;
}

}  // namespace rtbridge
