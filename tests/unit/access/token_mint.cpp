#include "token_mint.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "access/base64.h"

namespace rtbridge {
namespace {

using Bio = std::unique_ptr<BIO, FreeWith<BIO_free_all>>;
using BigNumber = std::unique_ptr<BIGNUM, FreeWith<BN_free>>;
using Signature = std::unique_ptr<ECDSA_SIG, FreeWith<ECDSA_SIG_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeWith<EVP_MD_CTX_free>>;
using Certificate = std::unique_ptr<X509, FreeWith<X509_free>>;

const EVP_MD* digest_of(std::string_view algorithm) {
    if (algorithm.ends_with("256")) return EVP_sha256();
    return algorithm.ends_with("384") ? EVP_sha384() : EVP_sha512();
}

std::string text_of(const Bio& bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

std::string padded(const BIGNUM* number, int bytes) {
    std::string text(static_cast<std::size_t>(bytes), '\0');
    EXPECT_EQ(BN_bn2binpad(number, reinterpret_cast<unsigned char*>(text.data()), bytes), bytes);
    return text;
}

std::string number_of(const EvpKey& key, const char* name, int bytes = 0) {
    BIGNUM* raw = nullptr;
    EXPECT_EQ(EVP_PKEY_get_bn_param(key.get(), name, &raw), 1) << name;
    const BigNumber number(raw);
    return encode_base64url(padded(raw, bytes > 0 ? bytes : BN_num_bytes(raw)));
}

// RFC 7518, 3.4: r and s side by side, where OpenSSL writes ASN.1.
std::string raw_ecdsa(const std::string& der, int field_bytes) {
    const auto* data = reinterpret_cast<const unsigned char*>(der.data());
    const Signature signature(d2i_ECDSA_SIG(nullptr, &data, static_cast<long>(der.size())));
    return padded(ECDSA_SIG_get0_r(signature.get()), field_bytes) +
           padded(ECDSA_SIG_get0_s(signature.get()), field_bytes);
}

int field_bytes_of(const EvpKey& key) {
    return (EVP_PKEY_get_bits(key.get()) + 7) / 8;
}

}  // namespace

EvpKey make_rsa_key(unsigned bits) {
    return EvpKey(EVP_RSA_gen(bits));
}
EvpKey make_ec_key(const char* curve) {
    return EvpKey(EVP_EC_gen(curve));
}
EvpKey make_ed25519_key() {
    return EvpKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
}

std::string public_pem(const EvpKey& key) {
    const Bio bio(BIO_new(BIO_s_mem()));
    EXPECT_EQ(PEM_write_bio_PUBKEY(bio.get(), key.get()), 1);
    return text_of(bio);
}

std::string private_pem(const EvpKey& key) {
    const Bio bio(BIO_new(BIO_s_mem()));
    EXPECT_EQ(
        PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr),
        1);
    return text_of(bio);
}

std::string certificate_pem(const EvpKey& key) {
    const Certificate certificate(X509_new());
    X509_set_pubkey(certificate.get(), key.get());
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    EXPECT_GT(X509_sign(certificate.get(), key.get(), EVP_sha256()), 0);
    const Bio bio(BIO_new(BIO_s_mem()));
    EXPECT_EQ(PEM_write_bio_X509(bio.get(), certificate.get()), 1);
    return text_of(bio);
}

std::string public_jwk(const EvpKey& key) {
    if (EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_RSA) {
        return R"("kty":"RSA","n":")" + number_of(key, OSSL_PKEY_PARAM_RSA_N) + R"(","e":")" +
               number_of(key, OSSL_PKEY_PARAM_RSA_E) + "\"";
    }
    const int bytes = field_bytes_of(key);
    const std::string curve = bytes == 32 ? "P-256" : bytes == 48 ? "P-384" : "P-521";
    return R"("kty":"EC","crv":")" + curve + R"(","x":")" +
           number_of(key, OSSL_PKEY_PARAM_EC_PUB_X, bytes) + R"(","y":")" +
           number_of(key, OSSL_PKEY_PARAM_EC_PUB_Y, bytes) + "\"";
}

std::string signing_input(std::string_view header, std::string_view claims) {
    return encode_base64url(header) + "." + encode_base64url(claims);
}

std::string sign_hmac(std::string_view header, std::string_view claims, std::string_view secret,
                      std::string_view algorithm) {
    const std::string input = signing_input(header, claims);
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    HMAC(digest_of(algorithm), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(input.data()), input.size(), mac, &size);
    return input + "." + encode_base64url({reinterpret_cast<const char*>(mac), size});
}

std::string sign_key(std::string_view header, std::string_view claims, const EvpKey& key,
                     std::string_view algorithm) {
    const std::string input = signing_input(header, claims);
    const DigestContext context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* options = nullptr;
    EXPECT_EQ(EVP_DigestSignInit(context.get(), &options, digest_of(algorithm), nullptr, key.get()),
              1);
    if (algorithm.starts_with("PS")) {
        EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING);
        EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST);
    }
    const auto* const data = reinterpret_cast<const unsigned char*>(input.data());
    std::size_t size = 0;
    EXPECT_EQ(EVP_DigestSign(context.get(), nullptr, &size, data, input.size()), 1);
    std::string signature(size, '\0');
    EXPECT_EQ(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()),
                             &size, data, input.size()),
              1);
    signature.resize(size);
    if (algorithm.starts_with("ES")) signature = raw_ecdsa(signature, field_bytes_of(key));
    return input + "." + encode_base64url(signature);
}

}  // namespace rtbridge
