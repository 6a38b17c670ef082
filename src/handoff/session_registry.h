#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "access/identity.h"
#include "handoff/session_record.h"

namespace rtbridge {

// The sessions of all listeners, so that each of them can tell of all. Thread: any; the lock is
// held for a look-up, or for copying the list.
class SessionRegistry {
public:
    // What changes while a session lives.
    struct Details {
        std::shared_ptr<const Identity> identity;
        // Of each subscription what it selects, as in a query: "topic=site/+&userId=anna". Shared
        // by those that select the same.
        std::vector<std::shared_ptr<const std::string>> selections;
    };
    struct Listed {
        std::shared_ptr<const SessionRecord> record;
        Details details;
    };

    void add(SessionRecordPtr session, Details details);
    void set_details(const SessionRecordPtr& session, Details details);
    void remove(const SessionRecordPtr& session);

    [[nodiscard]] std::size_t size() const noexcept {
        return size_.load(std::memory_order_relaxed);
    }
    // Of one user; nobody's sessions (the anonymous ones) are not counted.
    [[nodiscard]] std::uint32_t count_of_user(const std::string& user) const;
    [[nodiscard]] std::map<std::string_view, std::size_t> count_by_transport() const;
    // All, or `most` of them, whichever.
    [[nodiscard]] std::vector<Listed> list(
        std::size_t most = std::numeric_limits<std::size_t>::max()) const;
    // What waits for browsers, and how much they want.
    struct Totals {
        std::uint64_t queue_bytes = 0;
        std::uint64_t queue_bytes_largest = 0;  // of one session
        std::uint64_t subscriptions = 0;
    };
    [[nodiscard]] Totals totals() const;  // looks at every session

private:
    mutable std::mutex mutex_;
    // Guarded by mutex_.
    std::unordered_map<SessionRecordPtr, Details> sessions_;
    std::unordered_map<std::string, std::uint32_t> by_user_;
    std::map<std::string_view, std::size_t> by_transport_;
    std::atomic<std::size_t> size_{0};
};

}  // namespace rtbridge
