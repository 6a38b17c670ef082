#include "ctl/mosquitto_conf.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <sstream>
#include <system_error>

#include "base/bytes.h"
#include "base/file_text.h"
#include "base/trimmed.h"
#include "config/in_quotes.h"

namespace rtbridge {
namespace {

constexpr std::size_t file_bytes_max = 4 * MiB;

char upper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

// The order in which Mosquitto reads the files of a directory: capitals count only between equals.
bool before(const std::string& a, const std::string& b) {
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
        if (upper(a[i]) != upper(b[i])) return upper(a[i]) < upper(b[i]);
        if (a[i] != b[i]) return a[i] < b[i];
    }
    return a.size() < b.size();
}

class Reader {
public:
    explicit Reader(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

    // False: it can't be read.
    bool read_file(const std::string& path, int level) {
        Result<FileText, std::string> file =
            read_file_text(path, file_bytes_max, "the file is larger than 4MiB");
        if (!file.ok()) {
            diagnostics_.error({path, 0, 0}, file.error());
            return false;
        }
        // Both begin anew in each file.
        const std::size_t listener = std::exchange(listener_, MosquittoConf::default_listener);
        const std::optional<std::size_t> plugin = std::exchange(plugin_, std::nullopt);
        std::istringstream lines(file.value().text);
        std::uint32_t number = 0;
        for (std::string line; std::getline(lines, line);) {
            place_ = {path, ++number, 1};
            if (line.ends_with('\r')) line.pop_back();
            if (!line.empty() && line.front() != '#') read_line(line, level);
        }
        listener_ = listener;
        plugin_ = plugin;
        return true;
    }

    MosquittoConf conf;

private:
    void error(std::string message) { diagnostics_.error(place_, std::move(message)); }

    void read_line(std::string_view line, int level) {
        const std::size_t begin = line.find_first_not_of(' ');
        if (begin == std::string_view::npos) return;
        place_.column = static_cast<std::uint32_t>(begin) + 1;
        line.remove_prefix(begin);
        const std::size_t blank = std::min(line.find(' '), line.size());
        const std::string_view name = line.substr(0, blank);
        const std::string_view value = trimmed(line.substr(blank));
        if (name.find('\t') != std::string_view::npos) {
            return error("Mosquitto takes only blanks between " +
                         in_quotes(name.substr(0, name.find('\t'))) + " and its value, not a tab");
        }
        read_option(name, value, level);
    }

    void read_option(std::string_view name, std::string_view value, int level) {
        if (name == "include_dir") {
            if (level == 0) read_directory(std::string(value));
        } else if (name == "plugin" || name == "auth_plugin" || name == "global_plugin") {
            add_plugin("", value);
            if (name == "global_plugin") conf.plugins.back().global = true;
            if (name != "global_plugin") conf.plugins.back().listeners.push_back(listener_);
            if (name != "global_plugin") touch_default_listener();
        } else if (name == "plugin_load") {
            const std::size_t blank = std::min(value.find(' '), value.size());
            add_plugin(value.substr(0, blank), trimmed(value.substr(blank)));
        } else if (name == "plugin_use") {
            use_plugin(value);
        } else if (name.starts_with("plugin_opt_") || name.starts_with("auth_opt_")) {
            add_option(name.substr(name.find("opt_") + 4), value);
        } else if (name == "per_listener_settings") {
            conf.per_listener_settings = read_bool(name, value).value_or(false);
            conf.per_listener_place = place_;
        } else if (name == "user") {
            conf.user = value;
            conf.user_place = place_;
        } else if (name == "connection") {
            conf.bridges.push_back({std::string(value), place_});
        } else {
            read_listener_option(name, value);
        }
    }

    void read_listener_option(std::string_view name, std::string_view value) {
        if (name == "listener") {
            add_listener(value);
        } else if (name == "port") {
            conf.listeners.front().port = read_port(value);
            conf.listeners.front().place = place_;
            conf.default_listener_used = true;
        } else if (name == "bind_address") {
            conf.listeners.front().host = value;
            conf.default_listener_used = true;
        } else if (name == "protocol") {
            conf.listeners[listener_].websockets = value == "websockets";
            if (value != "mqtt") touch_default_listener(true);
        } else if (name == "allow_anonymous") {
            access().allow_anonymous = read_bool(name, value);
        } else if (name == "use_identity_as_username" || name == "use_subject_as_username" ||
                   name == "psk_file") {
            access().by_certificate = true;
        } else if (name == "acl_file") {
            access().acl_file = {std::string(value), place_};
        } else if (name == "password_file") {
            access().password_file = {std::string(value), place_};
            touch_default_listener();
        }
    }

    // With per_listener_settings some options make the default listener one that is opened.
    void touch_default_listener(bool always = false) {
        if (!always && !conf.per_listener_settings) return;
        if (listener_ != MosquittoConf::default_listener) return;
        conf.default_listener_used = true;
        if (conf.listeners.front().place.line == 0) conf.listeners.front().place = place_;
    }

    MosquittoConf::Access& access() {
        return conf.per_listener_settings ? conf.listeners[listener_].access : conf.access;
    }

    std::optional<bool> read_bool(std::string_view name, std::string_view value) {
        const std::string_view word = value.substr(0, value.find(' '));
        if (word == "true" || word == "1") return true;
        if (word != "false" && word != "0") {
            error(std::string(name) + " is " + in_quotes(word) + ", neither true nor false");
        }
        return false;
    }

    std::uint16_t read_port(std::string_view value) {
        std::uint16_t port = 0;
        const auto parsed = std::from_chars(value.data(), value.data() + value.size(), port);
        if (parsed.ec != std::errc()) error(in_quotes(value) + " is no port");
        return port;
    }

    void add_listener(std::string_view value) {
        MosquittoConf::Listener listener;
        const std::size_t blank = std::min(value.find(' '), value.size());
        listener.port = read_port(value.substr(0, blank));
        const std::string_view rest = trimmed(value.substr(blank));
        const std::string_view host = rest.substr(0, rest.find(' '));
        if (!host.starts_with('#')) listener.host = host;
        listener.place = place_;
        conf.listeners.push_back(std::move(listener));
        listener_ = conf.listeners.size() - 1;
    }

    void add_plugin(std::string_view name, std::string_view path) {
        if (path.empty()) error("a plugin without a file");
        if (path.find(" #") != std::string_view::npos) {
            error("Mosquitto takes " + in_quotes(path) +
                  " for the name of a file: a comment needs a line of its own");
        }
        MosquittoConf::Plugin& plugin = conf.plugins.emplace_back();
        plugin.path = path;
        plugin.name = name;
        plugin.place = place_;
        plugin_ = conf.plugins.size() - 1;
    }

    void use_plugin(std::string_view name) {
        for (MosquittoConf::Plugin& plugin : conf.plugins) {
            if (plugin.name.empty() || plugin.name != name) continue;
            plugin.listeners.push_back(listener_);
            return;
        }
        error("plugin_use names " + in_quotes(name) + ", which no plugin_load above names");
    }

    void add_option(std::string_view name, std::string_view value) {
        if (!plugin_)
            return error("plugin_opt_" + std::string(name) + " has no plugin line above it");
        if (name.size() < 3) {
            return error("the name of a plugin_opt_ has three letters or more");
        }
        if (value.empty()) return error("plugin_opt_" + std::string(name) + " has no value");
        conf.plugins[*plugin_].options.push_back({std::string(name), std::string(value), place_});
    }

    void read_directory(const std::string& directory) {
        std::error_code problem;
        std::vector<std::string> files;
        std::filesystem::directory_iterator entries(directory, problem);
        if (problem) {
            return error("cannot read include_dir " + in_quotes(directory) + ": " +
                         problem.message());
        }
        for (const std::filesystem::directory_entry& entry : entries) {
            const std::string name = entry.path().filename().string();
            if (name.size() > 5 && name.ends_with(".conf")) files.push_back(entry.path().string());
        }
        std::sort(files.begin(), files.end(), before);
        for (const std::string& file : files) (void)read_file(file, 1);
    }

    Diagnostics& diagnostics_;
    SourcePlace place_;
    std::size_t listener_ = MosquittoConf::default_listener;
    std::optional<std::size_t> plugin_;
};

}  // namespace

std::vector<std::size_t> MosquittoConf::open_listeners() const {
    std::vector<std::size_t> open;
    if (default_listener_used || local_only()) open.push_back(default_listener);
    for (std::size_t i = 1; i < listeners.size(); ++i) open.push_back(i);
    return open;
}

std::optional<MosquittoConf> read_mosquitto_conf(const std::string& path,
                                                 Diagnostics& diagnostics) {
    Reader reader(diagnostics);
    if (!reader.read_file(path, 0)) return std::nullopt;
    reader.conf.path = path;
    return std::move(reader.conf);
}

}  // namespace rtbridge
