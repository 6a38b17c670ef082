#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "config/config.h"
#include "config/diagnostic.h"

struct ssl_st;

namespace rtbridge {

// How long before the end of a certificate each load of it warns.
inline constexpr std::int64_t tls_expiry_warning_days = 14;

// The certificate chain that the listener shows and the key to it, read and checked: who has one
// needs no file any more. Thread: any; immutable.
class TlsCertificate {
public:
    // Null where `diagnostics` got an error: a file that cannot be read, that holds no PEM, a key
    // that belongs to another certificate, a key too weak for this system. A certificate out of
    // date is a warning, as is a key that others may read: a renewal that failed must not turn a
    // broker that restarts away. REQUIRES: config.enabled().
    [[nodiscard]] static std::shared_ptr<const TlsCertificate> load(const TlsConfig& config,
                                                                    std::int64_t now_unix_s,
                                                                    Diagnostics& diagnostics);
    ~TlsCertificate();

    // Makes one handshake show this certificate. False: no memory.
    [[nodiscard]] bool show_in(ssl_st* handshake) const;

    [[nodiscard]] const std::string& subject() const { return subject_; }  // RFC 2253
    [[nodiscard]] std::int64_t expires_unix_s() const { return expires_unix_s_; }

private:
    TlsCertificate();
    struct Parts;
    std::unique_ptr<Parts> parts_;
    std::string subject_;
    std::int64_t expires_unix_s_ = 0;
};

}  // namespace rtbridge
