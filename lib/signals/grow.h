/* SPDX-License-Identifier: Apache-2.0 */
/* grow.h - arrays that keep what they grew to.
 *
 * Threads: one at a time for each array.
 */
#ifndef TAMIS_SIGNALS_GROW_H
#define TAMIS_SIGNALS_GROW_H

#include <stddef.h>
#include <stdint.h>

#include "tamis/status.h"

#define TAMIS_ARRAY(type)                                                                          \
    struct {                                                                                       \
        type *data;                                                                                \
        size_t capacity; /* elements */                                                            \
    }

/* Makes room for `count` elements of `size` bytes; what was there is lost when it has to grow.
 * TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_grow_raw(void **data, size_t *capacity, size_t count, size_t size,
                            tamis_err *err);

/* The pointer goes through a void * copy: no type is punned. */
#define TAMIS_GROW(array, count, out_status, err)                                                  \
    do {                                                                                           \
        void *grow_data = (array)->data;                                                           \
        (out_status) = tamis_grow_raw(&grow_data, &(array)->capacity, (count),                     \
                                      sizeof((array)->data[0]), (err));                            \
        (array)->data = grow_data;                                                                 \
    } while (0)

#endif
