#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace rtbridge::load {

enum class Opcode : std::uint8_t {
    Continuation = 0,
    Text = 1,
    Binary = 2,
    Close = 8,
    Ping = 9,
    Pong = 10
};

// Reads what a WebSocket server sends (RFC 6455, 5.2), in pieces of any size. A message that is
// whole in its piece is not copied: at two million frames a second the load generator must not be
// what is measured.
//
// `Sink` has on_frame(Opcode, std::string_view payload): Text and Binary once per message, Ping and
// Close; the view ends with the call. Throws std::runtime_error for bytes that no server may send.
class FrameReader {
public:
    template <typename Sink>
    void read(std::string_view bytes, Sink&& sink) {
        while (!bytes.empty()) {
            if (!in_payload_ && !take_header(bytes)) return;
            const std::string_view part = bytes.substr(0, std::min(remaining_, bytes.size()));
            remaining_ -= part.size();
            bytes.remove_prefix(part.size());
            in_payload_ = remaining_ > 0;
            if (is_control()) {
                take_control(part);
                if (!in_payload_ && opcode_ != Opcode::Pong) {
                    sink.on_frame(opcode_, std::string_view(control_.data(), control_size_));
                }
            } else if (in_payload_ || !final_ || !message_.empty()) {
                take_part(part);
                if (in_payload_ || !final_) continue;
                sink.on_frame(message_opcode_, std::string_view(message_));
                message_.clear();
            } else {
                sink.on_frame(message_opcode_, part);
            }
        }
    }

private:
    static constexpr std::size_t message_bytes_max = 16UL * 1024 * 1024;

    [[nodiscard]] bool is_control() const { return opcode_ >= Opcode::Close; }

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
        opcode_ = static_cast<Opcode>(header_[0] & 0x0FU);
        final_ = (header_[0] & 0x80U) != 0;
        std::size_t length = header_[1];
        if (header_bytes_read > 2) {
            length = 0;
            for (std::size_t i = 2; i < header_bytes_read; ++i)
                length = (length << 8U) | header_[i];
        }
        const bool known = opcode_ <= Opcode::Binary || (is_control() && opcode_ <= Opcode::Pong);
        if (!known || (header_[0] & 0x70U) != 0) {
            throw std::runtime_error("the server sent a frame of no known kind");
        }
        if (is_control() && (length >= 126 || !final_)) {
            throw std::runtime_error(
                "the server sent a control frame that is too long or in parts");
        }
        if (opcode_ == Opcode::Text || opcode_ == Opcode::Binary) message_opcode_ = opcode_;
        if (length > message_bytes_max) throw std::runtime_error("the server sent a huge frame");
        remaining_ = length;
        header_size_ = 0;
        control_size_ = 0;
    }

    void take_control(std::string_view part) {
        std::copy(part.begin(), part.end(), control_.begin() + static_cast<long>(control_size_));
        control_size_ += part.size();
    }

    void take_part(std::string_view part) {
        if (message_.size() + part.size() > message_bytes_max) {
            throw std::runtime_error("the server sent a huge message");
        }
        message_ += part;
    }

    std::array<std::uint8_t, 10> header_{};
    std::size_t header_size_ = 0;
    std::array<char, 125> control_{};
    std::size_t control_size_ = 0;
    std::string message_;  // what has arrived of one that did not come in one piece
    std::size_t remaining_ = 0;
    Opcode opcode_ = Opcode::Text, message_opcode_ = Opcode::Text;
    bool final_ = false, in_payload_ = false;
};

}  // namespace rtbridge::load
