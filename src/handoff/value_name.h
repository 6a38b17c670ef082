#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/seeded_hash.h"
#include "handoff/update.h"

namespace rtbridge {

// Updates with the same name replace each other: the newest of them is the newest value. Views into
// an update.
struct ValueName {
    explicit ValueName(const Update& update)
        : topic(update.topic),
          key_name(update.key_name),
          key(update.key),
          variant(update.variant) {}

    std::string_view topic, key_name, key;
    std::uint32_t variant;
    bool operator==(const ValueName&) const = default;

    struct Hash {
        std::size_t operator()(const ValueName& name) const noexcept {
            const SeededHash hash;
            return hash(hash(hash(name.variant, name.topic), name.key_name), name.key);
        }
    };
};

}  // namespace rtbridge
