#include "transport/lws_version.h"

#include <libwebsockets.h>

namespace rtbridge {

std::string_view lws_version() {
    return lws_get_library_version();
}

std::optional<std::string> lws_version_mismatch() {
    const std::string built_with = std::to_string(LWS_LIBRARY_VERSION_MAJOR) + "." +
                                   std::to_string(LWS_LIBRARY_VERSION_MINOR) + ".";
    const std::string_view running = lws_version();
    if (running.starts_with(built_with)) return std::nullopt;
    return "built for libwebsockets " + built_with + "x, but this process runs " +
           std::string(running) + "; rebuild rtbridge for this system";
}

}  // namespace rtbridge
