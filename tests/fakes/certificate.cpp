#include "fakes/certificate.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <stdexcept>

#include "base/free_with.h"

namespace rtbridge {
namespace {

using Bio = std::unique_ptr<BIO, FreeWith<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, FreeWith<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;

void expect(bool ok) {
    if (!ok) throw std::runtime_error("OpenSSL made no test certificate");
}

std::string text_of(const Bio& bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

Key make_key(int rsa_bits) {
    return Key(rsa_bits > 0 ? EVP_RSA_gen(static_cast<unsigned>(rsa_bits)) : EVP_EC_gen("P-256"));
}

std::string key_text(EVP_PKEY* key, const std::string& passphrase) {
    const Bio bio(BIO_new(BIO_s_mem()));
    const bool plain = passphrase.empty();
    expect(PEM_write_bio_PKCS8PrivateKey(bio.get(), key, plain ? nullptr : EVP_aes_256_cbc(),
                                         plain ? nullptr : passphrase.data(),
                                         static_cast<int>(passphrase.size()), nullptr,
                                         nullptr) == 1);
    return text_of(bio);
}

}  // namespace

CertificatePem make_certificate(const CertificateWish& wish) {
    const Key key = make_key(wish.rsa_bits);
    const Certificate certificate(X509_new());
    expect(key && certificate);
    X509* const x509 = certificate.get();
    X509_set_version(x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    ASN1_TIME_set(X509_getm_notBefore(x509), wish.begins_unix_s);
    ASN1_TIME_set(X509_getm_notAfter(x509), wish.expires_unix_s);
    X509_NAME* const name = X509_get_subject_name(x509);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(wish.name.c_str()), -1, -1,
                               0);
    X509_set_issuer_name(x509, name);
    X509_set_pubkey(x509, key.get());
    expect(X509_sign(x509, key.get(), EVP_sha256()) > 0);

    const Bio bio(BIO_new(BIO_s_mem()));
    expect(PEM_write_bio_X509(bio.get(), x509) == 1);
    return {text_of(bio), key_text(key.get(), wish.passphrase)};
}

}  // namespace rtbridge
