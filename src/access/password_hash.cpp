#include "access/password_hash.h"

#include <argon2.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "access/base64.h"
#include "access/openssl_errors.h"

namespace rtbridge {
namespace {

constexpr std::size_t sha512_bytes = 64;
constexpr std::size_t salt_bytes_max = 64;
constexpr std::size_t new_salt_bytes = 64;  // as mosquitto_passwd 2.1 makes them
// What mosquitto_passwd 2.1 uses.
constexpr std::uint32_t new_argon2_memory_kib = 47'104;

unsigned char* bytes_of(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}
const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

// The text up to the next `separator`, which is dropped; all of it where there is none.
std::string_view next_field(std::string_view& text, char separator) {
    const std::size_t end = std::min(text.find(separator), text.size());
    const std::string_view field = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return field;
}

// Digits only, from 1 to `max`.
bool read_number(std::string_view text, std::uint32_t max, std::uint32_t& target) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), target);
    return error == std::errc() && end == text.data() + text.size() && target >= 1 && target <= max;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

std::string random_bytes(std::size_t count) {
    std::string bytes(count, '\0');
    if (RAND_bytes(bytes_of(bytes), static_cast<int>(count)) != 1) bytes.clear();
    return bytes;
}

std::string sha512(std::string_view password, std::string_view salt) {
    const std::string text = std::string(password).append(salt);
    std::string hash(sha512_bytes, '\0');
    const bool done =
        EVP_Digest(text.data(), text.size(), bytes_of(hash), nullptr, EVP_sha512(), nullptr) == 1;
    return done ? hash : std::string();
}

std::string pbkdf2_sha512(std::string_view password, std::string_view salt, std::uint32_t rounds) {
    std::string hash(sha512_bytes, '\0');
    const bool done =
        PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), bytes_of(salt),
                          static_cast<int>(salt.size()), static_cast<int>(rounds), EVP_sha512(),
                          static_cast<int>(hash.size()), bytes_of(hash)) == 1;
    return done ? hash : std::string();
}

}  // namespace

Result<PasswordHash, std::string> PasswordHash::parse(std::string_view text) {
    PasswordHash hash;
    if (take_prefix(text, "$6$")) {
        hash.kind_ = Kind::Sha512;
    } else if (take_prefix(text, "$7$")) {
        hash.kind_ = Kind::Pbkdf2;
        if (!read_number(next_field(text, '$'), pbkdf2_rounds_max, hash.rounds_)) {
            return Failure{"the rounds of PBKDF2 are not a number from 1 to " +
                           std::to_string(pbkdf2_rounds_max)};
        }
    } else if (take_prefix(text, "$argon2id$")) {
        hash.kind_ = Kind::Argon2id;
        if (!take_prefix(text, "v=19$")) {
            return Failure{std::string("this version of argon2id is not known; v=19 is")};
        }
        std::string_view parameters = next_field(text, '$');
        std::string_view memory = next_field(parameters, ',');
        std::string_view rounds = next_field(parameters, ',');
        std::string_view lanes = parameters;
        const bool usable = take_prefix(memory, "m=") && take_prefix(rounds, "t=") &&
                            take_prefix(lanes, "p=") &&
                            read_number(memory, argon2_memory_kib_max, hash.memory_kib_) &&
                            read_number(rounds, argon2_rounds_max, hash.rounds_) &&
                            read_number(lanes, argon2_lanes_max, hash.lanes_) &&
                            hash.memory_kib_ >= ARGON2_MIN_MEMORY * hash.lanes_;
        if (!usable) {
            return Failure{
                "the parameters of argon2id are not like m=47104,t=1,p=1 with at most m=" +
                std::to_string(argon2_memory_kib_max) + ",t=" + std::to_string(argon2_rounds_max) +
                ",p=" + std::to_string(argon2_lanes_max)};
        }
    } else {
        return Failure{std::string(
            "the password is not stored as $6$, $7$ or $argon2id$; set it by rtbridgectl passwd")};
    }
    if (!hash.parse_fields(text)) return Failure{std::string("salt or hash are broken")};
    return hash;
}

// "<salt>$<hash>" in base64
bool PasswordHash::parse_fields(std::string_view fields) {
    std::optional<std::string> salt = decode_base64(next_field(fields, '$'));
    std::optional<std::string> hash = decode_base64(fields);
    if (!salt || !hash || salt->empty() || salt->size() > salt_bytes_max) return false;
    if (kind_ == Kind::Argon2id) {
        if (salt->size() < ARGON2_MIN_SALT_LENGTH || hash->size() < 16 ||
            hash->size() > sha512_bytes) {
            return false;
        }
    } else if (hash->size() != sha512_bytes) {
        return false;
    }
    salt_ = std::move(*salt);
    hash_ = std::move(*hash);
    return true;
}

