#include "transport/password_cache.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

namespace rtbridge {

PasswordCache::PasswordCache()
    : usable_(RAND_bytes(key_.data(), static_cast<int>(key_.size())) == 1) {}

std::string PasswordCache::hash(std::string_view user, std::string_view password,
                                std::uint64_t password_record) const {
    if (!usable_) return {};
    // Lengths first: no choice of user can look like another user's password.
    std::string text = std::to_string(password_record) + ' ' + std::to_string(user.size()) + ' ';
    text.append(user).append(password);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    if (HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
             reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(),
             &length) == nullptr) {
        return {};
    }
    return {reinterpret_cast<const char*>(digest.data()), length};
}

void PasswordCache::remember(std::string_view user, std::string_view password,
                             std::uint64_t password_record, SteadyTime now) {
    const std::string key = hash(user, password, password_record);
    if (key.empty() || password_record == 0) return;
    if (until_.size() >= entries_max) until_.clear();
    until_[key] = now + lifetime;
}

bool PasswordCache::knows(std::string_view user, std::string_view password,
                          std::uint64_t password_record, SteadyTime now) {
    if (password_record == 0) return false;  // no such user
    const auto it = until_.find(hash(user, password, password_record));
    if (it == until_.end()) return false;
    if (now < it->second) return true;
    until_.erase(it);
    return false;
}

}  // namespace rtbridge
