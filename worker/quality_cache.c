/* SPDX-License-Identifier: Apache-2.0 */
#include "quality_cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct opened {
    struct opened *next;
    char *spec;
    tamis_quality *quality;
    unsigned users;
} opened;

/* The only state of the process beside its stores: models are large, and the functions of tasks
 * have no other place in common. Guarded by `mutex`; the entry used last stands first. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static opened *entries;

static void entry_destroy(opened *entry)
{
    if (entry != NULL) {
        tamis_quality_close(entry->quality);
        free(entry->spec);
        free(entry);
    }
}

/* Closes what nobody uses, but for the first. */
static void close_idle(void)
{
    opened **at = entries == NULL ? &entries : &entries->next;

    while (*at != NULL) {
        opened *entry = *at;

        if (entry->users == 0) {
            *at = entry->next;
            entry_destroy(entry);
        } else {
            at = &entry->next;
        }
    }
}

static tamis_status open_entry(const char *spec, const struct tamis_roots *roots,
                               opened **out_entry, tamis_err *err)
{
    opened *entry = calloc(1, sizeof(*entry));
    tamis_status status = TAMIS_OK;

    if (entry != NULL) {
        entry->spec = strdup(spec);
    }
    if (entry == NULL || entry->spec == NULL) {
        entry_destroy(entry);
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a quality specification");
    }
    status = tamis_quality_open(tamis_slice_of_string(spec), roots, &entry->quality, err);
    if (status != TAMIS_OK) {
        entry_destroy(entry);
        return status;
    }
    *out_entry = entry;
    return TAMIS_OK;
}

/* The entry of that specification, taken out of the list; NULL: it is not open. */
static opened *take_entry(const char *spec)
{
    for (opened **at = &entries; *at != NULL; at = &(*at)->next) {
        opened *entry = *at;

        if (strcmp(entry->spec, spec) == 0) {
            *at = entry->next;
            return entry;
        }
    }
    return NULL;
}

tamis_status tamis_quality_acquire(const char *spec, const struct tamis_roots *roots,
                                   const tamis_quality **out_quality, tamis_err *err)
{
    opened *entry = NULL;
    tamis_status status = TAMIS_OK;

    (void)pthread_mutex_lock(&mutex); /* cannot fail: of the default kind, and not held */
    entry = take_entry(spec);
    if (entry == NULL) {
        status = open_entry(spec, roots, &entry, err);
    }
    if (status == TAMIS_OK) {
        entry->users++;
        entry->next = entries;
        entries = entry;
        *out_quality = entry->quality;
        close_idle();
    }
    (void)pthread_mutex_unlock(&mutex);
    return status;
}

void tamis_quality_release(const tamis_quality *quality)
{
    opened *entry = NULL;

    if (quality == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&mutex);
    for (entry = entries; entry->quality != quality; entry = entry->next) {
        TAMIS_ASSERT(entry->next != NULL);
    }
    TAMIS_ASSERT(entry->users != 0);
    entry->users--;
    close_idle();
    (void)pthread_mutex_unlock(&mutex);
}
