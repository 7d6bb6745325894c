/* SPDX-License-Identifier: Apache-2.0 */
/* failing_malloc.h - lets the n-th allocation fail.
 *
 * Link with -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc. Allocations inside shared libraries
 * (libc's strdup, libyaml) go their own way.
 *
 * Threads: one.
 */
#ifndef FAILING_MALLOC_H
#define FAILING_MALLOC_H

/* Lets `successes` allocations pass and all that follow fail; negative: none fails. */
void failing_malloc_after(long successes);

#endif
