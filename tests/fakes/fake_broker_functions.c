// The functions of the broker that plugins call: those that Mosquitto 2.0.11, 2.0.21 and 2.1.2 all
// export, each with the results of the real one. The allocator's are in fake_broker_memory.c.

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_broker_internal.h"

// --- log

// The real buffer holds 1000 bytes, of which "1700000000: " and a NUL are not for the text.
enum { LOG_TEXT_MAX = 1000 - 12 - 1 };

void mosquitto_log_printf(int level, const char* fmt, ...) {
    fake_check_thread("mosquitto_log_printf");
    char text[LOG_TEXT_MAX + 1];
    va_list arguments;
    va_start(arguments, fmt);
    const int length = vsnprintf(text, sizeof(text), fmt, arguments);
    va_end(arguments);
    if (strpbrk(text, "\r\n") != NULL) fake_violation("a log line contains a line break: %s", text);

    struct log_record* record = calloc(1, sizeof(*record));
    if (record == NULL) abort();
    record->level = level;
    record->text = strdup(text);
    record->truncated = length > LOG_TEXT_MAX;
    pthread_mutex_lock(&fake_broker.mutex);
    struct log_record** last = &fake_broker.log;
    while (*last != NULL) last = &(*last)->next;
    *last = record;
    pthread_mutex_unlock(&fake_broker.mutex);
}

// --- callbacks

static bool known_event(int event) {
    if (fake_broker_is_2_1() && (event == FAKE_EVT_CONNECT || event == FAKE_EVT_CLIENT_OFFLINE)) {
        return true;
    }
    return event >= MOSQ_EVT_RELOAD && event <= MOSQ_EVT_DISCONNECT;
}

// The link that points at the registration, or at the end of the list.
static struct callback** find_callback(int event, MOSQ_FUNC_generic_callback function) {
    struct callback** link = &fake_broker.callbacks;
    while (*link != NULL && ((*link)->event != event || (*link)->function != function)) {
        link = &(*link)->next;
    }
    return link;
}

int mosquitto_callback_register(mosquitto_plugin_id_t* identifier, int event,
                                MOSQ_FUNC_generic_callback cb_func, const void* event_data,
                                void* userdata) {
    (void)event_data;  // only $CONTROL topics have some
    fake_check_thread("mosquitto_callback_register");
    if (identifier == NULL || cb_func == NULL) return MOSQ_ERR_INVAL;
    if (!known_event(event)) return MOSQ_ERR_NOT_SUPPORTED;
    struct callback** link = find_callback(event, cb_func);
    if (*link != NULL) return MOSQ_ERR_ALREADY_EXISTS;
    struct callback* callback = calloc(1, sizeof(*callback));
    if (callback == NULL) return MOSQ_ERR_NOMEM;
    *callback = (struct callback){event, cb_func, userdata, identifier, NULL};
    *link = callback;
    return MOSQ_ERR_SUCCESS;
}

int mosquitto_callback_unregister(mosquitto_plugin_id_t* identifier, int event,
                                  MOSQ_FUNC_generic_callback cb_func, const void* event_data) {
    (void)event_data;
    fake_check_thread("mosquitto_callback_unregister");
    if (identifier == NULL || cb_func == NULL) return MOSQ_ERR_INVAL;
    if (!known_event(event)) return MOSQ_ERR_NOT_SUPPORTED;
    struct callback** link = find_callback(event, cb_func);
    if (*link == NULL) return MOSQ_ERR_NOT_FOUND;
    struct callback* callback = *link;
    *link = callback->next;
    free(callback);
    return MOSQ_ERR_SUCCESS;
}

#ifdef FAKE_BROKER_2_1
__attribute__((visibility("default"))) int mosquitto_plugin_set_info(
    mosquitto_plugin_id_t* identifier, const char* plugin_name, const char* plugin_version);

int mosquitto_plugin_set_info(mosquitto_plugin_id_t* identifier, const char* plugin_name,
                              const char* plugin_version) {
    (void)plugin_version;
    fake_check_thread("mosquitto_plugin_set_info");
    return identifier == NULL || plugin_name == NULL ? MOSQ_ERR_INVAL : MOSQ_ERR_SUCCESS;
}
#endif

// --- clients

