#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "base/free_with.h"
#include "base/result.h"

struct ssl_ctx_st;
struct ssl_st;
// NOLINTBEGIN(readability-identifier-naming): OpenSSL's names
extern "C" {
void SSL_CTX_free(ssl_ctx_st*);
void SSL_free(ssl_st*);
}
// NOLINTEND(readability-identifier-naming)

namespace rtbridge {

// The client's side of TLS over a socket that does not block. Each call moves what it can; where it
// can't, it returns -1 with EAGAIN in errno, and wants() says what to wait for.
class TlsStream {
public:
    // The certificate has to be valid for `host` by `ca_file`, or by the system's if that is empty.
    [[nodiscard]] static Result<TlsStream, std::string> over(int socket, const std::string& host,
                                                             const std::string& ca_file);

    [[nodiscard]] ssize_t handshake();  // > 0: done
    [[nodiscard]] ssize_t send(const char* data, std::size_t size);
    [[nodiscard]] ssize_t receive(char* data, std::size_t size);  // 0: the end
    [[nodiscard]] short wants() const { return wants_; }          // events for poll()
    // Why a call failed otherwise.
    [[nodiscard]] std::string error() const;

private:
    TlsStream() = default;
    [[nodiscard]] ssize_t result(int returned);
    std::unique_ptr<ssl_ctx_st, FreeWith<SSL_CTX_free>> context_;
    std::unique_ptr<ssl_st, FreeWith<SSL_free>> tls_;
    short wants_ = 0;
};

}  // namespace rtbridge
