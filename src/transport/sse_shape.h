#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "listener/close_code.h"
#include "listener/wire_shape.h"
#include "transport/goodbye.h"

namespace rtbridge {

// Server-sent events (HTML, 9.2; protocols.md 2): each update is a block with `id:`, `event:` where
// its rule names one, and `data:`; an `id:` alone moves the cursor of a browser. All that is
// written is whole blocks, in one HTTP chunk.
//
// A browser goes on from the last id that it got, so an id stands only where everything before it
// was sent: a block of a snapshot of which more is to come has none. Gaps are told to those who
// take frames only; what follows one moves the cursor.
//
// Thread: any; immutable.
class SseShape final : public WireShape {
public:
    enum class Framing : std::uint8_t {
        Chunks,
        Bare,  // the stream ends with the connection: HTTP/1.0 knows no chunks
    };
    enum class Events : std::uint8_t {
        Named,
        Unnamed,  // as if no rule named one: onmessage of an EventSource gets them all
        Frames,   // unnamed, and the data are frames of rtbridge.v1 (protocols.md 1.2) without "s"
    };
    struct Form {
        Framing framing = Framing::Chunks;
        Events events = Events::Named;
        [[nodiscard]] bool operator==(const Form&) const = default;
    };
    SseShape(std::string epoch, Form form) : epoch_(std::move(epoch)), form_(form) {}

    [[nodiscard]] const Form& form() const { return form_; }
    [[nodiscard]] FramePtr encode(const Update& update, Delivery delivery) const override;
    [[nodiscard]] Payloads payloads() const override {
        return form_.events == Events::Frames ? Payloads::Any : Payloads::SseBody;
    }
    [[nodiscard]] bool marks_places() const override { return true; }
    [[nodiscard]] std::string gap(const Gap& gap) const override;
    [[nodiscard]] std::string caught_up(std::uint64_t offset) const override;

    // What a stream begins with: a comment, after how long to come back when the connection is
    // lost, and, where nothing is to come before live updates, the cursor.
    [[nodiscard]] std::string opening(std::string_view comment, std::chrono::milliseconds retry,
                                      std::optional<std::uint64_t> offset) const;
    // To break a silence; moves the cursor where there is one to move to.
    [[nodiscard]] std::string alive(std::optional<std::uint64_t> offset) const;
    [[nodiscard]] std::string farewell(std::string_view block) const { return framed(block); }

private:
    [[nodiscard]] std::string framed(std::string_view blocks) const;
    void append_id(std::string& out, std::uint64_t offset) const;

    std::string epoch_;
    Form form_;
};

// The last block of a stream, or all of one: `event: bye` with the JSON of goodbye(), and when to
// come back, at a chance of 0 to 1 within the window.
[[nodiscard]] std::string sse_farewell(CloseCode code, std::string_view why,
                                       const std::optional<RetryWindow>& window, double chance);

// Each form once. Thread: any; immutable.
class SseShapes {
public:
    explicit SseShapes(const std::string& epoch);
    [[nodiscard]] const SseShape& of(SseShape::Form form) const;

private:
    std::vector<SseShape> shapes_;
};

}  // namespace rtbridge
