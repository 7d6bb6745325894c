/* SPDX-License-Identifier: Apache-2.0 */
/* merge.h - how a sorter merges what it spilled.
 *
 * Threads: one thread.
 */
#ifndef TAMIS_MERGE_H
#define TAMIS_MERGE_H

#include "spill.h"
#include "tamis/sorter.h"

/* A merge of the runs of a spill, in the order given. Takes *spill in every case and sets it to
 * NULL. */
TAMIS_MUST_USE
tamis_status tamis_merge_of_spill(const tamis_merge_options *options, tamis_spill **spill,
                                  const tamis_run_piece *runs, size_t count,
                                  tamis_merge **out_merge, tamis_err *err);

#endif
