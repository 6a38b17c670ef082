#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/thread_role.h"
#include "listener/wire_shape.h"

namespace rtbridge {

// Whether the browser takes several objects in one text frame, as a JSON array.
enum class Batching : std::uint8_t { Off, On };

// How subscription `number` of an rtbridge.v1 session is written, whichever session that is:
//
//     {"s":1,"t":"plant/7/soc","o":90833,"ts":1700000000000,"d":{"soc":71.4}}
class FullModeShape final : public WireShape {
public:
    FullModeShape(std::uint32_t number, Batching batching);

    [[nodiscard]] FramePtr encode(const Update& update, Delivery delivery) const override;
    [[nodiscard]] Payloads payloads() const override { return Payloads::Any; }
    void append(std::string& out, std::span<const std::string_view> frames) const override;
    [[nodiscard]] std::string gap(const Gap& gap) const override;
    [[nodiscard]] std::string caught_up(std::uint64_t offset) const override;

    // {"s":3,"end":{"code":"forbidden","n":103,"msg":"..."}}: what it selected is not allowed any
    // more.
    [[nodiscard]] std::string ended(std::string_view why) const;

private:
    std::string head_;  // what every frame begins with: {"s":1,
    Batching batching_;
};

// The shapes of a listener, made when first asked for: at most two for each subscription that
// a session may have.
//
// Thread: listener. Outlives its sessions.
class FullModeShapes {
public:
    // `number` from 1.
    [[nodiscard]] const FullModeShape& of(std::uint32_t number, Batching batching);

private:
    std::array<std::vector<std::unique_ptr<const FullModeShape>>, 2> shapes_;  // by Batching
};

}  // namespace rtbridge
