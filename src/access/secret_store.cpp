#include "access/secret_store.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <utility>

#include "access/base64.h"
#include "access/openssl_errors.h"

namespace rtbridge {
namespace {

constexpr std::size_t secret_bytes = 32;

// Empty: out of memory.
std::string hash_of(std::string_view secret) {
    const OpensslErrorMark mark;
    std::string hash(SHA256_DIGEST_LENGTH, '\0');
    const bool done =
        EVP_Digest(secret.data(), secret.size(), reinterpret_cast<unsigned char*>(hash.data()),
                   nullptr, EVP_sha256(), nullptr) == 1;
    return done ? hash : std::string();
}

std::string new_secret() {
    const OpensslErrorMark mark;
    std::string bytes(secret_bytes, '\0');
    const bool done = RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()),
                                 static_cast<int>(bytes.size())) == 1;
    return done ? encode_base64url(bytes) : std::string();
}

}  // namespace

SecretStore::SecretStore(std::chrono::seconds lifetime, std::size_t count_max)
    : lifetime_(lifetime), count_max_(count_max) {}

std::string SecretStore::issue(Issued issued, SteadyTime now) {
    std::string secret = new_secret();
    std::string hash = hash_of(secret);
    if (secret.empty() || hash.empty()) return {};
    const std::lock_guard lock(mutex_);
    while (!entries_.empty() &&
           (entries_.front().expires <= now || entries_.size() >= count_max_)) {
        forget(entries_.begin());
    }
    entries_.push_back({hash, std::move(issued), now + lifetime_});
    by_hash_.emplace(std::move(hash), std::prev(entries_.end()));
    return secret;
}

std::optional<SecretStore::Issued> SecretStore::find(std::string_view secret, SteadyTime now) {
    const std::lock_guard lock(mutex_);
    const Position entry = valid_entry(secret, now);
    if (entry == entries_.end()) return std::nullopt;
    return entry->issued;
}

std::optional<SecretStore::Issued> SecretStore::redeem(std::string_view secret, SteadyTime now) {
    const std::lock_guard lock(mutex_);
    const Position entry = valid_entry(secret, now);
    if (entry == entries_.end()) return std::nullopt;
    Issued issued = std::move(entry->issued);
    forget(entry);
    return issued;
}

// By its hash: how long the look-up of a guess takes says nothing about the secrets.
SecretStore::Position SecretStore::valid_entry(std::string_view secret, SteadyTime now) {
    const auto found = by_hash_.find(hash_of(secret));
    if (found == by_hash_.end() || found->second->expires <= now) return entries_.end();
    return found->second;
}

void SecretStore::forget(Position entry) {
    by_hash_.erase(entry->hash);
    entries_.erase(entry);
}

}  // namespace rtbridge
