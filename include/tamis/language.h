/* SPDX-License-Identifier: Apache-2.0 */
/* language.h - which language a text is in.
 *
 * Two detectors behind one interface: CLD2, which is built in, and any fastText model of languages
 * (lid.176.ftz, GlotLID). Scores of the two are different things: fastText gives the probability of
 * the label; CLD2 the share of the text, in percent, that it takes for that language, which is no
 * probability: a limit for the one says nothing of the other.
 *
 * Only the head of a text is looked at (1 KiB by default). How line breaks are handed over and
 * whether the text is lower-cased before changes what a model says; each system of the literature
 * has its way, so the profile decides.
 *
 * Memory:  a detector holds its model; a scratch grows to the bytes that are looked at.
 * Threads: a detector is immutable and for any thread; a scratch belongs to one.
 */
#ifndef TAMIS_LANGUAGE_H
#define TAMIS_LANGUAGE_H

#include "tamis/hash.h"
#include "tamis/language_codes.h"
#include "tamis/status.h"

#define TAMIS_LANGUAGE_CLD2         "cld2" /* instead of a model's path */
#define TAMIS_LANGUAGE_LOOK_DEFAULT 1024
#define TAMIS_LANGUAGE_LOOK_MAX     (UINT64_C(1) << 30)
#define TAMIS_LANGUAGE_GUESSES      3 /* whatever has more than a quarter of the probability */

/* What becomes of U+000A; other breaks stay. */
typedef enum tamis_language_newline {
    TAMIS_LANGUAGE_NEWLINE_SPACE, /* datatrove, dolma, bigscience */
    TAMIS_LANGUAGE_NEWLINE_DELETE /* cc_net, DCLM: glues words together */
} tamis_language_newline;

typedef struct tamis_language_options {
    const char *model;   /* path of a fastText model; NULL or "cld2": CLD2 */
    uint64_t look_bytes; /* of the text, cut between characters; 0: all of it (up to _LOOK_MAX) */
    tamis_language_newline newline;
    bool is_lowered;  /* str.lower; dolma, bigscience */
    bool is_stripped; /* str.strip, last; dolma */
} tamis_language_options;

typedef struct tamis_language_guess {
    char code[TAMIS_LANGUAGE_CODE_SIZE];
    double score; /* fastText: probability, labels of one code added up; CLD2: share of the text */
} tamis_language_guess;

typedef struct tamis_language_result {
    tamis_language_guess guesses[TAMIS_LANGUAGE_GUESSES]; /* the best first */
    size_t count;     /* at least 1: "und" with the score 0 when nothing is known */
    bool is_reliable; /* CLD2's own word; fastText: true when anything is known */
} tamis_language_result;

typedef struct tamis_language tamis_language;
typedef struct tamis_language_scratch tamis_language_scratch;

/* The defaults: CLD2, 1 KiB, newlines to spaces, case kept. */
void tamis_language_options_defaults(tamis_language_options *out_options);

/* TAMIS_EARG: look_bytes is too large, or the model's labels are no languages. Otherwise as
 * tamis_fasttext_open. */
TAMIS_MUST_USE
tamis_status tamis_language_open(const tamis_language_options *options,
                                 tamis_language **out_language, tamis_err *err);
void tamis_language_destroy(tamis_language *language); /* NULL is allowed */

/* "cld2" or "fasttext"; for records. */
const char *tamis_language_backend(const tamis_language *language);
/* Of the model's file, or of the name and version of CLD2. */
tamis_digest tamis_language_digest(const tamis_language *language);

/* TAMIS_ENOMEM. The detector must outlive it. */
TAMIS_MUST_USE
tamis_status tamis_language_scratch_create(const tamis_language *language,
                                           tamis_language_scratch **out_scratch, tamis_err *err);
void tamis_language_scratch_destroy(tamis_language_scratch *scratch); /* NULL is allowed */

/* `text` is well-formed UTF-8. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_language_detect(tamis_language_scratch *scratch, tamis_slice text,
                                   tamis_language_result *out_result, tamis_err *err);

#endif
