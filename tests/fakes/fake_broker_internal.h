#pragma once

// What the parts of the fake broker share: fake_broker.c is the broker's own life,
// fake_broker_events.c what it asks its plugins, fake_broker_functions.c what plugins call,
// fake_broker_memory.c the broker's allocator.

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

// The executable must export what the mosquitto headers declare, whatever the default is.
#pragma GCC visibility push(default)
#if __has_include(<mosquitto/broker_plugin.h>)
#include <mosquitto.h>
#else
#include <mosquitto.h>
#include <mosquitto_broker.h>
// must come after it
#include <mosquitto_plugin.h>
#endif
#pragma GCC visibility pop

#include "fake_broker.h"

struct mosquitto {
    char* id;
    char* username;
    char* address;
    int protocol;  // 0: made up by the broker, never connected
    int subscriptions;
    struct mosquitto* next;
};

struct mosquitto_plugin_id_t {
    void* library;
    void* user_data;
    int (*cleanup)(void*, struct mosquitto_opt*, int);
    struct fake_option* options;  // own copies
    int option_count;
    struct mosquitto_plugin_id_t* next;
};

struct callback {
    int event;
    MOSQ_FUNC_generic_callback function;
    void* user_data;
    struct mosquitto_plugin_id_t* plugin;
    struct callback* next;
};

struct text_list {
    char** items;
    size_t count;
};

struct log_record {
    int level;
    char* text;
    bool truncated;
    struct log_record* next;
};

struct queued_record {
    char* client_id;
    char* topic;
    char* payload;
    int payload_len;
    int qos;
    bool retain;
    struct queued_record* next;
};

enum phase { PHASE_IDLE, PHASE_INIT, PHASE_MESSAGE, PHASE_TICK, PHASE_RELOAD, PHASE_CLEANUP };

struct fake_broker {
    bool running;
    pthread_t thread;
    enum phase phase;
    struct mosquitto_plugin_id_t* plugins;  // in order of loading
    struct callback* callbacks;             // in order of registration
    struct mosquitto* connections;
    size_t callbacks_left_behind;

    pthread_mutex_t mutex;  // guards what follows: other threads are recorded, too
    struct text_list violations;
    struct text_list kicked;
    struct log_record* log;
    struct queued_record* queued;
};

extern struct fake_broker fake_broker;

// NULL for NULL.
char* fake_copy_text(const char* text);
void fake_connections_clear(void);
// Records a breach of the plugin's contract. Thread: any.
void fake_violation(const char* format, ...) __attribute__((format(printf, 1, 2)));
// First statement of every function that plugins call.
void fake_check_thread(const char* function);
void fake_text_list_add(struct text_list* list, const char* text);
void fake_text_list_clear(struct text_list* list);

// The broker's allocator. A block belongs to the plugin that asked for it until it is handed over.
void* fake_memory_own(size_t bytes);           // a zeroed block of the broker's own, never NULL
void fake_memory_own_free(void* memory);       // of such a block, or of one handed over
bool fake_memory_hand_over(void* memory);      // false: not a block of a plugin
size_t fake_memory_bytes(const void* memory);  // 0 = not a block of this broker
void fake_memory_clear(void);

void fake_property_free_all(mosquitto_property** list);
