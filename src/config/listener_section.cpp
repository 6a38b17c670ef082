#include <utility>

#include "config/bind_address.h"
#include "config/in_quotes.h"
#include "config/origin.h"
#include "config/sections.h"

namespace rtbridge {
namespace {

void read_bind(TableReader& table, ListenerConfig& listener) {
    const std::optional<TomlEntry> entry = table.take("bind");
    if (!entry) return;
    listener.bind_place = table.document().place(*entry->key);
    constexpr std::string_view form = "\"127.0.0.1:8080\", \"[::1]:8080\" or \"localhost:8080\"";
    const toml::value<std::string>* const text = entry->node->as_string();
    if (text == nullptr) {
        table.wrong_type("bind", *entry->node, std::string("a string like ").append(form));
        return;
    }
    std::optional<BindAddress> bind = parse_bind_address(text->get());
    if (!bind) {
        table.error(*text, "bind = " + in_quotes(text->get()) +
                               " is not an address and port from 0 to 65535; write " +
                               std::string(form));
        return;
    }
    listener.bind = std::move(*bind);
}

void read_origins(TableReader& table, ListenerConfig& listener) {
    std::vector<Placed<std::string>> texts;
    if (!table.read("origins", texts)) return;
    for (Placed<std::string>& text : texts) {
        std::optional<std::string> origin = parse_origin(text.value);
        if (origin) {
            listener.origins.push_back(std::move(*origin));
            continue;
        }
        table.diagnostics().error(std::move(text.place),
                                  in_quotes(text.value) +
                                      " is not an origin; write \"https://host\", "
                                      "\"http://host:port\" or \"*\", without a path");
    }
}

void read_threads(TableReader& table) {
    std::int64_t threads = 1;
    const std::optional<TomlEntry> entry = table.take("threads");
    if (!entry || !table.read_integer("threads", threads, {1, 256}) || threads == 1) return;
    table.error(*entry->node, "more than one thread is not supported yet; write threads = 1");
}

// A text that has to be empty until what it switches on is there.
void read_empty_text(TableReader& table, std::string_view key) {
    Placed<std::string> text;
    if (!table.read(key, text) || text.value.empty()) return;
    table.diagnostics().error(std::move(text.place),
                              std::string(key).append(" is not supported yet; write \"\""));
}

void read_tls(TableReader& listener) {
    const toml::table* const table = listener.take_table("tls", "{ cert = \"\", key = \"\" }");
    if (table == nullptr) return;
    TableReader tls(listener.document(), *table, "[listener] tls", listener.diagnostics());
    read_empty_text(tls, "cert");
    read_empty_text(tls, "key");
    tls.report_unknown_keys();
}

void read_trusted_proxies(TableReader& table) {
    const std::optional<TomlEntry> entry = table.take("trusted_proxies");
    std::vector<Placed<std::string>> proxies;
    if (!entry || !table.read("trusted_proxies", proxies) || proxies.empty()) return;
    table.error(*entry->node, "trusted_proxies is not supported yet; write []");
}

}  // namespace

void read_listener(TableReader& table, ListenerConfig& listener) {
    read_bind(table, listener);
    read_origins(table, listener);
    table.read("dashboard", listener.dashboard);
    read_threads(table);
    read_empty_text(table, "www");
    read_tls(table);
    read_trusted_proxies(table);
    table.report_unknown_keys();
}

}  // namespace rtbridge