std::optional<PasswordHash> PasswordHash::pbkdf2(std::string_view password, std::uint32_t rounds) {
    const OpensslErrorMark mark;
    PasswordHash hash;
    hash.kind_ = Kind::Pbkdf2;
    hash.rounds_ = rounds;
    hash.salt_ = random_bytes(new_salt_bytes);
    if (hash.salt_.empty()) return std::nullopt;
    hash.hash_ = hash.compute(password);
    if (hash.hash_.empty()) return std::nullopt;
    return hash;
}

std::optional<PasswordHash> PasswordHash::argon2id(std::string_view password) {
    const OpensslErrorMark mark;
    PasswordHash hash;
    hash.kind_ = Kind::Argon2id;
    hash.memory_kib_ = new_argon2_memory_kib;
    hash.lanes_ = 1;
    hash.salt_ = random_bytes(new_salt_bytes);
    if (hash.salt_.empty()) return std::nullopt;
    hash.hash_.resize(sha512_bytes);  // compute() makes one of the same length
    hash.hash_ = hash.compute(password);
    if (hash.hash_.empty()) return std::nullopt;
    return hash;
}

bool PasswordHash::matches(std::string_view password) const {
    const OpensslErrorMark mark;
    const std::string computed = compute(password);
    // HMAC pads its key with NULs: to PBKDF2 a password with some at its end is the same password.
    return password.find('\0') == std::string_view::npos && computed.size() == hash_.size() &&
           CRYPTO_memcmp(computed.data(), hash_.data(), hash_.size()) == 0;
}

std::string PasswordHash::compute(std::string_view password) const {
    if (kind_ == Kind::Sha512) return sha512(password, salt_);
    if (kind_ == Kind::Pbkdf2) return pbkdf2_sha512(password, salt_, rounds_);
    std::string hash(hash_.size(), '\0');
    std::string secret(password);
    std::string salt = salt_;
    argon2_context context{};
    context.out = bytes_of(hash);
    context.outlen = static_cast<std::uint32_t>(hash.size());
    context.pwd = bytes_of(secret);
    context.pwdlen = static_cast<std::uint32_t>(secret.size());
    context.salt = bytes_of(salt);
    context.saltlen = static_cast<std::uint32_t>(salt.size());
    context.t_cost = rounds_;
    context.m_cost = memory_kib_;
    context.lanes = lanes_;
    context.threads = 1;  // the outcome is the same; signals belong to the threads of the broker
    context.version = ARGON2_VERSION_13;
    context.flags = ARGON2_DEFAULT_FLAGS;
    const bool done = argon2id_ctx(&context) == ARGON2_OK;
    OPENSSL_cleanse(secret.data(), secret.size());
    return done ? hash : std::string();
}

std::string PasswordHash::text() const {
    switch (kind_) {
        case Kind::Sha512:
            return "$6$" + encode_base64(salt_) + "$" + encode_base64(hash_);
        case Kind::Pbkdf2:
            return "$7$" + std::to_string(rounds_) + "$" + encode_base64(salt_) + "$" +
                   encode_base64(hash_);
        case Kind::Argon2id:
            break;
    }
    const auto unpadded = [](std::string base64) {
        base64.erase(std::find(base64.begin(), base64.end(), '='), base64.end());
        return base64;
    };
    return "$argon2id$v=19$m=" + std::to_string(memory_kib_) + ",t=" + std::to_string(rounds_) +
           ",p=" + std::to_string(lanes_) + "$" + unpadded(encode_base64(salt_)) + "$" +
           unpadded(encode_base64(hash_));
}

std::string PasswordHash::description() const {
    switch (kind_) {
        case Kind::Sha512:
            return "SHA-512";
        case Kind::Pbkdf2:
            return "PBKDF2 with " + std::to_string(rounds_) + " rounds";
        case Kind::Argon2id:
            break;
    }
    return "argon2id with m=" + std::to_string(memory_kib_) + ",t=" + std::to_string(rounds_);
}

std::uint64_t PasswordHash::work() const {
    return std::uint64_t{rounds_} * std::max<std::uint32_t>(memory_kib_, 1);
}

}  // namespace rtbridge
