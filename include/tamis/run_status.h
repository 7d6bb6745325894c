/* SPDX-License-Identifier: Apache-2.0 */
/* run_status.h - how far a job is: what progress, `tamis status` and tests look at.
 *
 * Pure.
 */
#ifndef TAMIS_RUN_STATUS_H
#define TAMIS_RUN_STATUS_H

#include "tamis/job.h"
#include "tamis/task.h"

#define TAMIS_JOB_ID_SIZE 17 /* 16 hex digits and a zero */

typedef enum tamis_run_state {
    TAMIS_RUN_CONNECTING, /* no word from the coordinator yet */
    TAMIS_RUN_QUEUED,     /* accepted; another job runs */
    TAMIS_RUN_RUNNING,
    TAMIS_RUN_DONE,
    TAMIS_RUN_FAILED,
    TAMIS_RUN_CANCELED,
    TAMIS_RUN_PAUSED, /* goes on when it is told to */
    TAMIS_RUN_STATE_COUNT
} tamis_run_state;

/* "connecting", "queued", ...; "unknown" for numbers outside the table. */
const char *tamis_run_state_name(tamis_run_state state);

typedef struct tamis_stage_status {
    tamis_stage stage;
    uint32_t tasks_done;
    bool is_complete;
    bool is_skipped;     /* complete without its tasks (SPOOL_PLAN found nothing to do) */
    uint64_t bytes;      /* as the tasks count them (tamis_task_progress), running ones included */
    uint64_t documents;  /* likewise */
    uint64_t elapsed_ms; /* since its first task was given out, without times of standstill */
    uint64_t counters[TAMIS_COUNTER_COUNT]; /* of its finished tasks */
} tamis_stage_status;

typedef struct tamis_run_status {
    tamis_run_state state;
    char job_id[TAMIS_JOB_ID_SIZE];
    uint32_t stage; /* the one at work; stage_count: all are complete */
    uint32_t stage_count;
    uint32_t tasks_running;
    uint32_t worker_count;     /* that the coordinator hears of */
    uint32_t workers_draining; /* of them: take no new task */
    uint64_t tasks_executed;   /* results accepted since the coordinator started: what a resumed run
                                  did not repeat is not in it */
    uint64_t tasks_lost;       /* leases that ended without an accepted result, over all starts of
                                  the coordinator: what was begun once more */
    uint64_t tasks_backup;     /* second grants beside a slow first one, likewise */
    uint64_t tasks_rescued;    /* accepted results that were lost and are made again, likewise: all
                                  results ever accepted are the tasks done and these */
    uint64_t quarantined_poison; /* records that brought workers down and were passed over */
    tamis_err fault;             /* TAMIS_OK, or why the job failed */
    tamis_stage_status stages[TAMIS_STAGES_MAX];
} tamis_run_status;

/* Adds the counters of one task to those of its stage: sums, but the greatest where the table says
 * so. */
void tamis_counters_add(uint64_t sums[TAMIS_COUNTER_COUNT],
                        const uint64_t counters[TAMIS_COUNTER_COUNT]);

#endif
