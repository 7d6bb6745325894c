/* SPDX-License-Identifier: Apache-2.0 */
/* results_internal.h - what the readers of one process share beside what results.h tells. */
#ifndef TAMIS_RESULTS_INTERNAL_H
#define TAMIS_RESULTS_INTERNAL_H

#include "tamis/fetch.h"
#include "tamis/results.h"

/* A file is fetched once: whoever wants the same one meanwhile waits. The caller's storage. */
typedef struct tamis_copy_lock {
    struct tamis_copy_lock *next;
    const char *path;
} tamis_copy_lock;

/* NULL: nothing comes over the network. */
tamis_fetch_pool *tamis_results_pool(tamis_results *results);

void tamis_copy_acquire(tamis_results *results, tamis_copy_lock *lock);
void tamis_copy_release(tamis_results *results, tamis_copy_lock *lock);

#endif
