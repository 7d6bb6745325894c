/* SPDX-License-Identifier: Apache-2.0 */
/* reference_text.h - slow and simple versions of docs/FORMATS.md 1.2, 1.4, 1.5, and texts to try
 * them on.
 *
 * The whole text goes through utf8proc at once; tokens are found code point by code point.
 */
#ifndef TAMIS_TEST_REFERENCE_TEXT_H
#define TAMIS_TEST_REFERENCE_TEXT_H

#include "tamis/buf.h"
#include "tamis/job.h"
#include "tamis/rng.h"

typedef struct reference_tokens {
    tamis_buf bytes;   /* the tokens, each behind the one before */
    tamis_buf offsets; /* size_t: where each starts; one more for the end */
    size_t count;
} reference_tokens;

/* Both assert that memory suffices. */
void reference_tokenize(tamis_slice text, tamis_profile profile, reference_tokens *out);
void reference_tokens_fini(reference_tokens *tokens);
tamis_slice reference_token(const reference_tokens *tokens, size_t index);

void reference_fold(tamis_slice text, tamis_buf *out);

uint64_t reference_token_hash(tamis_slice token);
uint64_t reference_shingle_hash(const uint64_t *tokens, uint32_t n);

/* Appends a random text of some `points` code points, biased to what normalizing finds hard; spaces
 * behind it as slack. */
void random_text(tamis_rng *rng, size_t points, tamis_buf *out);

/* The same for a text as people write them: runs of words of one script, now and then a hard one.
 */
void natural_text(tamis_rng *rng, size_t points, tamis_buf *out);

#endif
