#include <cstddef>
#include <cstdint>
#include <string_view>

#include "rules/json_document.h"
#include "topic/topic_name.h"
#include "transport/full_mode_request.h"

// Frames of browsers: of any content they are a request or a mistake, and what a publish takes out
// of one is a piece of JSON.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace rtbridge;
    static JsonDocument document, payload;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto message = read_full_mode_message(text, document);
    if (!message.ok()) return 0;
    const auto* const request = std::get_if<FullModeRequest>(&message.value());
    if (request == nullptr) return 0;
    const auto* const publish = std::get_if<PublishRequest>(&request->wanted);
    if (publish == nullptr) return 0;
    if (topic_name_mistake(publish->topic) != nullptr) __builtin_trap();
    const bool raw = text.find("\"x\"") == std::string_view::npos &&
                     text.find("\"b64\"") == std::string_view::npos &&
                     text.find('\\') == std::string_view::npos;
    if (raw && payload.parse(publish->payload) != nullptr) __builtin_trap();
    return 0;
}
