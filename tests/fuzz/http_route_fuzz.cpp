#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/utf8.h"
#include "config/config_loader.h"
#include "rules/json_document.h"
#include "rules/working_payload.h"
#include "topic/topic_name.h"
#include "transport/form_body.h"
#include "transport/http_routes.h"
#include "transport/own_paths.h"
#include "transport/www_path.h"

namespace {

using namespace rtbridge;

void expect(bool truth) {
    if (!truth) __builtin_trap();
}

std::shared_ptr<const HttpRoutes> compile_routes() {
    constexpr const char* toml = R"(
[[http.route]]
method = "POST"
path = "/match"
publish = "matches/{body.matchId}"
payload = "{body.score}"
reply = { id = "{body.matchId}", all = "{body}", told = "{payload}", text = "at {now}" }
[[http.route]]
method = "POST"
path = "/in/{device}/{what}"
publish = "{device}/x{what}"
[[http.route]]
method = "GET"
path = "/match/{id}"
latest = "matches/{id}"
)";
    Diagnostics diagnostics;
    return HttpRoutes::compile(*parse_config(toml, "", diagnostics), diagnostics);
}

void try_as_pattern(std::string_view path) {
    const auto pattern = PathPattern::compile(path);
    if (!pattern.ok()) return;
    std::vector<std::string> captures;
    if (pattern.value().names().empty()) expect(pattern.value().match(path, captures));
    expect(pattern.value().matches_the_same(pattern.value()));
    expect(!pattern.value().comes_before(pattern.value()));
}

void try_as_file(std::string_view path) {
    const auto file = read_www_path(path);
    if (!file) return;
    expect(("/" + file->name).find("/..") == std::string::npos && is_utf8(file->name));
    expect(!url_path_of(file->name).starts_with("//"));
}

void publish(const HttpRoutes::Found& found, WorkingPayload* body) {
    static JsonDocument document;
    RequestValues values;
    values.captures = found.captures;
    values.body = body;
    const auto made = found.route->publish(values);
    if (!made.ok()) return expect(!made.error().message.empty());
    expect(topic_name_mistake(made.value().publish.topic) == nullptr);
    expect(document.parse(made.value().reply) == nullptr);
}

}  // namespace

// "<path>\n<body>": whatever a request says, its path names a route, a file below the directory or
// nothing, and what a route makes of its body can be published and told.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::shared_ptr<const HttpRoutes> routes = compile_routes();
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::size_t line = text.find('\n');
    const std::string_view path = text.substr(0, line);
    const std::string body(line == std::string_view::npos ? "" : text.substr(line + 1));

    try_as_pattern(path);
    try_as_file(path);
    (void)is_own_path(path, "/socket.io/");
    const auto get = routes->find(HttpRouteMethod::Get, path);
    if (get)
        expect(!get->captures.front().empty() &&
               get->captures.front().find('/') == std::string::npos);

    WorkingPayload payload;
    auto post = routes->find(HttpRouteMethod::Post, path);
    if (!post) post = routes->find(HttpRouteMethod::Post, "/match");
    publish(*post, nullptr);
    payload.reset(body);
    if (payload.json_mistake() == nullptr) publish(*post, &payload);
    const auto form = read_form(body);
    if (!form.ok() || !repeated_names(form.value()).empty()) return 0;
    const std::string json = form_json(form.value());
    payload.reset(json);
    expect(payload.object_mistake() == nullptr);
    publish(*post, &payload);
    return 0;
}
