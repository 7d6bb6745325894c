/* SPDX-License-Identifier: Apache-2.0 */
/* ledger_record.h - keys and values of the ledger (docs/FORMATS.md, "Ledger").
 *
 * Pure.
 */
#ifndef TAMIS_LEDGER_RECORD_H
#define TAMIS_LEDGER_RECORD_H

#include "tamis/coordinator_core.h"

#define TAMIS_LEDGER_CHUNK ((size_t)(8u << 20)) /* a packed job is cut to values of this size */

#define TAMIS_LEDGER_HOLDERS_MAX 2 /* of a task: a lease and its backup */

enum {
    TAMIS_LEDGER_BLOB = 'B',
    TAMIS_LEDGER_CHUNK_KEY = 'C',
    TAMIS_LEDGER_EPOCH = 'E',
    TAMIS_LEDGER_FOLDER = 'F',
    TAMIS_LEDGER_JOB = 'J',
    TAMIS_LEDGER_STAGE = 'S',
    TAMIS_LEDGER_TASK = 'T'
};

typedef struct tamis_ledger_key {
    uint8_t group;
    char job[TAMIS_JOB_ID_SIZE];
    uint32_t stage; /* of chunks and folders: their number */
    uint32_t task;
} tamis_ledger_key;

typedef struct tamis_ledger_epoch {
    uint64_t epoch; /* how often a coordinator has started here */
    char cluster[TAMIS_FOLDER_ID_SIZE];
} tamis_ledger_epoch;

/* A data folder; task records name it by its number. Texts borrow from the value. */
typedef struct tamis_ledger_folder {
    tamis_slice id; /* 16 hex digits, or empty */
    tamis_slice path;
    tamis_slice host;
    uint8_t drain;          /* 0 none, 1 drains, 2 at once */
    tamis_slice drain_peer; /* which worker drains */
} tamis_ledger_folder;

typedef struct tamis_ledger_job {
    tamis_run_state state;
    bool is_data_kept;
    uint64_t order; /* of submission */
    tamis_digest digest;
    uint64_t size_bytes; /* of the packed job */
    tamis_status fault;
    tamis_slice fault_text;
    tamis_slice output;
    /* Sums over the tasks; what counts in the record of a job that is done. */
    uint64_t executed;
    uint64_t lost;
    uint64_t backups;
    uint64_t rescued;
} tamis_ledger_job;

typedef struct tamis_ledger_stage {
    tamis_stage stage;
    bool is_skipped;
    uint64_t elapsed_ms;
    uint64_t bytes;
    uint64_t documents;
    uint64_t counters[TAMIS_COUNTER_COUNT];
} tamis_ledger_stage;

typedef enum tamis_ledger_state {
    TAMIS_LEDGER_PENDING,
    TAMIS_LEDGER_LEASED,
    TAMIS_LEDGER_DONE,
    TAMIS_LEDGER_STATE_COUNT
} tamis_ledger_state;

typedef struct tamis_ledger_holder {
    uint64_t fence;
    tamis_slice peer; /* routing id; empty: the coordinator itself */
    uint32_t folder;
} tamis_ledger_holder;

typedef struct tamis_ledger_task {
    tamis_ledger_state state;
    uint64_t fence;        /* newest grant; done: that of the accepted result */
    uint16_t lost;         /* leases that ended without a result */
    uint8_t executed;      /* results accepted */
    uint8_t backups;       /* second grants */
    uint8_t rescued;       /* accepted results that were lost */
    uint8_t losses;        /* workers that died or fell silent while they ran it */
    uint32_t holder_count; /* leased: 1 or 2 */
    tamis_ledger_holder holders[TAMIS_LEDGER_HOLDERS_MAX];
    uint32_t folder; /* done, with all that follows: where the result is */
    uint32_t skip_stages;
    uint64_t bytes;
    uint64_t documents;
    uint64_t counters[TAMIS_COUNTER_COUNT];
} tamis_ledger_task;

#define TAMIS_LEDGER_KEY_SIZE_MAX 23

/* Key of the record, or with part_count < 3 the prefix of several: 1 job, 2 and stage, 3 and task.
 */
size_t tamis_ledger_key_write(const tamis_ledger_key *key, unsigned part_count,
                              uint8_t out[TAMIS_LEDGER_KEY_SIZE_MAX]);
/* TAMIS_EFORMAT. */
TAMIS_MUST_USE
tamis_status tamis_ledger_key_read(tamis_slice bytes, tamis_ledger_key *out_key);

/* Each appends the value to *out (TAMIS_ENOMEM, TAMIS_ELIMIT), or reads one (TAMIS_EFORMAT,
 * TAMIS_EVERSION; slices borrow from the value). */
TAMIS_MUST_USE
tamis_status tamis_ledger_write_epoch(const tamis_ledger_epoch *epoch, tamis_buf *out);
TAMIS_MUST_USE
tamis_status tamis_ledger_read_epoch(tamis_slice value, tamis_ledger_epoch *out_epoch);
TAMIS_MUST_USE
tamis_status tamis_ledger_write_folder(const tamis_ledger_folder *folder, tamis_buf *out);
TAMIS_MUST_USE
tamis_status tamis_ledger_read_folder(tamis_slice value, tamis_ledger_folder *out_folder);
TAMIS_MUST_USE
tamis_status tamis_ledger_write_job(const tamis_ledger_job *job, tamis_buf *out);
TAMIS_MUST_USE
tamis_status tamis_ledger_read_job(tamis_slice value, tamis_ledger_job *out_job);
TAMIS_MUST_USE
tamis_status tamis_ledger_write_stage(const tamis_ledger_stage *stage, tamis_buf *out);
TAMIS_MUST_USE
tamis_status tamis_ledger_read_stage(tamis_slice value, tamis_ledger_stage *out_stage);
TAMIS_MUST_USE
tamis_status tamis_ledger_write_task(const tamis_ledger_task *task, tamis_buf *out);
TAMIS_MUST_USE
tamis_status tamis_ledger_read_task(tamis_slice value, tamis_ledger_task *out_task);

#endif
