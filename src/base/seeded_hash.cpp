// Products of 64 bits to 128 whose halves are folded together, as wyhash does: two multiplications
// for a text of up to 16 bytes, which is what a topic level has. One factor of each product is
// mixed with a part of the seed that does not depend on the text, so that no text makes it zero
// other than by chance.

#include "base/seeded_hash.h"

#include <cstring>
#include <random>

namespace rtbridge {
namespace {

__extension__ using Product = unsigned __int128;

std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept {
    const Product product = Product{a} * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

template <typename T>
std::uint64_t read(const char* bytes) noexcept {
    T value{};
    std::memcpy(&value, bytes, sizeof(value));
    return value;
}

struct Block {
    std::uint64_t low = 0, high = 0;
};

// All of a text of up to 16 bytes; parts may be read twice. With its length it tells texts apart.
Block short_text(const char* text, std::size_t size) noexcept {
    if (size >= 8) return {read<std::uint64_t>(text), read<std::uint64_t>(text + size - 8)};
    if (size >= 4) return {read<std::uint32_t>(text), read<std::uint32_t>(text + size - 4)};
    if (size == 0) return {};
    const std::uint64_t middle = read<std::uint8_t>(text + size / 2);
    return {read<std::uint8_t>(text) | middle << 8U | read<std::uint8_t>(text + size - 1) << 16U,
            0};
}

std::uint64_t random_word() {
    std::random_device device;
    return std::uint64_t{device()} << 32U | device();
}

const SeededHash& of_this_process() {
    static const SeededHash hash(random_word(), random_word());
    return hash;
}

}  // namespace

SeededHash::SeededHash() : SeededHash(of_this_process()) {}

std::uint64_t SeededHash::operator()(std::uint64_t number, std::string_view text) const noexcept {
    const char* bytes = text.data();
    std::size_t left = text.size();
    std::uint64_t mixed = fold(number ^ seed_[0], 0x9E3779B97F4A7C15U ^ seed_[1]);
    for (; left > 16; left -= 16, bytes += 16) {
        mixed = fold(read<std::uint64_t>(bytes) ^ seed_[1], read<std::uint64_t>(bytes + 8) ^ mixed);
    }
    const Block last = short_text(bytes, left);
    mixed = fold(last.low ^ seed_[1], last.high ^ mixed);
    return fold(mixed ^ seed_[0], text.size() ^ seed_[1]);
}

}  // namespace rtbridge
