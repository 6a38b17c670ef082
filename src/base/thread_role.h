#pragma once

#include <cassert>

// The two threads of rtbridge as clang capabilities: a method marked ON_BROKER_THREAD can only be
// called where the compiler knows that this is the broker's loop (-Wthread-safety). A C callback is
// where a thread enters our code, so its first statement is assert_on_..._thread().

#if defined(__clang__)
#define RTBRIDGE_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define RTBRIDGE_THREAD_ATTRIBUTE(x)
#endif

namespace rtbridge {

class RTBRIDGE_THREAD_ATTRIBUTE(capability("thread role")) ThreadRole {};

inline constexpr ThreadRole broker_thread;
inline constexpr ThreadRole listener_thread;

#define ON_BROKER_THREAD RTBRIDGE_THREAD_ATTRIBUTE(requires_capability(::rtbridge::broker_thread))
#define ON_LISTENER_THREAD \
    RTBRIDGE_THREAD_ATTRIBUTE(requires_capability(::rtbridge::listener_thread))

// Set once by a listener thread when it starts; every other thread counts as the broker's.
inline thread_local bool is_listener_thread = false;

inline void assert_on_broker_thread()
    RTBRIDGE_THREAD_ATTRIBUTE(assert_capability(::rtbridge::broker_thread)) {
    assert(!is_listener_thread);
}

inline void assert_on_listener_thread()
    RTBRIDGE_THREAD_ATTRIBUTE(assert_capability(::rtbridge::listener_thread)) {
    assert(is_listener_thread);
}

}  // namespace rtbridge
