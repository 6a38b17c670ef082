#include "handoff/signal_doorbell.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

// glibc 2.36 has the field only under its kernel name.
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

namespace rtbridge {
namespace {

constexpr int signal_number = SIGURG;

// A handler gets no user data, and another's signals are to reach another's handler.
std::atomic<SignalDoorbell*> the_doorbell{nullptr};
struct sigaction handler_before {};

bool calls_a_function(const struct sigaction& action) {
    return action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN;
}

}  // namespace

std::unique_ptr<SignalDoorbell> SignalDoorbell::create() {
    auto doorbell = std::unique_ptr<SignalDoorbell>(new SignalDoorbell);
    if (sigaction(signal_number, nullptr, &doorbell->before_) != 0) return doorbell;
    handler_before = doorbell->before_;
    the_doorbell.store(doorbell.get());

    struct sigaction action {};
    action.sa_sigaction = on_signal;
    // ONSTACK: the signals of a plugin written in Go, which come here too, find small stacks.
    action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    doorbell->installed_ = sigaction(signal_number, &action, nullptr) == 0;

    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = signal_number;
    event.sigev_notify_thread_id = static_cast<int>(syscall(SYS_gettid));
    timer_t timer{};
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) == 0) doorbell->timer_ = timer;
    return doorbell;
}

SignalDoorbell::~SignalDoorbell() {
    if (timer_) timer_delete(*timer_);
    if (installed_) {
        struct sigaction now {};
        // Whoever took the signal after us keeps it; our handler then stays in the chain and idle.
        const bool ours = sigaction(signal_number, nullptr, &now) == 0 &&
                          (now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == on_signal;
        if (ours) sigaction(signal_number, &before_, nullptr);
    }
    the_doorbell.store(nullptr);
}

void SignalDoorbell::ring() noexcept {
    if (!installed_ || rung_.exchange(true)) return;
    pthread_kill(broker_, signal_number);
}

void SignalDoorbell::answered() noexcept {
    if (!rung_.load(std::memory_order_relaxed)) return;
    // The timer first: who rings from here on has it set again.
    set_timer(0);
    next_delay_ns_.store(first_delay_ns, std::memory_order_relaxed);
    // An exchange, so that what was put down before a ring that did nothing is seen from here on.
    rung_.exchange(false);
}

void SignalDoorbell::on_signal(int number, siginfo_t* info, void* context) {
    const int saved_errno = errno;
    SignalDoorbell* const doorbell = the_doorbell.load();
    if (doorbell != nullptr && pthread_equal(pthread_self(), doorbell->broker_) != 0) {
        doorbell->ring_again_later();
    }
    if (calls_a_function(handler_before)) {
        if ((handler_before.sa_flags & SA_SIGINFO) != 0) {
            handler_before.sa_sigaction(number, info, context);
        } else {
            handler_before.sa_handler(number);
        }
    }
    errno = saved_errno;
}

void SignalDoorbell::ring_again_later() noexcept {
    const long delay = next_delay_ns_.load(std::memory_order_relaxed);
    if (!rung_.load() || delay > last_delay_ns) return;
    next_delay_ns_.store(delay * 2, std::memory_order_relaxed);
    set_timer(delay);
}

void SignalDoorbell::set_timer(long delay_ns) noexcept {
    if (!timer_) return;
    itimerspec time{};
    time.it_value.tv_nsec = delay_ns;
    timer_settime(*timer_, 0, &time, nullptr);
}

}  // namespace rtbridge
