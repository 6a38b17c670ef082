#include "config/config.h"

#include <arpa/inet.h>

namespace rtbridge {

bool BindAddress::loopback() const {
    if (host == "localhost") return true;
    in_addr v4{};
    if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24U) == 127;
    in6_addr v6{};
    if (inet_pton(AF_INET6, host.c_str(), &v6) != 1) return false;
    if (IN6_IS_ADDR_LOOPBACK(&v6)) return true;
    return IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127;
}

const SourcePlace& RuleConfig::place_of(std::string_view option) const {
    const auto found = places.find(option);
    return found != places.end() ? found->second : name.place;
}

Config Config::built_in() {
    constexpr auto placed = [](std::string value) {
        return Placed<std::string>{std::move(value), {"built-in", 0, 0}};
    };
    RuleConfig battery;
    battery.name = placed("battery");
    battery.topics = {placed("battery/#")};
    battery.key = placed("{payload.userId}");
    battery.battery = BatteryConfig{};

    Config config;
    config.listener.bind_place.file = "built-in";
    config.rules.push_back(std::move(battery));
    return config;
}

}  // namespace rtbridge
