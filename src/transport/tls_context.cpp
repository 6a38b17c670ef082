#include "transport/tls_context.h"

#include <openssl/ssl.h>

#include "transport/listener_state.h"

namespace rtbridge {
namespace {

// TLS 1.2; what 1.3 has is all good.
constexpr const char* ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
// A renegotiation costs the server ten times what it costs the client, and HTTP needs none.
// Phones without AES hardware get ChaCha20 although the order is ours.
constexpr std::uint64_t options = SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                  SSL_OP_PRIORITIZE_CHACHA | SSL_OP_NO_COMPRESSION;

int show_certificate(SSL* handshake, void* listener_state) noexcept {
    assert_on_listener_thread();
    const auto& state = *static_cast<const ListenerState*>(listener_state);
    const auto& certificate = state.config->tls;
    return certificate != nullptr && certificate->show_in(handshake) ? 1 : 0;
}

int choose_http_1_1(SSL* /*handshake*/, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned offered_size, void* /*arg*/) noexcept {
    static constexpr unsigned char ours[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    unsigned char* chosen = nullptr;
    if (SSL_select_next_proto(&chosen, out_size, ours, sizeof(ours), offered, offered_size) !=
        OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

}  // namespace

bool configure_tls(ssl_ctx_st* context, ListenerState& state) {
    SSL_CTX_set_options(context, options);
    // Clients resume by tickets, which cost no memory here; without this, others would fill a
    // cache.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_cert_cb(context, show_certificate, &state);
    // One host, one certificate: libwebsockets need not look for another by name.
    SSL_CTX_set_tlsext_servername_callback(context, nullptr);
    return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(context, ciphers) == 1;
}

void refuse_other_protocols(ssl_ctx_st* context) {
    SSL_CTX_set_alpn_select_cb(context, choose_http_1_1, nullptr);
}

}  // namespace rtbridge
