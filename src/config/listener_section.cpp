#include <utility>

#include "config/bind_address.h"
#include "config/in_quotes.h"
#include "config/origin.h"
#include "config/relative_path.h"
#include "config/sections.h"

namespace rtbridge {
namespace {

constexpr std::uint32_t threads_max = 64;

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

void read_file_name(TableReader& table, std::string_view key, Placed<std::string>& target) {
    Placed<std::string> name;
    if (!table.read(key, name) || name.value.empty()) return;
    if (name.value.find('\0') != std::string::npos) {
        table.diagnostics().error(std::move(name.place),
                                  in_quotes(name.value) + " is not a file name");
        return;
    }
    target = {beside_config(table.document().path(), name.value), std::move(name.place)};
}

void read_tls(TableReader& table, TlsConfig& tls) {
    const toml::table* const inner = table.take_table("tls", "{ cert = \"\", key = \"\" }");
    if (inner == nullptr) return;
    TableReader reader(table.document(), *inner, "[listener] tls", table.diagnostics());
    TlsConfig read;
    read_file_name(reader, "cert", read.cert_file);
    read_file_name(reader, "key", read.key_file);
    reader.report_unknown_keys();
    if (read.cert_file.value.empty() == read.key_file.value.empty()) {
        tls = std::move(read);
        return;
    }
    const bool has_cert = read.enabled();
    table.diagnostics().error(
        has_cert ? read.cert_file.place : read.key_file.place,
        std::string("TLS takes both files; name the ") + (has_cert ? "key" : "cert") + " as well");
}

void read_trusted_proxies(TableReader& table, std::vector<AddressRange>& proxies) {
    std::vector<Placed<std::string>> texts;
    if (!table.read("trusted_proxies", texts)) return;
    for (Placed<std::string>& text : texts) {
        if (const auto range = AddressRange::parse(text.value)) {
            proxies.push_back(*range);
            continue;
        }
        table.diagnostics().error(std::move(text.place),
                                  in_quotes(text.value) +
                                      " is not an address or network; write \"192.0.2.7\" or "
                                      "\"192.0.2.0/24\"");
    }
}

}  // namespace

void read_listener(TableReader& table, ListenerConfig& listener) {
    read_bind(table, listener);
    read_origins(table, listener);
    table.read("dashboard", listener.dashboard);
    table.read_count("threads", listener.threads, {1, threads_max});
    read_file_name(table, "www", listener.www);
    read_tls(table, listener.tls);
    read_trusted_proxies(table, listener.trusted_proxies);
    table.report_unknown_keys();
}

}  // namespace rtbridge
