// The loop of a listener thread:
//
//     sleep until a socket or the broker stirs (fall_asleep: the broker then knows to wake it)
//
//     sockets -> libwebsockets -> Connection -> Session
//
//     mailbox -> fan out
//
// It is a libuv loop of ours that libwebsockets joins (see LwsServer).

#include "transport/listener.h"

#include <uv.h>

#include <algorithm>
#include <chrono>
#include <future>

#include "base/all_signals_blocked.h"
#include "transport/acceptor.h"
#include "transport/engineio_server.h"
#include "transport/listener_state.h"
#include "transport/lws_server.h"
#include "transport/mail_pace.h"
#include "transport/socketio_application.h"
#include "transport/socketio_server.h"

namespace rtbridge {
namespace {

// How often sessions are checked for liveness and slowness; finer than any limit that it measures.
constexpr std::uint64_t check_interval_ms = 250;

// A turn of the loop spends so long on mail: however much of it came, browsers are heard in
// between, and their pongs.
constexpr std::chrono::milliseconds mail_per_turn{20};

// What runs at [socketio] path.
struct SocketIoService {
    SocketIoService(ListenerState& state, SharedSocketIo& shared, Wakeup& wakeup)
        : application(state, shared, wakeup),
          server({application, state.metrics, state.clock, state.connections},
                 state.config->socketio, state.config->limits) {}
    SocketIoApplication application;
    SocketIoServer server;
};

template <typename Handle>
void close_handle(Handle& handle) {
    uv_close(reinterpret_cast<uv_handle_t*>(&handle), nullptr);
}

}  // namespace

class Listener::Loop final : public Wakeup {
public:
    Loop(ConfigSnapshotPtr config, const Dependencies& dependencies)
        : deps_(dependencies),
          state_(std::move(config), dependencies.metrics, dependencies.clock, dependencies.log,
                 dependencies.logins, dependencies.registry, dependencies.publishes,
                 dependencies.connections, dependencies.epoch, &loop_) {
        uv_loop_init(&loop_);
        // The one handle that other threads touch: it exists before the thread does.
        uv_async_init(&loop_, &wakeup_, nullptr);
        state_.sessions.figures().mailbox.store(&dependencies.mailbox);
    }
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    ~Loop() override { uv_loop_close(&loop_); }

    // Thread: any.
    void wake() noexcept override { uv_async_send(&wakeup_); }
    void request_stop() noexcept {
        stop_requested_.store(true);
        wake();
    }

    // The thread. Fulfils `started` with an empty text, or why it could not start.
    void run(FileDescriptor socket, std::promise<std::string> started) noexcept {
        is_listener_thread = true;
        assert_on_listener_thread();
        std::string failure = set_up(std::move(socket));
        const bool running = failure.empty();
        started.set_value(std::move(failure));
        if (running) uv_run(&loop_, UV_RUN_DEFAULT);  // until drained
        tear_down();
    }

private:
    // Empty = everything is up.
    std::string set_up(FileDescriptor socket) noexcept ON_LISTENER_THREAD try {
        auto server = LwsServer::create(&loop_, state_);
        if (!server.ok()) return server.error();
        server_ = std::move(server).value();
        deps_.mount ? deps_.mount(state_, *this) : mount_socketio();
        acceptor_ = std::make_unique<Acceptor>(&loop_, std::move(socket), *server_, state_);
        start_handles();
        return {};
    } catch (const std::exception& error) {
        return error.what();
    }

    void mount_socketio() ON_LISTENER_THREAD {
        socketio_ = std::make_shared<SocketIoService>(state_, deps_.socketio, *this);
        if (state_.config->listener.threads > 1) {
            socketio_->server.engine().join_others(deps_.socketio.errands, *this);
        }
        state_.engines.push_back(
            {state_.config->socketio.path,
             std::shared_ptr<EngineIoServer>(socketio_, &socketio_->server.engine())});
    }

    void tear_down() noexcept ON_LISTENER_THREAD {
        // Which wake this loop.
        if (socketio_) socketio_->application.leave_announcements();
        for (const EngineIoMount& mount : state_.engines) mount.server->leave_others();
        close_handle(wakeup_);
        if (acceptor_) acceptor_->stop();
        if (handles_started_) {
            close_handle(prepare_);
            close_handle(check_);
            close_handle(stay_awake_);
            close_handle(timer_);
            close_handle(release_);
            close_handle(engines_timer_);
        }
        state_.tunnels.stop();
        if (server_) server_->shut_down();
        uv_run(&loop_, UV_RUN_DEFAULT);  // until every handle is closed
        acceptor_.reset();
        server_.reset();
        state_.engines.clear();
        socketio_.reset();
        uv_run(&loop_, UV_RUN_DEFAULT);
    }

