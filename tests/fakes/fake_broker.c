// The fake broker's own life: start, plugins, events, records. What the real ones do in the same
// place was read in Mosquitto 2.0.11, 2.0.21 and 2.1.2 (plugin.c, security.c, handle_publish.c).

#include "fake_broker.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_broker_internal.h"

struct fake_broker fake_broker = {.mutex = PTHREAD_MUTEX_INITIALIZER};

bool fake_broker_is_2_1(void) {
#ifdef FAKE_BROKER_2_1
    return true;
#else
    return false;
#endif
}

// --- records

char* fake_copy_text(const char* text) {
    if (text == NULL) return NULL;
    char* copy = strdup(text);
    if (copy == NULL) abort();
    return copy;
}

void fake_text_list_add(struct text_list* list, const char* text) {
    char** items = realloc(list->items, (list->count + 1) * sizeof(*items));
    if (items == NULL) abort();
    list->items = items;
    list->items[list->count++] = fake_copy_text(text);
}

void fake_text_list_clear(struct text_list* list) {
    for (size_t i = 0; i < list->count; ++i) free(list->items[i]);
    free(list->items);
    *list = (struct text_list){0};
}

void fake_violation(const char* format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    pthread_mutex_lock(&fake_broker.mutex);
    fake_text_list_add(&fake_broker.violations, text);
    pthread_mutex_unlock(&fake_broker.mutex);
}

void fake_check_thread(const char* function) {
    if (!fake_broker.running) {
        fake_violation("%s is called although no broker runs", function);
    } else if (!pthread_equal(fake_broker.thread, pthread_self())) {
        fake_violation("%s is called from another thread than the broker's", function);
    }
}

static void clear_records(void) {
    pthread_mutex_lock(&fake_broker.mutex);
    fake_text_list_clear(&fake_broker.violations);
    fake_text_list_clear(&fake_broker.kicked);
    while (fake_broker.log != NULL) {
        struct log_record* next = fake_broker.log->next;
        free(fake_broker.log->text);
        free(fake_broker.log);
        fake_broker.log = next;
    }
    while (fake_broker.queued != NULL) {
        struct queued_record* next = fake_broker.queued->next;
        free(fake_broker.queued->client_id);
        free(fake_broker.queued->topic);
        free(fake_broker.queued->payload);
        free(fake_broker.queued);
        fake_broker.queued = next;
    }
    pthread_mutex_unlock(&fake_broker.mutex);
}

static size_t count_of(const struct text_list* list) {
    pthread_mutex_lock(&fake_broker.mutex);
    const size_t count = list->count;
    pthread_mutex_unlock(&fake_broker.mutex);
    return count;
}

// The text stays where it is until the list is cleared, whatever is added meanwhile.
static const char* item_of(const struct text_list* list, size_t index) {
    pthread_mutex_lock(&fake_broker.mutex);
    const char* text = index < list->count ? list->items[index] : NULL;
    pthread_mutex_unlock(&fake_broker.mutex);
    return text;
}

size_t fake_broker_violation_count(void) {
    return count_of(&fake_broker.violations);
}
const char* fake_broker_violation(size_t index) {
    return item_of(&fake_broker.violations, index);
}
size_t fake_broker_kicked_count(void) {
    return count_of(&fake_broker.kicked);
}
const char* fake_broker_kicked(size_t index) {
    return item_of(&fake_broker.kicked, index);
}

size_t fake_broker_log_count(void) {
    size_t count = 0;
    pthread_mutex_lock(&fake_broker.mutex);
    for (const struct log_record* line = fake_broker.log; line != NULL; line = line->next) ++count;
    pthread_mutex_unlock(&fake_broker.mutex);
    return count;
}

struct fake_log_line fake_broker_log_line(size_t index) {
    struct fake_log_line result = {0};
    pthread_mutex_lock(&fake_broker.mutex);
    const struct log_record* line = fake_broker.log;
    while (line != NULL && index-- > 0) line = line->next;
    if (line != NULL) result = (struct fake_log_line){line->level, line->text, line->truncated};
    pthread_mutex_unlock(&fake_broker.mutex);
    return result;
}

size_t fake_broker_queued_count(void) {
    size_t count = 0;
    pthread_mutex_lock(&fake_broker.mutex);
    for (const struct queued_record* q = fake_broker.queued; q != NULL; q = q->next) ++count;
    pthread_mutex_unlock(&fake_broker.mutex);
    return count;
}

struct fake_queued_publish fake_broker_queued_publish(size_t index) {
    struct fake_queued_publish result = {0};
    pthread_mutex_lock(&fake_broker.mutex);
    const struct queued_record* q = fake_broker.queued;
    while (q != NULL && index-- > 0) q = q->next;
    if (q != NULL) {
        result = (struct fake_queued_publish){q->client_id,   q->topic, q->payload,
                                              q->payload_len, q->qos,   q->retain};
    }
    pthread_mutex_unlock(&fake_broker.mutex);
    return result;
}

size_t fake_broker_callback_count(int event) {
    size_t count = 0;
    for (const struct callback* c = fake_broker.callbacks; c != NULL; c = c->next) {
        if (event == 0 || c->event == event) ++count;
    }
    return count;
}

size_t fake_broker_callbacks_left_behind(void) {
    return fake_broker.callbacks_left_behind;
}

// --- plugins

void fake_broker_start(void) {
    if (fake_broker.running) abort();
    clear_records();
    fake_memory_clear();
    fake_broker.callbacks_left_behind = 0;
    fake_broker.thread = pthread_self();
    fake_broker.running = true;
}

