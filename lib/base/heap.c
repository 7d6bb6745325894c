/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/heap.h"

#include <stdlib.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

void tamis_heap_keep_chunks(void)
{
#ifdef __GLIBC__
    /* Both, since either one ends the library's own adjusting. A value that it refuses costs time
     * alone. */
    (void)mallopt(M_MMAP_THRESHOLD, TAMIS_HEAP_BLOCK_BYTES);
    (void)mallopt(M_TRIM_THRESHOLD, TAMIS_HEAP_KEPT_BYTES);
#endif
}
