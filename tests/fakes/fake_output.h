#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "listener/session.h"

namespace rtbridge {

// A wire shape without framing, so that tests read what was sent: payload and a line end.
class LineShape final : public WireShape {
public:
    [[nodiscard]] FramePtr encode(const Update& update, Delivery /*delivery*/) const override {
        ++encoded;
        return std::make_shared<const std::string>(update.payload + "\n");
    }
    [[nodiscard]] Payloads payloads() const override { return Payloads::JsonOnly; }
    mutable int encoded = 0;
};

// A browser that the test stalls and lets read again.
class FakeOutput : public SessionOutput {
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

    Liveness alive = Liveness::Asked;
    [[nodiscard]] Liveness liveness() const override { return alive; }

private:
    const WireShape& shape_;
};

// A wire shape that tells everything: "2:payload", replayed ones "2r:payload", "2:gap 3-7 n=4
// slow", "2:caught up 7".
class TellingShape final : public WireShape {
public:
    explicit TellingShape(std::uint32_t number) : number_(std::to_string(number)) {}
    [[nodiscard]] FramePtr encode(const Update& update, Delivery delivery) const override {
        const std::string mark = delivery == Delivery::Live ? ":" : "r:";
        return std::make_shared<const std::string>(number_ + mark + update.payload + "\n");
    }
    [[nodiscard]] Payloads payloads() const override { return Payloads::Any; }
    [[nodiscard]] std::string gap(const Gap& gap) const override {
        return number_ + ":gap " + std::to_string(gap.from) + "-" + std::to_string(gap.to) +
               " n=" + std::to_string(gap.n) + " " + std::string(to_text(gap.why)) + "\n";
    }
    [[nodiscard]] std::string caught_up(std::uint64_t offset) const override {
        return number_ + ":caught up " + std::to_string(offset) + "\n";
    }

private:
    std::string number_;
};

// A browser whose subscriptions are told apart. Sessions with the same TellingShapes share frames.
class TellingOutput final : public FakeOutput {
public:
    TellingOutput() : FakeOutput(telling_shape(1)) {}
    [[nodiscard]] const WireShape& shape(std::uint32_t subscription) const override {
        return telling_shape(subscription);
    }
    // What was sent since the last call.
    [[nodiscard]] std::string take() { return std::exchange(sent, {}); }

private:
    [[nodiscard]] static const WireShape& telling_shape(std::uint32_t subscription) {
        static std::map<std::uint32_t, TellingShape> shapes;
        return shapes.try_emplace(subscription, subscription).first->second;
    }
};

}  // namespace rtbridge
