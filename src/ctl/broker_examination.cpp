#include "ctl/broker_examination.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string_view>

#include "config/in_quotes.h"
#include "ctl/file_access.h"
#include "transport/lws_version.h"

namespace rtbridge {
namespace {

constexpr BrokerVersion first_version{2, 0, 11};  // the first and the last that were tried
constexpr BrokerVersion last_version{2, 1, 2};

std::string file_name(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

bool is_rtbridge(const MosquittoConf::Plugin& plugin) {
    return file_name(plugin.path).starts_with("rtbridge");
}

std::string in_words(const BrokerVersion& version) {
    return std::to_string(version.major) + "." + std::to_string(version.minor) + "." +
           std::to_string(version.patch);
}

std::string in_words(const MosquittoConf::Listener& listener) {
    if (listener.port == 0) return "listener " + listener.host;
    return "listener " + std::to_string(listener.port) +
           (listener.host.empty() ? "" : " " + listener.host);
}

bool loopback(const MosquittoConf::Listener& listener) {
    if (listener.port == 0) return true;
    return BindAddress{listener.host, listener.port}.loopback();
}

class Examination {
public:
    Examination(const MosquittoConf& conf, const Config* config,
                const std::optional<BrokerVersion>& version)
        : conf_(conf), config_(config), version_(version), rtbridge_(find_rtbridge(conf)) {}

    std::vector<Finding> run() {
        examine_version();
        examine_libraries();
        examine_plugin_lines();
        examine_user();
        if (rtbridge_ != nullptr) {
            examine_options();
            examine_listeners();
            examine_other_plugins();
        }
        examine_who_is_let_in();
        if (config_ != nullptr) {
            examine_access();
            examine_files();
            examine_ports();
        }
        return std::move(findings_);
    }

private:
    void ok(std::string text, SourcePlace place = {}) {
        findings_.push_back({Finding::Level::Ok, std::move(text), "", std::move(place)});
    }
    void warning(std::string text, std::string advice, SourcePlace place = {}) {
        findings_.push_back(
            {Finding::Level::Warning, std::move(text), std::move(advice), std::move(place)});
    }
    void error(std::string text, std::string advice, SourcePlace place = {}) {
        findings_.push_back(
            {Finding::Level::Error, std::move(text), std::move(advice), std::move(place)});
    }

    [[nodiscard]] bool has_acl() const { return config_ != nullptr && config_->acl; }
    [[nodiscard]] bool has_logins() const {
        return config_ != nullptr && config_->auth && config_->auth->mqtt;
    }

    void examine_version() {
        if (!version_) {
            warning("the version of mosquitto is not known: `mosquitto -h` did not say it",
                    "name the program with --mosquitto");
            return;
        }
        const std::string name = "mosquitto " + in_words(*version_);
        if (*version_ < BrokerVersion{2, 0, 0}) {
            error(name + " is too old: plugins of this kind began with 2.0",
                  "install 2.0.11 or newer");
        } else if (*version_ < first_version || *version_ > last_version) {
            warning(name + " is outside of what rtbridge was tried with, " +
                        in_words(first_version) + " to " + in_words(last_version),
                    "try it before you rely on it");
        } else {
            ok(name);
        }
    }

    // The broker may have another one inside, which then counts; the plugin looks at its start.
    void examine_libraries() {
        if (const std::optional<std::string> mismatch = lws_version_mismatch()) {
            error("rtbridge does not start here: " + *mismatch,
                  "install the package of this system");
        } else {
            ok("libwebsockets " + std::string(lws_version()) +
               "; a broker with its own inside needs the same series");
        }
    }

    void examine_plugin_lines() {
        const auto lines = std::count_if(conf_.plugins.begin(), conf_.plugins.end(), is_rtbridge);
        if (lines == 0) {
            error("no line of " + conf_.path + " loads rtbridge.so",
                  "add `plugin /usr/lib/rtbridge.so`");
            return;
        }
        if (lines > 1) {
            for (const MosquittoConf::Plugin& plugin : conf_.plugins) {
                if (!is_rtbridge(plugin)) continue;
                error("rtbridge.so is loaded " + std::to_string(lines) +
                          " times; the second one refuses to start",
                      "keep one of these lines", plugin.place);
            }
            return;
        }
        std::error_code problem;
        if (!std::filesystem::is_regular_file(rtbridge_->path, problem)) {
            error("there is no file " + in_quotes(rtbridge_->path),
                  "name the file that was installed, as in `plugin /usr/lib/rtbridge.so`",
                  rtbridge_->place);
            return;
        }
        ok("rtbridge.so is loaded once, " + rtbridge_->path, rtbridge_->place);
    }

    void examine_user() {
        if (conf_.user == "root") {
            warning("the broker, and rtbridge in it, runs as root",
                    "remove the line, so that it runs as user mosquitto", conf_.user_place);
        }
        user_ = find_user(conf_.user);
        if (!user_) {
            error("there is no user " + in_quotes(conf_.user) +
                      ", as whom the broker runs when root starts it",
                  "create it, or name another one by `user`", conf_.user_place);
        }
    }

    void examine_options() {
        for (const MosquittoConf::Option& option : rtbridge_->options) {
            if (option.name != "config") {
                error("rtbridge does not know plugin_opt_" + option.name + " and does not start",
                      "remove it; the only one is plugin_opt_config FILE", option.place);
            } else if (option.value.front() != '/') {
                warning("plugin_opt_config " + option.value +
                            " is relative to wherever the broker is started",
                        "write the whole path", option.place);
            }
        }
    }

    // With per_listener_settings a plugin serves the listeners that it stands in.
    void examine_listeners() {
        if (!rtbridge_->name.empty() && rtbridge_->listeners.empty() && !rtbridge_->global) {
            error(
                "rtbridge is loaded, but no listener uses it",
                "add `plugin_use " + rtbridge_->name + "` to each listener, or load it by `plugin`",
                rtbridge_->place);
            return;
        }
        const std::vector<std::size_t> open = conf_.open_listeners();
        const bool for_all =
            rtbridge_->global || (!conf_.per_listener_settings && rtbridge_->name.empty());
        if (for_all) {
            ok(std::to_string(open.size()) +
               (open.size() == 1 ? " listener, which runs" : " listeners, all of which run") +
               " through rtbridge");
            return;
        }
        if (conf_.per_listener_settings && (!version_ || *version_ < BrokerVersion{2, 1, 0})) {
            warning(
                "per_listener_settings is on: Mosquitto 2.0 then never ticks the plugin, so "
                "what browsers publish waits for the next message of a device",
                "remove the line", conf_.per_listener_place);
        }
        for (const std::size_t number : open) {
            const MosquittoConf::Listener& listener = conf_.listeners[number];
            const bool served = std::find(rtbridge_->listeners.begin(), rtbridge_->listeners.end(),
                                          number) != rtbridge_->listeners.end();
            if (served) {
                ok(in_words(listener) + " runs through rtbridge", listener.place);
            } else if (has_acl() || has_logins()) {
                error("clients of " + in_words(listener) +
                          " are not checked by rtbridge: it belongs to another listener",
                      "remove per_listener_settings, or add the plugin lines' access to this "
                      "listener by other means",
                      listener.place);
            } else {
                warning("publishes at " + in_words(listener) +
                            " pass no rules: rtbridge belongs to another listener",
                        "remove per_listener_settings", listener.place);
            }
        }
    }

    void examine_other_plugins() {
        for (const MosquittoConf::Plugin& plugin : conf_.plugins) {
            if (is_rtbridge(plugin)) continue;
            const std::string name = file_name(plugin.path);
            if (has_acl() || has_logins()) {
                warning(name +
                            " decides beside rtbridge: whichever is asked first and has an answer "
                            "wins, and rtbridge always has one",
                        "let one of them decide: remove its line, or [acl] and [auth] mqtt",
                        plugin.place);
            } else {
                ok(name +
                       " is loaded too; what it changes or refuses before rtbridge is not seen "
                       "here",
                   plugin.place);
            }
        }
    }

    void examine_who_is_let_in() {
        const auto examine = [this](const MosquittoConf::Access& access, bool reachable,
                                    const std::string& where) {
            if (has_acl() && !access.acl_file.value.empty()) {
                warning("acl_file has no effect: [acl] of rtbridge has an answer to everything",
                        "remove one of them", access.acl_file.place);
            }
            if (has_logins() && !access.password_file.value.empty()) {
                warning("password_file has no effect: [auth] mqtt of rtbridge decides about logins",
                        "remove one of them", access.password_file.place);
            }
            if (has_logins()) return;
            const bool anonymous = access.allow_anonymous.value_or(conf_.local_only());
            const bool others = std::any_of(
                conf_.plugins.begin(), conf_.plugins.end(),
                [](const MosquittoConf::Plugin& plugin) { return !is_rtbridge(plugin); });
            const bool by_name = !access.password_file.value.empty() || access.by_certificate;
            if (!anonymous && !by_name && !others) {
                error(
                    "no MQTT client can log in" + where +
                        ": allow_anonymous is false unless it is given, and there is nothing that "
                        "knows passwords",
                    "set password_file, [auth] mqtt = true in rtbridge.toml, or allow_anonymous "
                    "true");
            } else if (anonymous && reachable && !has_acl()) {
                warning("everyone who can reach the broker may publish" + where +
                            ": allow_anonymous is true, and rtbridge has no [acl]",
                        "let clients log in, or write an [acl]");
            } else {
                ok(anonymous ? "MQTT clients may come without a name" + where
                             : "MQTT clients have to log in" + where);
            }
        };
        if (!conf_.per_listener_settings) {
            const std::vector<std::size_t> open = conf_.open_listeners();
            const bool reachable =
                !conf_.local_only() && std::any_of(open.begin(), open.end(), [this](std::size_t i) {
                    return !loopback(conf_.listeners[i]);
                });
            examine(conf_.access, reachable, "");
            return;
        }
        for (const std::size_t number : conf_.open_listeners()) {
            const MosquittoConf::Listener& listener = conf_.listeners[number];
            examine(listener.access, !loopback(listener), " at " + in_words(listener));
        }
    }

    void examine_access() {
        if (has_acl()) {
            ok("[acl] decides for MQTT clients and browsers, and last wills pass the rules");
            for (const MosquittoConf::Bridge& bridge : conf_.bridges) {
                warning("[acl] does not bind the bridge " + in_quotes(bridge.name) +
                            ": the broker lets bridges do everything and asks no plugin",
                        "limit it by its own `topic` lines", bridge.place);
            }
        } else {
            warning(
                "rtbridge has no [acl], so it does not see last wills: the broker shows them "
                "to a plugin only where it checks access",
                "write an [acl] where rules or browsers need them");
        }
    }

    void examine_files() {
        if (!user_) return;
        const auto examine = [this](const Placed<std::string>& file, bool secret) {
            if (file.value.empty()) return;
            if (const std::optional<Unreadable> no = why_unreadable(file.value, *user_)) {
                error(file.value + ": " + no->why, no->advice, file.place);
            } else if (secret && readable_by_others(file.value)) {
                warning(file.value + " holds a secret and may be read by everyone",
                        "chmod 600 " + file.value, file.place);
            } else {
                ok(file.value + " can be read by user " + conf_.user, file.place);
            }
        };
        const std::size_t before = findings_.size();
        if (rtbridge_ != nullptr) examine({rtbridge_->path, rtbridge_->place}, false);
        for (const std::string& file : config_files()) examine({file, {}}, false);
        examine(config_->listener.tls.cert_file, false);
        examine(config_->listener.tls.key_file, true);
        examine(config_->listener.www, false);
        if (config_->auth) {
            examine(config_->auth->passwords_file, true);
            for (const JwtConfig& jwt : config_->auth->jwt) {
                const bool shared =
                    std::any_of(jwt.algorithms.begin(), jwt.algorithms.end(),
                                [](const std::string& name) { return name.starts_with("HS"); });
                examine(jwt.keys_file, shared);
            }
        }
        if (findings_.size() == before) ok("rtbridge reads no files");
    }

    // The file and those that it includes, as far as something of them is used.
    [[nodiscard]] std::vector<std::string> config_files() const {
        std::vector<std::string> files;
        const auto add = [&](const std::string& file) {
            if (file.empty() || file.front() != '/') return;
            if (std::find(files.begin(), files.end(), file) == files.end()) files.push_back(file);
        };
        add(config_->listener.bind_place.file);
        for (const RuleConfig& rule : config_->rules) add(rule.name.place.file);
        if (config_->acl) {
            for (const AclRuleConfig& rule : config_->acl->rules) add(rule.place.file);
        }
        return files;
    }

    void examine_ports() {
        const BindAddress& bind = config_->listener.bind;
        const SourcePlace& place = config_->listener.bind_place;
        if (bind.port != 0 && bind.port < 1024 && conf_.user != "root") {
            warning("port " + std::to_string(bind.port) +
                        " is below 1024, and the plugin starts as user " + conf_.user,
                    "take a higher port, or give the broker CAP_NET_BIND_SERVICE", place);
        }
        for (const std::size_t number : conf_.open_listeners()) {
            const MosquittoConf::Listener& listener = conf_.listeners[number];
            if (listener.port == 0 || listener.port != bind.port) continue;
            error("the broker's " + in_words(listener) + " has the port of rtbridge, " + bind.host +
                      ":" + std::to_string(bind.port),
                  "change listener.bind in rtbridge.toml or this line", listener.place);
        }
        if (config_->mqtt_tunnel) {
            examine_way_back("mqtt_tunnel.to", config_->mqtt_tunnel->to,
                             config_->mqtt_tunnel->place);
        }
        if (config_->broker.connect) {
            examine_way_back("broker.connect", *config_->broker.connect,
                             config_->broker.connect_place);
        }
    }

    // An option that has to lead to this broker.
    void examine_way_back(const std::string& option, const BindAddress& to,
                          const SourcePlace& place) {
        const std::vector<std::size_t> open = conf_.open_listeners();
        const bool ends = std::any_of(open.begin(), open.end(), [&](std::size_t number) {
            const MosquittoConf::Listener& listener = conf_.listeners[number];
            return listener.port == to.port && !listener.websockets;
        });
        const std::string port = std::to_string(to.port);
        if (ends) return;
        warning(option + " leads to port " + port + ", at which this broker has no MQTT listener",
                "add `listener " + port + " 127.0.0.1`, or correct " + option, place);
    }

    const MosquittoConf& conf_;
    const Config* config_;
    const std::optional<BrokerVersion> version_;
    const MosquittoConf::Plugin* rtbridge_;
    std::optional<SystemUser> user_;
    std::vector<Finding> findings_;
};

}  // namespace

std::optional<BrokerVersion> read_broker_version(std::string_view help) {
    constexpr std::string_view before = "mosquitto version ";
    const std::size_t at = help.find(before);
    if (at == std::string_view::npos) return std::nullopt;
    BrokerVersion version;
    const char* next = help.data() + at + before.size();
    const char* const end = help.data() + help.size();
    for (int* const part : {&version.major, &version.minor, &version.patch}) {
        const auto [rest, problem] = std::from_chars(next, end, *part);
        if (problem != std::errc()) return std::nullopt;
        next = rest != end && *rest == '.' ? rest + 1 : rest;
    }
    return version;
}

const MosquittoConf::Plugin* find_rtbridge(const MosquittoConf& conf) {
    const MosquittoConf::Plugin* found = nullptr;
    for (const MosquittoConf::Plugin& plugin : conf.plugins) {
        if (!is_rtbridge(plugin)) continue;
        if (found != nullptr) return nullptr;
        found = &plugin;
    }
    return found;
}

std::optional<std::string> config_path_of(const MosquittoConf::Plugin& plugin) {
    std::optional<std::string> path;
    for (const MosquittoConf::Option& option : plugin.options) {
        if (option.name == "config") path = option.value;  // the plugin takes the last one
    }
    return path;
}

std::vector<Finding> examine_broker(const MosquittoConf& conf, const Config* config,
                                    const std::optional<BrokerVersion>& version) {
    return Examination(conf, config, version).run();
}

}  // namespace rtbridge
