/* SPDX-License-Identifier: Apache-2.0 */
/* poison.h - records that kill the process, for tests.
 *
 * TAMIS_POISON=item[,item...], where an item is [kind][@place]:what, or what alone:
 *   kind   abort (default), segv, kill (SIGKILL), exit (ends without a word, as a program that is
 *          out of memory may), hang (never goes on)
 *   place  read (its raw bytes are about to be parsed), scan (default: its text is about to be
 *          analyzed), emit (its text is about to be written)
 *   what   XXH3-128 of the bytes, 32 hex digits: of the raw record at `read`, of the text
 * elsewhere; or #n: whatever record is the n-th at that place in this process Items that are
 * malformed end the process with a message, so that no test passes by a slip. Without the variable
 * a place costs one load.
 *
 * Threads: any.
 */
#ifndef TAMIS_POISON_H
#define TAMIS_POISON_H

#include <stdatomic.h>
#include <stddef.h>

typedef enum tamis_poison_place {
    TAMIS_POISON_READ,
    TAMIS_POISON_SCAN,
    TAMIS_POISON_EMIT
} tamis_poison_place;

#define TAMIS_POISON_PLACES 3

extern _Atomic int tamis_poison_state; /* 0: the variable was not looked at; 1: not set; 2: set */

void tamis_poison_check(tamis_poison_place place, const void *bytes, size_t size);

static inline void tamis_poison(tamis_poison_place place, const void *bytes, size_t size)
{
    if (__builtin_expect(atomic_load_explicit(&tamis_poison_state, memory_order_relaxed) != 1, 0)) {
        tamis_poison_check(place, bytes, size);
    }
}

#endif
