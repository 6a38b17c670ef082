#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Mosquitto as a plugin sees it, without sockets: an executable that links this file with
// ENABLE_EXPORTS can dlopen the real rtbridge.so and raise the events that a broker would.
// It offers exactly the functions that Mosquitto 2.0.11, 2.0.21 and 2.1.2 all export, so a plugin
// that needs another one fails to load here too. Built a second time with FAKE_BROKER_2_1, it also
// has mosquitto_plugin_set_info and the other manners of 2.1.
//
// What a plugin must not do (another thread calls in, a payload is not NUL-terminated, the event's
// topic is replaced, ...) does not stop the test; it is recorded as a violation, in words.
//
// There is one fake broker per process, as in life. Thread: all of fake_broker_* belongs to the
// thread that called fake_broker_start(); the mosquitto_* functions may be called, and are
// recorded, from any.

#ifdef __cplusplus
extern "C" {
#endif

struct fake_option {
    const char* key;  // as the plugin gets it, without "plugin_opt_"
    const char* value;
};

struct fake_client {  // any member may be NULL
    const char* id;
    const char* username;
    const char* address;
};

// What became of a publish. Owns its texts; ends with fake_delivery_free().
struct fake_delivery {
    int rc;         // of the plugin; the broker delivers only after MOSQ_ERR_SUCCESS
    char* topic;    // NULL as it was
    char* payload;  // a copy with a NUL behind it; NULL where the broker would store NULL
    uint32_t payload_len;
    bool retain;
    bool replaced;  // the plugin put its own payload in place
};

// A message that the plugin gave to mosquitto_broker_publish(_copy). Views, until
// fake_broker_stop().
struct fake_queued_publish {
    const char* client_id;  // NULL = to every subscriber; otherwise to this client only
    const char* topic;
    const char* payload;  // a NUL behind it; NULL where NULL was given
    int payload_len;
    int qos;
    bool retain;
};

struct fake_log_line {
    int level;  // MOSQ_LOG_...
    const char* text;
    bool truncated;  // the broker's buffer holds 1000 bytes, time stamp included
};

// Whether this build plays Mosquitto 2.1; 2.0 otherwise.
bool fake_broker_is_2_1(void);

// A new broker without plugins, log and violations. The calling thread is the broker's thread.
void fake_broker_start(void);
// Unloads what is loaded and forgets every record.
void fake_broker_stop(void);

// The line "plugin PATH": dlopen, version negotiation, init. Returns what init returned,
// MOSQ_ERR_NOT_SUPPORTED where the plugin takes no version on offer, MOSQ_ERR_UNKNOWN where the
// file cannot be loaded. After a failed init 2.0 calls no cleanup, 2.1 does. The options are gone
// when init returns: neither broker promises more.
int fake_broker_load(const char* path, const struct fake_option* options, int option_count);
// What the plugin answers to an offer of versions, without loading it any further.
int fake_broker_negotiate(const char* path, const int* versions, int version_count);
// End of the broker: cleanup of every plugin, in order of loading; 2.0 then unloads the files.
void fake_broker_unload(void);

// The events. A NULL client is what a publish without a session looks like.
struct fake_delivery fake_broker_publish(const struct fake_client* client, const char* topic,
                                         const void* payload, uint32_t payload_len, uint8_t qos,
                                         bool retain);
void fake_delivery_free(struct fake_delivery* delivery);
void fake_broker_tick(void);
// SIGHUP. Returns what the chain of plugins ended with: 2.0 goes on only after
// MOSQ_ERR_PLUGIN_DEFER, 2.1 only after MOSQ_ERR_SUCCESS.
int fake_broker_reload(void);
// CONNECT: what the plugin that decides about it answered, MOSQ_ERR_PLUGIN_DEFER where none does.
int fake_broker_login(const struct fake_client* client, const char* password);
// Likewise whether a client may do something; `access` is one of MOSQ_ACL_.
int fake_broker_check_access(const struct fake_client* client, int access, const char* topic,
                             bool retain);
// Whether the author of a retained message could still publish it (check_retain_source): the broker
// makes up a client with these names, without an address, for the length of the call.
int fake_broker_check_author(const struct fake_client* author, const char* topic);
// The socket is gone. What the broker asks later about this client (its will, what a durable client
// receives) still comes with the same connection, until fake_broker_forget().
void fake_broker_disconnect(const struct fake_client* client, int reason);
// Mosquitto 2.1 also says who connects, and of a durable client that leaves that it is offline,
// instead of disconnected. 2.0 has no such events: nothing happens.
#define FAKE_EVT_CONNECT 11
#define FAKE_EVT_CLIENT_OFFLINE 28
void fake_broker_connect(const struct fake_client* client);
void fake_broker_go_offline(const struct fake_client* client, int reason);
// The broker is about to publish its will: whether it may.
int fake_broker_check_will(const struct fake_client* client, const char* topic, const char* payload,
                           bool retain);
void fake_broker_forget(const struct fake_client* client);

// From now on the allocators return NULL, as with memory_limit in mosquitto.conf.
void fake_broker_exhaust_memory(bool exhausted);

// Registrations for a MOSQ_EVT_..., all of them for 0.
size_t fake_broker_callback_count(int event);
// Registrations that plugins left behind when they were cleaned up.
size_t fake_broker_callbacks_left_behind(void);
// Blocks from the broker's allocator that the plugin has neither freed nor handed over.
size_t fake_broker_blocks_in_use(void);

size_t fake_broker_log_count(void);
struct fake_log_line fake_broker_log_line(size_t index);
size_t fake_broker_queued_count(void);
struct fake_queued_publish fake_broker_queued_publish(size_t index);
size_t fake_broker_kicked_count(void);
const char* fake_broker_kicked(size_t index);
size_t fake_broker_violation_count(void);
const char* fake_broker_violation(size_t index);

#ifdef __cplusplus
}
#endif
