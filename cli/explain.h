/* SPDX-License-Identifier: Apache-2.0 */
/* explain.h - the story of one document of a finished run: what was decided and because of whom.
 *
 * Memory:  the rows that are shown; attributes/ is streamed, twice.
 * Threads: one.
 */
#ifndef TAMIS_EXPLAIN_H
#define TAMIS_EXPLAIN_H

#include "tamis/status.h"
#include <stdint.h>

#define TAMIS_EXPLAIN_LIMIT_MAX 100000

typedef struct tamis_explain_options {
    const char *out_path;
    const char *wanted;   /* an id, or an ord ("0.3.17") */
    bool is_id;           /* take `wanted` as an id even if it has the form of an ord */
    uint64_t shown_limit; /* documents listed that name it; at most TAMIS_EXPLAIN_LIMIT_MAX */
    bool is_json;
} tamis_explain_options;

/* Writes the story to `out`. Where several documents have that id it lists them instead, and says
 * how to pick one: *out_matches is their number. TAMIS_ENOENT: no such document, or no result
 * there. Other errors are those of reading OUT. */
TAMIS_MUST_USE
tamis_status tamis_explain(const tamis_explain_options *options, FILE *out, uint64_t *out_matches,
                           tamis_err *err);

#endif
