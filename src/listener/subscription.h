#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "handoff/gap.h"
#include "listener/catch_up.h"
#include "listener/selection.h"

namespace rtbridge {

class Session;
class SubscriptionGroup;

enum class SubscriptionMode : std::uint8_t {
    All,     // every update; what is lost on the way is a gap
    Latest,  // the newest per topic and key; older ones that still wait are conflated
};

// Where a browser stopped listening.
struct ResumePoint {
    std::string epoch;  // of the process that gave the offset
    std::uint64_t offset = 0;
};

struct SubscriptionRequest {
    Selection selection;
    SubscriptionMode mode = SubscriptionMode::All;
    double max_rate = 0;    // updates a second per topic and key; 0 = no limit. With Latest only
    bool snapshot = false;  // begin with the newest values
    std::optional<ResumePoint> since;
};

enum class Recovered : std::uint8_t {
    New,     // there was no resume point
    Full,    // everything missed follows
    Latest,  // the newest value of each topic and key that changed since follows
    None,    // it can't be told what was missed: treat it as a new subscription
};

struct Subscribed {
    std::uint32_t number = 0;  // within the session, from 1
    std::uint64_t offset = 0;  // live updates come after this one
    Recovered recovered = Recovered::New;
};

// A session wants a selection. Its selection, mode and wire shape are those of its group.
//
// Thread: listener. Owned by its session.
struct Subscription {
    Session& session;
    std::uint32_t number = 0;
    SubscriptionGroup* group = nullptr;
    std::size_t place = 0;                        // among the members of the group
    std::uint64_t offset = 0;                     // as Subscribed::offset
    std::unique_ptr<CatchUp> catch_up = nullptr;  // what it is still to begin with
    Gap gap{};                                    // to be told before its next update

    [[nodiscard]] SubscriptionMode mode() const;
};

}  // namespace rtbridge
