#include <utility>

#include "config/bind_address.h"
#include "config/in_quotes.h"
#include "config/sections.h"

namespace rtbridge {

BrokerConfig read_broker(TableReader& table) {
    constexpr std::string_view form = "\"127.0.0.1:1883\", \"[::1]:1883\" or \"localhost:1883\"";
    BrokerConfig broker;
    Placed<std::string> connect;
    if (table.read("connect", connect)) {
        broker.connect = parse_bind_address(connect.value);
        broker.connect_place = std::move(connect.place);
        if (!broker.connect || broker.connect->port == 0 || !broker.connect->loopback()) {
            table.diagnostics().error(broker.connect_place,
                                      "connect = " + in_quotes(connect.value) +
                                          " is not an MQTT listener of this broker on this "
                                          "machine; write " +
                                          std::string(form));
            broker.connect.reset();
        }
    }
    table.read("devices", broker.devices);
    for (const Placed<std::string>& device : broker.devices) {
        if (!device.value.empty()) continue;
        table.diagnostics().error(device.place,
                                  "an empty text matches no client id; write one like "
                                  "\"sensor-*\", or \"*\" for all");
    }
    table.report_unknown_keys();
    return broker;
}

void check_broker(const Config& config, Diagnostics& diagnostics) {
    if (!config.broker.connect || !leads_to(*config.broker.connect, config.listener.bind)) return;
    diagnostics.error(config.broker.connect_place,
                      "connect is where browsers connect (listener.bind); name the MQTT listener "
                      "of the broker");
}

}  // namespace rtbridge
