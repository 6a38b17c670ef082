#include "transport/socketio_application.h"

#include <utility>
#include <vector>

#include "transport/listener_state.h"
#include "transport/socketio_bodies.h"
#include "transport/socketio_client.h"

namespace rtbridge {

SocketIoApplication::SocketIoApplication(ListenerState& state, SharedSocketIo& shared,
                                         Wakeup& wakeup)
    : state_(state), shared_(shared), inbox_(shared.announcements.join(wakeup)) {}

SocketIoApplication::~SocketIoApplication() {
    leave_announcements();
}

void SocketIoApplication::leave_announcements() {
    shared_.announcements.leave(inbox_);
}

std::unique_ptr<SocketIoHandler> SocketIoApplication::connect(std::string_view name_space,
                                                              SocketIoSocket& socket) {
    if (name_space != "/") return nullptr;
    return std::make_unique<SocketIoClient>(*this, socket);
}

void SocketIoApplication::add(SocketIoClient& client) {
    clients_.insert(&client);
    const std::string& user = client.identity().user;
    if (user.empty() || !shared_.presence.enter(user)) return;
    const auto& presence = state_.config->socketio_events->presence;
    if (presence) announce_presence(user, presence->joined);
}

void SocketIoApplication::remove(SocketIoClient& client) {
    if (clients_.erase(&client) == 0) return;
    const std::string& user = client.identity().user;
    if (user.empty()) return;
    const auto& presence = state_.config->socketio_events->presence;
    const auto grace = presence ? presence->grace : std::chrono::milliseconds(0);
    shared_.presence.leave(user, state_.clock.now() + grace);
}

void SocketIoApplication::check(SteadyTime now) {
    if (state_.draining) return;  // nobody leaves: the broker does
    const std::vector<std::string> gone = shared_.presence.take_gone(now);
    const auto& presence = state_.config->socketio_events->presence;
    if (!presence) return;
    for (const std::string& user : gone) announce_presence(user, presence->left);
}

void SocketIoApplication::announce_presence(const std::string& user, const std::string& event) {
    shared_.announcements.announce(std::make_shared<const Announcement>(
        Announcement{.event = event,
                     .body = presence_body(user, state_.clock.unix_ms()),
                     .role = state_.config->socketio_events->presence->role,
                     .except_user = user}));
}

void SocketIoApplication::deliver_announcements() {
    if (!inbox_->any()) return;
    const std::vector<AnnouncementPtr> announcements = shared_.announcements.take(*inbox_);
    for (const AnnouncementPtr& announcement : announcements) {
        for (SocketIoClient* const client : clients_) client->tell(*announcement);
    }
}

bool SocketIoApplication::keep_reply(std::size_t bytes) {
    if (reply_bytes_ + bytes > reply_bytes_max) {
        state_.metrics.hit(Limit::Publishes);
        return false;
    }
    reply_bytes_ += bytes;
    return true;
}

}  // namespace rtbridge
