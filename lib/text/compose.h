/* SPDX-License-Identifier: Apache-2.0 */
/* compose.h - canonical reordering and composition of a segment (Unicode Standard, section 3.11).
 *
 * A segment starts at a code point that nothing before it can change and ends before the next such.
 *
 * Pure. Threads: reentrant.
 */
#ifndef TAMIS_TEXT_COMPOSE_H
#define TAMIS_TEXT_COMPOSE_H

#include "tamis/buf.h"

/* Appends the full decomposition of a code point to points, a buffer of uint32_t: folded and
 * compatible, without ignorables (is_text), or canonical. TAMIS_ELIMIT, TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_segment_split(tamis_buf *points, uint32_t code_point, bool is_text);

/* Puts the decomposed code points of the buffer into canonical order. Linear time and, past a few
 * marks in a row, as much memory again. TAMIS_ELIMIT, TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_segment_order(tamis_buf *points);

/* Puts the decomposed code points of the buffer into canonical order and composes them. Linear time
 * and, past a few marks in a row, as much memory again. TAMIS_ELIMIT, TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_segment_compose(tamis_buf *points);

#endif
