#include "base/random_name.h"

#include <random>
#include <string_view>

namespace rtbridge {

std::string random_name(std::size_t characters) {
    static constexpr std::string_view alphabet = "abcdefghijkmnpqrstuvwxyz23456789";
    static_assert(alphabet.size() == 32);
    static thread_local std::mt19937_64 random{std::random_device{}()};
    std::string name(characters, ' ');
    for (char& c : name) c = alphabet[random() % alphabet.size()];
    return name;
}

}  // namespace rtbridge
