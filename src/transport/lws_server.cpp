#include "transport/lws_server.h"

#include <libwebsockets.h>
#include <uv.h>

#include <array>
#include <utility>

#include "transport/http_reply.h"
#include "transport/listener_state.h"
#include "transport/lws_version.h"
#include "transport/subprotocol.h"
#include "transport/tls_context.h"

namespace rtbridge {
namespace {

// Our frames are pre-built and written raw in chunks of this size; lws would otherwise put only a
// few hundred bytes on the wire per write.
constexpr std::size_t tx_packet_bytes = 64 * KiB;
// Browsers send next to nothing; larger input arrives in pieces. It is allocated per session.
constexpr std::size_t rx_buffer_bytes = 128;
// They may publish large payloads through MQTT tunnels, which are few.
constexpr std::size_t mqtt_rx_buffer_bytes = 4 * KiB;

// libwebsockets shares one log function with the broker, so ours is in place only while the context
// is created, to say why that failed.
thread_local std::string* lws_complaints = nullptr;

void collect_complaint(int /*level*/, const char* line) {
    if (lws_complaints != nullptr && line != nullptr) *lws_complaints += line;
}

int on_lws_event(lws* wsi, lws_callback_reasons reason, void* user, void* in,
                 std::size_t length) noexcept try {
    assert_on_listener_thread();
    if (reason == LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS) {
        auto* const server = static_cast<LwsServer*>(lws_context_user(lws_get_context(wsi)));
        return server->on_tls_context(static_cast<ssl_ctx_st*>(user)) ? 0 : -1;
    }
    if (reason == LWS_CALLBACK_WSI_CREATE) {
        static_cast<LwsServer*>(lws_context_user(lws_get_context(wsi)))->on_wsi_created();
        return 0;
    }
    auto* const connection = static_cast<Connection*>(lws_get_opaque_user_data(wsi));
    if (connection == nullptr) return 0;  // lws's own descriptors
    switch (reason) {
        case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
            connection->on_adopted(wsi);
            return 0;
        case LWS_CALLBACK_HTTP: {
            const int result = connection->on_request();
            if (connection->receiving()) {
                static_cast<LwsServer*>(lws_context_user(lws_get_context(wsi)))->watch(connection);
            }
            return result;
        }
        case LWS_CALLBACK_HTTP_BODY:
            connection->on_body({static_cast<const char*>(in), length});
            return 0;
        case LWS_CALLBACK_HTTP_BODY_COMPLETION:
            return connection->on_body_complete();
        case LWS_CALLBACK_HTTP_WRITEABLE:
            return connection->on_http_writable();
        case LWS_CALLBACK_CLOSED_HTTP:
            connection->on_http_closed();
            return 0;
        case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
            return connection->on_upgrade_offer();
        case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
            return connection->on_upgrade();
        case LWS_CALLBACK_ESTABLISHED:
            connection->on_established();
            if (connection->receiving()) {
                static_cast<LwsServer*>(lws_context_user(lws_get_context(wsi)))->watch(connection);
            }
            return 0;
        case LWS_CALLBACK_RECEIVE:
            return connection->on_frame(
                {{static_cast<const char*>(in), length},
                 lws_remaining_packet_payload(wsi),
                 lws_is_final_fragment(wsi) != 0 && lws_remaining_packet_payload(wsi) == 0,
                 lws_frame_is_binary(wsi) != 0});
        case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
            connection->on_peer_close({static_cast<const char*>(in), length});
            return 0;
        case LWS_CALLBACK_RECEIVE_PONG:
            connection->on_pong();
            return 0;
        case LWS_CALLBACK_SERVER_WRITEABLE:
            return connection->on_writable();
        case LWS_CALLBACK_CLOSED:
            connection->on_websocket_closed();
            return 0;
        case LWS_CALLBACK_RAW_ADOPT:
            return -1;  // CONNECT: lws would make a tunnel of it that no deadline ends
        case LWS_CALLBACK_WSI_DESTROY: {
            auto* const server = static_cast<LwsServer*>(lws_context_user(lws_get_context(wsi)));
            connection->on_closed();
            lws_set_opaque_user_data(wsi, nullptr);
            server->forget(connection);
            return 0;
        }
        default:
            return 0;
    }
} catch (...) {
    return -1;  // out of memory: this connection ends, the others and the broker go on
}

const lws_protocols protocols[] = {
    // A WebSocket without subprotocol and all of HTTP; nothing that is offered has a blank in it.
    {"plain mode", on_lws_event, 0, rx_buffer_bytes, 0, nullptr, tx_packet_bytes},
    {full_mode_subprotocol, on_lws_event, 0, rx_buffer_bytes, 0, nullptr, tx_packet_bytes},
    {mqtt_subprotocol, on_lws_event, 0, mqtt_rx_buffer_bytes, 0, nullptr, tx_packet_bytes},
    {mqtt_31_subprotocol, on_lws_event, 0, mqtt_rx_buffer_bytes, 0, nullptr, tx_packet_bytes},
    {nullptr, nullptr, 0, 0, 0, nullptr, 0},
};

// No keep-alive pings by lws: Session::check() has its own.
const lws_retry_bo_t no_lws_pings{};

// The longest plaintext of a TLS record. What OpenSSL decrypted and lws did not fetch raises no
// event any more, so a read takes a whole record: otherwise a long request stalls until its
// deadline.
constexpr unsigned tls_record_bytes = 16'384;

// For the few answers that lws gives by itself, to requests that it cannot read.
const lws_protocol_vhost_options* headers_of_lws_answers() {
    static const auto chained = [] {
        constexpr std::size_t count = security_headers.size() + 1;
        static std::array<std::string, count> names;
        static std::array<lws_protocol_vhost_options, count> options;
        for (std::size_t i = 0; i < count; ++i) {
            const auto& [name, value] =
                i + 1 < count ? security_headers.at(i) : std::pair{"Cache-Control", "no-store"};
            names.at(i) = std::string(name) + ":";
            options.at(i) = {i > 0 ? &options.at(i - 1) : nullptr, nullptr, names.at(i).c_str(),
                             value};
        }
        return &options.back();
    }();
    return chained;
}

// libwebsockets makes the TLS context and asks for it to be filled: on_tls_context().
void use_tls(lws_context_creation_info& info) {
    info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX |
                    LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS;  // its client side, which nobody uses
    info.port = CONTEXT_PORT_NO_LISTEN_SERVER;              // no socket either, but a server's TLS
    info.alpn = "http/1.1";
}

}  // namespace

Result<std::unique_ptr<LwsServer>, std::string> LwsServer::create(uv_loop_s* loop,
                                                                  ListenerState& state) {
    if (auto mismatch = lws_version_mismatch()) return Failure{std::move(*mismatch)};
    auto server = std::unique_ptr<LwsServer>(new LwsServer(loop, state));
    const LimitsConfig& limits = state.config->limits;
    const auto handshake_s = std::chrono::ceil<std::chrono::seconds>(limits.handshake_timeout);

    void* loops[] = {loop};
    lws_context_creation_info info{};
    info.port = CONTEXT_PORT_NO_LISTEN;
    info.protocols = protocols;
    info.gid = static_cast<decltype(info.gid)>(-1);
    info.uid = static_cast<decltype(info.uid)>(-1);
    info.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_SKIP_SERVER_CANONICAL_NAME |
                   LWS_SERVER_OPTION_VALIDATE_UTF8;
    info.foreign_loops = loops;
    info.user = server.get();
    info.retry_and_idle_policy = &no_lws_pings;
    info.max_http_header_data2 = static_cast<unsigned>(limits.header_bytes);
    info.pt_serv_buf_size = tls_record_bytes;
    info.timeout_secs = static_cast<unsigned>(handshake_s.count());
    info.keepalive_timeout = static_cast<int>(handshake_s.count());
    // Of later requests on a connection; the first has its deadline in check_handshakes(), which
    // counts.
    info.timeout_secs_ah_idle = static_cast<unsigned>(handshake_s.count()) + 1;
    info.vhost_name = "rtbridge";
    info.headers = headers_of_lws_answers();

    if (state.config->tls) use_tls(info);

    std::string complaints;
    lws_complaints = &complaints;
    lws_set_log_level(LLL_ERR | LLL_WARN, collect_complaint);
    server->context_ = lws_create_context(&info);
    lws_set_log_level(0, collect_complaint);
    lws_complaints = nullptr;

    if (server->context_ == nullptr) {
        return Failure{
            "libwebsockets has no libuv event loop here (package "
            "libwebsockets-evlib-uv), or: " +
            complaints};
    }
    if (server->tls_ != nullptr) refuse_other_protocols(server->tls_);
    server->vhost_ = lws_get_vhost_by_name(server->context_, info.vhost_name);
    return server;
}

LwsServer::~LwsServer() {
    // The second call frees what shut_down() left for the loop to finish with.
    if (context_ != nullptr) lws_context_destroy(context_);
}

void LwsServer::shut_down() {
    if (std::exchange(shut_down_, true)) return;
    peers_.stop();
    lws_context_destroy(context_);
}

void LwsServer::adopt(int socket, std::string peer_address, Capacity capacity) {
    auto owned = std::make_unique<Connection>(state_, std::move(peer_address), capacity);
    Connection* const connection = owned.get();
    connections_.emplace(connection, std::move(owned));
    handshaking_.insert(connection);

    lws_adopt_desc_t adoption{};
    adoption.vh = vhost_;
    adoption.type =
        static_cast<lws_adoption_type>(LWS_ADOPT_SOCKET | LWS_ADOPT_HTTP | LWS_ADOPT_ALLOW_SSL);
    adoption.fd.sockfd = socket;
    adoption.opaque = connection;
    // On failure lws has closed the socket. Where it failed with a wsi, as it does when bytes that
    // are no TLS came first, WSI_DESTROY is still to come: libuv closes a handle a turn later.
    wsi_created_ = false;
    const bool adopted = lws_adopt_descriptor_vhost_via_info(&adoption) != nullptr;
    if (!adopted && !wsi_created_) forget(connection);
}

void LwsServer::forget(Connection* connection) {
    const auto it = connections_.find(connection);
    if (it == connections_.end()) return;
    handshaking_.erase(connection);
    peers_.forget(*connection);
    connections_.erase(it);
    if (observer_ != nullptr) observer_->on_connection_gone();
}

void LwsServer::check_handshakes(SteadyTime now) {
    std::erase_if(handshaking_, [](const Connection* c) { return !c->receiving(); });
    for (Connection* connection : handshaking_) connection->check_handshake(now);
}

bool LwsServer::on_tls_context(ssl_ctx_st* context) {
    tls_ = context;
    return configure_tls(context, state_);
}

void LwsServer::recheck_access() {
    for (const auto& [connection, owned] : connections_) connection->recheck_access();
}

}  // namespace rtbridge
