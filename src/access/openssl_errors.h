#pragma once

#include <openssl/err.h>

namespace rtbridge {

// Leaves OpenSSL's error queue as it found it. The queue is per thread, and the broker's own TLS
// looks at it: an error of ours left there would look like one of its connections.
class OpensslErrorMark {
public:
    OpensslErrorMark() { ERR_set_mark(); }
    ~OpensslErrorMark() { ERR_pop_to_mark(); }
    OpensslErrorMark(const OpensslErrorMark&) = delete;
    OpensslErrorMark& operator=(const OpensslErrorMark&) = delete;
};

}  // namespace rtbridge
