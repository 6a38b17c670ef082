#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/thread_role.h"

namespace rtbridge {

class EngineIoSession;

// What a session keeps for its life; a reload changes that of later ones.
struct EngineIoSettings {
    std::chrono::milliseconds ping_interval{25'000};
    std::chrono::milliseconds ping_timeout{20'000};
    std::chrono::milliseconds upgrade_timeout{10'000};
    std::size_t max_payload_bytes = 1'000'000;  // of a POST, and of a WebSocket message
};

enum class EngineIoKind : std::uint8_t { Text, Binary };

// What is spoken over one Engine.IO session, whichever its transport.
//
// Thread: listener. Lives until on_close() has returned.
class EngineIoHandler {
public:
    virtual ~EngineIoHandler() = default;
    // Valid during the call.
    virtual void on_message(std::string_view message, EngineIoKind kind) ON_LISTENER_THREAD = 0;
    virtual void on_life() ON_LISTENER_THREAD {}      // any packet came
    virtual void on_writable() ON_LISTENER_THREAD {}  // EngineIoSession::request_writable()
    virtual void on_deadline() ON_LISTENER_THREAD {}  // EngineIoSession::set_deadline()
    virtual void recheck_access() ON_LISTENER_THREAD {}
    // The last call, and never out of a call into the session. `reason`: "transport close",
    // "ping timeout", "parse error", ...
    virtual void on_close(std::string_view reason) ON_LISTENER_THREAD = 0;
};

class EngineIoApp {
public:
    virtual ~EngineIoApp() = default;
    // The session is open; what is sent from here on goes behind the handshake.
    [[nodiscard]] virtual std::unique_ptr<EngineIoHandler> open(EngineIoSession& session)
        ON_LISTENER_THREAD = 0;
};

}  // namespace rtbridge
