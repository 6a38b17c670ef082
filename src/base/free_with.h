#pragma once

#include <memory>

namespace rtbridge {

// Deleter for C handles: using SslCtx = std::unique_ptr<SSL_CTX, FreeWith<SSL_CTX_free>>.
template <auto Free>
struct FreeWith {
    template <typename T>
    void operator()(T* handle) const noexcept {
        Free(handle);
    }
};

}  // namespace rtbridge
