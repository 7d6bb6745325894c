/* SPDX-License-Identifier: Apache-2.0 */
/* suggest.h - "did you mean ...?"
 *
 * Pure. Threads: reentrant.
 */
#ifndef TAMIS_SUGGEST_H
#define TAMIS_SUGGEST_H

#include <stddef.h>

/* The number of single-character insertions, deletions, replacements and swaps of neighbors that
 * lead from a to b (optimal string alignment), or limit + 1 when it is more than limit. */
unsigned tamis_edit_distance(const char *a, const char *b, unsigned limit);

/* The name nearest to `text`: the least edit distance up to a third of its length (at least 1), or
 * the only name that begins with it; the first of equals. NULL: none is near. */
const char *tamis_suggest(const char *text, const char *const *names, size_t count);

#endif
