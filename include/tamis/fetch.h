/* SPDX-License-Identifier: Apache-2.0 */
/* fetch.h - pulls objects from data servers, into files or into memory.
 *
 * A transfer is one object on its way: the decisions are those of fetch_core.h, this is its clock,
 * its connection and its disk. Transfers go on while _pump runs; between calls up to a window of
 * chunks waits in the queue of the connection.
 *
 * Memory:  of a transfer in flight window x chunk, in the queue; connections that are not used stay
 *          open for the next one, TAMIS_FETCH_IDLE_MAX at most.
 * Threads: a pool is shared (guarded by one mutex, held for looking alone); a transfer belongs to
 *          one thread.
 */
#ifndef TAMIS_FETCH_H
#define TAMIS_FETCH_H

#include <stdatomic.h>

#include "tamis/buf.h"
#include "tamis/fetch_core.h"
#include "tamis/results.h"

#define TAMIS_FETCH_IDLE_MAX   64u
#define TAMIS_FETCH_ACTIVE_MAX 8u /* transfers side by side in tamis_fetch_all */

typedef struct tamis_fetch_pool tamis_fetch_pool;
typedef struct tamis_transfer tamis_transfer;

TAMIS_MUST_USE
tamis_status tamis_fetch_pool_create(tamis_net *net, const tamis_net_security *security,
                                     tamis_fetch_pool **out_pool, tamis_err *err);
/* All transfers must have been destroyed. NULL is allowed. */
void tamis_fetch_pool_destroy(tamis_fetch_pool *pool);

typedef struct tamis_fetch_item {
    const tamis_data_object *object; /* its folder_id is filled in from the book */
    uint32_t folder;                 /* in the book */
    uint32_t window;                 /* requests in flight; 0: 8 */
    const char *path;                /* file to make, or */
    tamis_buf *memory;               /* replaced by the object, at most its max */
    tamis_status status;             /* of the transfer: fetch_core.h, or of the own disk */
    uint64_t size;                   /* of the object */
} tamis_fetch_item;

/* Starts one; the item is borrowed until _destroy. TAMIS_ENOMEM, TAMIS_EIO, TAMIS_ENOSPC,
 * TAMIS_EDENIED: the file. */
TAMIS_MUST_USE
tamis_status tamis_transfer_start(tamis_results *results, tamis_fetch_item *item,
                                  tamis_transfer **out_transfer, tamis_err *err);
/* Goes on with those (NULL entries are passed over) for at most timeout_ms, or until one has ended.
 * A failure is one of our own (disk, memory) and ends all of them. */
TAMIS_MUST_USE
tamis_status tamis_transfer_pump(tamis_transfer *const *transfers, size_t count,
                                 uint64_t timeout_ms, tamis_err *err);
/* Whether it is over; item->status and ->size are set then. */
bool tamis_transfer_has_ended(const tamis_transfer *transfer);
void tamis_transfer_destroy(tamis_transfer *transfer); /* NULL is allowed */

/* Pulls all items, some side by side, and tells of each how it went. Once a folder turned out to be
 * out of reach the items that are left of it end likewise. TAMIS_ECANCELED, or a failure of our own
 * (disk, memory), after which the states of items do not count. */
TAMIS_MUST_USE
tamis_status tamis_fetch_all(tamis_results *results, tamis_fetch_item *items, size_t count,
                             const _Atomic bool *is_canceled, tamis_err *err);

#endif
