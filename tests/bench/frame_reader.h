#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <stdexcept>
#include <string_view>

namespace rtbridge::load {

// Reads what a WebSocket server sends (RFC 6455, 5.2), in pieces of any size, without copying
// payloads: at two million frames a second the load generator must not be what is measured.
//
// `Sink` has on_message(std::string_view payload), which gets an empty view for a message that did
// not arrive in one piece, on_ping(std::string_view) and on_close(). Throws std::runtime_error for
// bytes that no server may send.
class FrameReader {
public:
    template <typename Sink>
    void read(std::string_view bytes, Sink&& sink) {
        while (!bytes.empty()) {
            if (!in_payload_ && !take_header(bytes)) return;
            const std::string_view part = bytes.substr(0, std::min(remaining_, bytes.size()));
            const bool whole = part.size() == length_;
            if (is_control()) take_control(part);
            remaining_ -= part.size();
            bytes.remove_prefix(part.size());
            in_payload_ = remaining_ > 0;
            if (!in_payload_) deliver(whole ? part : std::string_view{}, sink);
        }
    }

private:
    enum Opcode : std::uint8_t { Continuation = 0, Text = 1, Close = 8, Ping = 9, Pong = 10 };

    [[nodiscard]] bool is_control() const { return opcode_ >= Close; }

    // False: the header goes on in the next piece.
    bool take_header(std::string_view& bytes) {
        std::size_t wanted = header_size_ < 2 ? 2 : header_bytes(header_[1]);
        while (header_size_ < wanted) {
            if (bytes.empty()) return false;
            header_[header_size_++] = static_cast<std::uint8_t>(bytes.front());
            bytes.remove_prefix(1);
            if (header_size_ == 2) wanted = header_bytes(header_[1]);
        }
        begin_frame(wanted);
        return true;
    }

    static std::size_t header_bytes(std::uint8_t second) {
        if ((second & 0x80U) != 0) throw std::runtime_error("the server sent a masked frame");
        return second < 126 ? 2 : second == 126 ? 4 : 10;
    }

    void begin_frame(std::size_t header_bytes_read) {
        opcode_ = header_[0] & 0x0FU;
        final_ = (header_[0] & 0x80U) != 0;
        length_ = header_[1];
        if (header_bytes_read > 2) {
            length_ = 0;
            for (std::size_t i = 2; i < header_bytes_read; ++i)
                length_ = (length_ << 8U) | header_[i];
        }
        const bool known =
            opcode_ == Continuation || opcode_ == Text || (opcode_ >= Close && opcode_ <= Pong);
        if (!known || (header_[0] & 0x70U) != 0) {
            throw std::runtime_error("the server sent a frame that is neither text nor control");
        }
        if (is_control() && (length_ >= 126 || !final_)) {
            throw std::runtime_error(
                "the server sent a control frame that is too long or in parts");
        }
        remaining_ = length_;
        header_size_ = 0;
        control_size_ = 0;
    }

    void take_control(std::string_view part) {
        std::copy(part.begin(), part.end(), control_.begin() + static_cast<long>(control_size_));
        control_size_ += part.size();
    }

    template <typename Sink>
    void deliver(std::string_view payload, Sink& sink) {
        if (opcode_ == Ping) {
            sink.on_ping(std::string_view(control_.data(), control_size_));
        } else if (opcode_ == Close) {
            sink.on_close();
        } else if (opcode_ != Pong && final_) {
            sink.on_message(opcode_ == Text ? payload : std::string_view{});
        }
    }

    std::array<std::uint8_t, 10> header_{};
    std::size_t header_size_ = 0;
    std::array<char, 125> control_{};
    std::size_t control_size_ = 0;
    std::size_t length_ = 0, remaining_ = 0;
    std::uint8_t opcode_ = 0;
    bool final_ = false, in_payload_ = false;
};

}  // namespace rtbridge::load
