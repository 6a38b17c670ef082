#include "access/jwk.h"

#include <cjose/jwk.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include <array>
#include <utility>

#include "access/openssl_errors.h"
#include "base/free_with.h"

namespace rtbridge {
namespace {

constexpr std::size_t secret_bytes_min = 32;
constexpr std::size_t rsa_bits_min = 2048;
constexpr std::size_t rsa_bits_max = 16'384;  // beyond, one check takes milliseconds

using BigNumber = std::unique_ptr<BIGNUM, FreeWith<BN_clear_free>>;

struct Curve {
    KeyType type;
    cjose_jwk_ec_curve id;
    std::string_view openssl_name;
    int field_bytes;
};
constexpr std::array<Curve, 3> curves = {{
    {KeyType::P256, CJOSE_JWK_EC_P_256, "prime256v1", 32},
    {KeyType::P384, CJOSE_JWK_EC_P_384, "secp384r1", 48},
    {KeyType::P521, CJOSE_JWK_EC_P_521, "secp521r1", 66},
}};

// Big-endian; empty where the key has no such number. `bytes` = 0: as short as it is.
std::string number_of(const EVP_PKEY& key, const char* name, int bytes = 0) {
    BIGNUM* raw = nullptr;
    if (EVP_PKEY_get_bn_param(&key, name, &raw) != 1) return {};
    const BigNumber number(raw);
    std::string text(static_cast<std::size_t>(bytes > 0 ? bytes : BN_num_bytes(raw)), '\0');
    const int written = BN_bn2binpad(raw, reinterpret_cast<unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
    return written < 0 ? std::string() : text;
}

// cjose takes pointers to what it only copies.
std::uint8_t* bytes_of(std::string& text) {
    return text.empty() ? nullptr : reinterpret_cast<std::uint8_t*>(text.data());
}

Failure<std::string> failure(std::string text) {
    return Failure{std::move(text)};
}

Result<Jwk, std::string> checked(cjose_jwk_t* handle) {
    Jwk key;
    key.handle.reset(handle);
    if (!key.handle) return failure("the key cannot be read");
    const std::size_t bits = cjose_jwk_get_keysize(handle, nullptr);
    switch (cjose_jwk_get_kty(handle, nullptr)) {
        case CJOSE_JWK_KTY_OCT:
            key.type = KeyType::Secret;
            if (bits >= secret_bytes_min * 8) return key;
            return failure("the secret has " + std::to_string(bits / 8) +
                           " bytes; make one of at least 32, like: openssl rand -hex 32");
        case CJOSE_JWK_KTY_RSA:
            key.type = KeyType::Rsa;
            key.rsa_bytes = (bits + 7) / 8;
            if (bits >= rsa_bits_min && bits <= rsa_bits_max) return key;
            return failure("the RSA key has " + std::to_string(bits) +
                           " bits; use one of 2048 to 16384");
        case CJOSE_JWK_KTY_EC:
            for (const Curve& curve : curves) {
                if (cjose_jwk_EC_get_curve(handle, nullptr) != curve.id) continue;
                key.type = curve.type;
                return key;
            }
            break;
    }
    return failure("the key is of an unknown type");
}

Result<Jwk, std::string> rsa_jwk(const EVP_PKEY& key, KeyPart part) {
    std::string n = number_of(key, OSSL_PKEY_PARAM_RSA_N);
    std::string e = number_of(key, OSSL_PKEY_PARAM_RSA_E);
    cjose_jwk_rsa_keyspec spec{};
    spec.n = bytes_of(n);
    spec.nlen = n.size();
    spec.e = bytes_of(e);
    spec.elen = e.size();
    if (part == KeyPart::Public) return checked(cjose_jwk_create_RSA_spec(&spec, nullptr));

    std::string d = number_of(key, OSSL_PKEY_PARAM_RSA_D);
    std::string p = number_of(key, OSSL_PKEY_PARAM_RSA_FACTOR1);
    std::string q = number_of(key, OSSL_PKEY_PARAM_RSA_FACTOR2);
    std::string dp = number_of(key, OSSL_PKEY_PARAM_RSA_EXPONENT1);
    std::string dq = number_of(key, OSSL_PKEY_PARAM_RSA_EXPONENT2);
    std::string qi = number_of(key, OSSL_PKEY_PARAM_RSA_COEFFICIENT1);
    if (d.empty()) return failure("the key has no private part");
    spec.d = bytes_of(d), spec.dlen = d.size();
    spec.p = bytes_of(p), spec.plen = p.size();
    spec.q = bytes_of(q), spec.qlen = q.size();
    spec.dp = bytes_of(dp), spec.dplen = dp.size();
    spec.dq = bytes_of(dq), spec.dqlen = dq.size();
    spec.qi = bytes_of(qi), spec.qilen = qi.size();
    return checked(cjose_jwk_create_RSA_spec(&spec, nullptr));
}

Result<Jwk, std::string> ec_jwk(const EVP_PKEY& key, KeyPart part) {
    std::array<char, 64> name{};
    std::size_t size = 0;
    if (EVP_PKEY_get_utf8_string_param(&key, OSSL_PKEY_PARAM_GROUP_NAME, name.data(), name.size(),
                                       &size) != 1) {
        return failure("the elliptic curve of the key is not a named one");
    }
    for (const Curve& curve : curves) {
        if (curve.openssl_name != std::string_view(name.data(), size)) continue;
        std::string x = number_of(key, OSSL_PKEY_PARAM_EC_PUB_X, curve.field_bytes);
        std::string y = number_of(key, OSSL_PKEY_PARAM_EC_PUB_Y, curve.field_bytes);
        std::string d;
        if (part == KeyPart::Private) {
            d = number_of(key, OSSL_PKEY_PARAM_PRIV_KEY, curve.field_bytes);
            if (d.empty()) return failure("the key has no private part");
        }
        cjose_jwk_ec_keyspec spec{};
        spec.crv = curve.id;
        spec.x = bytes_of(x);
        spec.xlen = x.size();
        spec.y = bytes_of(y);
        spec.ylen = y.size();
        spec.d = bytes_of(d);
        spec.dlen = d.size();
        return checked(cjose_jwk_create_EC_spec(&spec, nullptr));
    }
    return failure("the elliptic curve " + std::string(name.data(), size) +
                   " is not used by tokens; use P-256, P-384 or P-521");
}

}  // namespace

void ReleaseJwk::operator()(_cjose_jwk_int* key) const noexcept {
    cjose_jwk_release(key);
}

Result<Jwk, std::string> jwk_of_secret(std::string_view secret) {
    const OpensslErrorMark mark;
    if (secret.empty()) return failure("there is no secret in it");
    return checked(cjose_jwk_create_oct_spec(reinterpret_cast<const std::uint8_t*>(secret.data()),
                                             secret.size(), nullptr));
}

Result<Jwk, std::string> jwk_of(const EVP_PKEY& key, KeyPart part) {
    const OpensslErrorMark mark;
    switch (EVP_PKEY_get_base_id(&key)) {
        case EVP_PKEY_RSA:
            return rsa_jwk(key, part);
        case EVP_PKEY_EC:
            return ec_jwk(key, part);
        case EVP_PKEY_ED25519:
        case EVP_PKEY_ED448:
            return failure(
                "the key is for EdDSA, which cjose cannot verify; use RSA, P-256, P-384 or P-521");
        default:
            return failure("the key is neither RSA nor on an elliptic curve");
    }
}

Result<Jwk, std::string> jwk_of_json(const std::string& json) {
    const OpensslErrorMark mark;
    return checked(cjose_jwk_import(json.data(), json.size(), nullptr));
}

}  // namespace rtbridge
