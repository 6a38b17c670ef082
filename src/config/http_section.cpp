#include <utility>

#include "config/in_quotes.h"
#include "config/sections.h"
#include "config/suggestion.h"
#include "config/template_reader.h"

namespace rtbridge {
namespace {

void read_method(TableReader& table, HttpRouteConfig& route) {
    const std::optional<TomlEntry> entry = table.take("method");
    if (!entry) {
        table.diagnostics().error(table.place(), "method is missing; write \"GET\" or \"POST\"");
        return;
    }
    const auto* const text = entry->node->as_string();
    if (text == nullptr) return table.wrong_type("method", *entry->node, "\"GET\" or \"POST\"");
    if (text->get() == "POST") {
        route.method = HttpRouteMethod::Post;
    } else if (text->get() != "GET") {
        std::string upper = text->get();
        for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        const std::string near = did_you_mean(upper, {"GET", "POST"}, "");
        table.error(*text, "method = " + in_quotes(text->get()) +
                               " is neither \"GET\" nor \"POST\"" +
                               (near.empty() ? "" : "; " + near));
    }
}

void read_needed(TableReader& table, std::string_view key, std::string_view like,
                 Placed<std::string>& target) {
    const std::optional<TomlEntry> entry = table.take(key);
    if (entry) {
        table.read(key, target);
        return;
    }
    table.diagnostics().error(
        table.place(), std::string(key) + " is missing; write one like " + std::string(like));
}

void read_route(TableReader& table, HttpRouteConfig& route) {
    read_method(table, route);
    read_needed(table, "path", "\"/match/{id}\"", route.path);
    if (route.method == HttpRouteMethod::Post) {
        read_needed(table, "publish", "\"matches/{body.id}\"", route.publish);
        route.payload = take_template(table, "payload");
        std::int64_t qos = 0;
        if (table.read_integer("qos", qos, {0, 2})) route.qos = static_cast<int>(qos);
        table.read("retain", route.retain);
        table.refuse({"latest"}, "is for method = \"GET\"; a POST publishes");
    } else {
        read_needed(table, "latest", "\"matches/{id}\"", route.latest);
        table.refuse({"publish", "payload", "qos", "retain"},
                     "is for method = \"POST\"; a GET answers the newest value");
    }
    route.reply = take_template(table, "reply");
    table.report_unknown_keys();
}

}  // namespace

void read_http_routes(const TomlDocument& document, const TomlEntry& entry,
                      std::vector<HttpRouteConfig>& routes, Diagnostics& diagnostics) {
    const toml::array* const array = entry.node->as_array();
    if (array == nullptr) {
        diagnostics.error(document.place(*entry.key),
                          "route of [http] must be a list of tables; write [[http.route]] with two "
                          "brackets");
        return;
    }
    for (const toml::node& node : *array) {
        const toml::table* const table = node.as_table();
        if (table == nullptr) {
            diagnostics.error(document.place(node), "each http.route must be a table, not " +
                                                        std::string(type_name(node)));
            continue;
        }
        TableReader reader(document, *table, "an http.route", diagnostics);
        read_route(reader, routes.emplace_back());
    }
}

}  // namespace rtbridge
