/* SPDX-License-Identifier: Apache-2.0 */
/* borders.h - where tokens start and end.
 *
 * With one bit a byte in m (set: not a space), m ^ (m << 1) has a bit where a token starts and
 * where it has ended, in turn. The kernels write the positions of these bits.
 *
 * Pure. Threads: reentrant.
 */
#ifndef TAMIS_TEXT_BORDERS_H
#define TAMIS_TEXT_BORDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tamis/cpu.h"

#define TAMIS_BORDERS_BLOCK 4096
#define TAMIS_BORDERS_ROOM  (TAMIS_BORDERS_BLOCK + 64) /* kernels write ahead */

/* Writes the positions of the borders of a block of at most TAMIS_BORDERS_BLOCK bytes, of which
 * only the last block of a text is not a multiple of 64; is_open: the byte before it is in a token.
 * A token that reaches the end has no end there. Returns their number. */
typedef size_t tamis_borders_find(const uint8_t *block, size_t size, bool is_open,
                                  uint16_t out[TAMIS_BORDERS_ROOM]);
tamis_borders_find *tamis_borders_kernel(tamis_kernel kernel);

#endif
