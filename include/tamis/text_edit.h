/* SPDX-License-Identifier: Apache-2.0 */
/* text_edit.h - what a step changed in a text: byte ranges that were cut or replaced.
 *
 * An edit list belongs to one text, the original. Its edits stand in the order of that text and do
 * not overlap: each begins at or behind the end of the one before. An edit takes away the bytes
 * [begin, end) and puts the bytes of its replacement there; begin == end puts bytes in only. What
 * no edit names stays. Steps that follow each other (lines, then personal data) are folded into one
 * list against the original by tamis_edits_compose.
 *
 * Pure:    no I/O.
 * Memory:  items and pool grow by half and are kept by _reset.
 * Threads: not thread-safe.
 */
#ifndef TAMIS_TEXT_EDIT_H
#define TAMIS_TEXT_EDIT_H

#include "tamis/buf.h"

/* Reasons are rows of the table of whoever writes the edit; the tables do not overlap. Records name
 * reasons by name, not by number. */
#define TAMIS_EDIT_REASON_NONE     0
#define TAMIS_EDIT_REASON_LINES    1    /* 1..255: tamis/line_rules.h */
#define TAMIS_EDIT_REASON_PII      256  /* 256..511: personal data */
#define TAMIS_EDIT_REASON_KEYWORDS 512  /* 512..767: keywords */
#define TAMIS_EDIT_REASONS_MAX     1024 /* above all tables */

/* Edits of one text. A text of the largest size that has an edit every other byte needs more; it is
 * refused with TAMIS_ELIMIT. */
#define TAMIS_EDITS_MAX (16u << 20)

typedef struct tamis_edit {
    uint32_t begin; /* bytes of the original text */
    uint32_t end;
    uint16_t reason;
    uint16_t replacement_size;
    uint32_t replacement_offset; /* in the pool; unused when replacement_size is 0 */
} tamis_edit;

typedef struct tamis_edits {
    tamis_edit *items;
    size_t count;
    size_t capacity;
    tamis_buf pool; /* replacement bytes, in the order of the edits */
} tamis_edits;

void tamis_edits_init(tamis_edits *edits);
void tamis_edits_fini(tamis_edits *edits);  /* frees; the list may be used again like a new one */
void tamis_edits_reset(tamis_edits *edits); /* no edits; keeps capacity */

/* Appends a cut of [begin, end); an empty one changes nothing. It must begin at or behind the end
 * of the last edit (asserted). A cut that touches a cut of the same reason lengthens it.
 * TAMIS_ELIMIT: more than TAMIS_EDITS_MAX. TAMIS_ENOMEM. Nothing is appended on failure. */
TAMIS_MUST_USE
tamis_status tamis_edits_cut(tamis_edits *edits, uint32_t begin, uint32_t end, uint16_t reason);

/* Appends a replacement, whose bytes are copied; an empty one is a cut. A replacement of more than
 * UINT16_MAX bytes becomes several edits. Errors as above. */
TAMIS_MUST_USE
tamis_status tamis_edits_replace(tamis_edits *edits, uint32_t begin, uint32_t end, uint16_t reason,
                                 tamis_slice replacement);

/* The bytes that an edit puts in. */
static inline tamis_slice tamis_edits_replacement(const tamis_edits *edits, const tamis_edit *edit)
{
    return edit->replacement_size == 0 ? tamis_slice_of(NULL, 0)
                                       : tamis_slice_of(edits->pool.data + edit->replacement_offset,
                                                        edit->replacement_size);
}

/* Size of the text after the edits. */
size_t tamis_edits_size_after(const tamis_edits *edits, size_t text_size);

/* Appends the edited text to `out`, with TAMIS_BUF_SLACK readable bytes behind it. No edit may end
 * behind the text (asserted). TAMIS_ENOMEM, TAMIS_ELIMIT: those of `out`. */
TAMIS_MUST_USE
tamis_status tamis_edits_apply(const tamis_edits *edits, tamis_slice text, tamis_buf *out);

/* Writes into `out` (reset before; not one of the two) the edits of the original text that have the
 * effect of `first` and then, on the text that it leaves, of `second`. Each edit keeps its reason;
 * what `second` puts in strictly inside a replacement of `first`, or in the place of one, becomes
 * part of that replacement. TAMIS_ENOMEM, TAMIS_ELIMIT. */
TAMIS_MUST_USE
tamis_status tamis_edits_compose(const tamis_edits *first, const tamis_edits *second,
                                 tamis_edits *out);

/* Where a byte of the edited text comes from: the offset of the same byte in the original; inside a
 * replacement, where the replaced range begins. `offset` may be the size of the edited text.
 * Takes time in proportion to the number of edits. */
size_t tamis_edits_original_offset(const tamis_edits *edits, size_t offset);

/* Appends the packed list (docs/FORMATS.md, "Edits"). TAMIS_ENOMEM, TAMIS_ELIMIT. */
TAMIS_MUST_USE
tamis_status tamis_edits_pack(const tamis_edits *edits, tamis_buf *out);

/* Reads a packed list of a text of text_size bytes from the start of `bytes` into `edits` (reset
 * before) and stores how many bytes it took (out_used may be NULL: then all must be used).
 * TAMIS_EFORMAT: the bytes are no such list, or name bytes behind the text; `edits` is empty then.
 * TAMIS_ELIMIT: too many. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_edits_unpack(tamis_slice bytes, size_t text_size, tamis_edits *edits,
                                size_t *out_used, tamis_err *err);

#endif
