#pragma once

#include <optional>

#include "transport/engineio_reply.h"
#include "transport/http_exchange.h"

namespace rtbridge {

class EngineIoSession;

// A GET of a polling client that waits for packets.
//
// Thread: listener. Belongs to its connection; session and poll tell each other when they go.
class EngineIoPoll final : public HttpResponder {
public:
    EngineIoPoll(EngineIoSession& session, HttpHeaders cors);
    EngineIoPoll(const EngineIoPoll&) = delete;
    EngineIoPoll& operator=(const EngineIoPoll&) = delete;
    ~EngineIoPoll() override;

    // The session has no more to do with it; `this` may be gone afterwards.
    void finish(HttpReply reply) ON_LISTENER_THREAD;

    void begin(HttpExchange& exchange) override ON_LISTENER_THREAD;
    void on_gone() override ON_LISTENER_THREAD;

private:
    EngineIoSession* session_;          // null once it was answered
    HttpExchange* exchange_ = nullptr;  // null before begin() and once it is over
    HttpHeaders cors_;
    std::optional<HttpReply> early_;  // answered before begin()
};

}  // namespace rtbridge
