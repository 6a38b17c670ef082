#include "transport/sse_shape.h"

#include <algorithm>

#include "base/bytes.h"
#include "transport/http_exchange.h"
#include "transport/sse_place.h"
#include "transport/update_json.h"

namespace rtbridge {
namespace {

// A larger buffer is not kept for the next update.
constexpr std::size_t kept_bytes = 64 * KiB;

// Each line of `body` in a field of its own, whichever way it ends (HTML, 9.2.5).
void append_data(std::string& out, std::string_view body) {
    for (;;) {
        const std::size_t end = std::min(body.find_first_of("\r\n"), body.size());
        out += "data: ";
        out += body.substr(0, end);
        out += '\n';
        if (end == body.size()) return;
        body.remove_prefix(end + (body.substr(end).starts_with("\r\n") ? 2 : 1));
    }
}

// As FullModeShape writes it.
std::string frame_of(const Update& update, Delivery delivery) {
    std::string frame = "{";
    append_update_head(frame, update);
    if (delivery != Delivery::Live) frame += ",\"r\":1";
    append_update_payload(frame, update);
    return frame += '}';
}

void append_retry(std::string& out, std::chrono::milliseconds retry) {
    out += "retry: " + std::to_string(retry.count()) + '\n';
}

}  // namespace

FramePtr SseShape::encode(const Update& update, Delivery delivery) const {
    static thread_local std::string block;
    block.clear();
    if (delivery != Delivery::Unordered) append_id(block, update.offset);
    if (form_.events == Events::Named && !update.event.empty()) {
        block += "event: ";
        block += update.event;
        block += '\n';
    }
    if (form_.events == Events::Frames) {
        append_data(block, frame_of(update, delivery));
    } else {
        append_data(block, update.body(payloads()));
    }
    block += '\n';
    auto frame = std::make_shared<const std::string>(framed(block));
    if (block.capacity() > kept_bytes) block = {};
    return frame;
}

std::string SseShape::gap(const Gap& gap) const {
    if (form_.events != Events::Frames) return {};
    std::string block = "data: {";
    append_gap(block, gap);
    return framed(block += "}\n\n");
}

std::string SseShape::caught_up(std::uint64_t offset) const {
    std::string block;
    append_id(block, offset);
    return framed(block += '\n');
}

std::string SseShape::opening(std::string_view comment, std::chrono::milliseconds retry,
                              std::optional<std::uint64_t> offset) const {
    std::string block = ": " + std::string(comment) + '\n';
    append_retry(block, retry);
    if (offset) append_id(block, *offset);
    return framed(block += '\n');
}

std::string SseShape::alive(std::optional<std::uint64_t> offset) const {
    std::string block = ":\n";
    if (offset) append_id(block, *offset);
    return framed(block += '\n');
}

std::string SseShape::framed(std::string_view blocks) const {
    std::string out;
    if (form_.framing == Framing::Bare) return out = blocks;
    constexpr std::size_t around_chunk = 2 * sizeof(std::size_t) + 4;
    out.reserve(blocks.size() + around_chunk);
    append_chunk(out, blocks);
    return out;
}

void SseShape::append_id(std::string& out, std::uint64_t offset) const {
    out += "id: ";
    out += sse_place(epoch_, offset);
    out += '\n';
}

std::string sse_farewell(CloseCode code, std::string_view why,
                         const std::optional<RetryWindow>& window, double chance) {
    std::string block;
    if (window) {
        const auto spread = static_cast<double>((window->max - window->min).count());
        append_retry(block, window->min + std::chrono::milliseconds(
                                              static_cast<std::int64_t>(spread * chance)));
    }
    block += "event: bye\n";
    append_data(block, goodbye(code, why, window));
    return block += '\n';
}

SseShapes::SseShapes(const std::string& epoch) {
    using Framing = SseShape::Framing;
    using Events = SseShape::Events;
    for (const Framing framing : {Framing::Chunks, Framing::Bare}) {
        for (const Events events : {Events::Named, Events::Unnamed, Events::Frames}) {
            shapes_.emplace_back(epoch, SseShape::Form{framing, events});
        }
    }
}

const SseShape& SseShapes::of(SseShape::Form form) const {
    return *std::find_if(shapes_.begin(), shapes_.end(),
                         [form](const SseShape& shape) { return shape.form() == form; });
}

}  // namespace rtbridge
