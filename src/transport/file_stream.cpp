#include "transport/file_stream.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace rtbridge {

void FileStream::begin(HttpExchange& exchange) {
    exchange_ = &exchange;
    // The kernel reads ahead, so that our reads find the bytes in memory.
    (void)posix_fadvise(file_.get(), static_cast<off_t>(part_.begin),
                        static_cast<off_t>(part_.end - part_.begin), POSIX_FADV_SEQUENTIAL);
    exchange.begin_stream(head_);
    exchange.request_writable();
}

void FileStream::on_writable() {
    if (exchange_ == nullptr) return;
    if (!exchange_->ready()) return exchange_->request_writable();
    std::array<char, piece_bytes> piece;  // NOLINT(*-member-init): pread fills it
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), part_.end - part_.begin));
    const ssize_t read =
        ::pread(file_.get(), piece.data(), wanted, static_cast<off_t>(part_.begin));
    if (read <= 0) return std::exchange(exchange_, nullptr)->end_stream({});
    part_.begin += static_cast<std::uint64_t>(read);
    const std::string_view bytes(piece.data(), static_cast<std::size_t>(read));
    if (part_.begin == part_.end) return std::exchange(exchange_, nullptr)->end_stream(bytes);
    if (exchange_->write(bytes) == SessionOutput::Written::Yes) exchange_->request_writable();
}

}  // namespace rtbridge
