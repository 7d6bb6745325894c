/* SPDX-License-Identifier: Apache-2.0 */
/* coordinator.h - a coordinator: one control thread, one thread for local tasks, one ledger.
 *
 * Threads: as tamis_actor.
 */
#ifndef TAMIS_COORDINATOR_H
#define TAMIS_COORDINATOR_H

#include "tamis/log.h"
#include "tamis/net.h"
#include "tamis/results.h"
#include "tamis/root.h"
#include "tamis/task.h"

/* Borrowed until the coordinator has been stopped. Zero: the default of the core's settings. */
typedef struct tamis_coordinator_options {
    tamis_net *net;
    const char *url;          /* to listen on */
    const char *state_folder; /* of the ledger; made when absent; one coordinator at a time */
    const char *data_folder;  /* of local results */
    bool is_embedded; /* its only worker is a thread of this process, has the same data folder
                         and cleans up; one job a ledger */
    const tamis_roots *roots; /* OUT of a job lies beneath them; NULL: anywhere */
    uint64_t memory_bytes;    /* of a local task */
    uint32_t heartbeat_ms;
    uint32_t lease_ms;
    uint32_t attempts_max;
    uint32_t straggler_ms;
    uint32_t lost_after_ms;
    const tamis_net_security *security; /* NULL or off: neither encrypted nor checked */
    const char *allowed_path;           /* with security: the list of keys, see keys.h */
    const char *data_listen;            /* where local results are served; NULL: data_point.h */
    tamis_shuffle_mode shuffle;         /* how results of workers are read */
    const tamis_task_table *tasks;      /* of local kinds */
    tamis_log *log;                     /* NULL: silent */
} tamis_coordinator_options;

/* Recovers from the ledger, starts and listens; out_url (TAMIS_URL_SIZE bytes, may be NULL) is
 * where peers connect to. With security the list of keys is read first, and again when it changes:
 * who is not on it gets nowhere, see tamis/keys.h. When it is stopped everything stays in the
 * ledger. TAMIS_EHELD: address or folder in use; TAMIS_EARG: url; TAMIS_EFORMAT, TAMIS_EVERSION,
 * TAMIS_ECORRUPT: the ledger; TAMIS_EIO, TAMIS_ENOSPC, TAMIS_EDENIED, TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_coordinator_start(const tamis_coordinator_options *options, char *out_url,
                                     tamis_actor **out_coordinator, tamis_err *err);

#endif
