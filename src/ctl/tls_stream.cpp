#include "ctl/tls_stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <limits>

namespace rtbridge {
namespace {

std::string queued_error() {
    const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
    return reason != nullptr ? reason : "the connection was closed";
}

int chunk(std::size_t size) {
    return static_cast<int>(
        std::min<std::size_t>(size, static_cast<std::size_t>(std::numeric_limits<int>::max())));
}

}  // namespace

Result<TlsStream, std::string> TlsStream::over(int socket, const std::string& host,
                                               const std::string& ca_file) {
    TlsStream stream;
    stream.context_.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX* const context = stream.context_.get();
    if (context == nullptr) return Failure{queued_error()};
    const int trusts = ca_file.empty() ? SSL_CTX_set_default_verify_paths(context)
                                       : SSL_CTX_load_verify_file(context, ca_file.c_str());
    if (trusts != 1) return Failure{"cannot read the CA " + ca_file + ": " + queued_error()};
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    stream.tls_.reset(SSL_new(context));
    SSL* const tls = stream.tls_.get();
    if (tls == nullptr || SSL_set_fd(tls, socket) != 1) return Failure{queued_error()};
    // A certificate names addresses and host names apart.
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), host.c_str()) != 1) {
        if (SSL_set1_host(tls, host.c_str()) != 1) return Failure{queued_error()};
        SSL_set_tlsext_host_name(tls, host.c_str());
    }
    return stream;
}

ssize_t TlsStream::result(int returned) {
    if (returned > 0) return returned;
    switch (SSL_get_error(tls_.get(), returned)) {
        case SSL_ERROR_ZERO_RETURN:
            return 0;
        case SSL_ERROR_WANT_READ:
            wants_ = POLLIN;
            break;
        case SSL_ERROR_WANT_WRITE:
            wants_ = POLLOUT;
            break;
        default:
            errno = EPROTO;
            return -1;
    }
    errno = EAGAIN;
    return -1;
}

ssize_t TlsStream::handshake() {
    ERR_clear_error();
    return result(SSL_connect(tls_.get()));
}

ssize_t TlsStream::send(const char* data, std::size_t size) {
    ERR_clear_error();
    return result(SSL_write(tls_.get(), data, chunk(size)));
}

ssize_t TlsStream::receive(char* data, std::size_t size) {
    ERR_clear_error();
    return result(SSL_read(tls_.get(), data, chunk(size)));
}

std::string TlsStream::error() const {
    const long verdict = SSL_get_verify_result(tls_.get());
    return verdict == X509_V_OK ? queued_error() : X509_verify_cert_error_string(verdict);
}

}  // namespace rtbridge
