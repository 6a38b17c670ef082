#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "handoff/publish_request.h"
#include "listener/subscription.h"
#include "listener/value_store.h"
#include "topic/topic_filter.h"
#include "transport/full_mode_shape.h"
#include "transport/request_error.h"

namespace rtbridge {

class JsonDocument;

// What browsers ask for in rtbridge.v1. Thread: any; values.

struct HelloRequest {
    std::optional<std::string> token;
    Batching batching = Batching::Off;
};
struct SubscribeRequest {
    SubscriptionRequest wanted;  // as Sessions takes it
};
struct UnsubscribeRequest {
    std::uint32_t subscription = 0;
};
struct GetRequest {
    static constexpr std::size_t limit_default = 500;
    static constexpr std::size_t limit_max = 1000;
    std::vector<TopicFilter> topics;
    std::size_t limit = limit_default;
    std::optional<ValueStore::Position> after;
};
struct AuthRequest {
    std::string token;
};
struct StatsRequest {};

struct FullModeRequest {
    std::uint32_t id = 0;  // the browser's number for it
    std::variant<HelloRequest, SubscribeRequest, UnsubscribeRequest, GetRequest, PublishRequest,
                 AuthRequest, StatsRequest>
        wanted;
};
// {"q":1700000000000}: the answer to {"p":1700000000000}.
struct ProbeAnswer {
    std::int64_t unix_ms = 0;
};
using FullModeMessage = std::variant<FullModeRequest, ProbeAnswer>;

// Why a text frame is none of these.
struct RequestMistake {
    std::optional<std::uint32_t> id;  // of the request, where it could be read
    RequestError error;
    bool object = true;  // it was a JSON object at least
};

// Members that are not known are ignored, so that newer libraries can say more; those that are may
// not stand twice and have to be of the right type. `document` is memory to parse in.
[[nodiscard]] Result<FullModeMessage, RequestMistake> read_full_mode_message(
    std::string_view text, JsonDocument& document);

}  // namespace rtbridge
