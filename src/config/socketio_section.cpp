#include <chrono>
#include <utility>

#include "config/in_quotes.h"
#include "config/sections.h"
#include "config/template_reader.h"

namespace rtbridge {
namespace {

// Of a URL (RFC 3986, 3.3), without what would have to be escaped.
bool is_path_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("/-._~!$&'()*+,;=:@").find(c) != std::string_view::npos;
}

bool is_folder(std::string_view path) {
    if (path.size() < 2 || !path.starts_with('/') || !path.ends_with('/')) return false;
    if (path.find("//") != std::string_view::npos) return false;
    for (const char c : path) {
        if (!is_path_character(c)) return false;
    }
    return true;
}

void read_path(TableReader& table, std::string& target) {
    Placed<std::string> path;
    if (!table.read("path", path)) return;
    if (is_folder(path.value)) {
        target = std::move(path.value);
        return;
    }
    table.diagnostics().error(
        std::move(path.place),
        "path = " + in_quotes(path.value) +
            " is not the path of a URL that begins and ends with '/'; write one like "
            "\"/socket.io/\"");
}

}  // namespace

void read_socketio(TableReader& table, SocketIoConfig& socketio) {
    using namespace std::chrono_literals;
    read_path(table, socketio.path);
    table.read_duration("ping_interval", socketio.ping_interval, {100ms, 1h});
    table.read_duration("ping_timeout", socketio.ping_timeout, {100ms, 1h});
    table.read_duration("connect_timeout", socketio.connect_timeout, {100ms, 1h});
    std::uint64_t bytes = 0;
    if (table.read_size("max_payload", bytes, {1'000, 64 * MiB})) {
        socketio.max_payload_bytes = static_cast<std::size_t>(bytes);
    }
    socketio.body = take_template(table, "body");
    read_socketio_events(table, socketio);
    table.report_unknown_keys();
}

}  // namespace rtbridge
