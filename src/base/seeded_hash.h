#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rtbridge {

// A hash of texts that strangers choose, for tables they must not be able to make slow: it depends
// on a seed that the process draws at random, so nobody can work out texts that collide. Within a
// process equal texts have equal hashes. Not a cryptographic hash; its values never leave the
// process.
//
// Thread: any; a value. Usable as hasher of std::unordered_map, also for look-ups by string_view.
class SeededHash {
public:
    using is_transparent = void;

    SeededHash();  // with the seed of the process
    // With a seed of the caller's, for tests; it has to look random, as that of the process does.
    SeededHash(std::uint64_t first, std::uint64_t second) : seed_{first, second} {}

    [[nodiscard]] std::uint64_t operator()(std::uint64_t number,
                                           std::string_view text) const noexcept;
    [[nodiscard]] std::size_t operator()(std::string_view text) const noexcept {
        return static_cast<std::size_t>((*this)(0, text));
    }

private:
    std::uint64_t seed_[2];
};

}  // namespace rtbridge
