#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "access/identity.h"
#include "handoff/session_registry.h"

// What Socket.IO clients are told where the configuration names no body: JSON as in protocols 3.4.
// Pure.

namespace rtbridge {

class WorkingPayload;

// {"message":…,"socketId":…,"user":{"id":…,"username":…,"role":…}}; of nobody, "user" is null.
[[nodiscard]] std::string connected_body(std::string_view socket_id, const Identity& identity);
// {"message":…}
[[nodiscard]] std::string message_body(std::string_view message);
// {"deviceId":…,"message":…}
[[nodiscard]] std::string device_body(std::string_view key, std::string_view message);
[[nodiscard]] std::string subscribed_all_body(std::size_t devices);
// {"deviceId":…,"data":…}. `update`: what was told last, or null: nothing. Where that has these
// members already, it is the body as it is.
[[nodiscard]] std::string latest_body(std::string_view key, WorkingPayload* update);

struct SocketIoStatus {
    std::size_t sessions = 0;
    std::uint64_t subscribed_keys = 0;
    std::vector<SessionRegistry::Listed> listed;  // those that nobody logged in to are not told of
};
[[nodiscard]] std::string status_body(const SocketIoStatus& status);

// {"message":…,"type":…,"timestamp":…,"from":…} of an argument {"message":…,"type":…}. Empty: it
// has no message.
[[nodiscard]] std::string notification_body(WorkingPayload& argument, const Identity& from,
                                            std::int64_t unix_ms);
[[nodiscard]] std::string presence_body(std::string_view user, std::int64_t unix_ms);

// {"message":…,"code":…} of the event "error", and {"error":{"code":…,"message":…}} of an
// acknowledgement.
[[nodiscard]] std::string error_body(std::string_view code, std::string_view message);
[[nodiscard]] std::string error_acknowledgement(std::string_view code, std::string_view message);

}  // namespace rtbridge
