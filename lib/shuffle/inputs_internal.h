/* SPDX-License-Identifier: Apache-2.0 */
/* inputs_internal.h - what inputs.c and inputs_network.c share. */
#ifndef TAMIS_INPUTS_INTERNAL_H
#define TAMIS_INPUTS_INTERNAL_H

#include "results_internal.h"
#include "tamis/inputs.h"

/* Where one gathered file came from. */
typedef struct gathered_origin {
    uint32_t stage;
    uint32_t task;
    uint32_t folder;
    uint32_t wanted; /* index of the tamis_gather */
    size_t path_at;  /* in the set's paths */
} gathered_origin;

/* What one _gather gave: the public part first. */
typedef struct gathered_set {
    tamis_gathered gathered;
    struct gathered_set *next;
    gathered_origin *origins; /* one a file */
    tamis_gather *wanted;
    char *paths; /* all of them, one behind the other */
    size_t paths_size;
    size_t paths_max;
    uint32_t first_bundle; /* bundles of this set: [first, end) */
    uint32_t end_bundle;
} gathered_set;

/* How to get at a folder. */
typedef struct folder_way {
    char *path; /* NULL: not looked up yet */
    tamis_way way;
} folder_way;

typedef struct lost_task {
    uint32_t stage;
    uint32_t task;
    uint32_t folder;
    bool is_gone;
} lost_task;

struct tamis_inputs {
    tamis_inputs_options options;
    gathered_set *sets; /* that were not read to their end */
    lost_task *lost;
    size_t lost_count;
    size_t lost_max;
    folder_way *ways; /* by number of the folder */
    size_t way_count;
    uint32_t bundle_count;
    bool has_temp_folder;
    bool is_out_of_memory; /* a loss could not be noted */
};

void tamis_inputs_note(tamis_inputs *inputs, uint32_t stage, uint32_t task, uint32_t folder,
                       bool is_gone);

/* Adds a file to the set; the path is copied. */
TAMIS_MUST_USE
tamis_status tamis_set_add(gathered_set *set, const gathered_origin *origin, const char *path,
                           uint64_t offset, uint64_t size, tamis_err *err);

#endif
