#pragma once

#include <string>
#include <string_view>

namespace rtbridge {

enum class LogLevel { Debug, Info, Notice, Warning, Error };

// Where log lines go. The plugin's sink is mosquitto_log_printf (broker thread only), the
// listener's is the outbox that the broker's tick drains, the tool's is stderr. A line is one line:
// the sink escapes control characters, so a topic or header cannot forge another.
class LogSink {
public:
    virtual ~LogSink() = default;
    virtual void write(LogLevel level, std::string_view line) = 0;
};

// `text` with its control characters as \xNN.
[[nodiscard]] std::string escape_control(std::string_view text);

}  // namespace rtbridge
