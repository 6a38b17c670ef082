#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/file_descriptor.h"
#include "transport/byte_range.h"
#include "transport/http_exchange.h"

namespace rtbridge {

// How many files may be on their way at once, for each listener: each holds a descriptor, which
// MQTT clients need as well, and up to a piece in memory. Limit "files".
//
// Thread: listener. Outlives its places.
class FileStreams {
public:
    static constexpr std::size_t most = 128;

    // One of them, given back at its end.
    class Place {
    public:
        explicit Place(FileStreams& streams) : streams_(&streams) { ++streams.open_; }
        Place(Place&& other) noexcept : streams_(std::exchange(other.streams_, nullptr)) {}
        Place& operator=(Place&&) = delete;
        ~Place() {
            if (streams_ != nullptr) --streams_->open_;
        }

    private:
        FileStreams* streams_;
    };
    // Nothing: all are taken.
    [[nodiscard]] std::optional<Place> take() {
        if (open_ >= most) return std::nullopt;
        return Place(*this);
    }

private:
    std::size_t open_ = 0;
};

// Sends a part of a file as the browser takes it, one piece per turn of the loop: so much is read
// from the disk while other browsers wait. A file that is replaced meanwhile is sent as it was; one
// that became shorter ends the connection, which tells the browser that something is missing.
//
// Thread: listener.
class FileStream final : public HttpResponder {
public:
    static constexpr std::size_t piece_bytes = 64 * KiB;

    // `head` is the answer without its body.
    FileStream(FileDescriptor file, ByteRange part, HttpReply head, FileStreams::Place place)
        : file_(std::move(file)), part_(part), head_(std::move(head)), place_(std::move(place)) {}

    void begin(HttpExchange& exchange) override ON_LISTENER_THREAD;
    void on_writable() override ON_LISTENER_THREAD;
    void on_gone() override ON_LISTENER_THREAD { exchange_ = nullptr; }

private:
    FileDescriptor file_;
    ByteRange part_;  // what is still to be sent
    const HttpReply head_;
    const FileStreams::Place place_;
    HttpExchange* exchange_ = nullptr;
};

}  // namespace rtbridge
