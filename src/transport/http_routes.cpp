#include "transport/http_routes.h"

#include <algorithm>
#include <utility>

#include "config/in_quotes.h"
#include "dashboard/dashboard.h"
#include "transport/own_paths.h"

namespace rtbridge {
namespace {

// The path of rtbridge's own that the pattern takes as well, if any.
std::optional<std::string> own_path_taken(const PathPattern& pattern, const Config& config) {
    std::vector<std::string> captures;
    for (const std::string_view path : own_paths(config.socketio.path)) {
        if (pattern.match(path, captures)) return std::string(path);
        if (path.ends_with('/') && pattern.may_be_below(path)) return std::string(path) + "...";
    }
    if (!config.listener.dashboard) return std::nullopt;
    for (const Asset& asset : dashboard_assets()) {
        if (pattern.match(asset.path, captures)) {
            return std::string(asset.path) + " of the built-in page (listener.dashboard)";
        }
    }
    return std::nullopt;
}

std::string place_text(const SourcePlace& place) {
    return place.file + ":" + std::to_string(place.line);
}

}  // namespace

std::shared_ptr<const HttpRoutes> HttpRoutes::compile(const Config& config,
                                                      Diagnostics& diagnostics) {
    struct Placed {
        HttpRoute route;
        const SourcePlace* place;
    };
    std::vector<Placed> placed;
    bool ok = true;
    for (const HttpRouteConfig& source : config.http_routes) {
        std::optional<HttpRoute> route = HttpRoute::compile(source, diagnostics);
        if (!route) {
            ok = false;
            continue;
        }
        const SourcePlace& place = source.path.place;
        const std::string path = "path " + in_quotes(source.path.value);
        if (const auto own = own_path_taken(route->path(), config)) {
            diagnostics.error(
                place, path + " would take rtbridge's own " + *own + "; choose another path");
            ok = false;
        }
        const auto same = std::find_if(placed.begin(), placed.end(), [&](const Placed& other) {
            return other.route.method() == route->method() &&
                   other.route.path().matches_the_same(route->path());
        });
        if (same != placed.end()) {
            diagnostics.error(place, path + " means the same as that of the route at " +
                                         place_text(*same->place) + "; choose another path");
            ok = false;
        }
        placed.push_back({*std::move(route), &place});
    }
    if (!ok) return nullptr;
    auto routes = std::make_shared<HttpRoutes>();
    for (Placed& each : placed) routes->routes_.push_back(std::move(each.route));
    std::stable_sort(
        routes->routes_.begin(), routes->routes_.end(),
        [](const HttpRoute& a, const HttpRoute& b) { return a.path().comes_before(b.path()); });
    return routes;
}

std::optional<HttpRoutes::Found> HttpRoutes::find(HttpRouteMethod method,
                                                  std::string_view path) const {
    Found found{nullptr, {}};
    for (const HttpRoute& route : routes_) {
        if (route.method() != method || !route.path().match(path, found.captures)) continue;
        found.route = &route;
        return found;
    }
    return std::nullopt;
}

}  // namespace rtbridge
