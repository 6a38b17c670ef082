#pragma once

#include <deque>
#include <optional>
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
    explicit Room(const LimitsConfig& limits = {})
        : sessions_({metrics, clock, registry, "epoch"}, limits) {
        is_listener_thread = true;
    }
    ~Room() { is_listener_thread = false; }

    // A session with one subscription, as of plain mode.
    enum class Snapshot { Send, Skip };
    Session& add(FakeOutput& output, Selection selection = {}, Snapshot snapshot = Snapshot::Send,
                 SessionAccessPtr access = unlimited_access()) {
        Session& session = open(output, std::move(access));
        SubscriptionRequest request;
        request.selection = std::move(selection);
        request.snapshot = snapshot == Snapshot::Send;
        (void)subscribe(session, request);
        return session;
    }
    Session& open(FakeOutput& output, SessionAccessPtr access = unlimited_access()) {
        assert_on_listener_thread();
        return sessions_.open(std::move(access), output);
    }
    Subscribed subscribe(Session& session, const SubscriptionRequest& request) {
        assert_on_listener_thread();
        const Subscribed subscribed = sessions_.subscribe(session, request);
        session.flush();
        return subscribed;
    }
    bool unsubscribe(Session& session, std::uint32_t number) {
        assert_on_listener_thread();
        return sessions_.unsubscribe(session, number);
    }
    bool change_selection(Session& session, std::uint32_t number, Selection selection) {
        assert_on_listener_thread();
        return sessions_.change_selection(session, number, std::move(selection));
    }
    // The broker thread gives the offsets.
    void fan_out(const std::deque<UpdatePtr>& updates) {
        assert_on_listener_thread();
        std::deque<UpdatePtr> numbered;
        for (const UpdatePtr& update : updates) {
            Update copy = *update;
            copy.offset = ++newest_offset;
            numbered.push_back(std::make_shared<const Update>(std::move(copy)));
        }
        sessions_.fan_out(numbered);
    }
    // As if the mailbox had been full.
    void lose(std::uint64_t updates) { newest_offset += updates; }
    void release_after(std::chrono::milliseconds passed) {
        assert_on_listener_thread();
        clock.advance(passed);
        sessions_.release(clock.now());
    }
    void remove(Session& session) {
        assert_on_listener_thread();
        sessions_.remove(session);
    }
    [[nodiscard]] std::optional<SteadyTime> next_release() const {
        assert_on_listener_thread();
        return sessions_.next_release();
    }
    void send(Session& session, std::string_view frame) {
        assert_on_listener_thread();
        session.send(frame);
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
    SessionRegistry registry;
    std::uint64_t newest_offset = 0;
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
