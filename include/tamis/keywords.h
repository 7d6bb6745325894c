/* SPDX-License-Identifier: Apache-2.0 */
/* keywords.h - which terms of a word list stand in a text, and where.
 *
 * A list is compiled once into an Aho-Corasick automaton over lower-cased UTF-8 (docs/FORMATS.md,
 * "Keyword lists"); a scan runs it over a text behind a filter that passes over what cannot begin a
 * term. What counts as standing in a text (word borders) is that of a named reference
 * implementation.
 *
 * Pure:    but for tamis_keywords_open, which reads a file.
 * Memory:  at most TAMIS_KEYWORDS_TABLE_MAX for the automaton; a scan keeps its room.
 * Threads: a list is immutable and for any thread; a scan belongs to one.
 */
#ifndef TAMIS_KEYWORDS_H
#define TAMIS_KEYWORDS_H

#include "tamis/hash.h"
#include "tamis/slice.h"
#include "tamis/status.h"
#include "tamis/text_edit.h"

#define TAMIS_KEYWORDS_FILE_MAX  (16u << 20)  /* bytes of a list */
#define TAMIS_KEYWORDS_TABLE_MAX (256u << 20) /* bytes of the automaton */
#define TAMIS_KEYWORD_BYTES_MAX  256          /* of one term, lower-cased */

/* What borders a term needs, with \w = letter, number or '_' as in Python. */
typedef enum tamis_keyword_rules {
    TAMIS_KEYWORD_DATATROVE, /* no \w beside the term */
    TAMIS_KEYWORD_TFDS,      /* on both sides a character of the same line that is not a to z */
    TAMIS_KEYWORD_DOLMA,     /* a single word is a whole word between white space; a phrase stands
                                anywhere */
    TAMIS_KEYWORD_DCLM,      /* \b on both sides: a change between \w and the rest */
    TAMIS_KEYWORD_RPV2,      /* words between spaces, in text that is normalized already; neither
                                side is lower-cased */
    TAMIS_KEYWORD_RULES_COUNT
} tamis_keyword_rules;

typedef struct tamis_keywords_settings {
    tamis_keyword_rules rules;
    bool is_substring;    /* terms stand anywhere: lists of scripts without spaces */
    const char *language; /* NULL or a code: datatrove leaves out some terms of ja and zh */
} tamis_keywords_settings;

typedef struct tamis_keywords tamis_keywords;
typedef struct tamis_keyword_scan tamis_keyword_scan;

/* Bytes that are covered by terms that overlap each other. */
typedef struct tamis_keyword_span {
    uint32_t begin;
    uint32_t end;
    uint32_t term; /* of the list: the longest that ends last; index among its distinct terms */
} tamis_keyword_span;

typedef struct tamis_keyword_result {
    const tamis_keyword_span *spans; /* ascending, disjoint; valid until the next scan */
    size_t span_count;
    uint64_t match_count; /* places and terms that match there, overlapping ones too */
} tamis_keyword_result;

/* "datatrove", "tfds", "dolma", "dclm", "rpv2". */
const char *tamis_keyword_rules_name(tamis_keyword_rules rules);
bool tamis_keyword_rules_find(const char *name, tamis_keyword_rules *out_rules);
/* Languages that are written without spaces between words: ja, th, zh. */
bool tamis_keyword_language_is_unspaced(const char *language);

/* Compiles a list; `name` is for messages (the file).
 * TAMIS_EFORMAT: not UTF-8, or not one of the two forms; names the line. TAMIS_ELIMIT: a limit
 * above. TAMIS_ENOMEM. A list without terms is allowed and matches nothing. */
TAMIS_MUST_USE
tamis_status tamis_keywords_create(const tamis_keywords_settings *settings, tamis_slice list,
                                   const char *name, tamis_keywords **out_keywords, tamis_err *err);
/* The same for a file. TAMIS_ENOENT, TAMIS_EIO too. */
TAMIS_MUST_USE
tamis_status tamis_keywords_open(const tamis_keywords_settings *settings, const char *path,
                                 tamis_keywords **out_keywords, tamis_err *err);
void tamis_keywords_destroy(tamis_keywords *keywords);

size_t tamis_keywords_count(const tamis_keywords *keywords);
/* A term as it is compared (lower-cased). */
tamis_slice tamis_keywords_term(const tamis_keywords *keywords, size_t index);
/* Of the bytes of the list. */
tamis_digest tamis_keywords_digest(const tamis_keywords *keywords);
/* Whether `word`, lower-cased by the caller, is a term. */
bool tamis_keywords_has(const tamis_keywords *keywords, tamis_slice word);

/* A scan with the kernel that is best now. `keywords` must outlive it. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_keyword_scan_create(const tamis_keywords *keywords,
                                       tamis_keyword_scan **out_scan, tamis_err *err);
void tamis_keyword_scan_destroy(tamis_keyword_scan *scan);

/* Finds every term in `text`: repaired UTF-8 of less than 4 GiB with TAMIS_BUF_SLACK readable bytes
 * behind it. Takes time in proportion to the text, whatever it holds. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_keyword_scan_run(tamis_keyword_scan *scan, tamis_slice text,
                                    tamis_keyword_result *out_result, tamis_err *err);

/* Appends cuts of the lines (up to and with "\n") that hold a span, with `reason`. Errors: those of
 * tamis_edits_cut. */
TAMIS_MUST_USE
tamis_status tamis_keyword_cut_lines(tamis_slice text, const tamis_keyword_result *result,
                                     uint16_t reason, tamis_edits *edits);

#endif
