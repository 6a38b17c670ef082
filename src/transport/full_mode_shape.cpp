#include "transport/full_mode_shape.h"

#include <cassert>

#include "base/bytes.h"
#include "base/json_text.h"
#include "transport/request_error.h"
#include "transport/update_json.h"
#include "transport/websocket_frame.h"

namespace rtbridge {
namespace {

// Larger arrays make a browser parse for a noticeable time.
constexpr std::size_t batch_bytes = 64 * KiB;

}  // namespace

FullModeShape::FullModeShape(std::uint32_t number, Batching batching)
    : head_("{\"s\":" + std::to_string(number) + ','), batching_(batching) {}

FramePtr FullModeShape::encode(const Update& update, Delivery delivery) const {
    static thread_local std::string text;
    text = head_;
    append_update_head(text, update);
    if (delivery != Delivery::Live) text += ",\"r\":1";
    append_update_payload(text, update);
    text += '}';
    auto frame = std::make_shared<const std::string>(websocket_frame(Opcode::Text, text));
    if (text.capacity() > batch_bytes) text = {};
    return frame;
}

void FullModeShape::append(std::string& out, std::span<const std::string_view> frames) const {
    if (batching_ == Batching::Off) return WireShape::append(out, frames);
    for (std::size_t begin = 0; begin < frames.size();) {
        std::size_t bytes = 2;  // the brackets
        std::size_t end = begin;
        for (; end < frames.size(); ++end) {
            const std::size_t more = frame_payload(frames[end]).size() + 1;
            if (end > begin && bytes + more > batch_bytes) break;
            bytes += more;
        }
        if (end - begin == 1) {
            out += frames[begin];
        } else {
            append_frame_header(out, Opcode::Text, bytes - 1);  // one comma less than objects
            for (std::size_t i = begin; i < end; ++i) {
                out += i == begin ? '[' : ',';
                out += frame_payload(frames[i]);
            }
            out += ']';
        }
        begin = end;
    }
}

std::string FullModeShape::gap(const Gap& gap) const {
    std::string text = head_;
    append_gap(text, gap);
    return websocket_frame(Opcode::Text, text += '}');
}

std::string FullModeShape::caught_up(std::uint64_t offset) const {
    return websocket_frame(Opcode::Text, head_ + "\"eos\":" + std::to_string(offset) + '}');
}

std::string FullModeShape::ended(std::string_view why) const {
    std::string text = head_ + R"("end":{"code":")";
    text += name_of(ErrorCode::Forbidden);
    text += "\",\"n\":" + std::to_string(static_cast<int>(ErrorCode::Forbidden)) + ",\"msg\":";
    append_json_string(text, why);
    return websocket_frame(Opcode::Text, text + "}}");
}

const FullModeShape& FullModeShapes::of(std::uint32_t number, Batching batching) {
    assert(number > 0);
    auto& shapes = shapes_.at(static_cast<std::size_t>(batching));
    if (shapes.size() < number) shapes.resize(number);
    auto& shape = shapes[number - 1];
    if (!shape) shape = std::make_unique<const FullModeShape>(number, batching);
    return *shape;
}

}  // namespace rtbridge
