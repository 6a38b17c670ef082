#include "transport/sse_shape.h"

#include <algorithm>

#include "base/bytes.h"
#include "transport/http_exchange.h"
#include "transport/sse_place.h"

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
    append_data(block, update.body(payloads()));
    block += '\n';
    auto frame = std::make_shared<const std::string>(framed(block));
    if (block.capacity() > kept_bytes) block = {};
    return frame;
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

SseShapes::SseShapes(const std::string& epoch)
    : chunks_named_(epoch, {SseShape::Framing::Chunks, SseShape::Events::Named}),
      chunks_unnamed_(epoch, {SseShape::Framing::Chunks, SseShape::Events::Unnamed}),
      bare_named_(epoch, {SseShape::Framing::Bare, SseShape::Events::Named}),
      bare_unnamed_(epoch, {SseShape::Framing::Bare, SseShape::Events::Unnamed}) {}

const SseShape& SseShapes::of(SseShape::Form form) const {
    const bool named = form.events == SseShape::Events::Named;
    if (form.framing == SseShape::Framing::Bare) return named ? bare_named_ : bare_unnamed_;
    return named ? chunks_named_ : chunks_unnamed_;
}

}  // namespace rtbridge
