// A plugin that breaks the broker's rules on request: the topic of a publish says which one.

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

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

static mosquitto_plugin_id_t* identity;
static bool tidy = true;
static char* kept;

static void* log_from_elsewhere(void* unused) {
    mosquitto_log_printf(MOSQ_LOG_INFO, "hello from another thread");
    return unused;
}

static void replace_payload(struct mosquitto_evt_message* event, void* payload, uint32_t length) {
    event->payload = payload;
    event->payloadlen = length;
}

static int on_message(int event_number, void* event_data, void* user_data) {
    (void)event_number;
    (void)user_data;
    struct mosquitto_evt_message* event = event_data;
    const char* wish = event->topic;
    if (strcmp(wish, "thread") == 0) {
        pthread_t thread;
        pthread_create(&thread, NULL, log_from_elsewhere, NULL);
        pthread_join(thread, NULL);
    } else if (strcmp(wish, "polite") == 0) {
        char* payload = mosquitto_calloc(1, 3);
        memcpy(payload, "hi", 2);
        replace_payload(event, payload, 2);
    } else if (strcmp(wish, "not terminated") == 0) {
        char* payload = mosquitto_malloc(2);
        memcpy(payload, "hi", 2);
        replace_payload(event, payload, 2);
    } else if (strcmp(wish, "foreign memory") == 0) {
        static char payload[] = "hi";
        replace_payload(event, payload, 2);
    } else if (strcmp(wish, "free") == 0) {
        mosquitto_free(event->payload);
    } else if (strcmp(wish, "in place") == 0) {
        ((char*)event->payload)[0] = '!';
    } else if (strcmp(wish, "topic") == 0) {
        static char topic[] = "elsewhere";
        event->topic = topic;
    } else if (strcmp(wish, "leak") == 0) {
        kept = mosquitto_strdup("kept");
    } else if (strcmp(wish, "kick") == 0) {
        mosquitto_kick_client_by_clientid(mosquitto_client_id(event->client), false);
    } else if (strcmp(wish, "two lines") == 0) {
        mosquitto_log_printf(MOSQ_LOG_INFO, "one\ntwo");
    } else if (strcmp(wish, "wildcard") == 0) {
        mosquitto_broker_publish(NULL, "a/+", 0, NULL, 0, false, NULL);
    } else if (strcmp(wish, "untidy") == 0) {
        tidy = false;
    }
    return MOSQ_ERR_SUCCESS;
}

int mosquitto_plugin_version(int supported_version_count, const int* supported_versions) {
    for (int i = 0; i < supported_version_count; ++i) {
        if (supported_versions[i] == 5) return 5;
    }
    return -1;
}

int mosquitto_plugin_init(mosquitto_plugin_id_t* identifier, void** userdata,
                          struct mosquitto_opt* options, int option_count) {
    (void)userdata;
    (void)options;
    (void)option_count;
    identity = identifier;
    tidy = true;
    return mosquitto_callback_register(identity, MOSQ_EVT_MESSAGE, on_message, NULL, NULL);
}

int mosquitto_plugin_cleanup(void* userdata, struct mosquitto_opt* options, int option_count) {
    (void)userdata;
    (void)options;
    (void)option_count;
    mosquitto_free(kept);
    kept = NULL;
    if (!tidy) return mosquitto_broker_publish(NULL, "last/words", 0, NULL, 0, false, NULL);
    return mosquitto_callback_unregister(identity, MOSQ_EVT_MESSAGE, on_message, NULL);
}
