#pragma once

#include <optional>
#include <string>
#include <vector>

#include "listener/session.h"

namespace rtbridge {

// A wire shape without framing, so that tests read what was sent: payload and a line end.
class LineShape final : public WireShape {
public:
    [[nodiscard]] FramePtr encode(const Update& update, Delivery /*delivery*/) const override {
        ++encoded;
        return std::make_shared<const std::string>(update.payload + "\n");
    }
    [[nodiscard]] bool carries(PayloadShape shape) const override {
        return shape == PayloadShape::Json;
    }
    mutable int encoded = 0;
};

// A browser that the test stalls and lets read again.
class FakeOutput final : public SessionOutput {
public:
    explicit FakeOutput(const WireShape& shape) : shape_(shape) {}

    [[nodiscard]] bool ready() const override { return !stalled && !closed_with; }
    [[nodiscard]] Written write(std::string_view frames) override {
        if (lost) return Written::No;
        sent += frames;
        ++writes;
        if (stall_after_write) stalled = true;
        return Written::Yes;
    }
    void request_writable() override { writable_requested = true; }
    void ping() override { ++pings; }
    void close(CloseCode code, std::string_view reason) override {
        closed_with = code;
        close_reason = reason;
    }
    [[nodiscard]] const WireShape& shape(std::uint32_t /*subscription*/) const override {
        return shape_;
    }
    [[nodiscard]] std::string_view transport() const override { return "fake"; }

    std::string sent;
    int writes = 0;
    int pings = 0;
    bool stalled = false;
    bool stall_after_write = false;
    bool lost = false;
    bool writable_requested = false;
    std::optional<CloseCode> closed_with;
    std::string close_reason;

private:
    const WireShape& shape_;
};

}  // namespace rtbridge
