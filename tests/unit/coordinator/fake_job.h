/* SPDX-License-Identifier: Apache-2.0 */
/* fake_job.h - a job without inputs and tasks without work, for tests of who does what when.
 *
 * Each fake task writes one file "out": the hash of its stage, its number and the files of all
 * tasks of the stages before it that were not skipped. So a task that read a wrong, missing or
 * half-written result changes the file of the last stage, which the last task copies to
 * <out_path>/result.
 */
#ifndef FAKE_JOB_H
#define FAKE_JOB_H

#include "tamis/run_status.h"

/* A job of `batches` SCAN tasks. The caller destroys it; NULL: out of memory. */
tamis_job *fake_job_create(const char *id, const char *out_path, uint32_t batches);

/* What the tasks do besides, by environment variables, so that other processes see them too:
 *   FAKE_TASK_MS     how long a task takes
 *   FAKE_FAIL        kind:task:times - fails as retryable so many times (in each process)
 *   FAKE_FATAL       kind:task - fails for good
 *   FAKE_SKIP        SPOOL_PLAN skips the next 3 stages
 *   FAKE_TRACE       file to which each finished task appends a line "stage task" */
const tamis_task_table *fake_tasks(void);

/* Content of <out_path>/result as a number; 0: there is none. */
uint64_t fake_result(const char *out_path);

#endif
