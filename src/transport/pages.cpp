#include "transport/pages.h"

#include <optional>
#include <utility>

#include "dashboard/dashboard.h"
#include "transport/entity_tags.h"
#include "transport/methods.h"
#include "transport/own_paths.h"
#include "transport/static_files.h"

namespace rtbridge {
namespace {

const Asset* find_asset(const std::string& path, const ListenerConfig& listener) {
    for (const Asset& asset : dashboard_assets()) {
        const bool served = listener.dashboard || asset.part == Asset::Part::Library;
        if (asset.path == path) return served ? &asset : nullptr;
    }
    return nullptr;
}

HttpReply answer_asset(const HttpRequest& request, const Asset& asset) {
    HttpReply reply;
    reply.headers = {{"ETag", std::string(asset.etag)}, {"Cache-Control", "no-cache"}};
    // Browsers load a module of another origin only with its leave (HTML, 8.1.4.2); nothing here is
    // secret.
    if (asset.part == Asset::Part::Library) {
        reply.headers.emplace_back("Access-Control-Allow-Origin", "*");
    }
    if (request.if_none_match && lists_entity_tag(*request.if_none_match, asset.etag)) {
        reply.status = 304;
        return reply;
    }
    reply.content_type = asset.content_type;
    reply.body = asset.body;
    return reply;
}

}  // namespace

Answer answer_page(const HttpRequest& request, const ApiContext& context) {
    const bool readable = takes(Takes::Get, request.method);
    if (!is_own_path(request.path, context.config.socketio.path)) {
        if (std::optional<FileAnswer> file = answer_file(request, context)) {
            if (!readable) return refuse_method(Takes::Get);
            return std::visit(
                [](auto&& answered) -> Answer {
                    return std::forward<decltype(answered)>(answered);
                },
                *std::move(file));
        }
    }
    const Asset* const asset = find_asset(request.path, context.config.listener);
    if (asset == nullptr) {
        return HttpReply::error(404, "not_found", "nothing is served at this path");
    }
    return readable ? answer_asset(request, *asset) : refuse_method(Takes::Get);
}

}  // namespace rtbridge
