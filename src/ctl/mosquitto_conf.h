#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/diagnostic.h"

namespace rtbridge {

// What mosquitto.conf says about plugins, listeners and who is let in, as Mosquitto reads it
// (mosquitto.conf(5)): blanks separate, not tabs; a '#' starts a comment only at the start of a
// line; a plugin_opt_ belongs to the plugin above it; and an included file begins outside of all
// listeners.
struct MosquittoConf {
    struct Option {
        std::string name;  // without plugin_opt_
        std::string value;
        SourcePlace place;
    };
    struct Plugin {
        std::string path;
        std::string name;  // of plugin_load; else empty
        std::vector<Option> options;
        SourcePlace place;
        bool global = false;  // global_plugin
        // The listeners that it stands in or that use it, by their numbers; default_listener for
        // none.
        std::vector<std::size_t> listeners;
    };
    // Who is let in: of a listener with per_listener_settings, else of all.
    struct Access {
        std::optional<bool> allow_anonymous;
        bool by_certificate = false;  // or by key: names come from TLS
        Placed<std::string> acl_file, password_file;
    };
    struct Listener {
        std::uint16_t port = 1883;  // 0: a Unix socket
        std::string host;           // or path of the socket; empty: all addresses
        bool websockets = false;
        Access access;
        SourcePlace place;
    };
    struct Bridge {
        std::string name;
        SourcePlace place;
    };

    std::string path;
    // [0] is what stands before any `listener`; it is one only where it is used.
    std::vector<Listener> listeners{Listener()};
    static constexpr std::size_t default_listener = 0;
    bool default_listener_used = false;
    bool per_listener_settings = false;
    SourcePlace per_listener_place;
    Access access;  // of all listeners
    std::vector<Plugin> plugins;
    std::vector<Bridge> bridges;
    std::string user = "mosquitto";
    SourcePlace user_place;

    // Those that the broker opens, by number. With no line about any it listens on 1883 of this
    // machine alone.
    [[nodiscard]] std::vector<std::size_t> open_listeners() const;
    [[nodiscard]] bool local_only() const {
        return !default_listener_used && listeners.size() == 1;
    }
};

// Reads the file and its include_dir. Nothing where the file can't be read; whatever Mosquitto
// would refuse of what is looked at is an error in `diagnostics`. Other options are passed over.
// Thread: any; reads files.
[[nodiscard]] std::optional<MosquittoConf> read_mosquitto_conf(const std::string& path,
                                                               Diagnostics& diagnostics);

}  // namespace rtbridge
