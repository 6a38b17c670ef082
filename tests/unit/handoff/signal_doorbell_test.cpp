#include "handoff/signal_doorbell.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <thread>

namespace rtbridge {
namespace {

using Clock = std::chrono::steady_clock;

// Sleeps as the broker does.
class Broker {
public:
    // The first blocking call of a thread makes ThreadSanitizer's signal context, and a signal that
    // comes meanwhile is lost in its runtime (GCC 12): it is made before anyone rings.
    Broker() : epoll_(epoll_create1(EPOLL_CLOEXEC)) { (void)sleep(std::chrono::milliseconds(0)); }
    ~Broker() { close(epoll_); }
    // True: called out of its sleep.
    [[nodiscard]] bool sleep(std::chrono::milliseconds at_most) const {
        epoll_event event{};
        const int got = epoll_wait(epoll_, &event, 1, static_cast<int>(at_most.count()));
        return got < 0 && errno == EINTR;
    }

private:
    int epoll_;
};

constexpr std::chrono::milliseconds long_time{20'000};

TEST(SignalDoorbell, EndsTheSleepOfTheBroker) {
    assert_on_broker_thread();
    const auto doorbell = SignalDoorbell::create();
    const Broker broker;
    std::thread listener([&] { doorbell->ring(); });

    EXPECT_TRUE(broker.sleep(long_time));

    listener.join();
    doorbell->answered();
}

TEST(SignalDoorbell, RepeatsASignalThatCameTooEarly) {
    assert_on_broker_thread();
    const auto doorbell = SignalDoorbell::create();
    const Broker broker;
    // Rung by the broker's own thread: its signal has been seen before the broker sleeps.
    doorbell->ring();

    EXPECT_TRUE(broker.sleep(long_time));
    EXPECT_TRUE(broker.sleep(long_time)) << "and again, because nobody answered";
    doorbell->answered();
}

TEST(SignalDoorbell, IsQuietOnceAnswered) {
    assert_on_broker_thread();
    const auto doorbell = SignalDoorbell::create();
    const Broker broker;
    doorbell->ring();
    doorbell->answered();

    EXPECT_FALSE(broker.sleep(std::chrono::milliseconds(20)));

    doorbell->ring();
    EXPECT_TRUE(broker.sleep(long_time)) << "rings the next time";
    doorbell->answered();
}

TEST(SignalDoorbell, LeavesABrokerAloneThatDoesNotAnswer) {
    assert_on_broker_thread();
    const auto doorbell = SignalDoorbell::create();
    const Broker broker;

    doorbell->ring();
    int calls = 0;
    while (broker.sleep(std::chrono::milliseconds(250))) {
        ++calls;
        doorbell->ring();
        ASSERT_LT(calls, 50);
    }

    EXPECT_GT(calls, 2);
}

std::atomic<int> foreign_signals{0};

TEST(SignalDoorbell, PassesTheSignalOnToWhoeverHadItAndGivesItBack) {
    assert_on_broker_thread();
    struct sigaction foreign {};
    foreign.sa_handler = [](int) { ++foreign_signals; };
    struct sigaction before {};
    ASSERT_EQ(sigaction(SIGURG, &foreign, &before), 0);
    auto doorbell = SignalDoorbell::create();

    ASSERT_EQ(raise(SIGURG), 0);
    EXPECT_EQ(foreign_signals, 1);

    doorbell.reset();
    struct sigaction now {};
    ASSERT_EQ(sigaction(SIGURG, &before, &now), 0);
    EXPECT_EQ(now.sa_handler, foreign.sa_handler);
}

}  // namespace
}  // namespace rtbridge
