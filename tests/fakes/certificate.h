#pragma once

#include <cstdint>
#include <string>

namespace rtbridge {

// A self-signed certificate and its key, made for one test.
struct CertificatePem {
    std::string certificate;
    std::string key;
};

struct CertificateWish {
    std::string name = "localhost";
    std::int64_t begins_unix_s = 0;
    std::int64_t expires_unix_s = 4'000'000'000;
    int rsa_bits = 0;          // 0: an elliptic curve, which is quicker
    std::string passphrase{};  // of the key; empty: none
};

[[nodiscard]] CertificatePem make_certificate(const CertificateWish& wish = {});

}  // namespace rtbridge
