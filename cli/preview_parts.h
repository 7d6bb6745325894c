/* SPDX-License-Identifier: Apache-2.0 */
/* preview_parts.h - what preview.c counts and preview_print.c shows. */
#ifndef TAMIS_PREVIEW_PARTS_H
#define TAMIS_PREVIEW_PARTS_H

#include "preview.h"
#include "tamis/bits_file.h"
#include "tamis/level.h"
#include "text_out.h"

/* What one setting keeps. */
typedef struct preview_count {
    uint32_t threshold_ppm;
    uint32_t min_containment_ppm;
    uint64_t kept;
    uint64_t dropped;  /* by the level */
    uint64_t returned; /* kept, where the run dropped them */
    uint64_t lost;     /* dropped, where the run kept them: a witness of theirs came back */
    uint64_t *inputs;  /* kept of each */
} preview_count;

typedef struct preview {
    const tamis_preview_options *options;
    tamis_job *job;
    const tamis_level *level;
    tamis_stage stages[TAMIS_STAGES_MAX];
    uint32_t stage_count;
    char folder[4096];
    uint64_t *rows;        /* of each split */
    uint64_t *quarantined; /* of each split */
    tamis_bits *now;       /* kept by the run */
    preview_count run;
    preview_count *counts; /* of each threshold */
} preview;

void preview_print(const preview *p, tamis_text_out *out);

#endif
