#pragma once

#include <deque>
#include <string>
#include <utility>

#include "fakes/fake_clock.h"
#include "fakes/fake_output.h"
#include "listener/sessions.h"
#include "listener/test_policy.h"

namespace rtbridge {

// Sessions with everything around them. The test's thread plays the listener.
class Room {
public:
    explicit Room(const LimitsConfig& limits = {}) : sessions_(metrics, clock, limits) {
        is_listener_thread = true;
    }
    ~Room() { is_listener_thread = false; }

    Session& add(FakeOutput& output, Selection selection = {},
                 Sessions::Snapshot snapshot = Sessions::Snapshot::Send,
                 SessionAccessPtr access = unlimited_access()) {
        assert_on_listener_thread();
        Session& session = sessions_.add(std::move(access), std::move(selection), snapshot, output);
        session.flush();
        return session;
    }
    void fan_out(std::deque<UpdatePtr> updates) {
        assert_on_listener_thread();
        sessions_.fan_out(updates);
    }
    void remove(Session& session) {
        assert_on_listener_thread();
        sessions_.remove(session);
    }
    void writable(Session& session) {
        assert_on_listener_thread();
        session.on_writable();
    }
    void life(Session& session) {
        assert_on_listener_thread();
        session.on_life();
    }
    void bad_request(Session& session) {
        assert_on_listener_thread();
        session.on_bad_request();
    }
    [[nodiscard]] bool request(Session& session) {
        assert_on_listener_thread();
        return session.take_request();
    }
    void change_access(Session& session, SessionAccessPtr access) {
        assert_on_listener_thread();
        sessions_.change_access(session, std::move(access));
    }
    void policy_changes() {
        assert_on_listener_thread();
        sessions_.policy_changes();
    }
    [[nodiscard]] const Sessions& sessions() const { return sessions_; }
    void check_after(std::chrono::milliseconds passed) {
        assert_on_listener_thread();
        clock.advance(passed);
        sessions_.check(clock.now());
    }
    [[nodiscard]] std::uint64_t hits(Limit limit) const {
        return metrics.limits.at(static_cast<std::size_t>(limit)).value();
    }

    Metrics metrics;
    FakeClock clock;
    LineShape shape;

private:
    Sessions sessions_;
};

inline Selection by_topic(std::string_view filter) {
    return {{TopicFilter::parse(filter).value()}, {}};
}
inline Selection by_user(std::string user) {
    return {{}, {{"userId", std::move(user)}}};
}

}  // namespace rtbridge
