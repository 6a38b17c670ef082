#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "config/action.h"
#include "config/address_range.h"
#include "config/diagnostic.h"
#include "config/field_spec.h"

// The configuration file as typed values. Defaults stand here and nowhere else. Plain structs:
// a component receives the part it needs. Immutable after load, any thread.

namespace rtbridge {

struct BindAddress {
    std::string host = "127.0.0.1";  // an IPv4 or IPv6 address, or "localhost"; no brackets
    std::uint16_t port = 8080;       // 0: the kernel picks one (tests)
    [[nodiscard]] bool loopback() const;
    friend bool operator==(const BindAddress&, const BindAddress&) = default;
};

struct TlsConfig {                  // of the listener; both files empty: no TLS
    Placed<std::string> cert_file;  // PEM, the chain from the server's certificate on
    Placed<std::string> key_file;   // PEM
    [[nodiscard]] bool enabled() const { return !cert_file.value.empty(); }
};

struct ListenerConfig {
    BindAddress bind;
    TlsConfig tls;
    std::vector<AddressRange> trusted_proxies;  // whose X-Forwarded-For is believed
    std::vector<std::string>
        origins;  // exact scheme://host[:port]; empty: the Host's own; "*": any
    bool dashboard = true;
    Placed<std::string> www{};  // directory of the operator's own files; empty: none
    std::uint32_t threads = 1;  // listeners that share the port
    SourcePlace bind_place;     // of the key, or of the file where it is absent
};

struct QueueLimits {                     // per session
    std::size_t soft_bytes = 256 * KiB;  // beyond: conflated to the newest per topic and key
    std::size_t hard_bytes = 1 * MiB;    // beyond: oldest dropped
    std::chrono::milliseconds close_after{30'000};  // this long at the hard limit: closed with 4101
};

struct LimitsConfig {
    std::uint32_t connections = 10'000;    // further browsers get HTTP 503
    std::uint32_t connections_per_ip = 0;  // 0 = no limit; further get HTTP 429
    std::uint32_t connections_per_user = 0;
    std::chrono::milliseconds handshake_timeout{5'000};
    std::chrono::milliseconds ping_interval{20'000};
    std::size_t header_bytes = 16 * KiB;
    std::size_t frame_bytes = 64 * KiB;
    std::size_t body_bytes = 256 * KiB;
    std::uint32_t requests_per_second = 200;
    std::uint32_t logins_per_minute = 20;
    std::uint32_t subscriptions = 256;  // per session
    QueueLimits queue;
    std::uint32_t mailbox_updates = 65'536;
    std::size_t history_bytes = 64 * MiB;  // newest values and history of all topics together
    std::chrono::milliseconds password_time{5};
    std::chrono::milliseconds drain_time{2'000};
};

// Everyone whose name matches `user` has `role`, however the name was proven.
struct AuthRoleConfig {
    Placed<std::string> user;  // glob: '*' any text, '?' one character
    std::string role;
};

// One issuer of tokens (RFC 7519).
struct JwtConfig {
    std::string issuer;                   // `iss` has to be this; empty: not checked
    std::string audience;                 // `aud` has to be or to hold this; empty: not checked
    std::vector<std::string> algorithms;  // "HS256", ...: what a token's header may say
    Placed<std::string> keys_file;        // absolute
    std::string user_claim = "sub";
    std::string role_claim = "roles";  // a string or an array of strings
    std::chrono::milliseconds leeway{30'000};
    SourcePlace place;
};

struct AuthConfig {
    // Browsers without credentials, and MQTT clients if `mqtt`; absent: they are refused.
    std::optional<std::string> anonymous_role;
    std::string cookie = "rtbridge";
    bool token_in_url = false;
    Placed<std::string> passwords_file{};  // absolute; empty: none
    bool mqtt = false;                     // MQTT clients log in here as well
    std::vector<AuthRoleConfig> roles{};
    std::vector<JwtConfig> jwt{};
};

enum class AclEffect { Allow, Deny };

struct AclRuleConfig {
    AclEffect effect = AclEffect::Allow;
    ActionSet actions;
    // Who: all that is given must match; nothing given = everyone.
    std::optional<Placed<std::string>> user;    // glob
    std::optional<Placed<std::string>> client;  // glob, MQTT client id
    std::optional<Placed<std::string>> role;
    std::optional<AddressRange> address;
    std::vector<Placed<std::string>> topics;  // filters; a level may be {user}, {client}, {claim.x}
    // Empty: all updates. Else only those whose rule key is one of these (browsers); a key may be
    // {user} or {claim.x}.
    std::vector<Placed<std::string>> keys;
    SourcePlace place;  // of the table
};

struct AclConfig {
    AclEffect default_effect = AclEffect::Deny;
    std::vector<AclRuleConfig> rules;  // order is irrelevant
};

// A template as it stands in the file: text with braces, or a plain value, or a container of these.
struct TemplateSource {
    struct Member;  // a std::pair of an incomplete type is more than clang takes
    using Array = std::vector<TemplateSource>;
    using Object = std::vector<Member>;  // in file order
    std::variant<std::string, std::int64_t, double, bool, Array, Object> value;
    SourcePlace place;
};
struct TemplateSource::Member {
    std::string first;      // name
    TemplateSource second;  // value
};

enum class PowerSign { PositiveIsCharging, PositiveIsDischarging };

// What a battery preset may add to a payload beside its state.
enum class BatteryValue : std::uint8_t {
    CRate,       // c_rate
    TimeTo,      // time_to_empty_s, time_to_full_s
    CellDelta,   // cell_delta_mv
    TempSpread,  // temp_spread_c
    Energy,      // energy_in_wh, energy_out_wh
    Quality,     // quality
};
inline constexpr std::array<std::string_view, 6> battery_value_names = {
    "c_rate", "time_to", "cell_delta", "temp_spread", "energy", "quality"};

struct BatteryConfig {
    std::string power = "batteryPower";      // path into the payload, levels separated by '.'
    std::string percent = "batteryPercent";  // likewise, as those that follow
    PowerSign positive = PowerSign::PositiveIsCharging;
    double idle_below = 0;  // |power| up to this is Idle; in the unit of the power; >= 0

    std::string voltage;         // empty: not known
    std::string current;         // signed as the power; empty: not known
    std::string time;            // when it was measured; empty: when it arrived
    std::string capacity;        // usable; empty: the number
    double capacity_number = 0;  // 0: not known
    bool capacity_in_ah = false;
    std::vector<std::string> cells;         // voltages: numbers or arrays of them
    std::vector<std::string> temperatures;  // likewise

    // Factors from what stands in the payload to W, V, A, Wh or Ah, %, mV of a cell.
    struct Units {
        double power = 1;
        double voltage = 1;
        double current = 1;
        double capacity = 1;
        double percent = 1;
        double cells = 1000;
    } units;

    std::vector<BatteryValue> add;
    std::chrono::milliseconds hold{0};  // how long a new state must last before browsers see it
    std::chrono::milliseconds gap{5 * 60'000};  // no energy is counted for longer than that
    double jump = 10;                           // percent points from one message to the next
    std::chrono::milliseconds frozen_after{10 * 60'000};

    [[nodiscard]] bool adds(BatteryValue value) const {
        return std::find(add.begin(), add.end(), value) != add.end();
    }
};

struct FieldConfig {
    Placed<std::string> path;  // into the payload, levels separated by '.'
    FieldSpec spec;
};

enum class OnInvalid {
    Pass,        // as if the rule did not match, and browsers get it as it is
    Drop,        // nobody gets it
    Quarantine,  // nobody but who listens to rtbridge/quarantine/<rule>
};

enum class TowardsMqtt {
    Keep,     // subscribers see what the device sent
    Replace,  // subscribers see the enriched payload
    Publish,  // the enriched payload goes to another topic as well
};

// No more than `updates` in `per`, for each topic and key.
struct RateConfig {
    std::uint32_t updates = 1;
    std::chrono::milliseconds per{1'000};
    // From one update to the next.
    [[nodiscard]] std::chrono::nanoseconds interval() const {
        return std::chrono::nanoseconds(per) / updates;
    }
};

// A field that has to differ by `band` or more.
struct DeadbandConfig {
    std::string field;  // path into the payload, levels separated by '.'
    double band = 0;    // > 0
};

struct BrowserConfig {                   // what browsers get of a rule; MQTT subscribers get all
    std::string event;                   // of SSE and Socket.IO; empty: none
    std::optional<TemplateSource> body;  // absent: the payload
    std::optional<RateConfig> max_rate;
    std::vector<DeadbandConfig> deadband;  // in file order; empty: none
    [[nodiscard]] bool thins() const { return max_rate.has_value() || !deadband.empty(); }
};

struct HistoryConfig {
    static constexpr std::uint32_t last_max = 100'000;
    std::uint32_t last = last_max;      // updates of each topic and key
    std::chrono::milliseconds keep{0};  // "for"; 0: no limit of age
};

// A number made of others: `compute`.
struct ComputeConfig {
    Placed<std::string> name;  // the member of the payload that gets it
    Placed<std::string> expression;
};

// A label for a number: `classify`.
struct ClassifyConfig {
    struct Band {
        double below = 0;
        std::string label;
    };
    Placed<std::string> name;  // the member of the payload that gets the label
    Placed<std::string> of;    // expression
    std::vector<Band> bands;   // ascending, never two with the same threshold
    std::string otherwise;     // from the last threshold on
    // How far beyond a threshold the number must be to leave the label it had; 0: it has no memory.
    double hysteresis = 0;
};

// A text for another one: `map`.
struct MapConfig {
    Placed<std::string> name;  // the member of the payload that gets it
    Placed<std::string> of;    // template
    std::vector<std::pair<std::string, std::string>> table;  // each text once
    std::optional<std::string> otherwise;  // absent: what is not in the table gets nothing
};

// A member of the payload under another name, in its place: `rename`.
struct RenameConfig {
    Placed<std::string> from;  // path
    std::string to;            // name, beside it
};

// One message out of many that hold one value each: `gather`.
struct GatherConfig {
    static constexpr std::size_t fields_max = 64;
    static constexpr std::size_t value_bytes_max = 4 * KiB;
    Placed<std::string> topic;  // template of captures: what browsers see, and what is one subject
    std::string value;          // path of the value in each message; empty: the message itself
    std::vector<std::string> fields;  // by position in RuleConfig::topics: the member it becomes
};

struct RuleConfig {
    Placed<std::string> name;
    std::vector<Placed<std::string>> topics;  // filters; {name} is a named '+'
    std::optional<GatherConfig> gather;       // the payload is made of several messages
    std::optional<Placed<std::string>> key;   // template
    std::vector<FieldConfig> fields;          // what the payload has to have, in file order
    OnInvalid on_invalid = OnInvalid::Pass;
    std::optional<BatteryConfig> battery;
    std::vector<ComputeConfig> compute;  // as all steps: in file order
    std::vector<ClassifyConfig> classify;
    std::vector<MapConfig> map;
    TemplateSource::Object set;
    std::vector<RenameConfig> rename;
    std::vector<Placed<std::string>> drop_fields;  // paths
    TowardsMqtt mqtt = TowardsMqtt::Keep;
    Placed<std::string> publish_topic;  // template; used where mqtt is Publish
    BrowserConfig browser;
    std::optional<HistoryConfig> history;  // absent: browsers get no past but the newest value
    bool redact = false;  // status shows nothing of the content of messages that were refused

    // Where its keys stand, as "on_invalid" or "browser.max_rate"; only of those that are there.
    using Places = std::map<std::string, SourcePlace, std::less<>>;
    Places places{};
    // Of a key, or of the name where the key is not there.
    [[nodiscard]] const SourcePlace& place_of(std::string_view option) const;
};

// Where the MQTT streams of browsers go.
struct MqttTunnelConfig {
    BindAddress to;
    SourcePlace place;
};

// What is asked of the broker around, beside its publishes.
struct BrokerConfig {
    std::optional<BindAddress> connect;  // its MQTT listener; absent: what is retained is not read
    SourcePlace connect_place;
    std::vector<Placed<std::string>> devices;  // globs of MQTT client ids; empty: none is watched
};

// What is sent to a Socket.IO client: an event with one argument.
struct SocketIoReplyConfig {
    std::string event;
    std::optional<TemplateSource> body;  // absent: what there is to tell (protocols 3.4)
};

enum class SocketIoDo { Subscribe, Unsubscribe, SubscribeAll, Latest, Status, Notify, Publish };

// A client's event becomes a request of its session.
struct SocketIoOnConfig {
    Placed<std::string> event;
    SocketIoDo action = SocketIoDo::Subscribe;
    std::optional<Placed<std::string>> key;    // template; of notify: the user that is told
    std::optional<Placed<std::string>> topic;  // template: of publish, and of latest the only one
    std::optional<TemplateSource> payload;     // of publish; absent: the argument
    int qos = 0;                               // likewise
    bool retain = false;                       // likewise
    std::string role;                          // needed; empty: anyone
    std::optional<SocketIoReplyConfig> reply;  // absent: only an acknowledgement that is asked for
};

// Who may see users come and go, and how they are told.
struct SocketIoPresenceConfig {
    std::string joined = "user:joined";  // events
    std::string left = "user:left";
    std::string role = "admin";              // of those who are told
    std::chrono::milliseconds grace{5'000};  // who comes back within was never gone
};

struct SocketIoConfig {
    std::string path = "/socket.io/";
    std::chrono::milliseconds ping_interval{25'000};
    std::chrono::milliseconds ping_timeout{20'000};
    std::chrono::milliseconds connect_timeout{45'000};
    std::size_t max_payload_bytes = 1'000'000;
    std::optional<TemplateSource> body;  // overrides those of rules on this transport
    // What a client gets before it asks for anything.
    enum class Begin {
        Unsaid,      // Everything, or Nothing where `on` has a subscribe
        Everything,  // that it may receive
        Nothing,
    };
    Begin subscribe = Begin::Unsaid;
    std::vector<SocketIoReplyConfig> welcome;        // after CONNECT, in file order
    std::vector<SocketIoOnConfig> on;                // each event once
    std::optional<SocketIoPresenceConfig> presence;  // absent: nobody is told
    std::optional<SocketIoReplyConfig> shutdown;     // sent when the broker stops
};

struct SseConfig {
    std::optional<TemplateSource> body;  // overrides those of rules on this transport
};

enum class HttpRouteMethod { Get, Post };

// An HTTP request that publishes, or that asks for a newest value.
struct HttpRouteConfig {
    HttpRouteMethod method = HttpRouteMethod::Get;
    Placed<std::string> path;               // "/match/{id}": a name in braces is one segment
    Placed<std::string> publish;            // Post: template of a topic
    std::optional<TemplateSource> payload;  // Post; absent: the body
    int qos = 0;
    bool retain = false;
    std::optional<TemplateSource> reply;  // absent: {"ok":true}, or the newest value
    Placed<std::string> latest;           // Get: template of a topic
};

struct Config {
    ListenerConfig listener;
    LimitsConfig limits;
    std::optional<AuthConfig> auth;  // absent: loopback only, everyone there may everything
    std::optional<AclConfig> acl;    // absent: who is let in may read; MQTT clients are not checked
    std::vector<RuleConfig> rules;   // in the order that they apply
    std::optional<MqttTunnelConfig> mqtt_tunnel;  // absent: no MQTT over WebSocket
    BrokerConfig broker;
    SocketIoConfig socketio;
    SseConfig sse;
    std::vector<HttpRouteConfig> http_routes;

    // What runs without a file: the defaults above and one rule for battery/#.
    [[nodiscard]] static Config built_in();
};

}  // namespace rtbridge
