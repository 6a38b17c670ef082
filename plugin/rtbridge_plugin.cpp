// The C ABI between Mosquitto and rtbridge: translates, makes one call, and states how it fails.
// Deliveries fail open, access checks fail closed, and no exception passes into the broker.

#include <dlfcn.h>
#include <pthread.h>

#include <cstring>
#include <exception>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "bridge.h"
#include "callback_registration.h"
#include "handoff/signal_doorbell.h"
#include "host_broker.h"
#include "mosquitto_api.h"

namespace rtbridge {
namespace {

int on_message(int event, void* event_data, void* user_data) noexcept;
int on_tick(int event, void* event_data, void* user_data) noexcept;
int on_reload(int event, void* event_data, void* user_data) noexcept;
int on_basic_auth(int event, void* event_data, void* user_data) noexcept;
int on_acl_check(int event, void* event_data, void* user_data) noexcept;
int on_connect(int event, void* event_data, void* user_data) noexcept;
int on_disconnect(int event, void* event_data, void* user_data) noexcept;

// Events of Mosquitto 2.1, whose headers may not be those that this is built with. 2.0 refuses to
// register for them. A durable client that leaves is offline there, not disconnected.
constexpr int event_connect = 11;
constexpr int event_client_offline = 28;

bool broker_since_2_1() noexcept {
    static const bool since_2_1 = dlsym(RTLD_DEFAULT, "mosquitto_plugin_set_info") != nullptr;
    return since_2_1;
}

// Everything that lives from init to cleanup. Members go in reverse order: first the callbacks,
// then the bridge with its thread, at last what that used.
class Plugin {
public:
    // Null when the plugin can't work; the log says why.
    [[nodiscard]] static std::unique_ptr<Plugin> load(mosquitto_plugin_id_t* id,
                                                      Bridge::Options options) ON_BROKER_THREAD {
        auto plugin = std::make_unique<Plugin>();
        plugin->id_ = id;
        plugin->doorbell_ = SignalDoorbell::create();
        plugin->bridge_ = Bridge::create(std::move(options), plugin->broker_, *plugin->doorbell_,
                                         plugin->log_, plugin->clock_);
        if (plugin->bridge_ == nullptr) return nullptr;
        plugin->on_message_.emplace(id, MOSQ_EVT_MESSAGE, on_message, plugin.get());
        plugin->on_tick_.emplace(id, MOSQ_EVT_TICK, on_tick, plugin.get());
        plugin->on_reload_.emplace(id, MOSQ_EVT_RELOAD, on_reload, plugin.get());
        if (!plugin->on_message_->ok() || !plugin->on_tick_->ok() || !plugin->on_reload_->ok() ||
            !plugin->follow_configuration()) {
            plugin->log_.write(LogLevel::Error,
                               "rtbridge: not started: the broker refused a callback");
            return nullptr;
        }
        return plugin;
    }

    // Registers for logins and access checks where the configuration has them, and only there: the
    // broker takes an undecided answer for a denial, and no answer at all for a matter of its own.
    // False: the broker refused a callback.
    [[nodiscard]] bool follow_configuration() {
        const bool logins = bridge_->mqtt_access().wants_logins();
        const bool checks = bridge_->mqtt_access().wants_checks();
        const bool presence = bridge_->wants_presence();
        const bool leaves = logins || checks || presence;
        if (broker_since_2_1()) {
            (void)follow(on_connect_, presence, event_connect, on_connect);
            (void)follow(on_client_offline_, leaves, event_client_offline, on_disconnect);
        }
        return follow(on_basic_auth_, logins, MOSQ_EVT_BASIC_AUTH, on_basic_auth) &&
               follow(on_acl_check_, checks, MOSQ_EVT_ACL_CHECK, on_acl_check) &&
               follow(on_disconnect_, leaves, MOSQ_EVT_DISCONNECT, on_disconnect);
    }
    void reload() ON_BROKER_THREAD {
        bridge_->on_reload();
        if (!follow_configuration()) {
            log_.write(LogLevel::Error,
                       "rtbridge: the broker refused a callback: [auth] mqtt or [acl] is not in "
                       "force for MQTT clients until it is restarted");
        }
    }

