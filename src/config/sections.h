#pragma once

#include <optional>

#include "config/config.h"
#include "config/toml_reader.h"

// One function per section of the file. Each reads its whole table and reports its mistakes; what
// is wrong or absent keeps its default. Thread: any.

namespace rtbridge {

void read_listener(TableReader& table, ListenerConfig& listener);
void read_limits(TableReader& table, LimitsConfig& limits);
[[nodiscard]] AuthConfig read_auth(TableReader& table);
[[nodiscard]] AclConfig read_acl(TableReader& table);
// `[[acl.rule]]`: appends the rules of `entry`, those with mistakes too.
void read_acl_rules(const TomlDocument& document, const TomlEntry& entry,
                    std::vector<AclRuleConfig>& rules, Diagnostics& diagnostics);
// `[[auth.role]]` of an [auth] table, which in an included file holds nothing else: appends.
void read_auth_roles(TableReader& auth, std::vector<AuthRoleConfig>& roles);
void read_socketio(TableReader& table, SocketIoConfig& socketio);
// What clients of Socket.IO are told and may ask for, out of the table [socketio].
void read_socketio_events(TableReader& table, SocketIoConfig& socketio);
void read_sse(TableReader& table, SseConfig& sse);
// `[[http.route]]`: appends the routes of `entry` in file order, those with mistakes too.
void read_http_routes(const TomlDocument& document, const TomlEntry& entry,
                      std::vector<HttpRouteConfig>& routes, Diagnostics& diagnostics);
[[nodiscard]] std::optional<MqttTunnelConfig> read_mqtt_tunnel(TableReader& table);
[[nodiscard]] BrokerConfig read_broker(TableReader& table);
// [broker] together with the other sections: an error where it would lead to rtbridge itself.
void check_broker(const Config& config, Diagnostics& diagnostics);
// `[[rule]]`: appends the rules of `entry` in file order.
void read_rules(const TomlDocument& document, const TomlEntry& entry,
                std::vector<RuleConfig>& rules, Diagnostics& diagnostics);

}  // namespace rtbridge
