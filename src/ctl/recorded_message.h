#pragma once

#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "rules/rule_set.h"

namespace rtbridge {

// One recorded MQTT message: a line of a file, as people have them.
struct RecordedMessage {
    std::string topic;
    std::string payload;
    std::string client, user;  // of the publisher; empty: not known
    bool retain = false;
    std::optional<std::int64_t> unix_ms;  // when it was published

    // Views into this.
    [[nodiscard]] Publish publish() const {
        return {
            .topic = topic, .payload = payload, .retain = retain, .client = client, .user = user};
    }
};

// Reads a line of one of these forms, told apart by its first character:
//
//   {"topic":"a/b","payload":"text"}          as of mosquitto_sub -F %j: a text is that text,
//   {"topic":"a/b","payload":{"soc":7}}       as of -F %J: any other JSON is its bytes in the line,
//   {"topic":"a/b","payload_b64":"AAE="}      null or none of both an empty payload
//   a/b the payload                           as of mosquitto_sub -v
//
// Of JSON also "tst" (ISO 8601, or Unix seconds or milliseconds), "client", "user", "retain"; other
// members are passed over. Fails with what is wrong, to stand behind "line 7".
//
// Thread: any, pure.
[[nodiscard]] Result<RecordedMessage, std::string> read_recorded_message(std::string_view line);

// The lines of a stream of any size, one in memory at a time. Both ends of line are taken.
class RecordedLines {
public:
    static constexpr std::size_t line_bytes_max = 16 * MiB;

    explicit RecordedLines(std::istream& in) : in_(in) {}

    // The next line that is not empty, valid until the next call; nothing at the end.
    [[nodiscard]] std::optional<std::string_view> next();
    // Of the line that next() gave, from 1.
    [[nodiscard]] std::uint64_t number() const { return number_; }
    // It is longer than line_bytes_max, and next() gave only its beginning.
    [[nodiscard]] bool too_long() const { return too_long_; }

private:
    // False: the stream has ended.
    [[nodiscard]] bool read_line();

    std::istream& in_;
    std::string line_;
    std::uint64_t number_ = 0;
    bool too_long_ = false;
};

}  // namespace rtbridge
