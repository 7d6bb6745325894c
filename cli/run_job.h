/* SPDX-License-Identifier: Apache-2.0 */
/* run_job.h - the job that the options of `run` and `submit` ask for, with its OUT claimed.
 *
 * Threads: one.
 */
#ifndef TAMIS_RUN_JOB_H
#define TAMIS_RUN_JOB_H

#include "run_folder.h"
#include "tamis/options.h"
#include "tamis/path.h"

typedef struct tamis_run_job {
    tamis_job job; /* its texts borrow from here and from the options */
    char out_path[TAMIS_PATH_MAX];
    char id[17];
    int lock; /* of OUT, held until _fini; -1: none */
} tamis_run_job;

void tamis_run_job_init(tamis_run_job *run_job);

/* Reads the deciding options. TAMIS_EARG: a usage error. */
TAMIS_MUST_USE
tamis_status tamis_run_job_settings(tamis_run_job *run_job, const tamis_options *options,
                                    tamis_err *err);

/* In place of _settings: settings and inputs of the finished run in from_path, whose stored values
 * are judged by the quality that the options ask for. Nothing is written. TAMIS_EARG: a usage
 * error, the work was not kept, or what was stored does not suffice. TAMIS_ENOENT: no finished run
 * is there. Errors of files and models. */
TAMIS_MUST_USE
tamis_status tamis_run_job_adopt(tamis_run_job *run_job, const char *from_path,
                                 const tamis_options *options, tamis_err *err);

/* Finds OUT (--output) and the inputs (operands, --against, --priority), and claims OUT for the
 * job: its name is that of the unfinished run in OUT, or a new one. An adopted job has its inputs.
 * Errors as of run_folder.h and tamis_discover. */
TAMIS_MUST_USE
tamis_status tamis_run_job_prepare(tamis_run_job *run_job, const tamis_options *options,
                                   tamis_out_state *out_state, tamis_err *err);

/* Bytes of all inputs as they are stored. */
uint64_t tamis_run_job_stored_bytes(const tamis_run_job *run_job);

/* Lets go of OUT. */
void tamis_run_job_fini(tamis_run_job *run_job);

#endif
