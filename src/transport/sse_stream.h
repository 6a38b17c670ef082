#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "listener/session.h"
#include "transport/http_exchange.h"
#include "transport/sse_request.h"

namespace rtbridge {

struct ListenerState;

// One stream of server-sent events (protocols.md 2): a session with one subscription, whose updates
// go out as blocks of SseShape.
//
// Thread: listener. Owned by its connection.
class SseStream final : public HttpResponder, public SessionOutput {
public:
    SseStream(ListenerState& state, SseRequest request);

    void begin(HttpExchange& exchange) override ON_LISTENER_THREAD;
    void on_writable() override ON_LISTENER_THREAD;
    void on_gone() override ON_LISTENER_THREAD;
    void recheck_access() override ON_LISTENER_THREAD;

    [[nodiscard]] bool ready() const override;
    [[nodiscard]] Written write(std::string_view frames) override;
    void request_writable() override;
    void ping() override;
    // It can't answer; a peer that is gone shows in what it doesn't acknowledge.
    [[nodiscard]] Liveness liveness() const override { return Liveness::Told; }
    void close(CloseCode code, std::string_view reason) override;
    [[nodiscard]] const WireShape& shape(std::uint32_t subscription) const override;
    [[nodiscard]] std::string_view transport() const override { return "sse"; }

private:
    // Up to where everything was sent; nothing: something waits.
    [[nodiscard]] std::optional<std::uint64_t> cursor() const ON_LISTENER_THREAD;
    void limit_silence() ON_LISTENER_THREAD;

    ListenerState& state_;
    std::unique_ptr<SseRequest> request_;  // until begin()
    const SseShape& shape_;
    const std::string peer_address_;  // of the socket
    std::shared_ptr<const RequestFacts> facts_;
    HttpExchange* exchange_ = nullptr;  // null: before begin(), or it is over
    Session* session_ = nullptr;        // owned by Sessions
    std::optional<CloseCode> closed_with_;
    bool ping_pending_ = false;
};

}  // namespace rtbridge
