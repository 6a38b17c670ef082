#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace rtbridge {

// What an access rule can allow or deny.
enum class Action : std::uint8_t {
    Publish,
    PublishRetained,  // beside Publish: a retained publish needs both
    Receive,          // checked at each delivery
    Subscribe,        // checked when asked for, and again at each delivery
    History,          // values older than the newest
    Admin,            // sessions, metrics, messages to everyone; has no topic
};

// As they are written in the configuration, by Action.
inline constexpr std::array<std::string_view, 6> action_names = {
    "publish", "publish_retained", "receive", "subscribe", "history", "admin"};

[[nodiscard]] constexpr std::string_view name_of(Action action) {
    return action_names[static_cast<std::size_t>(action)];
}

// Thread: any; a value.
class ActionSet {
public:
    constexpr ActionSet() = default;
    constexpr ActionSet(Action action) : bits_(static_cast<std::uint8_t>(1U << index(action))) {}

    [[nodiscard]] constexpr bool contains(ActionSet other) const {
        return (bits_ & other.bits_) == other.bits_;
    }
    [[nodiscard]] constexpr bool intersects(ActionSet other) const {
        return (bits_ & other.bits_) != 0;
    }
    [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }

    constexpr ActionSet& operator|=(ActionSet other) {
        bits_ = static_cast<std::uint8_t>(bits_ | other.bits_);
        return *this;
    }
    friend constexpr ActionSet operator|(ActionSet a, ActionSet b) { return a |= b; }
    // What is in `a` and not in `b`.
    friend constexpr ActionSet operator-(ActionSet a, ActionSet b) {
        a.bits_ = static_cast<std::uint8_t>(a.bits_ & ~b.bits_);
        return a;
    }
    friend constexpr bool operator==(ActionSet, ActionSet) = default;

private:
    static constexpr unsigned index(Action action) { return static_cast<unsigned>(action); }
    std::uint8_t bits_ = 0;
};

// To get a message, an identity needs both.
inline constexpr ActionSet receive_live = ActionSet(Action::Receive) | Action::Subscribe;

}  // namespace rtbridge