    void start_handles() ON_LISTENER_THREAD {
        uv_prepare_init(&loop_, &prepare_);
        uv_check_init(&loop_, &check_);
        uv_idle_init(&loop_, &stay_awake_);
        uv_timer_init(&loop_, &timer_);
        uv_timer_init(&loop_, &release_);
        uv_timer_init(&loop_, &engines_timer_);
        prepare_.data = check_.data = timer_.data = release_.data = engines_timer_.data = this;
        uv_prepare_start(&prepare_, [](uv_prepare_t* handle) {
            assert_on_listener_thread();
            static_cast<Loop*>(handle->data)->before_sleep();
        });
        uv_check_start(&check_, [](uv_check_t* handle) {
            assert_on_listener_thread();
            static_cast<Loop*>(handle->data)->after_sleep();
        });
        uv_timer_start(
            &timer_,
            [](uv_timer_t* handle) {
                assert_on_listener_thread();
                static_cast<Loop*>(handle->data)->check_sessions();
            },
            check_interval_ms, check_interval_ms);
        handles_started_ = true;
    }

    void before_sleep() noexcept ON_LISTENER_THREAD {
        switch_reading();
        schedule_engines();
        if (!mail_.updates.empty()) {
            uv_idle_start(&stay_awake_, [](uv_idle_t*) {});
            return;
        }
        if (!pace_.dense()) {
            uv_idle_stop(&stay_awake_);
            if (!deps_.mailbox.fall_asleep()) wake();
            return;
        }
        // Not by a timer of the loop, whose unit is the millisecond.
        uv_idle_start(&stay_awake_, [](uv_idle_t*) {});
        const std::chrono::nanoseconds rest = pace_.rest(deps_.clock.now());
        if (rest > std::chrono::nanoseconds::zero()) std::this_thread::sleep_for(rest);
    }

    // Out of memory in one turn costs what was in that turn, never the loop (uv calls from C).
    void after_sleep() noexcept ON_LISTENER_THREAD try {
        deps_.mailbox.awake();
        switch_reading();
        if (!mail_.updates.empty()) {
            read_mail();
        } else if (pace_.dense() || deps_.mailbox.depth() > 0) {
            open_mail();
        }
        if (socketio_) socketio_->application.deliver_announcements();
        for (const EngineIoMount& mount : state_.engines) mount.server->run_errands();
        if (stop_requested_.load() && !state_.draining) start_drain();
        if (state_.draining) continue_drain();
    } catch (const std::exception&) {
        deps_.metrics.listener_errors.add();
    }

    void switch_reading() noexcept ON_LISTENER_THREAD {
        for (Connection* connection : state_.reading_changes) connection->switch_reading();
        state_.reading_changes.clear();
    }

    void open_mail() ON_LISTENER_THREAD {
        deliver_answers();  // of a turn that was cut short
        deps_.mailbox.drain(mail_);
        pace_.opened(mail_.updates.size(), deps_.clock.now());
        if (mail_.snapshot) apply(std::exchange(mail_.snapshot, nullptr));
        read_mail();
    }

    // What this turn has no time for stays for the next one.
    void read_mail() ON_LISTENER_THREAD {
        state_.sessions.fan_out(mail_.updates, deps_.clock.now() + mail_per_turn);
        if (mail_.updates.empty()) deliver_answers();
        schedule_release();
    }

    void deliver_answers() ON_LISTENER_THREAD {
        const std::vector<PublishAnswer> answers = std::exchange(mail_.answers, {});
        state_.publishes.deliver(answers);
    }

    // Of updates that subscriptions with a max_rate hold back.
    void schedule_release() ON_LISTENER_THREAD {
        const std::optional<SteadyTime> next = state_.sessions.next_release();
        if (!next) return;
        const auto wait = std::chrono::ceil<std::chrono::milliseconds>(*next - deps_.clock.now());
        uv_timer_start(
            &release_,
            [](uv_timer_t* handle) {
                assert_on_listener_thread();
                static_cast<Loop*>(handle->data)->release();
            },
            static_cast<std::uint64_t>(std::max<std::int64_t>(wait.count(), 0)), 0);
    }

    void release() noexcept ON_LISTENER_THREAD try {
        state_.sessions.release(deps_.clock.now());
        schedule_release();
    } catch (const std::exception&) {
        deps_.metrics.listener_errors.add();
    }

    // Heartbeats and the like, which are finer than those of sessions.
    void schedule_engines() ON_LISTENER_THREAD {
        std::optional<SteadyTime> next;
        for (const EngineIoMount& mount : state_.engines) {
            const std::optional<SteadyTime> due = mount.server->next_deadline();
            if (due && (!next || *due < *next)) next = due;
        }
        if (next == engines_due_) return;
        engines_due_ = next;
        if (!next) {
            uv_timer_stop(&engines_timer_);
            return;
        }
        const SteadyTime now = deps_.clock.now();
        const auto wait = *next <= now ? std::chrono::milliseconds(0)
                                       : std::chrono::ceil<std::chrono::milliseconds>(*next - now);
        uv_timer_start(
            &engines_timer_,
            [](uv_timer_t* handle) {
                assert_on_listener_thread();
                static_cast<Loop*>(handle->data)->check_engines();
            },
            static_cast<std::uint64_t>(wait.count()), 0);
    }

    void check_engines() noexcept ON_LISTENER_THREAD try {
        engines_due_.reset();
        for (const EngineIoMount& mount : state_.engines) mount.server->check(deps_.clock.now());
    } catch (const std::exception&) {
        deps_.metrics.listener_errors.add();
    }

