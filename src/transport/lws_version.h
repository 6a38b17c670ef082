#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rtbridge {

// Of the libwebsockets that this process runs. Thread: any.
[[nodiscard]] std::string_view lws_version();

// Why that is none to run with: the headers that we were built with are of another series.
// Mosquitto may have a libwebsockets of its own inside, and then our calls go to that one.
[[nodiscard]] std::optional<std::string> lws_version_mismatch();

}  // namespace rtbridge
