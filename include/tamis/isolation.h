/* SPDX-License-Identifier: Apache-2.0 */
/* isolation.h - what a task that runs in a process of its own tells of where it is.
 *
 * A record that kills the program is found by its place: before SCAN and EMIT look into a record,
 * they note it in a page that they share with the process that started them (isolate.h), where it
 * outlives them. Tasks that run in the worker's own process have no page and note nothing.
 *
 * Threads: the task writes, the process that started it reads; relaxed atomics. After the task's
 * process has ended, what it noted last is complete but for the note it was killed in.
 */
#ifndef TAMIS_ISOLATION_H
#define TAMIS_ISOLATION_H

#include "tamis/hash.h"
#include "tamis/ord.h"
#include "tamis/task.h"

/* Records that one task may set aside. */
#define TAMIS_POISONED_MAX 64

typedef enum tamis_isolation_phase {
    TAMIS_ISOLATION_OTHER,   /* opens, sorts, writes */
    TAMIS_ISOLATION_READING, /* reads and decodes the input, in front of the row that is named */
    TAMIS_ISOLATION_RECORD   /* works on the record that is named */
} tamis_isolation_phase;

typedef struct tamis_isolation_page {
    tamis_task_progress progress;
    _Atomic uint64_t beat; /* grows with every note */
    _Atomic uint64_t rows; /* records that were worked on */
    _Atomic uint32_t phase;
    _Atomic uint32_t split;
    _Atomic uint32_t row;
    _Atomic uint64_t offset; /* of the record; READING: up to which the stream was used */
    _Atomic uint64_t digest_low;
    _Atomic uint64_t digest_high; /* XXH3-128 of the raw record */
} tamis_isolation_page;

typedef struct tamis_isolation {
    tamis_isolation_page *page;
    const tamis_ord *poisoned; /* ascending: rows that are set aside unread */
    size_t poisoned_count;
    bool is_only;   /* work on one row, pass over the others, leave no result */
    tamis_ord only; /* that row */
} tamis_isolation;

#endif
