#include "listeners.h"

#include <algorithm>
#include <utility>

#include "transport/file_stream.h"
#include "transport/listening_socket.h"

namespace rtbridge {
namespace {

std::string url_of(const BindAddress& bind, std::uint16_t port, bool tls) {
    const bool v6 = bind.host.find(':') != std::string::npos;
    return (tls ? "https://" : "http://") + (v6 ? "[" + bind.host + "]" : bind.host) + ":" +
           std::to_string(port);
}

}  // namespace

Result<std::unique_ptr<Listeners>, std::string> Listeners::start(const ConfigSnapshotPtr& config,
                                                                 const Dependencies& dependencies) {
    auto sockets = listen_on(config->listener.bind, config->listener.threads);
    if (!sockets.ok()) return Failure{sockets.error()};

    auto all = std::unique_ptr<Listeners>(
        new Listeners(raise_file_limit(config->listener.threads,
                                       config->listener.www.value.empty() ? 0 : FileStreams::most),
                      dependencies.metrics));
    all->url_ = url_of(config->listener.bind, sockets.value().port, config->tls != nullptr);
    for (FileDescriptor& socket : sockets.value().fds) {
        auto thread = std::make_unique<Thread>(
            Mailbox::Limits{.updates_max = config->limits.mailbox_updates}, dependencies);
        auto listener = Listener::start(
            config, std::move(socket),
            {thread->mailbox, dependencies.metrics, dependencies.clock, dependencies.log,
             dependencies.logins, dependencies.registry, thread->publishes, all->connections_,
             all->socketio_, dependencies.epoch});
        if (!listener.ok()) return Failure{listener.error()};
        thread->listener = std::move(listener).value();
        all->threads_.push_back(std::move(thread));
    }
    return all;
}

Listeners::~Listeners() {
    for (const auto& thread : threads_) thread->listener->request_stop();
    for (const auto& thread : threads_) thread->listener.reset();
}

std::size_t Listeners::push(const UpdatePtr& update) {
    std::size_t lost = 0;
    for (const auto& thread : threads_) lost += thread->mailbox.push(update);
    return lost;
}

void Listeners::set_snapshot(const ConfigSnapshotPtr& snapshot) {
    for (const auto& thread : threads_) {
        thread->mailbox.set_limits({.updates_max = snapshot->limits.mailbox_updates});
        thread->mailbox.set_snapshot(snapshot);
    }
}

bool Listeners::serve_publishes(std::size_t most, const PublishOne& publish) {
    bool any = false;
    for (const auto& thread : threads_) {
        if (!thread->publishes.any_waiting()) continue;
        any = true;
        std::vector<PublishAnswer> answers;
        for (const auto& [id, since, request] : thread->publishes.fetch(most)) {
            answers.push_back({id, publish(request)});
        }
        thread->mailbox.push_answers(answers);
    }
    return any;
}

bool Listeners::any_publishes_waiting() const noexcept {
    return std::any_of(threads_.begin(), threads_.end(),
                       [](const auto& thread) { return thread->publishes.any_waiting(); });
}

void Listeners::wake() noexcept {
    for (const auto& thread : threads_) thread->mailbox.wake_if_sleeping(*thread->listener);
}

std::string Listeners::capacity(const LimitsConfig& limits) const {
    return capacity_text(file_limit_, limits.connections);
}

}  // namespace rtbridge
