#pragma once

#include "base/thread_role.h"

struct ssl_ctx_st;

namespace rtbridge {

struct ListenerState;

// What the listener demands of TLS: 1.2 or newer, forward secrecy with authenticated encryption,
// HTTP/1.1 and nothing else above it. Each handshake shows the certificate of the configuration
// that runs then, so a reload changes it for newcomers and leaves sessions alone.
//
// REQUIRES: `state` outlives `context`. False: OpenSSL refuses a setting.
[[nodiscard]] bool configure_tls(ssl_ctx_st* context, ListenerState& state) ON_LISTENER_THREAD;

// libwebsockets puts its own answer to a client's list of protocols, which goes on where nothing
// fits; call after it did. Ours ends such a handshake (RFC 7301, 3.2), lest a page be tricked into
// talking HTTP to what is meant for another protocol.
void refuse_other_protocols(ssl_ctx_st* context);

}  // namespace rtbridge
