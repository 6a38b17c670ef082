#include <algorithm>
#include <limits>

#include "config/sections.h"
#include "config/units.h"

namespace rtbridge {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;
constexpr std::uint64_t gib = 1024 * mib;

// On a 32-bit machine a size may exceed what fits its memory; then the most that does is meant.
bool read_bytes(TableReader& table, std::string_view key, std::size_t& target,
                Range<std::uint64_t> range) {
    std::uint64_t bytes = 0;
    if (!table.read_size(key, bytes, range)) return false;
    target = static_cast<std::size_t>(
        std::min<std::uint64_t>(bytes, std::numeric_limits<std::size_t>::max()));
    return true;
}

void read_queue(TableReader& limits, QueueLimits& queue) {
    const toml::table* const table = limits.take_table("queue", "{ soft = \"256KiB\" }");
    if (table == nullptr) return;
    TableReader reader(limits.document(), *table, "[limits] queue", limits.diagnostics());
    const bool soft = read_bytes(reader, "soft", queue.soft_bytes, {1 * kib, 1 * gib});
    const bool hard = read_bytes(reader, "hard", queue.hard_bytes, {1 * kib, 1 * gib});
    reader.read_duration("close_after", queue.close_after, {100ms, 1h});
    reader.report_unknown_keys();
    if (queue.soft_bytes <= queue.hard_bytes) return;
    // One of the two may be a default, which the file does not show.
    const auto shown = [](std::size_t bytes, bool given) {
        return format_size(bytes) + (given ? "" : " by default");
    };
    reader.error(*table->get(soft ? "soft" : "hard"),
                 "soft (" + shown(queue.soft_bytes, soft) + ") is above hard (" +
                     shown(queue.hard_bytes, hard) + "); lower soft or raise hard");
}

}  // namespace

void read_limits(TableReader& table, LimitsConfig& limits) {
    table.read_count("connections", limits.connections, {1, 1'000'000});
    table.read_count("connections_per_ip", limits.connections_per_ip, {0, 1'000'000});
    table.read_count("connections_per_user", limits.connections_per_user, {0, 1'000'000});
    table.read_duration("handshake_timeout", limits.handshake_timeout, {100ms, 10min});
    table.read_duration("ping_interval", limits.ping_interval, {1s, 1h});
    read_bytes(table, "header", limits.header_bytes, {1 * kib, 1 * mib});
    read_bytes(table, "frame", limits.frame_bytes, {128, 16 * mib});
    read_bytes(table, "body", limits.body_bytes, {128, 64 * mib});
    table.read_count("requests_per_second", limits.requests_per_second, {1, 1'000'000});
    table.read_count("logins_per_minute", limits.logins_per_minute, {1, 1'000'000});
    table.read_count("subscriptions", limits.subscriptions, {1, 65'536});
    read_queue(table, limits.queue);
    table.read_count("mailbox", limits.mailbox_updates, {16, 16'777'216});
    read_bytes(table, "history_bytes", limits.history_bytes, {64 * kib, 1024 * gib});
    table.read_duration("password_time", limits.password_time, {1ms, 1s});
    table.read_duration("drain_time", limits.drain_time, {0ms, 1min});

    table.report_unknown_keys();
}

}  // namespace rtbridge
