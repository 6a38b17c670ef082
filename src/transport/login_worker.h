#pragma once

#include <atomic>
#include <functional>

#include "base/thread_role.h"
#include "handoff/metrics.h"
#include "transport/login_check.h"

struct uv_loop_s;

namespace rtbridge {

// Runs login checks beside the listener's loop, in libuv's pool of threads. The pool starts with
// the first check, out of the listener's thread, and so inherits that it gets no signals.
//
// Thread: listener. Outlived by the loop, which must run until nothing is in flight any more.
class LoginWorker {
public:
    // More guesses at a time than this are turned away, so that no flood of logins fills memory (a
    // check may take 64 MiB) or delays an honest one for long.
    static constexpr unsigned in_flight_max = 32;

    LoginWorker(uv_loop_s* loop, Metrics& metrics) : loop_(loop), metrics_(metrics) {}
    LoginWorker(const LoginWorker&) = delete;
    LoginWorker& operator=(const LoginWorker&) = delete;

    [[nodiscard]] bool full() const { return in_flight_ >= in_flight_max; }
    // `done` is called on the listener's thread, in a later turn of the loop; whoever waits for it
    // may be gone then. False: too many in flight (counted), `done` is not called.
    [[nodiscard]] bool start(LoginCheck check,
                             std::function<void(const CheckedLogin&)> done) ON_LISTENER_THREAD;

    // At shutdown: checks that have not begun yet are not made, or the broker would wait for them.
    void stop() ON_LISTENER_THREAD { stopping_.store(true, std::memory_order_relaxed); }

private:
    struct Job;

    uv_loop_s* loop_;
    Metrics& metrics_;
    unsigned in_flight_ = 0;
    std::atomic<bool> stopping_ = false;
};

}  // namespace rtbridge
