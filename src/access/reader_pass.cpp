#include "access/reader_pass.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <array>

namespace rtbridge {
namespace {

// Enough that nobody guesses it. Empty: no randomness to be had.
std::string random_hex() {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::array<unsigned char, 16> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return {};
    std::string text;
    for (const unsigned char byte : bytes) {
        text.push_back(digits[byte >> 4U]);
        text.push_back(digits[byte & 0x0fU]);
    }
    return text;
}

bool is_this_machine(std::string_view address) {
    return address.starts_with("127.") || address == "::1" || address.starts_with("::ffff:127.");
}

}  // namespace

bool ReaderPass::issue() {
    withdraw();
    std::string name = random_hex();
    std::string password = random_hex();
    if (name.empty() || password.empty()) return false;
    id_ = std::string(reader_id_prefix) + name;
    password_ = std::move(password);
    return true;
}

void ReaderPass::withdraw() {
    id_.clear();
    OPENSSL_cleanse(password_.data(), password_.size());
    password_.clear();
    connection_ = nullptr;
}

bool ReaderPass::login(const MqttClient& client, std::string_view password) {
    if (!is_this_machine(client.address) || password.size() != password_.size() ||
        CRYPTO_memcmp(password.data(), password_.data(), password.size()) != 0) {
        return false;
    }
    if (connection_ != nullptr && connection_ != client.connection) return false;
    connection_ = client.connection;
    return true;
}

bool ReaderPass::allows(const MqttClient& client, MqttRequest request, bool logged_in) {
    if (request != MqttRequest::Subscribe && request != MqttRequest::Receive) return false;
    if (!is_this_machine(client.address)) return false;
    // Where the broker lets clients in by its own means, the first one is the reader: its id is a
    // secret until it is there.
    if (connection_ == nullptr && !logged_in) connection_ = client.connection;
    return connection_ == client.connection;
}

}  // namespace rtbridge
