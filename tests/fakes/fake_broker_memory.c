// The broker's allocator: plain malloc plus a book of who owns what. The book lives beside the
// blocks, not in front of them, so that AddressSanitizer still sees every byte past an end.

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fake_broker_internal.h"

struct block {
    void* memory;
    size_t bytes;
    bool broker_owned;
    struct block* next;
};

enum { BUCKETS = 4096 };

static struct {
    pthread_mutex_t mutex;
    struct block* buckets[BUCKETS];
    size_t plugin_owned;
    bool exhausted;
} book = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static struct block** bucket_of(const void* memory) {
    return &book.buckets[((uintptr_t)memory >> 4U) % BUCKETS];
}

// The link that points at the block, or at NULL where there is none. REQUIRES: mutex held.
static struct block** find(const void* memory) {
    struct block** link = bucket_of(memory);
    while (*link != NULL && (*link)->memory != memory) link = &(*link)->next;
    return link;
}

static void enter(void* memory, size_t bytes, bool broker_owned) {
    struct block* block = malloc(sizeof(*block));
    if (block == NULL) abort();
    pthread_mutex_lock(&book.mutex);
    struct block** bucket = bucket_of(memory);
    *block = (struct block){memory, bytes, broker_owned, *bucket};
    *bucket = block;
    if (!broker_owned) ++book.plugin_owned;
    pthread_mutex_unlock(&book.mutex);
}

enum owner { OWNER_NOBODY, OWNER_PLUGIN, OWNER_BROKER };

// Takes a block of `expected` out of the book. Returns whose it was; another's stays in.
static enum owner strike_out(const void* memory, enum owner expected) {
    pthread_mutex_lock(&book.mutex);
    struct block** link = find(memory);
    struct block* block = *link;
    enum owner owner = OWNER_NOBODY;
    if (block != NULL) owner = block->broker_owned ? OWNER_BROKER : OWNER_PLUGIN;
    if (block != NULL && owner == expected) {
        if (owner == OWNER_PLUGIN) --book.plugin_owned;
        *link = block->next;
        free(block);
    }
    pthread_mutex_unlock(&book.mutex);
    return owner;
}

static bool exhausted(void) {
    pthread_mutex_lock(&book.mutex);
    const bool result = book.exhausted;
    pthread_mutex_unlock(&book.mutex);
    return result;
}

void fake_broker_exhaust_memory(bool is_exhausted) {
    pthread_mutex_lock(&book.mutex);
    book.exhausted = is_exhausted;
    pthread_mutex_unlock(&book.mutex);
}

size_t fake_broker_blocks_in_use(void) {
    pthread_mutex_lock(&book.mutex);
    const size_t count = book.plugin_owned;
    pthread_mutex_unlock(&book.mutex);
    return count;
}

void* fake_memory_own(size_t bytes) {
    void* memory = calloc(1, bytes);
    if (memory == NULL) abort();
    enter(memory, bytes, true);
    return memory;
}

void fake_memory_own_free(void* memory) {
    if (memory == NULL) return;
    strike_out(memory, OWNER_BROKER);
    free(memory);
}

bool fake_memory_hand_over(void* memory) {
    pthread_mutex_lock(&book.mutex);
    struct block* block = *find(memory);
    const bool plugins = block != NULL && !block->broker_owned;
    if (plugins) {
        block->broker_owned = true;
        --book.plugin_owned;
    }
    pthread_mutex_unlock(&book.mutex);
    return plugins;
}

size_t fake_memory_bytes(const void* memory) {
    pthread_mutex_lock(&book.mutex);
    const struct block* block = *find(memory);
    const size_t bytes = block == NULL ? 0 : block->bytes;
    pthread_mutex_unlock(&book.mutex);
    return bytes;
}

// Forgets the blocks but leaves the memory: what leaked stays visible to LeakSanitizer and
// valgrind.
void fake_memory_clear(void) {
    pthread_mutex_lock(&book.mutex);
    for (size_t i = 0; i < BUCKETS; ++i) {
        while (book.buckets[i] != NULL) {
            struct block* next = book.buckets[i]->next;
            free(book.buckets[i]);
            book.buckets[i] = next;
        }
    }
    book.plugin_owned = 0;
    book.exhausted = false;
    pthread_mutex_unlock(&book.mutex);
}

void* mosquitto_malloc(size_t size) {
    fake_check_thread("mosquitto_malloc");
    void* memory = exhausted() ? NULL : malloc(size);
    if (memory != NULL) enter(memory, size, false);
    return memory;
}

void* mosquitto_calloc(size_t nmemb, size_t size) {
    fake_check_thread("mosquitto_calloc");
    void* memory = exhausted() ? NULL : calloc(nmemb, size);
    if (memory != NULL) enter(memory, nmemb * size, false);
    return memory;
}

void* mosquitto_realloc(void* ptr, size_t size) {
    fake_check_thread("mosquitto_realloc");
    if (exhausted()) return NULL;
    if (ptr != NULL && strike_out(ptr, OWNER_PLUGIN) != OWNER_PLUGIN) {
        fake_violation("mosquitto_realloc of memory that is not the plugin's");
        return NULL;
    }
    void* memory = realloc(ptr, size);
    if (memory != NULL) enter(memory, size, false);
    return memory;
}

char* mosquitto_strdup(const char* s) {
    fake_check_thread("mosquitto_strdup");
    char* text = exhausted() ? NULL : strdup(s);
    if (text != NULL) enter(text, strlen(s) + 1, false);
    return text;
}

void mosquitto_free(void* mem) {
    fake_check_thread("mosquitto_free");
    if (mem == NULL) return;
    switch (strike_out(mem, OWNER_PLUGIN)) {
        case OWNER_PLUGIN:
            free(mem);
            break;
        case OWNER_BROKER:
            fake_violation("mosquitto_free of memory that is the broker's");
            break;
        case OWNER_NOBODY:
            fake_violation("mosquitto_free of memory that is not from the broker's allocator");
            break;
    }
}
