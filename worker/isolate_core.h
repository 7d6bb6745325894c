/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_core.h - which process is started next to find the record that kills them.
 *
 * First the whole task runs in a process of its own. When that dies while it works on a record, the
 * record is the suspect: it runs alone in a fresh process, twice; then a neighbor on either side
 * runs alone. Only when both runs of the suspect died of it, and a neighbor on each side that has
 * one lived, the suspect is poisoned: it joins the list of rows to set aside, and the whole task
 * runs again. A neighbor that dies may be poisoned itself, so the next one outward is tried, up to
 * ISOLATE_NEIGHBORS_MAX. Everything else ends the search: nobody is blamed for a death that does
 * not repeat, or that everybody dies.
 *
 * Pure. Threads: belongs to its caller's.
 */
#ifndef TAMIS_ISOLATE_CORE_H
#define TAMIS_ISOLATE_CORE_H

#include "tamis/isolation.h"

#define ISOLATE_NEIGHBORS_MAX 8

/* What is started. */
typedef struct isolate_run {
    bool is_only;
    tamis_ord only;
} isolate_run;

/* How it ended. The other fields count only where it died. */
typedef struct isolate_outcome {
    bool has_died;
    bool has_rows; /* it worked on a record */
    tamis_isolation_phase phase;
    tamis_ord ord; /* RECORD: the record; READING: the one that was to come */
} isolate_outcome;

typedef enum isolate_verdict {
    ISOLATE_GO_ON,
    ISOLATE_DONE,      /* the whole task has run */
    ISOLATE_OUTSIDE,   /* it died, but not while it read or worked on a record */
    ISOLATE_STREAM,    /* reading the input kills it, again and again */
    ISOLATE_ONCE,      /* the suspect lived when it was alone */
    ISOLATE_EVERYBODY, /* the neighbors died too */
    ISOLATE_TOO_MANY,  /* more than TAMIS_POISONED_MAX */
    ISOLATE_NOT_HERE   /* a kind of task that can set nothing aside */
} isolate_verdict;

typedef struct isolate_core {
    enum {
        ISOLATE_ALL,
        ISOLATE_FIRST,
        ISOLATE_SECOND,
        ISOLATE_BEFORE,
        ISOLATE_AFTER,
        ISOLATE_RESTREAM
    } state;
    bool can_set_aside;
    tamis_ord suspect;
    uint32_t distance;                      /* of the neighbor at hand */
    uint32_t tries;                         /* of neighbors on this side */
    uint32_t deaths;                        /* among them */
    bool has_lived;                         /* a neighbor before the suspect */
    tamis_ord poisoned[TAMIS_POISONED_MAX]; /* ascending */
    size_t poisoned_count;
} isolate_core;

/* The first run is always the whole task: {false, 0}. */
void isolate_core_init(isolate_core *core, bool can_set_aside);

/* Takes how the run that was asked for last has ended. ISOLATE_GO_ON: *out_run is the next one.
 * Else the search is over. */
isolate_verdict isolate_core_step(isolate_core *core, const isolate_outcome *outcome,
                                  isolate_run *out_run);

#endif
