#include <utility>

#include "config/bind_address.h"
#include "config/in_quotes.h"
#include "config/sections.h"

namespace rtbridge {
namespace {

// No address that something could be reached at.
bool names_no_peer(const BindAddress& to) {
    return to.port == 0 || to.host == "0.0.0.0" || to.host == "::";
}

}  // namespace

std::optional<MqttTunnelConfig> read_mqtt_tunnel(TableReader& table) {
    constexpr std::string_view form = "\"127.0.0.1:1883\", \"[::1]:1883\" or \"localhost:1883\"";
    Placed<std::string> text;
    if (!table.read("to", text)) {
        if (!table.take("to")) {
            table.diagnostics().error(table.place(),
                                      "[mqtt_tunnel] needs to, the MQTT listener of the broker; "
                                      "write to = " +
                                          std::string(form));
        }
        table.report_unknown_keys();
        return std::nullopt;
    }
    table.report_unknown_keys();
    std::optional<BindAddress> to = parse_bind_address(text.value);
    if (!to || names_no_peer(*to)) {
        table.diagnostics().error(std::move(text.place),
                                  "to = " + in_quotes(text.value) +
                                      " is not the address and port of an MQTT listener; write " +
                                      std::string(form));
        return std::nullopt;
    }
    return MqttTunnelConfig{*std::move(to), std::move(text.place)};
}

}  // namespace rtbridge
