// A file becomes a Config in three steps: text to TOML tables (toml_document), tables to typed
// values section by section (sections.h, with toml_reader as the strict reader below them), and
// here what concerns the file as a whole: which sections may stand where, includes, rules between
// sections.

#include "config/config_loader.h"

#include <exception>
#include <map>
#include <new>
#include <utility>

#include "config/config_file.h"
#include "config/in_quotes.h"
#include "config/include_files.h"
#include "config/mqtt_tunnel_check.h"
#include "config/sections.h"

namespace rtbridge {
namespace {

constexpr std::int64_t format_version = 1;

void read_version(TableReader& root) {
    const std::optional<TomlEntry> entry = root.take("version");
    if (!entry) return;
    const toml::value<std::int64_t>* const version = entry->node->as_integer();
    if (version == nullptr) {
        root.wrong_type("version", *entry->node, "the integer 1");
    } else if (version->get() != format_version) {
        root.error(*version, "version " + std::to_string(version->get()) +
                                 " of the file format is not known here; write version = 1");
    }
}

void read_listener_section(TableReader& root, Config& config) {
    const toml::table* const table = root.take_table("listener");
    if (table == nullptr) return;
    TableReader reader(root.document(), *table, "[listener]", root.diagnostics());
    read_listener(reader, config.listener);
}

void read_limits_section(TableReader& root, Config& config) {
    const toml::table* const table = root.take_table("limits");
    if (table == nullptr) return;
    TableReader reader(root.document(), *table, "[limits]", root.diagnostics());
    read_limits(reader, config.limits);
}

void read_auth_section(TableReader& root, Config& config) {
    const toml::table* const table = root.take_table("auth");
    if (table == nullptr) return;
    TableReader reader(root.document(), *table, "[auth]", root.diagnostics());
    config.auth = read_auth(reader);
}

void read_acl_section(TableReader& root, Config& config) {
    const toml::table* const table = root.take_table("acl");
    if (table == nullptr) return;
    TableReader reader(root.document(), *table, "[acl]", root.diagnostics());
    config.acl = read_acl(reader);
}

void read_socketio_section(TableReader& root, Config& config) {
    const toml::table* const table = root.take_table("socketio");
    if (table == nullptr) return;
    TableReader reader(root.document(), *table, "[socketio]", root.diagnostics());
    read_socketio(reader, config.socketio);
}

void read_broker_section(TableReader& root, Config& config) {
    const toml::table* const table = root.take_table("broker");
    if (table == nullptr) return;
    TableReader reader(root.document(), *table, "[broker]", root.diagnostics());
    config.broker = read_broker(reader);
}

void read_sse_section(TableReader& root, Config& config) {
    const toml::table* const table = root.take_table("sse");
    if (table == nullptr) return;
    TableReader reader(root.document(), *table, "[sse]", root.diagnostics());
    read_sse(reader, config.sse);
}

// Holds nothing but routes, so that of an included file is like any other.
void read_http_section(TableReader& root, Config& config) {
    const toml::table* const table = root.take_table("http");
    if (table == nullptr) return;
    TableReader reader(root.document(), *table, "[http]", root.diagnostics());
    if (const std::optional<TomlEntry> routes = reader.take("route")) {
        read_http_routes(root.document(), *routes, config.http_routes, root.diagnostics());
    }
    reader.report_unknown_keys();
}

void read_mqtt_tunnel_section(TableReader& root, Config& config) {
    const toml::table* const table = root.take_table("mqtt_tunnel");
    if (table == nullptr) return;
    TableReader reader(root.document(), *table, "[mqtt_tunnel]", root.diagnostics());
    config.mqtt_tunnel = read_mqtt_tunnel(reader);
}

void read_rules_section(TableReader& root, Config& config) {
    const std::optional<TomlEntry> entry = root.take("rule");
    if (entry) read_rules(root.document(), *entry, config.rules, root.diagnostics());
}

// Everything but `list` of a section of which an included file may hold only that list.
void refuse_all_but(TableReader& root, std::string_view section, std::string_view list,
                    const toml::table& table) {
    for (const auto& [key, node] : table) {
        if (key.str() == list) continue;
        root.error(key, std::string(key.str()) + " of [" + std::string(section) +
                            "] may not stand in an included file; move it to the main file");
    }
}

// [[acl.rule]] in an included file. Their [acl] exists then, with the default of the main file.
void read_included_acl_rules(TableReader& root, Config& config) {
    const toml::table* const table = root.take_table("acl");
    if (table == nullptr) return;
    TableReader reader(root.document(), *table, "[acl]", root.diagnostics());
    if (const std::optional<TomlEntry> rules = reader.take("rule")) {
        if (!config.acl) config.acl.emplace();
        read_acl_rules(root.document(), *rules, config.acl->rules, root.diagnostics());
    }
    refuse_all_but(root, "acl", "rule", *table);
}

void read_included_auth(TableReader& root, Config& config) {
    const toml::table* const table = root.take_table("auth");
    if (table == nullptr) return;
    refuse_all_but(root, "auth", "role", *table);
    std::vector<AuthRoleConfig> roles;
    TableReader reader(root.document(), *table, "[auth]", root.diagnostics());
    read_auth_roles(reader, roles);
    if (roles.empty()) return;
    if (!config.auth) {
        root.error(*table, "[[auth.role]] needs an [auth] section in the main file; add one");
        return;
    }
    for (AuthRoleConfig& role : roles) config.auth->roles.push_back(std::move(role));
}

void read_included_file(const std::string& path, Config& config, Diagnostics& diagnostics) {
    const std::optional<std::string> text = read_config_file(path, diagnostics);
    if (!text) return;
    const std::optional<TomlDocument> document = TomlDocument::parse(*text, path, diagnostics);
    if (!document) return;
    TableReader root(*document, document->root(), "an included file", diagnostics);
    read_rules_section(root, config);
    root.not_supported_yet({"alert", "test"});
    read_included_acl_rules(root, config);
    read_included_auth(root, config);
    read_http_section(root, config);
    root.refuse({"include"}, "may not stand in an included file; name the file in the main file");
    root.refuse({"version", "listener", "limits", "mqtt_tunnel", "socketio", "sse", "broker"},
                "may not stand in an included file; move it to the main file");
    root.report_unknown_keys();
}

// Names label counters and log lines, so each means one rule.
void check_names_are_unique(const Config& config, Diagnostics& diagnostics) {
    std::map<std::string_view, const SourcePlace*> places;
    for (const RuleConfig& rule : config.rules) {
        if (rule.name.value.empty()) continue;
        const auto [first, is_new] = places.emplace(rule.name.value, &rule.name.place);
        if (is_new) continue;
        diagnostics.error(rule.name.place, "rule " + in_quotes(rule.name.value) +
                                               " exists already at " + first->second->file + ":" +
                                               std::to_string(first->second->line) +
                                               "; choose another name");
    }
}

bool somebody_may_log_in(const AuthConfig& auth) {
    return auth.anonymous_role || !auth.jwt.empty() || !auth.passwords_file.value.empty();
}

void check_exposure(const Config& config, Diagnostics& diagnostics) {
    if (config.listener.bind.loopback()) return;
    if (config.auth && somebody_may_log_in(*config.auth)) return;
    diagnostics.error(config.listener.bind_place,
                      "bind is reachable from other machines and nobody could log in; bind to "
                      "127.0.0.1, add [[auth.jwt]] or passwords_file to [auth], or let everyone "
                      "in: [auth] anonymous = \"role:viewer\"");
}

void read_main_file(const TomlDocument& document, Config& config, Diagnostics& diagnostics) {
    TableReader root(document, document.root(), "the file", diagnostics);
    read_version(root);
    std::vector<Placed<std::string>> include;
    root.read("include", include);
    read_listener_section(root, config);
    read_limits_section(root, config);
    read_auth_section(root, config);
    read_acl_section(root, config);
    read_rules_section(root, config);
    read_mqtt_tunnel_section(root, config);
    read_broker_section(root, config);
    read_socketio_section(root, config);
    read_sse_section(root, config);
    read_http_section(root, config);
    root.not_supported_yet({"alert", "test"});
    root.report_unknown_keys();
    check_exposure(config, diagnostics);

    for (const std::string& file : find_include_files(include, document.path(), diagnostics)) {
        read_included_file(file, config, diagnostics);
    }
    check_names_are_unique(config, diagnostics);
    check_mqtt_tunnel(config, diagnostics);
    check_broker(config, diagnostics);
}

std::optional<Config> parse(std::string_view text, const std::string& path,
                            Diagnostics& diagnostics) {
    Config config;
    config.listener.bind_place = {path, 0, 0};
    const std::optional<TomlDocument> document = TomlDocument::parse(text, path, diagnostics);
    if (!document) return std::nullopt;
    read_main_file(*document, config, diagnostics);
    return config;
}

// Memory may end, and toml++ may throw what it does not document: still no reason to end the
// broker.
template <typename Read>
std::optional<Config> without_exceptions(const std::string& path, Diagnostics& diagnostics,
                                         Read&& read) {
    try {
        return read();
    } catch (const std::exception& exception) {
        diagnostics.error({path, 0, 0},
                          std::string("cannot read the configuration: ") + exception.what());
        return std::nullopt;
    }
}

}  // namespace

std::optional<Config> read_config(const std::string& path, Diagnostics& diagnostics) {
    return without_exceptions(path, diagnostics, [&]() -> std::optional<Config> {
        const std::optional<std::string> text = read_config_file(path, diagnostics);
        if (!text) return std::nullopt;
        return parse(*text, path, diagnostics);
    });
}

std::optional<Config> load_config(const std::string& path, Diagnostics& diagnostics) {
    std::optional<Config> config = read_config(path, diagnostics);
    return diagnostics.has_errors() ? std::nullopt : std::move(config);
}

std::optional<Config> parse_config(std::string_view text, const std::string& path,
                                   Diagnostics& diagnostics) {
    std::optional<Config> config =
        without_exceptions(path, diagnostics, [&] { return parse(text, path, diagnostics); });
    return diagnostics.has_errors() ? std::nullopt : std::move(config);
}

}  // namespace rtbridge
