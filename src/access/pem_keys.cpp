#include "access/pem_keys.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <utility>

#include "access/openssl_errors.h"
#include "base/free_with.h"

namespace rtbridge {
namespace {

using Bio = std::unique_ptr<BIO, FreeWith<BIO_free_all>>;
using EvpKey = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, FreeWith<X509_free>>;

Bio memory_bio(std::string_view text) {
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

void free_openssl(void* memory) {
    OPENSSL_free(memory);
}

// One "-----BEGIN name-----" with what it holds.
struct Block {
    std::string name;
    std::string der;
};

bool read_block(BIO& bio, Block& block) {
    char* name = nullptr;
    char* header = nullptr;
    unsigned char* data = nullptr;
    long size = 0;
    if (PEM_read_bio(&bio, &name, &header, &data, &size) != 1) return false;
    const std::unique_ptr<char, FreeWith<free_openssl>> name_owner(name);
    const std::unique_ptr<char, FreeWith<free_openssl>> header_owner(header);
    const std::unique_ptr<unsigned char, FreeWith<free_openssl>> data_owner(data);
    block.name = name;
    block.der.assign(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
    return true;
}

// Null for a block that is broken.
EvpKey public_key_of(const Block& block) {
    const auto* der = reinterpret_cast<const unsigned char*>(block.der.data());
    const long size = static_cast<long>(block.der.size());
    if (block.name == "PUBLIC KEY") return EvpKey(d2i_PUBKEY(nullptr, &der, size));
    if (block.name == "RSA PUBLIC KEY") {
        return EvpKey(d2i_PublicKey(EVP_PKEY_RSA, nullptr, &der, size));
    }
    const Certificate certificate(d2i_X509(nullptr, &der, size));
    return EvpKey(certificate ? X509_get_pubkey(certificate.get()) : nullptr);
}

bool holds_public_key(const std::string& name) {
    return name == "PUBLIC KEY" || name == "RSA PUBLIC KEY" || name == "CERTIFICATE" ||
           name == "X509 CERTIFICATE";
}

Failure<std::string> failure(std::string text) {
    return Failure{std::move(text)};
}

// A private key that needs a passphrase would make OpenSSL ask on the terminal.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) {
    return -1;
}

}  // namespace

bool looks_like_pem(std::string_view text) {
    return text.find("-----BEGIN ") != std::string_view::npos;
}

Result<std::vector<Jwk>, std::string> read_public_pem(std::string_view text) {
    const OpensslErrorMark mark;
    const Bio bio = memory_bio(text);
    if (!bio) return failure("memory is exhausted");
    std::vector<Jwk> keys;
    Block block;
    while (read_block(*bio, block)) {
        if (block.name.ends_with("PRIVATE KEY")) {
            return failure(
                "it holds a private key, and only the public one is needed to verify tokens; "
                "write that one by: openssl pkey -in PRIVATE -pubout");
        }
        if (!holds_public_key(block.name)) {
            return failure("it holds a \"" + block.name +
                           "\"; only PUBLIC KEY and CERTIFICATE are of use");
        }
        const EvpKey evp = public_key_of(block);
        if (!evp) return failure("its " + block.name + " is broken");
        Result<Jwk, std::string> key = jwk_of(*evp, KeyPart::Public);
        if (!key.ok()) return failure(std::move(key).error());
        keys.push_back(std::move(key).value());
    }
    if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
        return failure("its PEM text is broken");
    }
    if (keys.empty()) return failure("there is no key in it");
    return keys;
}

Result<Jwk, std::string> read_private_pem(std::string_view text) {
    const OpensslErrorMark mark;
    const Bio bio = memory_bio(text);
    if (!bio) return failure("memory is exhausted");
    const EvpKey evp(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
    if (!evp) return failure("there is no private key in it that can be read without passphrase");
    return jwk_of(*evp, KeyPart::Private);
}

}  // namespace rtbridge