const char* mosquitto_client_id(const struct mosquitto* client) {
    fake_check_thread("mosquitto_client_id");
    return client == NULL ? NULL : client->id;
}

const char* mosquitto_client_username(const struct mosquitto* client) {
    fake_check_thread("mosquitto_client_username");
    return client == NULL ? NULL : client->username;
}

const char* mosquitto_client_address(const struct mosquitto* client) {
    fake_check_thread("mosquitto_client_address");
    return client == NULL ? NULL : client->address;
}

bool mosquitto_client_clean_session(const struct mosquitto* client) {
    (void)client;
    fake_check_thread("mosquitto_client_clean_session");
    return true;
}

int mosquitto_client_keepalive(const struct mosquitto* client) {
    fake_check_thread("mosquitto_client_keepalive");
    return client == NULL ? -1 : 60;
}

void* mosquitto_client_certificate(const struct mosquitto* client) {
    (void)client;
    fake_check_thread("mosquitto_client_certificate");
    return NULL;
}

int mosquitto_client_protocol(const struct mosquitto* client) {
    (void)client;
    fake_check_thread("mosquitto_client_protocol");
    return mp_mqtt;
}

int mosquitto_client_protocol_version(const struct mosquitto* client) {
    fake_check_thread("mosquitto_client_protocol_version");
    return client == NULL ? 0 : client->protocol;
}

int mosquitto_client_sub_count(const struct mosquitto* client) {
    fake_check_thread("mosquitto_client_sub_count");
    return client == NULL ? 0 : client->subscriptions;
}

int mosquitto_set_username(struct mosquitto* client, const char* username) {
    fake_check_thread("mosquitto_set_username");
    if (client == NULL) return MOSQ_ERR_INVAL;
    char* copy = username == NULL ? NULL : strdup(username);
    free(client->username);
    client->username = copy;
    return MOSQ_ERR_SUCCESS;
}

static void kick(const char* function, const char* name) {
    fake_check_thread(function);
    if (fake_broker.phase != PHASE_TICK) fake_violation("%s outside of TICK", function);
    pthread_mutex_lock(&fake_broker.mutex);
    fake_text_list_add(&fake_broker.kicked, name == NULL ? "" : name);
    pthread_mutex_unlock(&fake_broker.mutex);
}

int mosquitto_kick_client_by_clientid(const char* clientid, bool with_will) {
    (void)with_will;
    kick("mosquitto_kick_client_by_clientid", clientid);
    return MOSQ_ERR_SUCCESS;
}

int mosquitto_kick_client_by_username(const char* username, bool with_will) {
    (void)with_will;
    kick("mosquitto_kick_client_by_username", username);
    return MOSQ_ERR_SUCCESS;
}

// --- publishing

static bool publishable(const char* topic, int payload_len, const void* payload, int qos) {
    return topic != NULL && payload_len >= 0 && (payload_len == 0 || payload != NULL) && qos >= 0 &&
           qos <= 2;
}

static int queue_publish(const char* client_id, const char* topic, int payload_len,
                         const void* payload, int qos, bool retain) {
    if (fake_broker.phase == PHASE_CLEANUP) {
        fake_violation("a publish at cleanup, when clients and database are gone");
    }
    if (mosquitto_pub_topic_check(topic) != MOSQ_ERR_SUCCESS || topic[0] == '\0') {
        fake_violation("a publish to a topic that no client could use: \"%s\"", topic);
    }
    struct queued_record* record = calloc(1, sizeof(*record));
    if (record == NULL) abort();
    record->client_id = client_id == NULL ? NULL : strdup(client_id);
    record->topic = strdup(topic);
    if (payload != NULL) {
        record->payload = calloc(1, (size_t)payload_len + 1);
        if (record->payload == NULL) abort();
        memcpy(record->payload, payload, (size_t)payload_len);
    }
    record->payload_len = payload_len;
    record->qos = qos;
    record->retain = retain;
    pthread_mutex_lock(&fake_broker.mutex);
    struct queued_record** last = &fake_broker.queued;
    while (*last != NULL) last = &(*last)->next;
    *last = record;
    pthread_mutex_unlock(&fake_broker.mutex);
    return MOSQ_ERR_SUCCESS;
}

