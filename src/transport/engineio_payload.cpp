#include "transport/engineio_payload.h"

#include "access/base64.h"

namespace rtbridge {

std::optional<EngineIoText> read_engineio_text(std::string_view packet) {
    if (packet.empty() || packet.front() < '0' || packet.front() > '6') return std::nullopt;
    return EngineIoText{static_cast<EngineIoType>(packet.front()), packet.substr(1)};
}

EngineIoPayloadReader::Read EngineIoPayloadReader::next() {
    if (!rest_) return Read::End;
    const std::size_t end = rest_->find(engineio_separator);
    const std::string_view packet = rest_->substr(0, end);
    if (end == std::string_view::npos) {
        rest_.reset();
    } else {
        rest_->remove_prefix(end + 1);
    }
    if (packet.starts_with('b')) {
        auto decoded = decode_base64(packet.substr(1));
        if (!decoded) return Read::Mistake;
        binary_ = *std::move(decoded);
        return Read::Binary;
    }
    const auto text = read_engineio_text(packet);
    if (!text) return Read::Mistake;
    text_ = *text;
    return Read::Text;
}

void EngineIoPayload::separate() {
    if (!text_.empty()) text_ += engineio_separator;
}

void EngineIoPayload::add_text(std::string_view packet) {
    separate();
    text_ += packet;
}

void EngineIoPayload::add_binary(std::string_view message) {
    separate();
    text_ += 'b';
    text_ += encode_base64(message);
}

}  // namespace rtbridge
