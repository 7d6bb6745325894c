/* SPDX-License-Identifier: Apache-2.0 */
/* ledger.h - the core's memory on disk: records in, records out.
 *
 * Threads: as the store; _blob may be called by another thread than the rest.
 */
#ifndef TAMIS_LEDGER_H
#define TAMIS_LEDGER_H

#include "tamis/coordinator_core.h"
#include "tamis/store.h"

/* Gives every record to the core (_restore). Errors of the store and of the core. */
TAMIS_MUST_USE
tamis_status tamis_ledger_load(tamis_store *store, tamis_coordinator_core *core, tamis_err *err);

/* Makes the changes of the effects durable as one batch; deletions of prefixes come last, in
 * batches of their own: they only clear what a done job no longer needs. */
TAMIS_MUST_USE
tamis_status tamis_ledger_commit(tamis_store *store, const tamis_core_effects *effects,
                                 tamis_err *err);

/* The blob of a finished task's result; empty where there was none. */
TAMIS_MUST_USE
tamis_status tamis_ledger_blob(tamis_store *store, const char *job, uint32_t stage, uint32_t task,
                               tamis_buf *blob, tamis_err *err);

#endif
