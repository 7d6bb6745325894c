/* SPDX-License-Identifier: Apache-2.0 */
/* heap.h - how the C library's heap treats blocks that come and go.
 *
 * A frame of the data plane is a block of a mebibyte from the heap, made by one thread and freed by
 * another. With its own settings the GNU library gives the pages back to the kernel as soon as 2
 * MiB at the end are free, so that a window of 8 chunks faults in new pages for each chunk: a third
 * of the processor time of a transfer.
 *
 * Memory:  at most TAMIS_HEAP_KEPT_BYTES stay free at the end of each arena; larger blocks than
 *          TAMIS_HEAP_BLOCK_BYTES are mapped on their own and go back at once.
 * Threads: call it from main, before other threads start.
 */
#ifndef TAMIS_HEAP_H
#define TAMIS_HEAP_H

#define TAMIS_HEAP_BLOCK_BYTES (4 << 20)  /* several times a chunk */
#define TAMIS_HEAP_KEPT_BYTES  (16 << 20) /* twice a window of chunks */

/* Makes the process keep freed blocks of the size of chunks. Without the GNU library it does
 * nothing. */
void tamis_heap_keep_chunks(void);

#endif
