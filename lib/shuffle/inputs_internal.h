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
    bool is_remote;  /* still to be fetched */
    bool is_absent;  /* the task has no such piece */
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
    bool has_remote;
    uint32_t first_bundle; /* files with what was fetched for it: [first, end) */
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

typedef struct tamis_remote_records tamis_remote_records;

struct tamis_inputs {
    tamis_inputs_options options;
    gathered_set *sets; /* that were not read to their end */
    lost_task *lost;
    size_t lost_count;
    size_t lost_max;
    folder_way *ways; /* by number of the folder */
    size_t way_count;
    tamis_remote_records *remotes; /* stores of records that were handed out */
    uint32_t bundle_count;         /* names that were used */
    bool has_temp_folder;
    bool is_out_of_memory; /* a loss could not be noted */
};

void tamis_inputs_note(tamis_inputs *inputs, uint32_t stage, uint32_t task, uint32_t folder,
                       bool is_gone);

/* Path of file `number` with what was fetched. */
TAMIS_MUST_USE
tamis_status tamis_inputs_bundle_path(const tamis_inputs *inputs, uint32_t number,
                                      char out_path[TAMIS_PATH_MAX], tamis_err *err);

/* remote_records.c */
void tamis_inputs_close_remotes(tamis_inputs *inputs);

/* Keeps the path for the file at `index`. */
TAMIS_MUST_USE
tamis_status tamis_set_path(gathered_set *set, size_t index, const char *path, tamis_err *err);

/* inputs_network.c: fetches all that is remote in the set; what cannot be had is noted.
 * TAMIS_ELOST: there was such a thing; TAMIS_ECANCELED, or a failure of the own disk or memory. */
TAMIS_MUST_USE
tamis_status tamis_inputs_fetch_set(tamis_inputs *inputs, gathered_set *set, tamis_err *err);
/* Path of the copy of a file of a remote result, fetched unless it is there. Likewise. */
TAMIS_MUST_USE
tamis_status tamis_inputs_fetch_file(tamis_inputs *inputs, uint32_t stage, uint32_t task,
                                     uint32_t folder, tamis_result_file file,
                                     char out_path[TAMIS_PATH_MAX], tamis_err *err);
/* Removes the copies of files of that result: they are damaged. */
void tamis_inputs_drop_copies(const tamis_inputs *inputs, uint32_t stage, uint32_t task);

#endif
