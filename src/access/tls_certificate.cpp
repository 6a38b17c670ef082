#include "access/tls_certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <array>
#include <ctime>
#include <optional>
#include <utility>
#include <vector>

#include "access/key_file.h"
#include "access/openssl_errors.h"
#include "base/free_with.h"
#include "config/in_quotes.h"

namespace rtbridge {
namespace {

using Bio = std::unique_ptr<BIO, FreeWith<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, FreeWith<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using SslContext = std::unique_ptr<SSL_CTX, FreeWith<SSL_CTX_free>>;

constexpr std::int64_t day_s = std::int64_t{24} * 3600;

void free_chain(STACK_OF(X509) * chain) {
    sk_X509_pop_free(chain, X509_free);
}
using Chain = std::unique_ptr<STACK_OF(X509), FreeWith<free_chain>>;

std::string last_error() {
    const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
    return reason != nullptr ? reason : "unknown error";
}

Bio bio_of(const std::string& text) {
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// OpenSSL would otherwise ask on the terminal of the broker.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* asked) {
    *static_cast<bool*>(asked) = true;
    return -1;
}

std::optional<std::int64_t> unix_s(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
    return timegm(&parts);
}

std::string date_text(std::int64_t unix_time_s) {
    const std::time_t time = unix_time_s;
    std::tm parts{};
    gmtime_r(&time, &parts);
    std::array<char, 32> text{};
    (void)std::strftime(text.data(), text.size(), "%Y-%m-%d", &parts);
    return text.data();
}

std::string subject_of(const X509* certificate) {
    const Bio out(BIO_new(BIO_s_mem()));
    if (!out) return {};
    X509_NAME_print_ex(out.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

Key read_key(const Placed<std::string>& file, Diagnostics& diagnostics) {
    const auto text = read_key_file(file, "key", KeyFileKind::Secret, diagnostics);
    if (!text) return nullptr;
    const Bio bio = bio_of(*text);
    bool encrypted = false;
    Key key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, &encrypted) : nullptr);
    if (key) return key;
    diagnostics.error(file.place,
                      encrypted
                          ? "the key in " + in_quotes(file.value) +
                                " needs a passphrase, and nobody is there to enter it; write it "
                                "without one: openssl pkey -in FILE -out FILE"
                          : in_quotes(file.value) + " holds no private key in PEM form");
    return nullptr;
}

void check_dates(const X509* certificate, std::int64_t expires, std::int64_t now,
                 const Placed<std::string>& file, Diagnostics& diagnostics) {
    const std::string what = "the certificate in " + in_quotes(file.value);
    const std::int64_t begins = unix_s(X509_get0_notBefore(certificate)).value_or(now);
    if (expires <= now) {
        diagnostics.warning(
            file.place, what + " expired on " + date_text(expires) + "; browsers will refuse it");
    } else if (begins > now) {
        diagnostics.warning(file.place, what + " is not valid before " + date_text(begins) +
                                            "; browsers will refuse it");
    } else if (expires - now <= tls_expiry_warning_days * day_s) {
        diagnostics.warning(file.place, what + " expires on " + date_text(expires) +
                                            "; renew it, then send SIGHUP to mosquitto");
    }
}

}  // namespace

struct TlsCertificate::Parts {
    Certificate certificate;
    Chain chain;  // what follows the certificate in its file
    Key key;

    // Nothing where `diagnostics` got an error.
    [[nodiscard]] bool read_chain(const Placed<std::string>& file, Diagnostics& diagnostics) {
        const auto text = read_key_file(file, "cert", KeyFileKind::Public, diagnostics);
        if (!text) return false;
        const Bio bio = bio_of(*text);
        certificate.reset(bio ? PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr)
                              : nullptr);
        chain.reset(sk_X509_new_null());
        if (!certificate || !chain) {
            diagnostics.error(file.place,
                              in_quotes(file.value) + " holds no certificate in PEM form");
            return false;
        }
        while (X509* const next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
            if (sk_X509_push(chain.get(), next) == 0) X509_free(next);
        }
        if (ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE) return true;  // its end
        diagnostics.error(file.place, "a later certificate in " + in_quotes(file.value) +
                                          " is broken: " + last_error());
        return false;
    }
};

TlsCertificate::TlsCertificate() : parts_(std::make_unique<Parts>()) {}
TlsCertificate::~TlsCertificate() = default;

std::shared_ptr<const TlsCertificate> TlsCertificate::load(const TlsConfig& config,
                                                           std::int64_t now_unix_s,
                                                           Diagnostics& diagnostics) {
    const OpensslErrorMark mark;
    auto loaded = std::shared_ptr<TlsCertificate>(new TlsCertificate);
    Parts& parts = *loaded->parts_;
    const bool has_chain = parts.read_chain(config.cert_file, diagnostics);
    parts.key = read_key(config.key_file, diagnostics);
    if (!has_chain || !parts.key) return nullptr;

    X509* const certificate = parts.certificate.get();
    if (X509_check_private_key(certificate, parts.key.get()) != 1) {
        diagnostics.error(config.key_file.place, "the key in " + in_quotes(config.key_file.value) +
                                                     " does not belong to the certificate in " +
                                                     in_quotes(config.cert_file.value));
        return nullptr;
    }
    // What this system's OpenSSL thinks too weak would otherwise fail at the first browser.
    const SslContext trial(SSL_CTX_new(TLS_server_method()));
    if (!trial || SSL_CTX_use_cert_and_key(trial.get(), certificate, parts.key.get(),
                                           parts.chain.get(), 1) != 1) {
        diagnostics.error(config.cert_file.place, "the certificate in " +
                                                      in_quotes(config.cert_file.value) +
                                                      " cannot be used: " + last_error());
        return nullptr;
    }
    loaded->subject_ = subject_of(certificate);
    loaded->expires_unix_s_ = unix_s(X509_get0_notAfter(certificate)).value_or(0);
    check_dates(certificate, loaded->expires_unix_s_, now_unix_s, config.cert_file, diagnostics);
    return loaded;
}

bool TlsCertificate::show_in(ssl_st* handshake) const {
    return SSL_use_cert_and_key(handshake, parts_->certificate.get(), parts_->key.get(),
                                parts_->chain.get(), 1) == 1;
}

}  // namespace rtbridge
