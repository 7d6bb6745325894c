/* SPDX-License-Identifier: Apache-2.0 */
/* refilter_parts.h - what refilter.c counts and refilter_print.c shows. */
#ifndef TAMIS_REFILTER_PARTS_H
#define TAMIS_REFILTER_PARTS_H

#include "refilter.h"
#include "result.h"
#include "text_out.h"

typedef struct refilter_sum {
    uint64_t documents;
    uint64_t bytes; /* of text */
} refilter_sum;

/* Of an input, or of all. */
typedef struct refilter_count {
    refilter_sum graded;
    refilter_sum passed; /* in the run */
    refilter_sum passes;
    refilter_sum promoted; /* dropped in the run, passes now */
    refilter_sum demoted;
} refilter_count;

typedef struct refilter {
    const tamis_refilter_source *source;
    const char **columns; /* names of the wanted columns */
    double *values;
    size_t was_count;    /* reasons of the run */
    size_t is_count;     /* reasons of the profile */
    refilter_sum *pairs; /* was_count x is_count */
    refilter_count total;
    refilter_count *inputs;
    bool has_bytes;
} refilter;

void refilter_print(const refilter *r, tamis_refilter_form form, tamis_text_out *out);
void refilter_print_row(const refilter *r, const tamis_result_row *row, uint32_t split,
                        const char *was, const char *is, tamis_text_out *out);

#endif
