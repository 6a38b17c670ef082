#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/token_bucket.h"
#include "transport/engineio_app.h"
#include "transport/engineio_session.h"
#include "transport/socketio_member.h"
#include "transport/socketio_packet.h"

namespace rtbridge {

class SocketIoServer;

// Socket.IO over one Engine.IO session: its namespaces, and packets of several messages
// (protocols 3.2). What a client may not send closes the session.
//
// Thread: listener. Owned by its session.
class SocketIoConnection final : public EngineIoHandler {
public:
    static constexpr std::size_t namespaces_max = 32;

    SocketIoConnection(SocketIoServer& server, EngineIoSession& session);
    ~SocketIoConnection() override;

    void on_message(std::string_view message, EngineIoKind kind) override ON_LISTENER_THREAD;
    void on_life() override ON_LISTENER_THREAD;
    void on_writable() override ON_LISTENER_THREAD;
    void on_deadline() override ON_LISTENER_THREAD;
    void recheck_access() override ON_LISTENER_THREAD;
    void on_close(std::string_view reason) override ON_LISTENER_THREAD;

    // For its members.

    [[nodiscard]] EngineIoSession& session() { return session_; }
    [[nodiscard]] const EngineIoSession& session() const { return session_; }
    // A packet and its attachments, with nothing in between.
    void send(SocketIoType type, std::string_view name_space, std::optional<std::uint64_t> ack_id,
              std::string_view data,
              const std::vector<std::string>& attachments) ON_LISTENER_THREAD;
    void refuse(std::string_view name_space, std::string_view message,
                std::string_view data) ON_LISTENER_THREAD;
    void on_accepted() ON_LISTENER_THREAD;
    // At once for the client; its handler, in which this may be called, hears of it at the next
    // turn of the loop.
    void leave_later(SocketIoMember& member) ON_LISTENER_THREAD;

private:
    using Members = std::map<std::string, std::unique_ptr<SocketIoMember>, std::less<>>;

    void on_text(std::string_view text) ON_LISTENER_THREAD;
    void on_binary(std::string_view bytes) ON_LISTENER_THREAD;
    void on_connect(const SocketIoPacket& packet) ON_LISTENER_THREAD;
    void on_disconnect(Members::iterator member) ON_LISTENER_THREAD;
    void on_whole(const SocketIoPacket& packet,
                  std::vector<std::string> attachments) ON_LISTENER_THREAD;
    void close(std::string_view mistake) ON_LISTENER_THREAD;
    void tell_of_left(std::string_view reason) ON_LISTENER_THREAD;
    [[nodiscard]] std::vector<SocketIoMember*> present() const;
    void arm() ON_LISTENER_THREAD;

    SocketIoServer& server_;
    EngineIoSession& session_;
    Members members_;
    std::vector<std::unique_ptr<SocketIoMember>> left_;  // their handlers don't know yet
    // Namespaces that the application ended: what the client sent before it knew is ignored.
    std::set<std::string, std::less<>> ended_;
    struct Incomplete {
        std::string text;
        std::uint32_t wanted;
        std::size_t bytes;  // of all that came
        std::vector<std::string> attachments;
    };
    std::optional<Incomplete> incomplete_;
    std::optional<SteadyTime> connect_by_;
    TokenBucket requests_;
};

}  // namespace rtbridge
