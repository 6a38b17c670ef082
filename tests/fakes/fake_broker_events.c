// The events of the fake broker: what it raises, and what it makes of the answers.

#include <stdlib.h>
#include <string.h>

#include "fake_broker_internal.h"

static bool same_text(const char* a, const char* b) {
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

// The link that points at the connection of this client, or at the end of the list.
static struct mosquitto** find_connection(const struct fake_client* client) {
    struct mosquitto** link = &fake_broker.connections;
    while (*link != NULL &&
           !(same_text((*link)->id, client->id) && same_text((*link)->username, client->username) &&
             same_text((*link)->address, client->address))) {
        link = &(*link)->next;
    }
    return link;
}

// A connection keeps its address from its first event to fake_broker_disconnect().
static struct mosquitto* client_of(const struct fake_client* client) {
    if (client == NULL) return NULL;
    struct mosquitto** link = find_connection(client);
    if (*link != NULL) return *link;
    struct mosquitto* connection = calloc(1, sizeof(*connection));
    if (connection == NULL) abort();
    connection->id = fake_copy_text(client->id);
    connection->username = fake_copy_text(client->username);
    connection->address = fake_copy_text(client->address);
    connection->protocol = 4;
    *link = connection;
    return connection;
}

static void remove_connection(struct mosquitto** link) {
    struct mosquitto* connection = *link;
    *link = connection->next;
    free(connection->id);
    free(connection->username);
    free(connection->address);
    free(connection);
}

void fake_connections_clear(void) {
    while (fake_broker.connections != NULL) remove_connection(&fake_broker.connections);
}

// The first registration for this event from here on. The real broker has a list per event: a
// callback may register and unregister for other events while it runs.
static struct callback* callback_for(struct callback* from, int event) {
    while (from != NULL && from->event != event) from = from->next;
    return from;
}

// Raises an event at one callback after the other while it is answered with `go_on`.
static int raise_event(int event, void* data, enum phase phase, int go_on) {
    int rc = MOSQ_ERR_SUCCESS;
    struct callback* next = NULL;
    for (struct callback* callback = callback_for(fake_broker.callbacks, event); callback != NULL;
         callback = next) {
        next = callback_for(callback->next, event);
        fake_broker.phase = phase;
        rc = callback->function(event, data, callback->user_data);
        fake_broker.phase = PHASE_IDLE;
        if (rc != go_on) break;
    }
    return rc;
}

static void* own_copy(const void* bytes, size_t count) {
    char* copy = fake_memory_own(count + 1);
    if (count > 0) memcpy(copy, bytes, count);
    return copy;
}

// What the broker will store, and every way in which a plugin may have spoiled it.
static void check_message(const struct mosquitto_evt_message* before,
                          const struct mosquitto_evt_message* after, const void* original) {
    if (after->topic != before->topic)
        fake_violation("the event's topic was replaced: 2.0.11 leaks");
    if (after->properties != before->properties) {
        fake_violation("the event's properties were replaced: 2.0 leaks");
    }
    if (after->qos != before->qos)
        fake_violation("the event's QoS was changed: no broker reads it");

    if (after->payload == before->payload) {
        if (after->payloadlen != before->payloadlen) {
            fake_violation("the length was changed without the payload: no broker reads it");
        }
        if (before->payloadlen > 0 && memcmp(before->payload, original, before->payloadlen) != 0) {
            fake_violation("the payload was changed in place");
        }
        return;
    }
    if (after->payload == NULL) {
        if (after->payloadlen != 0) fake_violation("the new payload is NULL but not empty");
        return;
    }
    const size_t bytes = fake_memory_bytes(after->payload);
    if (bytes == 0) {
        fake_violation("the new payload is not from the broker's allocator");
    } else if (bytes <= after->payloadlen) {
        fake_violation("the new payload has no room for its NUL");
    } else if (((const char*)after->payload)[after->payloadlen] != '\0') {
        fake_violation("the new payload is not NUL-terminated");
    }
}

// As the broker takes over: its own payload is freed, the plugin's becomes the broker's.
static void* take_payload(const struct mosquitto_evt_message* before,
                          const struct mosquitto_evt_message* after, int rc) {
    if (after->payload == before->payload) return before->payload;
    // 2.1 takes the payload only after success: what a refusing plugin put in place leaks there.
    if (rc != MOSQ_ERR_SUCCESS && fake_broker_is_2_1()) return before->payload;
    fake_memory_own_free(before->payload);
    if (after->payload != NULL && !fake_memory_hand_over(after->payload)) return NULL;
    return after->payload;
}

struct fake_delivery fake_broker_publish(const struct fake_client* client, const char* topic,
                                         const void* payload, uint32_t payload_len, uint8_t qos,
                                         bool retain) {
    struct mosquitto_evt_message before = {0};
    before.client = client_of(client);
    before.topic = topic == NULL ? NULL : own_copy(topic, strlen(topic));
    before.payload = payload_len == 0 ? NULL : own_copy(payload, payload_len);
    before.payloadlen = payload_len;
    before.qos = qos;
    before.retain = retain;
    mosquitto_property* properties = NULL;
    mosquitto_property_add_byte(&properties, 1, 1);  // payload format indicator
    before.properties = properties;

    struct mosquitto_evt_message event = before;
    const int rc = raise_event(MOSQ_EVT_MESSAGE, &event, PHASE_MESSAGE, MOSQ_ERR_SUCCESS);
    check_message(&before, &event, payload);

    struct fake_delivery delivery = {
        .rc = rc, .topic = fake_copy_text(topic), .retain = event.retain};
    delivery.replaced = event.payload != before.payload;
    void* stored = take_payload(&before, &event, rc);
    if (stored != NULL) {
        // The length is read only together with a new payload.
        delivery.payload_len = stored == before.payload ? before.payloadlen : event.payloadlen;
        delivery.payload = calloc(1, (size_t)delivery.payload_len + 1);
        if (delivery.payload == NULL) abort();
        memcpy(delivery.payload, stored, delivery.payload_len);
    }

    fake_memory_own_free(stored);
    fake_memory_own_free(before.topic);
    fake_property_free_all(&properties);
    return delivery;
}

void fake_delivery_free(struct fake_delivery* delivery) {
    free(delivery->topic);
    free(delivery->payload);
    *delivery = (struct fake_delivery){0};
}

// Raises an event whose answers nobody reads.
static void raise_to_all(int event, void* data, enum phase phase) {
    struct callback* next = NULL;
    for (struct callback* callback = callback_for(fake_broker.callbacks, event); callback != NULL;
         callback = next) {
        next = callback_for(callback->next, event);
        fake_broker.phase = phase;
        callback->function(event, data, callback->user_data);
        fake_broker.phase = PHASE_IDLE;
    }
}

void fake_broker_tick(void) {
    struct mosquitto_evt_tick event = {0};
    raise_to_all(MOSQ_EVT_TICK, &event, PHASE_TICK);
}

int fake_broker_reload(void) {
    struct mosquitto_evt_reload event = {0};  // no options: neither broker passes them
    return raise_event(MOSQ_EVT_RELOAD, &event, PHASE_RELOAD,
                       fake_broker_is_2_1() ? MOSQ_ERR_SUCCESS : MOSQ_ERR_PLUGIN_DEFER);
}

int fake_broker_login(const struct fake_client* client, const char* password) {
    struct mosquitto_evt_basic_auth event = {0};
    event.client = client_of(client);
    event.username = fake_copy_text(client->username);
    event.password = fake_copy_text(password);
    const int rc =
        fake_broker_callback_count(MOSQ_EVT_BASIC_AUTH) == 0
            ? MOSQ_ERR_PLUGIN_DEFER
            : raise_event(MOSQ_EVT_BASIC_AUTH, &event, PHASE_IDLE, MOSQ_ERR_PLUGIN_DEFER);
    free(event.username);
    free(event.password);
    return rc;
}

static int raise_acl_check(struct mosquitto_evt_acl_check* event) {
    return fake_broker_callback_count(MOSQ_EVT_ACL_CHECK) == 0
               ? MOSQ_ERR_PLUGIN_DEFER
               : raise_event(MOSQ_EVT_ACL_CHECK, event, PHASE_IDLE, MOSQ_ERR_PLUGIN_DEFER);
}

int fake_broker_check_access(const struct fake_client* client, int access, const char* topic,
                             bool retain) {
    struct mosquitto_evt_acl_check event = {0};
    event.client = client_of(client);
    event.access = access;
    event.topic = topic;
    event.retain = retain;
    const int rc = raise_acl_check(&event);
    const bool refused = rc != MOSQ_ERR_SUCCESS && rc != MOSQ_ERR_PLUGIN_DEFER;
    if (access == MOSQ_ACL_SUBSCRIBE && !refused && event.client != NULL) {
        ++event.client->subscriptions;
    }
    return rc;
}

int fake_broker_check_author(const struct fake_client* author, const char* topic) {
    struct mosquitto made_up = {0};
    made_up.id = fake_copy_text(author->id);
    made_up.username = fake_copy_text(author->username);
    struct mosquitto_evt_acl_check event = {0};
    event.client = &made_up;
    event.access = MOSQ_ACL_WRITE;
    event.topic = topic;
    event.retain = true;
    const int rc = raise_acl_check(&event);
    free(made_up.id);
    free(made_up.username);
    return rc;
}

void fake_broker_disconnect(const struct fake_client* client, int reason) {
    struct mosquitto_evt_disconnect event = {0};
    event.client = client_of(client);
    event.reason = reason;
    raise_to_all(MOSQ_EVT_DISCONNECT, &event, PHASE_IDLE);
}

void fake_broker_connect(const struct fake_client* client) {
    struct mosquitto_evt_disconnect event = {0};  // that of a connect begins like it
    event.client = client_of(client);
    raise_to_all(FAKE_EVT_CONNECT, &event, PHASE_IDLE);
}

void fake_broker_go_offline(const struct fake_client* client, int reason) {
    struct mosquitto_evt_disconnect event = {0};  // likewise
    event.client = client_of(client);
    event.reason = reason;
    raise_to_all(FAKE_EVT_CLIENT_OFFLINE, &event, PHASE_IDLE);
}

int fake_broker_check_will(const struct fake_client* client, const char* topic, const char* payload,
                           bool retain) {
    struct mosquitto_evt_acl_check event = {0};
    event.client = client_of(client);
    event.access = MOSQ_ACL_WRITE;
    event.topic = topic;
    event.payload = payload;
    event.payloadlen = (uint32_t)strlen(payload);
    event.retain = retain;
    return raise_acl_check(&event);
}

void fake_broker_forget(const struct fake_client* client) {
    struct mosquitto** link = find_connection(client);
    if (*link != NULL) remove_connection(link);
}
