#pragma once

#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <ctime>
#include <memory>
#include <optional>

#include "handoff/doorbell.h"

namespace rtbridge {

// Rings by the signal SIGURG to the broker's thread, which ends its epoll_wait (never restarted,
// signal(7)) and nothing else (SA_RESTART). SIGURG, because it is ignored by default and no version
// of Mosquitto uses it.
//
// A signal that comes just before epoll_wait begins is lost. So the handler, which runs on the
// broker's thread, sets a timer that repeats it until answered(): after 0.1 ms, then after twice as
// long each time, for no longer than the tick would take to come by itself. A broker that is busy
// or hangs thus gets a dozen signals, and no more until it answers.
//
// Thread: create(), answered() and the end belong to the broker's thread. One at a time per
// process.
class SignalDoorbell final : public Doorbell {
public:
    // Never null. Where the system gives no signal or timer it rings in vain, or once: what waits
    // is then found by the tick.
    [[nodiscard]] static std::unique_ptr<SignalDoorbell> create() ON_BROKER_THREAD;
    ~SignalDoorbell() override;
    SignalDoorbell(const SignalDoorbell&) = delete;
    SignalDoorbell& operator=(const SignalDoorbell&) = delete;

    void ring() noexcept override;
    void answered() noexcept override;

private:
    static constexpr long first_delay_ns = 100'000;
    static constexpr long last_delay_ns = 100'000'000;

    SignalDoorbell() = default;
    static void on_signal(int number, siginfo_t* info, void* context);
    void ring_again_later() noexcept;  // async-signal-safe
    void set_timer(long delay_ns) noexcept;

    const pthread_t broker_ = pthread_self();
    bool installed_ = false;
    struct sigaction before_ {};
    std::optional<timer_t> timer_;
    std::atomic<bool> rung_{false};
    // Of the broker's thread, its handler included.
    std::atomic<long> next_delay_ns_{first_delay_ns};
};

}  // namespace rtbridge
