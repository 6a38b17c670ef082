#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "retained/retained_conversation.h"

namespace rtbridge {
namespace {

constexpr RetainedConversation::Limits limits{
    .messages_max = 20, .bytes_max = 500, .message_bytes_max = 100};

void check(bool invariant) {
    if (!invariant) __builtin_trap();
}

// What comes of it: the messages, and how it ended.
std::string read(std::string_view said, std::size_t step) {
    RetainedConversation talk({.client_id = "r"}, std::vector<std::string>(150, "a/#"), limits);
    std::string result;
    std::size_t count = 0;
    std::size_t bytes = 0;
    for (std::size_t at = 0; at < said.size(); at += step) {
        talk.take(said.substr(at, step));
        for (const RetainedMessage& message : talk.take_messages()) {
            check(!message.topic.empty() && !message.payload.empty());
            bytes += message.bytes();
            result += message.topic + '=' + message.payload + ';';
            check(message.bytes() <= limits.message_bytes_max);
            check(++count <= limits.messages_max && bytes <= limits.bytes_max);
        }
        if (talk.state() != RetainedConversation::State::Talking) break;
    }
    return result + talk.take_output() + talk.problem();
}

}  // namespace
}  // namespace rtbridge

// Whatever a broker says, within all limits, and the same however it is cut. The first byte is the
// size of the pieces.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace rtbridge;
    if (size == 0) return 0;
    const std::string said = std::string("\x20\x02\0\0", 4) +
                             std::string(reinterpret_cast<const char*>(data + 1), size - 1);
    check(read(said, 1U + data[0]) == read(said, said.size()));
    return 0;
}
