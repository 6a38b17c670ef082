#include "access/login_cache.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <string>

#include "access/openssl_errors.h"

namespace rtbridge {

LoginCache::LoginCache() : usable_(RAND_bytes(key_.data(), static_cast<int>(key_.size())) == 1) {}

std::optional<LoginCache::Digest> LoginCache::digest(std::string_view user,
                                                     std::string_view password,
                                                     std::uint64_t record) const {
    const OpensslErrorMark mark;
    std::string text = std::to_string(record) + ":" + std::to_string(user.size()) + ":";
    text.append(user).append(password);
    Digest digest{};
    unsigned length = 0;
    const bool made = HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
                           reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                           digest.data(), &length) != nullptr;
    OPENSSL_cleanse(text.data(), text.size());
    // All that could not be made would be alike.
    return made ? std::optional(digest) : std::nullopt;
}

bool LoginCache::contains(std::string_view user, std::string_view password, std::uint64_t record,
                          SteadyTime now) {
    const std::optional<Digest> key = digest(user, password, record);
    if (!usable_ || !key || record == 0) return false;  // 0: no such user
    const auto it = expires_.find(*key);
    if (it == expires_.end() || it->second <= now) return false;
    add(user, password, record, now);
    return true;
}

void LoginCache::add(std::string_view user, std::string_view password, std::uint64_t record,
                     SteadyTime now) {
    const std::optional<Digest> key = digest(user, password, record);
    if (!usable_ || !key || record == 0) return;
    const auto [it, is_new] = expires_.try_emplace(*key, now + lifetime);
    if (!is_new) {
        const auto [first, last] = by_expiry_.equal_range(it->second);
        for (auto place = first; place != last; ++place) {
            if (place->second != *key) continue;
            by_expiry_.erase(place);
            break;
        }
        it->second = now + lifetime;
    }
    by_expiry_.emplace(it->second, *key);
    while (by_expiry_.begin()->first <= now || expires_.size() > entries_max) {
        expires_.erase(by_expiry_.begin()->second);
        by_expiry_.erase(by_expiry_.begin());
    }
}

}  // namespace rtbridge
