#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "ctl/mosquitto_conf.h"

namespace rtbridge {

// What `rtbridgectl doctor --conf` has to say about one thing.
struct Finding {
    enum class Level { Ok, Warning, Error };
    Level level = Level::Ok;
    std::string text;
    std::string advice;  // what to do; empty where it is Ok
    SourcePlace place{};
};

// "2.0.11" as three numbers, which compare.
struct BrokerVersion {
    int major = 0, minor = 0, patch = 0;
    friend auto operator<=>(const BrokerVersion&, const BrokerVersion&) = default;
};

// The version in what `mosquitto -h` prints: "mosquitto version 2.0.11". Nothing where it has none.
[[nodiscard]] std::optional<BrokerVersion> read_broker_version(std::string_view help);

// The one plugin line that loads rtbridge; null where there is none or several.
[[nodiscard]] const MosquittoConf::Plugin* find_rtbridge(const MosquittoConf& conf);
// The configuration file that it names; nothing: the default one.
[[nodiscard]] std::optional<std::string> config_path_of(const MosquittoConf::Plugin& plugin);

// Whether rtbridge gets to work in a broker with this configuration: loaded once, for all
// listeners, beside nothing that undoes it. `config`: what rtbridge runs with; null: it has
// mistakes. `version`: of the broker, where it is known.
// Thread: any; reads the file system, for who may read what.
[[nodiscard]] std::vector<Finding> examine_broker(const MosquittoConf& conf, const Config* config,
                                                  const std::optional<BrokerVersion>& version);

}  // namespace rtbridge