    // Mosquitto 2.1 asks about its HTTP API from another thread; that is no client.
    [[nodiscard]] bool on_its_thread() const noexcept {
        return pthread_equal(pthread_self(), broker_thread_) != 0;
    }
    void on_login(const MqttClient& client) {
        assert_on_broker_thread();
        bridge_->on_client_login(client);
    }
    void on_access(const MqttClient& client, MqttRequest request, bool allowed,
                   const mosquitto_evt_acl_check& event) {
        assert_on_broker_thread();
        const auto* const payload = static_cast<const char*>(event.payload);
        bridge_->on_client_access(client, request, allowed, event.topic,
                                  {payload, payload != nullptr ? event.payloadlen : 0});
    }

    [[nodiscard]] Bridge& bridge() { return *bridge_; }
    [[nodiscard]] Doorbell& doorbell() { return *doorbell_; }

private:
    [[nodiscard]] bool follow(std::optional<CallbackRegistration>& registration, bool wanted,
                              int event, MOSQ_FUNC_generic_callback callback) {
        if (!wanted) registration.reset();
        if (wanted && !registration) registration.emplace(id_, event, callback, this);
        if (!registration || registration->ok()) return true;
        registration.reset();
        return false;
    }

    mosquitto_plugin_id_t* id_ = nullptr;
    const pthread_t broker_thread_ = pthread_self();
    HostBroker broker_;
    HostLog log_;
    SystemClock clock_;
    std::unique_ptr<Doorbell> doorbell_;
    std::unique_ptr<Bridge> bridge_;
    std::optional<CallbackRegistration> on_message_, on_tick_, on_reload_;
    std::optional<CallbackRegistration> on_basic_auth_, on_acl_check_, on_disconnect_;
    std::optional<CallbackRegistration> on_connect_, on_client_offline_;
};

// The one instance: Mosquitto gives a file that is listed twice the same image.
std::unique_ptr<Plugin> plugin_instance;

int log_current_exception(const char* where, int result) noexcept {
    try {
        throw;
    } catch (const std::exception& error) {
        mosquitto_log_printf(MOSQ_LOG_ERR, "rtbridge: %s: %s", where, error.what());
    } catch (...) {
        mosquitto_log_printf(MOSQ_LOG_ERR, "rtbridge: %s: unknown error", where);
    }
    return result;
}

std::string_view text_or_empty(const char* text) {
    return text != nullptr ? text : "";
}

Publish publish_from(const mosquitto_evt_message& event) {
    Publish publish;
    publish.topic = text_or_empty(event.topic);
    // Clearing a retained message arrives as length 0 and payload NULL.
    publish.payload = {static_cast<const char*>(event.payload),
                       event.payload != nullptr ? event.payloadlen : 0};
    publish.retain = event.retain;
    if (event.client != nullptr) {
        publish.client = text_or_empty(mosquitto_client_id(event.client));
        publish.user = text_or_empty(mosquitto_client_username(event.client));
    }
    return publish;
}

// The broker frees the payload that we replace, and wants ours from its allocator, NUL-terminated.
// False: there is no memory for it, and the publish goes on as it came.
[[nodiscard]] bool replace_payload(mosquitto_evt_message& event, const std::string& payload) {
    if (payload.size() >= std::numeric_limits<std::uint32_t>::max()) return false;
    void* copy = mosquitto_calloc(payload.size() + 1, 1);
    if (copy == nullptr) return false;
    std::memcpy(copy, payload.data(), payload.size());
    event.payload = copy;
    event.payloadlen = static_cast<std::uint32_t>(payload.size());
    return true;
}

MqttClient client_from(const mosquitto* client) {
    MqttClient result;
    result.connection = client;
    result.id = text_or_empty(mosquitto_client_id(client));
    result.user = text_or_empty(mosquitto_client_username(client));
    result.address = text_or_empty(mosquitto_client_address(client));
    result.mqtt5 = mosquitto_client_protocol_version(client) == 5;
    return result;
}

// Fails open: whatever goes wrong here, the broker still delivers to its MQTT clients.
int on_message(int /*event*/, void* event_data, void* user_data) noexcept try {
    assert_on_broker_thread();
    auto& event = *static_cast<mosquitto_evt_message*>(event_data);
    Bridge& bridge = static_cast<Plugin*>(user_data)->bridge();
    if (event.client != nullptr && bridge.watches_clients()) {
        bridge.on_client_message(client_from(event.client));
    }
    const Bridge::Verdict verdict = bridge.on_publish(publish_from(event), event.qos);
    if (verdict.drop) return MOSQ_ERR_ACL_DENIED;
    if (verdict.replacement && !replace_payload(event, *verdict.replacement)) {
        bridge.on_replacement_lost();
    }
    return MOSQ_ERR_SUCCESS;
} catch (...) {
    return log_current_exception("on_message", MOSQ_ERR_SUCCESS);
}

// What is published in a tick leaves at the broker's next turn. 2.0 turns at once; 2.1 sleeps
// first, and so is called out of that as well.
int on_tick(int /*event*/, void* /*event_data*/, void* user_data) noexcept try {
    assert_on_broker_thread();
    auto& plugin = *static_cast<Plugin*>(user_data);
    const bool published = plugin.bridge().on_tick();
    if (published && broker_since_2_1()) plugin.doorbell().ring();
    return MOSQ_ERR_SUCCESS;
} catch (...) {
    return log_current_exception("on_tick", MOSQ_ERR_SUCCESS);
}

// Whatever the file is worth, the broker must not notice: 2.0 gives other plugins their reload only
// after DEFER and drops its password and ACL files on an error; 2.1 ends on anything but SUCCESS.
int reload_result() noexcept {
    return broker_since_2_1() ? MOSQ_ERR_SUCCESS : MOSQ_ERR_PLUGIN_DEFER;
}

int on_reload(int /*event*/, void* /*event_data*/, void* user_data) noexcept try {
    assert_on_broker_thread();
    static_cast<Plugin*>(user_data)->reload();
    return reload_result();
} catch (...) {
    return log_current_exception("on_reload", reload_result());
}

// The broker's thread, or that of the HTTP API of Mosquitto 2.1. Fails closed.
int on_basic_auth(int /*event*/, void* event_data, void* user_data) noexcept try {
    const auto& event = *static_cast<const mosquitto_evt_basic_auth*>(event_data);
    if (event.client == nullptr || mosquitto_client_id(event.client) == nullptr) {
        return MOSQ_ERR_AUTH;
    }
    MqttClient client = client_from(event.client);
    client.user = text_or_empty(event.username);
    client.subscribed = mosquitto_client_sub_count(event.client) > 0;
    auto& plugin = *static_cast<Plugin*>(user_data);
    if (!plugin.bridge().mqtt_access().login(client, text_or_empty(event.password))) {
        return MOSQ_ERR_AUTH;
    }
    if (plugin.on_its_thread()) plugin.on_login(client);
    return MOSQ_ERR_SUCCESS;
} catch (...) {
    return log_current_exception("on_basic_auth", MOSQ_ERR_AUTH);
}

// Nothing: not a question that we know.
std::optional<MqttRequest> request_from(const mosquitto_evt_acl_check& event) {
    switch (event.access) {
        case MOSQ_ACL_READ:
            return MqttRequest::Receive;
        case MOSQ_ACL_SUBSCRIBE:
            return MqttRequest::Subscribe;
        case MOSQ_ACL_WRITE:
            break;
        default:
            return std::nullopt;
    }
    if (!event.retain) return MqttRequest::Publish;
    // For the author of a retained message the broker makes up a client that speaks no protocol.
    return mosquitto_client_protocol_version(event.client) == 0 ? MqttRequest::RetainedSource
                                                                : MqttRequest::PublishRetained;
}

// Threads as above. Fails closed.
int on_acl_check(int /*event*/, void* event_data, void* user_data) noexcept try {
    const auto& event = *static_cast<const mosquitto_evt_acl_check*>(event_data);
    // Nobody is harmed by getting less.
    if (event.access == MOSQ_ACL_UNSUBSCRIBE) return MOSQ_ERR_SUCCESS;
    if (event.client == nullptr || mosquitto_client_id(event.client) == nullptr ||
        event.topic == nullptr) {
        return MOSQ_ERR_ACL_DENIED;
    }
    const std::optional<MqttRequest> request = request_from(event);
    if (!request) return MOSQ_ERR_ACL_DENIED;
    auto& plugin = *static_cast<Plugin*>(user_data);
    const MqttClient client = client_from(event.client);
    const bool allowed = plugin.bridge().mqtt_access().allows(client, *request, event.topic);
    if (plugin.on_its_thread()) plugin.on_access(client, *request, allowed, event);
    return allowed ? MOSQ_ERR_SUCCESS : MOSQ_ERR_ACL_DENIED;
} catch (...) {
    return log_current_exception("on_acl_check", MOSQ_ERR_ACL_DENIED);
}

// Of the event's data the beginning is that of every event about a client.
int on_connect(int /*event*/, void* event_data, void* user_data) noexcept try {
    const auto& event = *static_cast<const mosquitto_evt_disconnect*>(event_data);
    if (event.client != nullptr && mosquitto_client_id(event.client) != nullptr) {
        assert_on_broker_thread();
        static_cast<Plugin*>(user_data)->bridge().on_client_connect(client_from(event.client));
    }
    return MOSQ_ERR_SUCCESS;
} catch (...) {
    return log_current_exception("on_connect", MOSQ_ERR_SUCCESS);
}

// A socket that never sent CONNECT has no client id.
int on_disconnect(int /*event*/, void* event_data, void* user_data) noexcept try {
    const auto& event = *static_cast<const mosquitto_evt_disconnect*>(event_data);
    if (event.client != nullptr && mosquitto_client_id(event.client) != nullptr) {
        assert_on_broker_thread();
        Bridge& bridge = static_cast<Plugin*>(user_data)->bridge();
        const MqttClient client = client_from(event.client);
        bridge.mqtt_access().disconnected(client);
        bridge.on_client_disconnect(client, event.reason);
    }
    return MOSQ_ERR_SUCCESS;
} catch (...) {
    return log_current_exception("on_disconnect", MOSQ_ERR_SUCCESS);
}

// plugin_opt_config FILE arrives as "config"; anything else is a mistake that must not pass unseen.
std::optional<Bridge::Options> read_options(const mosquitto_opt* options, int count) {
    Bridge::Options result;
    for (int i = 0; i < count; ++i) {
        const std::string_view key = text_or_empty(options[i].key);
        const std::string_view value = text_or_empty(options[i].value);
        if (key != "config") {
            mosquitto_log_printf(MOSQ_LOG_ERR,
                                 "rtbridge: not started: unknown option plugin_opt_%s; the only "
                                 "one is plugin_opt_config FILE",
                                 escape_control(key).c_str());
            return std::nullopt;
        }
        if (value.empty()) {
            mosquitto_log_printf(MOSQ_LOG_ERR,
                                 "rtbridge: not started: plugin_opt_config names no file");
            return std::nullopt;
        }
        result.config_path = value;
    }
    return result;
}

}  // namespace
}  // namespace rtbridge

