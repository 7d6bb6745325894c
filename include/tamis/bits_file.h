/* SPDX-License-Identifier: Apache-2.0 */
/* bits_file.h - one bit for every row of a run, on disk: kept, capped, wanted.
 *
 * The bit of row r of split s is base[s] + r. A file holds the bases and the bits (docs/FORMATS.md,
 * "Bits file") and can be read for a range of splits alone.
 *
 * Memory:  one bit a row of the range, 8 bytes a split.
 * Threads: an object is immutable once loaded; while it is being made it belongs to one thread.
 */
#ifndef TAMIS_BITS_FILE_H
#define TAMIS_BITS_FILE_H

#include "tamis/level.h"
#include "tamis/ord.h"

typedef struct tamis_bits {
    tamis_bitmap map; /* of the range; bit 0 is row 0 of first_split */
    uint64_t *base;   /* split_count + 1 entries for all splits of the run */
    uint32_t split_count;
    uint32_t first_split;
    uint64_t first_bit; /* base of first_split, rounded down to a whole word */
} tamis_bits;

/* All rows of all splits, every bit `value`. rows: split_count numbers. */
TAMIS_MUST_USE
tamis_status tamis_bits_create(const uint64_t *rows, uint32_t split_count, bool value,
                               tamis_bits **out_bits, tamis_err *err);
/* Loads the bits of splits [first_split, end_split). TAMIS_ECORRUPT and the like name the file. */
TAMIS_MUST_USE
tamis_status tamis_bits_load(const char *path, uint32_t first_split, uint32_t end_split,
                             tamis_bits **out_bits, tamis_err *err);
TAMIS_MUST_USE
tamis_status tamis_bits_save(const tamis_bits *bits, const char *path, tamis_err *err);
void tamis_bits_destroy(tamis_bits *bits);

static inline uint64_t tamis_bits_index(const tamis_bits *bits, tamis_ord ord)
{
    return bits->base[tamis_ord_split(ord)] + tamis_ord_row(ord) - bits->first_bit;
}

static inline bool tamis_bits_get(const tamis_bits *bits, tamis_ord ord)
{
    return tamis_bitmap_get(&bits->map, tamis_bits_index(bits, ord));
}

static inline void tamis_bits_set(tamis_bits *bits, tamis_ord ord)
{
    tamis_bitmap_set(&bits->map, tamis_bits_index(bits, ord));
}

static inline void tamis_bits_clear(tamis_bits *bits, tamis_ord ord)
{
    tamis_bitmap_clear(&bits->map, tamis_bits_index(bits, ord));
}

/* Whether any bit of that split is set. */
bool tamis_bits_has_any(const tamis_bits *bits, uint32_t split);

#endif
