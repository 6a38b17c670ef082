#pragma once

#include <span>
#include <string_view>

namespace rtbridge {

// One file of the built-in page as it goes over HTTP.
//
// Thread: any; immutable, lives as long as the plugin is loaded.
struct Asset {
    std::string_view path;  // of the request: "/", "/dashboard.css"
    std::string_view content_type;
    std::string_view etag;  // with its quotes; changes whenever the body does
    std::string_view body;
};

// The page at "/" and everything it refers to; it loads nothing from anywhere else.
[[nodiscard]] std::span<const Asset> dashboard_assets() noexcept;

}  // namespace rtbridge