#define RTBRIDGE_EXPORT extern "C" __attribute__((visibility("default")))

RTBRIDGE_EXPORT int mosquitto_plugin_version(int supported_version_count,
                                             const int* supported_versions) {
    for (int i = 0; i < supported_version_count; ++i) {
        if (supported_versions[i] == MOSQ_PLUGIN_VERSION) return MOSQ_PLUGIN_VERSION;
    }
    return -1;
}

RTBRIDGE_EXPORT int mosquitto_plugin_init(mosquitto_plugin_id_t* identifier, void** user_data,
                                          mosquitto_opt* options, int option_count) try {
    using namespace rtbridge;
    assert_on_broker_thread();
    if (plugin_instance != nullptr) {
        mosquitto_log_printf(MOSQ_LOG_ERR,
                             "rtbridge: not started: the plugin is loaded twice; keep one "
                             "`plugin` line for it in mosquitto.conf");
        return MOSQ_ERR_INVAL;
    }
    auto read = read_options(options, option_count);
    if (!read) return MOSQ_ERR_INVAL;
    read->mosquitto_version = mosquitto_header_version;
    plugin_instance = Plugin::load(identifier, std::move(*read));
    if (plugin_instance == nullptr) return MOSQ_ERR_INVAL;
    *user_data = plugin_instance.get();
    return MOSQ_ERR_SUCCESS;
} catch (...) {
    rtbridge::plugin_instance.reset();
    return rtbridge::log_current_exception("mosquitto_plugin_init", MOSQ_ERR_UNKNOWN);
}

// 2.1 calls this also for an instance whose init failed: only the one that is running is ended.
RTBRIDGE_EXPORT int mosquitto_plugin_cleanup(void* user_data, mosquitto_opt* /*options*/,
                                             int /*option_count*/) try {
    using namespace rtbridge;
    if (user_data != nullptr && user_data == plugin_instance.get()) plugin_instance.reset();
    return MOSQ_ERR_SUCCESS;
} catch (...) {
    return rtbridge::log_current_exception("mosquitto_plugin_cleanup", MOSQ_ERR_SUCCESS);
}