void fake_broker_stop(void) {
    fake_broker_unload();
    fake_connections_clear();
    fake_broker.running = false;
    clear_records();
    fake_memory_clear();
}

static struct mosquitto_opt* options_of(const struct mosquitto_plugin_id_t* plugin) {
    struct mosquitto_opt* options = calloc((size_t)plugin->option_count + 1, sizeof(*options));
    if (options == NULL) abort();
    for (int i = 0; i < plugin->option_count; ++i) {
        options[i].key = fake_copy_text(plugin->options[i].key);
        options[i].value = fake_copy_text(plugin->options[i].value);
    }
    return options;
}

static void free_options(struct mosquitto_opt* options, int count) {
    for (int i = 0; i < count; ++i) {
        free(options[i].key);
        free(options[i].value);
    }
    free(options);
}

static void forget_callbacks_of(const struct mosquitto_plugin_id_t* plugin) {
    struct callback** link = &fake_broker.callbacks;
    while (*link != NULL) {
        struct callback* callback = *link;
        if (callback->plugin != plugin) {
            link = &callback->next;
            continue;
        }
        ++fake_broker.callbacks_left_behind;
        *link = callback->next;
        free(callback);
    }
}

static void clean_up(struct mosquitto_plugin_id_t* plugin) {
    struct mosquitto_opt* options = options_of(plugin);
    fake_broker.phase = PHASE_CLEANUP;
    plugin->cleanup(plugin->user_data, options, plugin->option_count);
    fake_broker.phase = PHASE_IDLE;
    free_options(options, plugin->option_count);
}

static void remove_plugin(struct mosquitto_plugin_id_t* plugin) {
    forget_callbacks_of(plugin);
    // 2.1 leaves the file loaded.
    if (plugin->library != NULL && !fake_broker_is_2_1()) dlclose(plugin->library);
    for (int i = 0; i < plugin->option_count; ++i) {
        free((char*)plugin->options[i].key);
        free((char*)plugin->options[i].value);
    }
    free(plugin->options);
    free(plugin);
}

static void* open_library(const char* path) {
    void* library = dlopen(path, RTLD_NOW | (fake_broker_is_2_1() ? RTLD_LOCAL : RTLD_GLOBAL));
    if (library == NULL) mosquitto_log_printf(MOSQ_LOG_ERR, "%s", dlerror());
    return library;
}

// dlsym returns a data pointer, which ISO C does not turn into a function pointer.
static void find_function(void* library, const char* name, void* function_pointer) {
    void* symbol = dlsym(library, name);
    memcpy(function_pointer, &symbol, sizeof(symbol));
}

int fake_broker_negotiate(const char* path, const int* versions, int version_count) {
    int (*version)(int, const int*) = NULL;
    void* library = open_library(path);
    if (library == NULL) return -1;
    find_function(library, "mosquitto_plugin_version", &version);
    const int answer = version == NULL ? -1 : version(version_count, versions);
    dlclose(library);
    return answer;
}

static int initialise(struct mosquitto_plugin_id_t* plugin) {
    int (*version)(int, const int*) = NULL;
    int (*init)(mosquitto_plugin_id_t*, void**, struct mosquitto_opt*, int) = NULL;
    find_function(plugin->library, "mosquitto_plugin_version", &version);
    find_function(plugin->library, "mosquitto_plugin_init", &init);
    find_function(plugin->library, "mosquitto_plugin_cleanup", &plugin->cleanup);
    if (version == NULL || init == NULL || plugin->cleanup == NULL) return MOSQ_ERR_UNKNOWN;

    const int versions[] = {5, 4, 3, 2};
    if (version(4, versions) != 5) return MOSQ_ERR_NOT_SUPPORTED;

    struct mosquitto_opt* options = options_of(plugin);
    fake_broker.phase = PHASE_INIT;
    const int rc = init(plugin, &plugin->user_data, options, plugin->option_count);
    fake_broker.phase = PHASE_IDLE;
    free_options(options, plugin->option_count);
    if (rc != MOSQ_ERR_SUCCESS && fake_broker_is_2_1()) clean_up(plugin);
    return rc;
}

int fake_broker_load(const char* path, const struct fake_option* options, int option_count) {
    struct mosquitto_plugin_id_t* plugin = calloc(1, sizeof(*plugin));
    if (plugin == NULL) abort();
    plugin->options = calloc((size_t)option_count + 1, sizeof(*plugin->options));
    if (plugin->options == NULL) abort();
    plugin->option_count = option_count;
    for (int i = 0; i < option_count; ++i) {
        plugin->options[i].key = fake_copy_text(options[i].key);
        plugin->options[i].value = fake_copy_text(options[i].value);
    }

    plugin->library = open_library(path);
    const int rc = plugin->library == NULL ? MOSQ_ERR_UNKNOWN : initialise(plugin);
    if (rc != MOSQ_ERR_SUCCESS) {
        remove_plugin(plugin);
        return rc;
    }
    struct mosquitto_plugin_id_t** last = &fake_broker.plugins;
    while (*last != NULL) last = &(*last)->next;
    *last = plugin;
    return rc;
}

void fake_broker_unload(void) {
    while (fake_broker.plugins != NULL) {
        struct mosquitto_plugin_id_t* plugin = fake_broker.plugins;
        fake_broker.plugins = plugin->next;
        clean_up(plugin);
        remove_plugin(plugin);
    }
}