// Takes payload and properties over, but only on success.
int mosquitto_broker_publish(const char* clientid, const char* topic, int payloadlen, void* payload,
                             int qos, bool retain, mosquitto_property* properties) {
    fake_check_thread("mosquitto_broker_publish");
    if (!publishable(topic, payloadlen, payload, qos)) return MOSQ_ERR_INVAL;
    if (payload != NULL && !fake_memory_hand_over(payload)) {
        fake_violation("mosquitto_broker_publish of a payload that is not the plugin's to give");
        return queue_publish(clientid, topic, payloadlen, payload, qos, retain);
    }
    const int rc = queue_publish(clientid, topic, payloadlen, payload, qos, retain);
    fake_memory_own_free(payload);
    fake_property_free_all(&properties);
    return rc;
}

int mosquitto_broker_publish_copy(const char* clientid, const char* topic, int payloadlen,
                                  const void* payload, int qos, bool retain,
                                  mosquitto_property* properties) {
    fake_check_thread("mosquitto_broker_publish_copy");
    if (!publishable(topic, payloadlen, payload, qos)) return MOSQ_ERR_INVAL;
    if (!fake_broker_is_2_1()) {
        fake_violation("mosquitto_broker_publish_copy: 2.0 loses count of its memory");
    }
    fake_property_free_all(&properties);
    return queue_publish(clientid, topic, payloadlen, payload, qos, retain);
}

// --- topics and text

enum { TOPIC_BYTES_MAX = 65535, TOPIC_SLASHES_MAX = 200 };

static bool fits(const char* topic) {
    size_t slashes = 0;
    for (const char* c = topic; *c != '\0'; ++c) slashes += *c == '/';
    return strlen(topic) <= TOPIC_BYTES_MAX && slashes <= TOPIC_SLASHES_MAX;
}

int mosquitto_pub_topic_check(const char* topic) {
    fake_check_thread("mosquitto_pub_topic_check");
    if (topic == NULL || strpbrk(topic, "+#") != NULL || !fits(topic)) return MOSQ_ERR_INVAL;
    return MOSQ_ERR_SUCCESS;
}

int mosquitto_sub_topic_check(const char* topic) {
    fake_check_thread("mosquitto_sub_topic_check");
    if (topic == NULL || !fits(topic)) return MOSQ_ERR_INVAL;
    for (const char* c = topic; *c != '\0'; ++c) {
        if (*c != '+' && *c != '#') continue;
        const bool begins_level = c == topic || c[-1] == '/';
        const bool ends_level = c[1] == '\0' || (*c == '+' && c[1] == '/');
        if (!begins_level || !ends_level) return MOSQ_ERR_INVAL;
    }
    return MOSQ_ERR_SUCCESS;
}

// Both are walked level by level; `sub` and `topic` point at the start of one.
static bool levels_match(const char* sub, const char* topic) {
    for (;;) {
        if (strcmp(sub, "#") == 0) return true;
        const size_t sub_length = strcspn(sub, "/");
        const size_t topic_length = strcspn(topic, "/");
        const bool any = sub_length == 1 && sub[0] == '+';
        if (!any && (sub_length != topic_length || memcmp(sub, topic, sub_length) != 0))
            return false;
        sub += sub_length;
        topic += topic_length;
        if (*topic == '\0') return *sub == '\0' || strcmp(sub, "/#") == 0;
        if (*sub == '\0') return false;
        ++sub;
        ++topic;
    }
}

int mosquitto_topic_matches_sub(const char* sub, const char* topic, bool* result) {
    fake_check_thread("mosquitto_topic_matches_sub");
    if (result == NULL) return MOSQ_ERR_INVAL;
    *result = false;
    if (sub == NULL || topic == NULL || *sub == '\0' || *topic == '\0') return MOSQ_ERR_INVAL;
    if (mosquitto_sub_topic_check(sub) != MOSQ_ERR_SUCCESS) return MOSQ_ERR_INVAL;
    if (mosquitto_pub_topic_check(topic) != MOSQ_ERR_SUCCESS) return MOSQ_ERR_INVAL;
    *result = (*sub == '$') == (*topic == '$') && levels_match(sub, topic);
    return MOSQ_ERR_SUCCESS;
}

