#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "transport/connection.h"
#include "transport/http_exchange.h"
#include "transport/upgrade.h"

// What a Connection holds while something of it is under way, and nothing afterwards. Private to
// its .cpp files.

namespace rtbridge {

struct Connection::PendingRequest {
    HttpRequest request;
    bool body_complete = false;
    bool answering = false;  // in advance(), whose caller sends the reply
    bool chunked = false;    // the stream
    bool stream_ended = false;
    // Of a stream whose length was announced.
    std::optional<std::uint64_t> stream_bytes_left{};
    std::string reply_when_published{};
    std::optional<HttpReply> reply{};
    std::shared_ptr<HttpResponder> responder{};  // gives the reply later
    std::shared_ptr<void> announced{};           // by announce_body()
};

struct Connection::PendingUpgrade {
    HttpRequest request;
    AcceptedUpgrade accepted;
};

}  // namespace rtbridge
