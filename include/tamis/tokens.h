/* SPDX-License-Identifier: Apache-2.0 */
/* tokens.h - hashes of the tokens of a normalized text, and of their n-grams (docs/FORMATS.md 1.5).
 *
 * Boundaries come from bit masks, 64 bytes at a time; a token is hashed by two loads and one
 * multiplication for each 16 bytes; a shingle combines token hashes and never reads text again.
 *
 * Pure. Threads: reentrant.
 */
#ifndef TAMIS_TOKENS_H
#define TAMIS_TOKENS_H

#include "tamis/buf.h"
#include "tamis/job.h"

/* Hashes that a normalized text of that size can have, with room for kernels that write ahead. */
#define TAMIS_TOKENS_ROOM(size_bytes) ((size_bytes) / 2 + 16)

/* Writes the hash of each token (run of bytes other than 0x20) in order; returns their number.
 * TAMIS_BUF_SLACK readable bytes follow the text; out_hashes has TAMIS_TOKENS_ROOM(size) elements.
 */
size_t tamis_token_hashes(tamis_slice normalized, uint64_t *out_hashes);

/* Hash of one token of `size` > 0 bytes; 16 readable bytes follow it. */
uint64_t tamis_token_hash(const uint8_t *bytes, size_t size);

/* Writes the hashes of all n-grams, 1 <= n <= TAMIS_SHINGLE_MAX; returns their number: 0 when there
 * are fewer than n tokens, else token_count - n + 1. out_shingles does not overlap tokens. */
size_t tamis_shingle_hashes(const uint64_t *tokens, size_t token_count, uint32_t n,
                            uint64_t *out_shingles);

/* Sorts hashes in place, ascending, and drops repetitions; *out_count are left. Linear for hashes
 * that are spread evenly. scratch is used and its content lost. TAMIS_ENOMEM: nothing changed. */
TAMIS_MUST_USE
tamis_status tamis_hashes_distinct(uint64_t *hashes, size_t count, tamis_buf *scratch,
                                   size_t *out_count);

#endif
