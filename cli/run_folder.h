/* SPDX-License-Identifier: Apache-2.0 */
/* run_folder.h - OUT: may this run use it, and does it go on with one that is there?
 *
 * Threads: one.
 */
#ifndef TAMIS_RUN_FOLDER_H
#define TAMIS_RUN_FOLDER_H

#include "tamis/job.h"

#define TAMIS_WORK_NAME  ".work"
#define TAMIS_STDIN_NAME "stdin"

typedef enum tamis_out_state {
    TAMIS_OUT_NEW,        /* empty or absent */
    TAMIS_OUT_UNFINISHED, /* holds this very run, to be gone on with */
    TAMIS_OUT_DONE        /* holds this very run's result */
} tamis_out_state;

/* Makes OUT, takes it for this process (until *out_lock is closed or the process ends), and makes
 * OUT/.work unless OUT is complete. What a killed process left half-written in an OUT without job
 * is removed. TAMIS_EEXIST: OUT holds something that is no run of tamis. TAMIS_EHELD: another
 * process works there. File systems without locks are used without. *out_lock is -1 after a
 * failure. */
TAMIS_MUST_USE
tamis_status tamis_out_prepare(const char *out_path, int *out_lock, tamis_err *err);

/* Compares the job with the one that OUT holds, whose id it takes over into job_id (17 bytes, where
 * job->id points), and writes OUT/job.bin where there is none. TAMIS_ECHANGED: err names the
 * setting or input that differs. */
TAMIS_MUST_USE
tamis_status tamis_out_claim(const char *out_path, const tamis_job *job, char *job_id,
                             tamis_out_state *out_state, tamis_err *err);

/* Copies standard input to OUT/stdin, durable, where `tamis verify` and `sample` find it later. One
 * that is complete from an earlier start is gone on with; what standard input gives then must be
 * the same again, or nothing (a terminal is not read). TAMIS_ECHANGED: it is something else.
 * out_path_of_spool: TAMIS_PATH_MAX bytes. */
TAMIS_MUST_USE
tamis_status tamis_out_spool_stdin(const char *out_path, char *out_path_of_spool, tamis_err *err);

/* Removes the temporary files that killed processes left in OUT and among its output files. Only
 * when nobody writes there any more. */
TAMIS_MUST_USE
tamis_status tamis_out_sweep(const char *out_path, tamis_err *err);

#endif
