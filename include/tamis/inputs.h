/* SPDX-License-Identifier: Apache-2.0 */
/* inputs.h - what one attempt reads of the results of earlier tasks, wherever they lie.
 *
 * Behind the callbacks of tamis_task_env (task.h). Whole files that come over the network are kept
 * in <data>/<job>/fetched/ for all attempts of the process; pieces come as bundles of run-file
 * images into a folder of the attempt and go when they were read.
 *
 * A result that cannot be had is remembered: _finish turns the attempt's failure into TAMIS_ELOST,
 * and _lost lists the tasks that have to be run again.
 *
 * Memory:  about 100 bytes for each run file gathered; of a transfer what fetch.h says.
 * Threads: belongs to the thread of its attempt.
 */
#ifndef TAMIS_INPUTS_H
#define TAMIS_INPUTS_H

#include <stdatomic.h>

#include "tamis/results.h"
#include "tamis/task.h"

#define TAMIS_LOST_MAX 4096u /* tasks in one report */

typedef struct tamis_inputs tamis_inputs;

/* Borrowed until _close. */
typedef struct tamis_inputs_options {
    tamis_results *results;
    const char *job;
    const char *temp_folder; /* of bundles; made when one is needed, removed by _close */
    /* Number of the folder with that task's result, or TAMIS_FOLDER_NONE. */
    uint32_t (*owner)(void *context, uint32_t stage, uint32_t task);
    void *context;
    const _Atomic bool *is_canceled; /* NULL: never */
} tamis_inputs_options;

/* Lost results of one stage in one folder. */
typedef struct tamis_lost {
    uint32_t stage;
    uint32_t folder;
    bool is_gone; /* not there or damaged; else its owner could not be reached */
    uint32_t *tasks;
    size_t count; /* 0: nothing is lost */
} tamis_lost;

TAMIS_MUST_USE
tamis_status tamis_inputs_open(const tamis_inputs_options *options, tamis_inputs **out_inputs,
                               tamis_err *err);
void tamis_inputs_close(tamis_inputs *inputs); /* NULL is allowed */

/* These do what task.h says. */
TAMIS_MUST_USE
tamis_status tamis_inputs_file(tamis_inputs *inputs, uint32_t stage, uint32_t task,
                               tamis_result_file file, char out_path[TAMIS_PATH_MAX],
                               tamis_err *err);
TAMIS_MUST_USE
tamis_status tamis_inputs_gather(tamis_inputs *inputs, const tamis_gather *wanted,
                                 size_t wanted_count, tamis_gathered **out_gathered,
                                 tamis_err *err);
void tamis_inputs_release(tamis_inputs *inputs, tamis_gathered *gathered, bool is_read);
void tamis_inputs_mark_lost(tamis_inputs *inputs, uint32_t stage, uint32_t task, bool is_gone);

/* Where the result of a task is: number and path (valid until _close) of its folder, and the way to
 * it. TAMIS_ENOENT: skipped; TAMIS_ELOST: it is not there any more (looked at only where a path
 * leads to it). */
TAMIS_MUST_USE
tamis_status tamis_inputs_place(tamis_inputs *inputs, uint32_t stage, uint32_t task,
                                uint32_t *out_folder, const char **out_path, tamis_way *out_way,
                                tamis_err *err);

/* The document records of a SCAN task whose folder is reached over the network; valid until _close,
 * after all cursors over them. */
TAMIS_MUST_USE
tamis_status tamis_inputs_remote_records(tamis_inputs *inputs, uint32_t stage, uint32_t task,
                                         uint32_t folder, tamis_records **out_records,
                                         tamis_err *err);

/* The outcome of the attempt, given how its task ended: after a failure that a damaged input may
 * have caused, what was read last is checked. TAMIS_ELOST: there is something in _lost. */
TAMIS_MUST_USE
tamis_status tamis_inputs_finish(tamis_inputs *inputs, tamis_status status, tamis_err *err);
/* The first stage and folder of which something is lost, and all its tasks, ascending; those that
 * are gone come before those that were out of reach. The caller frees out_lost->tasks.
 * TAMIS_ENOMEM.
 */
TAMIS_MUST_USE
tamis_status tamis_inputs_lost(const tamis_inputs *inputs, tamis_lost *out_lost);

#endif
