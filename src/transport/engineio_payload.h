#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

// Packets of Engine.IO 4, and the payloads that carry several of them over HTTP.
//
// Thread: any; pure.

namespace rtbridge {

enum class EngineIoType : char {
    Open = '0',
    Close = '1',
    Ping = '2',
    Pong = '3',
    Message = '4',
    Upgrade = '5',
    Noop = '6',
};

// Between the packets of a payload; none at its ends.
inline constexpr char engineio_separator = '\x1e';

// A packet with text; a view of what it was read from.
struct EngineIoText {
    EngineIoType type;
    std::string_view data;
};

// Nothing: empty, or of no known type.
[[nodiscard]] std::optional<EngineIoText> read_engineio_text(std::string_view packet);

// Reads a payload of a polling client packet by packet: what is before a mistake counts, and many
// tiny packets cost no memory.
class EngineIoPayloadReader {
public:
    explicit EngineIoPayloadReader(std::string_view payload) : rest_(payload) {}

    enum class Read : std::uint8_t { Text, Binary, Mistake, End };
    [[nodiscard]] Read next();

    [[nodiscard]] const EngineIoText& text() const { return text_; }        // of Read::Text
    [[nodiscard]] const std::string& binary() const { return binary_; }     // of Read::Binary
    [[nodiscard]] std::string take_binary() { return std::move(binary_); }  // likewise

private:
    std::optional<std::string_view> rest_;  // nothing: the last packet was read
    EngineIoText text_{};
    std::string binary_;
};

// Builds the payload of one answer.
class EngineIoPayload {
public:
    void add_text(std::string_view packet);     // with its type in front
    void add_binary(std::string_view message);  // as base64

    [[nodiscard]] bool empty() const { return text_.empty(); }
    [[nodiscard]] std::size_t bytes() const { return text_.size(); }
    [[nodiscard]] std::string take() { return std::move(text_); }

private:
    void separate();
    std::string text_;
};

// A packet with text.
[[nodiscard]] inline std::string engineio_packet(EngineIoType type, std::string_view data = {}) {
    std::string packet(1, static_cast<char>(type));
    packet += data;
    return packet;
}

}  // namespace rtbridge
