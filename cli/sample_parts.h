/* SPDX-License-Identifier: Apache-2.0 */
/* sample_parts.h - what sample.c chooses and reads, and sample_print.c shows. */
#ifndef TAMIS_SAMPLE_PARTS_H
#define TAMIS_SAMPLE_PARTS_H

#include "row_copy.h"
#include "sample.h"
#include "text_out.h"

/* The text of one document, or why there is none. */
typedef struct sample_text {
    uint8_t *bytes; /* the head of it, as far as it is compared */
    size_t size;
    bool is_there;
    bool is_cut; /* the text goes on */
    char note[256];
} sample_text;

typedef struct sample_pick {
    uint64_t hash;
    tamis_row_copy copy;
    sample_text removed;
    sample_text witness;
} sample_pick;

/* TAMIS_ENOMEM. number: from 1, of count. */
TAMIS_MUST_USE
tamis_status sample_print(const tamis_sample_options *options, const tamis_job *job,
                          const sample_pick *pick, size_t number, size_t count,
                          tamis_text_out *out);

#endif
