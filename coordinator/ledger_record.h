/* SPDX-License-Identifier: Apache-2.0 */
/* ledger_record.h - keys and values of the ledger (docs/FORMATS.md, "Ledger").
 *
 * Pure.
 */
#ifndef TAMIS_LEDGER_RECORD_H
#define TAMIS_LEDGER_RECORD_H

#include "tamis/coordinator_core.h"

#define TAMIS_LEDGER_CHUNK ((size_t)(8u << 20)) /* a packed job is cut to values of this size */

#define TAMIS_LEDGER_NAME_MAX (3 * TAMIS_WIRE_TEXT_MAX) /* bytes of the name in a task's record */

enum {
    TAMIS_LEDGER_BLOB = 'B',
    TAMIS_LEDGER_CHUNK_KEY = 'C',
    TAMIS_LEDGER_EPOCH = 'E',
    TAMIS_LEDGER_JOB = 'J',
    TAMIS_LEDGER_STAGE = 'S',
    TAMIS_LEDGER_TASK = 'T'
};

typedef struct tamis_ledger_key {
    uint8_t group;
    char job[TAMIS_JOB_ID_SIZE];
    uint32_t stage; /* of chunks: their number */
    uint32_t task;
} tamis_ledger_key;

typedef struct tamis_ledger_job {
    tamis_run_state state;
    bool is_data_kept;
    uint64_t order; /* of submission */
    tamis_digest digest;
    uint64_t size_bytes; /* of the packed job */
    tamis_status fault;
    tamis_slice fault_text;
} tamis_ledger_job;

typedef struct tamis_ledger_stage {
    tamis_stage stage;
    bool is_skipped;
    uint64_t elapsed_ms;
    uint64_t bytes;
    uint64_t documents;
    uint64_t counters[TAMIS_COUNTER_COUNT];
} tamis_ledger_stage;

typedef struct tamis_ledger_task {
    bool is_done;
    uint64_t fence;
    /* Done: data folder. Leased: routing id, host and data folder of the worker, with newlines in
     * between; or "local"; or empty: the lease has ended. */
    tamis_slice name;
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
tamis_status tamis_ledger_write_epoch(uint64_t epoch, tamis_buf *out);
TAMIS_MUST_USE
tamis_status tamis_ledger_read_epoch(tamis_slice value, uint64_t *out_epoch);
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