    void apply(const ConfigSnapshotPtr& snapshot) ON_LISTENER_THREAD {
        if (snapshot->access != state_.config->access) {
            state_.accesses.clear();
            state_.sessions.policy_changes();
        }
        state_.config = snapshot;
        state_.sessions.set_limits(snapshot->limits);
        if (socketio_) {
            socketio_->server.use(snapshot->socketio, snapshot->limits);
            state_.engines.front().path = snapshot->socketio.path;
        }
        server_->recheck_access();
        for (const EngineIoMount& mount : state_.engines) mount.server->recheck_access();
    }

    void check_sessions() noexcept ON_LISTENER_THREAD try {
        const SteadyTime now = deps_.clock.now();
        state_.sessions.check(now);
        state_.tunnels.check(now);
        server_->check_handshakes(now);
        if (socketio_) socketio_->application.check(now);
        state_.refusals.sweep(now);
        state_.publishes.give_up_late();
        refresh_keys_if_due();
    } catch (const std::exception&) {
        deps_.metrics.listener_errors.add();
    }

    // Somebody showed a token whose key came after the key files were read. Reading files may take
    // long, so it is done beside the loop.
    void refresh_keys_if_due() ON_LISTENER_THREAD {
        const auto& authenticator = state_.config->access->authenticator;
        const std::int64_t now_unix_s = deps_.clock.unix_ms() / 1000;
        if (refreshing_keys_ || !authenticator->keys_refresh_due(now_unix_s)) return;
        refreshing_keys_ = state_.login_worker.start(
            {LoginCheck::Means::TokenAfterRefresh, "", "", authenticator, now_unix_s},
            [this](const CheckedLogin& checked) {
                refreshing_keys_ = false;
                if (!checked.key_mistake) return;
                deps_.log.write(
                    LogLevel::Warning,
                    "rtbridge: the keys of tokens stay as they are: " + *checked.key_mistake);
            });
    }

    void start_drain() ON_LISTENER_THREAD {
        state_.draining = true;
        drain_until_ = deps_.clock.now() + state_.config->limits.drain_time;
        acceptor_->stop();
        state_.login_worker.stop();
        state_.sessions.close_all(CloseCode::Shutdown, "shutdown");
        state_.tunnels.close_all(CloseCode::Shutdown, "shutdown");
        for (const EngineIoMount& mount : state_.engines) {
            mount.server->close_all(CloseCode::Shutdown, "server shutting down");
        }
    }

    void continue_drain() ON_LISTENER_THREAD {
        const bool late = deps_.clock.now() >= drain_until_;
        const std::size_t open = state_.sessions.size() + state_.tunnels.size();
        if (late && open > 0) deps_.metrics.hit(Limit::DrainTime, open);
        const bool done = open == 0 && std::all_of(state_.engines.begin(), state_.engines.end(),
                                                   [](const EngineIoMount& mount) {
                                                       return mount.server->all_closed();
                                                   });
        if (late || done) uv_stop(&loop_);
    }

    Dependencies deps_;
    ListenerState state_;
    uv_loop_t loop_{};
    uv_async_t wakeup_{};
    uv_prepare_t prepare_{};
    uv_check_t check_{};
    uv_idle_t stay_awake_{};  // while it is started the loop does not block
    uv_timer_t timer_{};
    uv_timer_t release_{};
    uv_timer_t engines_timer_{};
    std::optional<SteadyTime> engines_due_;      // what engines_timer_ is set to
    std::shared_ptr<SocketIoService> socketio_;  // ListenerState::engines; null: others are there
    std::unique_ptr<LwsServer> server_;
    std::unique_ptr<Acceptor> acceptor_;
    MailPace pace_;
    MailboxBatch mail_;  // what is left to read; kept for its memory
    std::atomic<bool> stop_requested_{false};
    SteadyTime drain_until_;
    bool handles_started_ = false;
    bool refreshing_keys_ = false;
};

Listener::Listener() = default;

Result<std::unique_ptr<Listener>, std::string> Listener::start(ConfigSnapshotPtr config,
                                                               FileDescriptor socket,
                                                               const Dependencies& dependencies) {
    auto listener = std::unique_ptr<Listener>(new Listener);
    listener->loop_ = std::make_unique<Loop>(std::move(config), dependencies);

    std::promise<std::string> started;
    std::future<std::string> failure = started.get_future();
    {
        const AllSignalsBlocked inherited_by_the_thread;
        listener->thread_ =
            std::thread(&Loop::run, listener->loop_.get(), std::move(socket), std::move(started));
    }
    const std::string reason = failure.get();
    if (!reason.empty()) {
        listener->thread_.join();
        return Failure{reason};
    }
    return listener;
}

Listener::~Listener() {
    if (!thread_.joinable()) return;
    loop_->request_stop();
    thread_.join();
}

void Listener::request_stop() noexcept {
    loop_->request_stop();
}

void Listener::wake() noexcept {
    loop_->wake();
}

}  // namespace rtbridge
