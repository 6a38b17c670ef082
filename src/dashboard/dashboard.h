#pragma once

#include <span>
#include <string_view>

namespace rtbridge {

// One file of the built-in page, or of the browser library, as it goes over HTTP.
//
// Thread: any; immutable, lives as long as the plugin is loaded.
struct Asset {
    // The library is for pages of all origins and stays when the page is switched off.
    enum class Part { Page, Library };

    Part part;
    std::string_view path;  // of the request: "/", "/dashboard.css"
    std::string_view content_type;
    std::string_view etag;  // with its quotes; changes whenever the body does
    std::string_view body;
};

// The page at "/" and everything it refers to, which loads nothing from anywhere else; and
// /rtbridge.js with its types beside it.
[[nodiscard]] std::span<const Asset> dashboard_assets() noexcept;

}  // namespace rtbridge
