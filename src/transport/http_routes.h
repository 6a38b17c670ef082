#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "transport/http_route.h"

namespace rtbridge {

// All of [[http.route]], and which of them a path means.
//
// Thread: any; immutable. A reload swaps it with the rest of the configuration.
class HttpRoutes {
public:
    // Null where a route has a mistake, means the same as another, or would take a path that
    // rtbridge answers itself; all such are reported.
    [[nodiscard]] static std::shared_ptr<const HttpRoutes> compile(const Config& config,
                                                                   Diagnostics& diagnostics);

    struct Found {
        const HttpRoute* route;
        std::vector<std::string> captures;  // of its path
    };
    [[nodiscard]] std::optional<Found> find(HttpRouteMethod method, std::string_view path) const;

private:
    std::vector<HttpRoute> routes_;  // those that come first are meant
};

}  // namespace rtbridge
