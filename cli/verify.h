/* SPDX-License-Identifier: Apache-2.0 */
/* verify.h - is a result sound? Every file, every line, every witness, and similarities from the
 * texts.
 *
 * Problems are collected as text that names the place; a check goes on after a problem where it
 * can. Memory is bounded: joins sort and spill into temp_folder.
 *
 * Threads: one.
 */
#ifndef TAMIS_VERIFY_H
#define TAMIS_VERIFY_H

#include "result.h"

#define TAMIS_PROBLEMS_SHOWN 20

typedef struct tamis_verify_options {
    const char *out_path;
    const char *temp_folder;
    uint64_t memory_bytes;
    uint64_t sample; /* removed documents whose similarity is computed again; UINT64_MAX: all */
} tamis_verify_options;

typedef struct tamis_verify_result {
    uint64_t problems; /* all that were found; 0: sound */
    char shown[TAMIS_PROBLEMS_SHOWN][512];
    uint64_t files;
    uint64_t bytes;
    uint64_t rows;
    uint64_t kept;
    uint64_t dropped;
    uint64_t quarantined;
    uint64_t similarities; /* computed again */
    uint64_t unreadable;   /* of the sample: the input is not there any more */
} tamis_verify_result;

/* TAMIS_OK also with problems; errors are those of the check itself (no result there, no memory).
 */
TAMIS_MUST_USE
tamis_status tamis_verify_run(const tamis_verify_options *options, tamis_verify_result *out_result,
                              tamis_err *err);

/* ---- The parts, for verify.c ---- */

typedef struct tamis_verification {
    const tamis_verify_options *options;
    tamis_verify_result *result;
    tamis_job *job;
} tamis_verification;

void tamis_verify_problem(tamis_verification *v, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Sizes and digests of manifest.json; files that it does not name. */
TAMIS_MUST_USE
tamis_status tamis_verify_manifest(tamis_verification *v, tamis_err *err);
/* Rows, sums, witnesses, copies, documents. */
TAMIS_MUST_USE
tamis_status tamis_verify_rows(tamis_verification *v, tamis_err *err);
/* Similarities from the inputs' texts. */
TAMIS_MUST_USE
tamis_status tamis_verify_texts(tamis_verification *v, tamis_err *err);

#endif