// Bytes of the UTF-8 sequence at `text`, 0 where there is none or MQTT 5, 1.5.4 wants it refused.
static int character_length(const unsigned char* text, int available) {
    const int length = text[0] < 0x80                      ? 1
                       : text[0] >= 0xc2 && text[0] < 0xe0 ? 2
                       : text[0] >= 0xe0 && text[0] < 0xf0 ? 3
                       : text[0] >= 0xf0 && text[0] < 0xf5 ? 4
                                                           : 0;
    if (length == 0 || length > available) return 0;
    unsigned code = length == 1 ? text[0] : text[0] & (0x7fU >> length);
    for (int i = 1; i < length; ++i) {
        if ((text[i] & 0xc0U) != 0x80U) return 0;
        code = code << 6U | (text[i] & 0x3fU);
    }
    const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
    const bool surrogate = code >= 0xd800 && code <= 0xdfff;
    const bool control = code < 0x20 || (code >= 0x7f && code <= 0x9f);
    const bool no_character = (code >= 0xfdd0 && code <= 0xfdef) || (code & 0xfffeU) == 0xfffeU;
    if (overlong || surrogate || control || no_character || code > 0x10ffff) return 0;
    return length;
}

int mosquitto_validate_utf8(const char* str, int len) {
    fake_check_thread("mosquitto_validate_utf8");
    if (str == NULL || len < 0 || len > 65536) return MOSQ_ERR_INVAL;
    for (int i = 0; i < len;) {
        const int length = character_length((const unsigned char*)str + i, len - i);
        if (length == 0) return MOSQ_ERR_MALFORMED_UTF8;
        i += length;
    }
    return MOSQ_ERR_SUCCESS;
}

// --- properties: kept as a list so that leaks show, values are of no use to anyone here

struct mqtt5__property {
    struct mqtt5__property* next;
    int identifier;
};

static int add_property(const char* function, mosquitto_property** list, int identifier) {
    fake_check_thread(function);
    if (list == NULL) return MOSQ_ERR_INVAL;
    struct mqtt5__property* property = calloc(1, sizeof(*property));
    if (property == NULL) return MOSQ_ERR_NOMEM;
    property->identifier = identifier;
    while (*list != NULL) list = &(*list)->next;
    *list = property;
    return MOSQ_ERR_SUCCESS;
}

int mosquitto_property_add_byte(mosquitto_property** proplist, int identifier, uint8_t value) {
    (void)value;
    return add_property("mosquitto_property_add_byte", proplist, identifier);
}

int mosquitto_property_add_int16(mosquitto_property** proplist, int identifier, uint16_t value) {
    (void)value;
    return add_property("mosquitto_property_add_int16", proplist, identifier);
}

int mosquitto_property_add_int32(mosquitto_property** proplist, int identifier, uint32_t value) {
    (void)value;
    return add_property("mosquitto_property_add_int32", proplist, identifier);
}

int mosquitto_property_add_varint(mosquitto_property** proplist, int identifier, uint32_t value) {
    (void)value;
    return add_property("mosquitto_property_add_varint", proplist, identifier);
}

int mosquitto_property_add_binary(mosquitto_property** proplist, int identifier, const void* value,
                                  uint16_t len) {
    (void)value;
    (void)len;
    return add_property("mosquitto_property_add_binary", proplist, identifier);
}

int mosquitto_property_add_string(mosquitto_property** proplist, int identifier,
                                  const char* value) {
    if (value == NULL) return MOSQ_ERR_INVAL;
    return add_property("mosquitto_property_add_string", proplist, identifier);
}

int mosquitto_property_add_string_pair(mosquitto_property** proplist, int identifier,
                                       const char* name, const char* value) {
    if (name == NULL || value == NULL) return MOSQ_ERR_INVAL;
    return add_property("mosquitto_property_add_string_pair", proplist, identifier);
}

void fake_property_free_all(mosquitto_property** list) {
    if (list == NULL) return;
    while (*list != NULL) {
        struct mqtt5__property* next = (*list)->next;
        free(*list);
        *list = next;
    }
}

void mosquitto_property_free_all(mosquitto_property** properties) {
    fake_check_thread("mosquitto_property_free_all");
    fake_property_free_all(properties);
}
