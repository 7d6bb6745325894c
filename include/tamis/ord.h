/* SPDX-License-Identifier: Apache-2.0 */
/* ord.h - a document's 64-bit name and its place in the total order.
 *
 * dump (16 bits), split (22), row (26), compared as one number: the smaller ord wins. Rows count
 * every record of a split, quarantined ones too. In text an ord is "dump.split.row".
 *
 * Pure.
 */
#ifndef TAMIS_ORD_H
#define TAMIS_ORD_H

#include "tamis/status.h"
#include <stdint.h>

#define TAMIS_ORD_SPLIT_BITS 22
#define TAMIS_ORD_ROW_BITS   26
#define TAMIS_DUMPS_MAX      (UINT64_C(1) << 16)
#define TAMIS_SPLITS_MAX     (UINT64_C(1) << TAMIS_ORD_SPLIT_BITS)
#define TAMIS_SPLIT_ROWS_MAX (UINT64_C(1) << TAMIS_ORD_ROW_BITS)
#define TAMIS_ORD_TEXT_SIZE  24 /* "65535.4194303.67108863" and a zero */

typedef uint64_t tamis_ord;

static inline tamis_ord tamis_ord_make(uint32_t dump, uint32_t split, uint32_t row)
{
    return (uint64_t)dump << (TAMIS_ORD_SPLIT_BITS + TAMIS_ORD_ROW_BITS) |
           (uint64_t)split << TAMIS_ORD_ROW_BITS | row;
}

static inline uint32_t tamis_ord_dump(tamis_ord ord)
{
    return (uint32_t)(ord >> (TAMIS_ORD_SPLIT_BITS + TAMIS_ORD_ROW_BITS));
}

static inline uint32_t tamis_ord_split(tamis_ord ord)
{
    return (uint32_t)(ord >> TAMIS_ORD_ROW_BITS) & (uint32_t)(TAMIS_SPLITS_MAX - 1);
}

static inline uint32_t tamis_ord_row(tamis_ord ord)
{
    return (uint32_t)ord & (uint32_t)(TAMIS_SPLIT_ROWS_MAX - 1);
}

/* Writes "dump.split.row" and a zero. */
void tamis_ord_to_text(tamis_ord ord, char out_text[TAMIS_ORD_TEXT_SIZE]);

/* Reads what _to_text writes, nothing before or behind it. TAMIS_EFORMAT. */
TAMIS_MUST_USE
tamis_status tamis_ord_from_text(const char *text, tamis_ord *out_ord);

#endif
