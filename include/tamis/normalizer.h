/* SPDX-License-Identifier: Apache-2.0 */
/* normalizer.h - text as tokens see it (profiles text and code), and as level exact sees it
 * (folded).
 *
 * Normalizing brings a text to the form of its profile (docs/FORMATS.md 1.4) and sets its tokens
 * apart by one or more spaces: what lies between spaces is a token, and nothing else is written.
 * ASCII takes a vector path, single code points a table made at build time; only where code points
 * may be reordered or composed (Unicode Standard Annex 15, quick check) is a segment taken apart
 * and put together again.
 *
 * Texts are well-formed UTF-8 without U+0000, and TAMIS_BUF_SLACK readable bytes follow them.
 *
 * Pure.
 * Memory:  a scratch buffer as long as the longest run of combining marks.
 * Threads: one object a thread.
 */
#ifndef TAMIS_NORMALIZER_H
#define TAMIS_NORMALIZER_H

#include "tamis/buf.h"
#include "tamis/hash.h"
#include "tamis/job.h"

typedef struct tamis_normalizer tamis_normalizer;

/* Unicode version of the data that everything here was built with; part of the settings hash. */
const char *tamis_normalizer_unicode_version(void);

/* TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_normalizer_create(tamis_profile profile, tamis_normalizer **out_normalizer);
void tamis_normalizer_destroy(tamis_normalizer *normalizer);

/* Appends the normalized text to out. TAMIS_ELIMIT past out->max, TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_normalizer_run(tamis_normalizer *normalizer, tamis_slice text, tamis_buf *out);

/* Size of a first piece of text, at most wanted_bytes (> 0) where a cut can be found there: running
 * the piece and then the rest gives the tokens of the whole. More where nothing can be cut. */
size_t tamis_normalizer_cut(const tamis_normalizer *normalizer, tamis_slice text,
                            size_t wanted_bytes);

typedef struct tamis_folder tamis_folder;

/* Folding for level exact (docs/FORMATS.md 1.2). TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_folder_create(tamis_folder **out_folder);
void tamis_folder_destroy(tamis_folder *folder);

/* Appends the folded text to out. TAMIS_ELIMIT past out->max, TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_folder_run(tamis_folder *folder, tamis_slice text, tamis_buf *out);

/* Digest of the folded text, which is never held as a whole. text_digest is that of the text
 * itself: it is the answer for a text that folding leaves as it is. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_folder_digest(tamis_folder *folder, tamis_slice text, tamis_digest text_digest,
                                 tamis_digest *out_digest);

#endif
