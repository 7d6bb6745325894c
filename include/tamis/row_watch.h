/* SPDX-License-Identifier: Apache-2.0 */
/* row_watch.h - a reader of splits that keeps away from poisoned records and notes where it is.
 *
 * Tasks read inputs through it: it opens their reader on one split after the other, lets it set
 * aside what SCAN set aside as poisoned (stages behind SCAN) or what this isolated run found out,
 * passes over all rows but one when it is told to, and notes each record in the page of an isolated
 * run. For a task that is not isolated, in a split without poisoned records, it costs nothing.
 *
 * Threads: belongs to the thread of its task.
 */
#ifndef TAMIS_ROW_WATCH_H
#define TAMIS_ROW_WATCH_H

#include "tamis/isolation.h"
#include "tamis/reader.h"
#include "tamis/split_result.h"
#include "tamis/task.h"

typedef struct tamis_row_watch {
    const tamis_task_env *env;
    tamis_reader *reader;
    tamis_reader_watch reader_watch;
    bool is_behind_scan;
    uint32_t split;
    uint32_t batch;            /* whose results of SCAN are in hand; UINT32_MAX: none yet */
    tamis_buf results;         /* splits.bin of that batch */
    size_t results_used;       /* bytes of it in front of the next split's result */
    tamis_buf rows;            /* of the split, set aside by SCAN: u32 each, ascending */
    tamis_scan_result scanned; /* of the split, behind SCAN */
    bool is_over;
} tamis_row_watch;

/* Makes a watch over `reader`, both of which must outlive it. is_behind_scan: SCAN's results are
 * there. */
void tamis_row_watch_init(tamis_row_watch *watch, const tamis_task_env *env, tamis_reader *reader,
                          bool is_behind_scan);
void tamis_row_watch_fini(tamis_row_watch *watch);

/* False: the one row that this run works on is in another split, which alone need be opened. */
bool tamis_row_watch_wants(const tamis_row_watch *watch, uint32_t split);

/* Opens the reader on the split, which must be above the one before. Errors of tamis_reader_open,
 * and TAMIS_ECORRUPT: SCAN left no result of the split. */
TAMIS_MUST_USE
tamis_status tamis_row_watch_open(tamis_row_watch *watch, uint32_t split, tamis_err *err);

/* tamis_reader_next; TAMIS_END also when the one row is done. */
TAMIS_MUST_USE
tamis_status tamis_row_watch_next(tamis_row_watch *watch, tamis_doc *out_doc, tamis_err *err);

/* Whether this isolated run, not SCAN, set the row aside. */
bool tamis_row_watch_is_new(const tamis_row_watch *watch, tamis_ord ord);

/* True: the run works on one row only, and what it made is thrown away. */
static inline bool tamis_row_watch_is_trial(const tamis_row_watch *watch)
{
    return watch->env->isolation != NULL && watch->env->isolation->is_only;
}

#endif
