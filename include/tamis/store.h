/* SPDX-License-Identifier: Apache-2.0 */
/* store.h - a small ordered key-value store with atomic, synced batches: what the ledger stands on.
 *
 * Keys and values are bytes; keys are ordered as unsigned bytes. All changes go through a batch: a
 * batch is stored as a whole or not at all, and it is on disk when _commit returns (one batch, one
 * fsync; commits of several threads that meet share one). Two stores behind one interface:
 *   - tamis_store_open: RocksDB in a folder, with a footprint of a few MiB. One process at a time.
 *   - tamis_store_memory_create: in memory, for simulation and tests; can be made to fail and to
 *     crash before or after a commit, and keeps across a crash what a disk would keep.
 * Errors carry the folder and what the store engine said.
 *
 * Threads: a store may be used by several threads; batches and iterators belong to one.
 */
#ifndef TAMIS_STORE_H
#define TAMIS_STORE_H

#include "tamis/buf.h"
#include "tamis/slice.h"

#define TAMIS_STORE_KEY_MAX   1024                  /* bytes; keys are 1 byte or more */
#define TAMIS_STORE_VALUE_MAX (16u << 20)           /* bytes */
#define TAMIS_STORE_BATCH_MAX ((size_t)(64u << 20)) /* bytes of all keys and values of a batch */

typedef struct tamis_store tamis_store;
typedef struct tamis_store_batch tamis_store_batch;
typedef struct tamis_store_iterator tamis_store_iterator;

/* Opens the store in `folder`; the folder is made when it is absent (its parent must exist). After
 * a crash the store shows every batch whose _commit returned, and each other one whole or not.
 * TAMIS_EHELD: another process has it open. TAMIS_ECORRUPT, TAMIS_EIO, TAMIS_ENOSPC, TAMIS_EDENIED,
 * TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_store_open(const char *folder, tamis_store **out_store, tamis_err *err);

/* An empty store in memory; `name` stands in errors where a folder would. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_store_memory_create(const char *name, tamis_store **out_store, tamis_err *err);

/* Closes and frees either kind. Iterators must be destroyed before. NULL is allowed. */
void tamis_store_close(tamis_store *store);

/* ---- Writing --------------------------------------------------------------------------------- */

/* A batch is bound to no store until it is committed. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_store_batch_create(tamis_store_batch **out_batch);
void tamis_store_batch_destroy(tamis_store_batch *batch); /* NULL is allowed */
void tamis_store_batch_reset(tamis_store_batch *batch);   /* empties it, keeps its memory */

/* Later changes of one key win over earlier ones. Key and value are copied. Deleting what is not
 * there is no error. TAMIS_ELIMIT: key, value or batch too large, or an empty key; the batch is as
 * before. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_store_batch_put(tamis_store_batch *batch, tamis_slice key, tamis_slice value);
TAMIS_MUST_USE
tamis_status tamis_store_batch_delete(tamis_store_batch *batch, tamis_slice key);

/* Number of changes in the batch. */
size_t tamis_store_batch_count(const tamis_store_batch *batch);

/* Stores the batch atomically and durably; the batch itself stays as it is. An empty batch is
 * TAMIS_OK and touches no disk. TAMIS_ENOSPC, TAMIS_EIO: whether the batch was stored is known only
 * after the store was closed and opened again; further commits fail too. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_store_commit(tamis_store *store, const tamis_store_batch *batch, tamis_err *err);

/* ---- Reading --------------------------------------------------------------------------------- */

/* Replaces the content of *value by the value of key. TAMIS_ENOENT: no such key (err is not set).
 * TAMIS_EIO, TAMIS_ECORRUPT, TAMIS_ENOMEM, TAMIS_ELIMIT: above value->max. */
TAMIS_MUST_USE
tamis_status tamis_store_get(tamis_store *store, tamis_slice key, tamis_buf *value, tamis_err *err);

/* Iterates over the keys that start with `prefix` (empty: all) in ascending order, as they stood
 * when the iterator was made. TAMIS_ELIMIT: prefix above TAMIS_STORE_KEY_MAX. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_store_iterator_create(tamis_store *store, tamis_slice prefix,
                                         tamis_store_iterator **out_iterator, tamis_err *err);
/* TAMIS_END behind the last. Both slices are valid until the next call on this iterator. */
TAMIS_MUST_USE
tamis_status tamis_store_iterator_next(tamis_store_iterator *iterator, tamis_slice *out_key,
                                       tamis_slice *out_value, tamis_err *err);
void tamis_store_iterator_destroy(tamis_store_iterator *iterator); /* NULL is allowed */

/* ---- Faults of the store in memory ----------------------------------------------------------- */

typedef enum tamis_store_fault {
    TAMIS_STORE_FAULT_NONE,
    TAMIS_STORE_FAULT_REFUSE,       /* the commit fails with TAMIS_EIO, nothing is stored */
    TAMIS_STORE_FAULT_NO_SPACE,     /* the commit fails with TAMIS_ENOSPC, nothing is stored */
    TAMIS_STORE_FAULT_CRASH_BEFORE, /* crash: the batch is lost */
    TAMIS_STORE_FAULT_CRASH_AFTER   /* crash: the batch is stored, its caller never learns it */
} tamis_store_fault;

/* Lets the commit after the next `commits` ones meet `fault`, once. After a crash every call but
 * _close and those below returns TAMIS_ECANCELED. Only for stores in memory (asserted). */
void tamis_store_memory_fail(tamis_store *store, tamis_store_fault fault, uint64_t commits);

/* The crash from outside, between two commits. */
void tamis_store_memory_crash(tamis_store *store);
bool tamis_store_memory_is_crashed(tamis_store *store);

/* A disk that is slow to sync: while held, a commit returns with its batch in the tail of the log
 * only, as a process sees it whose fsync is under way; _sync is the fsync that returns. What is in
 * the tail can be read, but only a synced batch is sure to survive. Releasing syncs. */
void tamis_store_memory_hold(tamis_store *store, bool is_held);
void tamis_store_memory_sync(tamis_store *store);
/* Bytes of the log behind the last sync. */
size_t tamis_store_memory_tail_bytes(tamis_store *store);
/* Power is lost: only the first `kept_bytes` of the tail reach the disk, which may end within a
 * batch; such a batch is not there after the restart. (_crash keeps the whole tail: the process
 * dies, the system lives.) */
void tamis_store_memory_power_off(tamis_store *store, size_t kept_bytes);

/* Starts again after a crash: what had been committed is there. Iterators and their slices from
 * before must be gone. */
void tamis_store_memory_restart(tamis_store *store);

/* Commits that were stored so far. */
uint64_t tamis_store_memory_commit_count(tamis_store *store);

#endif
