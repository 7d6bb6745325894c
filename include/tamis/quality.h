/* SPDX-License-Identifier: Apache-2.0 */
/* quality.h - grades one text by a profile: signals are numbers, rules are thresholds on them.
 *
 * A *profile* is a list of steps in YAML (docs/PROFILES.md): rules on signals, edits of the text,
 * the language, keywords, blocklists, personal data. A *specification* is a profile with everything
 * that decides resolved into it: options of the command line, paths and digests of models and
 * lists. It is YAML too, has one canonical form, and is what a job carries.
 *
 *   name or file + options --tamis_quality_resolve--> specification --_open--> quality (shared)
 *   quality --tamis_grader_create--> grader (one a thread) --_run(text)--> grade
 *
 * Values are doubles in *columns*: one for each signal and stage of the text that the profile
 * computes it on ("fineweb_char_dup_ratio@c4-paper" is that of the text which step c4-paper left).
 * NAN is null: there was nothing to divide by, or an earlier step had dropped the document. Equal
 * text, specification and files give equal bits on every machine.
 *
 * Memory:  models are mapped; a grader grows with the largest text.
 * Threads: a quality is immutable and may be shared; a grader belongs to one thread.
 */
#ifndef TAMIS_QUALITY_H
#define TAMIS_QUALITY_H

#include "tamis/buf.h"
#include "tamis/hash.h"
#include "tamis/slice.h"
#include "tamis/status.h"

#define TAMIS_QUALITY_SPEC_MAX      ((size_t)(1u << 20)) /* bytes of a specification */
#define TAMIS_QUALITY_STEPS_MAX     1024u
#define TAMIS_QUALITY_REASONS_MAX   1024u
#define TAMIS_QUALITY_COLUMNS_MAX   1024u
#define TAMIS_REASON_SIZE           64u
#define TAMIS_QUALITY_LANGUAGE_SIZE 16u /* "en", "und", "zh-Hant"; with the zero */

struct tamis_edits;
struct tamis_roots;

/* ---- Specifications ---- */

typedef enum tamis_quality_mode {
    TAMIS_QUALITY_PROFILE, /* the signals that the profile's rules name */
    TAMIS_QUALITY_ALL,     /* every signal that can be computed */
    TAMIS_QUALITY_VERDICT  /* stops at the first failing rule; columns behind it are null */
} tamis_quality_mode;

extern const char *const tamis_quality_mode_names[]; /* "profile", "all", "none"; NULL at the end */

/* What a user asked for. NULL and 0: not given. */
typedef struct tamis_quality_request {
    const char *profile; /* name of a built-in profile, or a file */
    tamis_quality_mode mode;
    bool requires_models; /* a rule that lacks its model or list is an error */
    bool finds_language;  /* also where no rule needs it */
    const char *const *languages;
    size_t language_count;
    double language_score_min;  /* negative: not given */
    const char *language_model; /* fastText model; NULL: CLD2 */
    const char *classifier;
    double keep_above; /* of the classifier's score; negative: not given */
    const char *lm;
    const char *sentencepiece;
    const char *keywords;
    const char *keyword_action; /* "drop", "drop-line", "tag" */
    const char *blocklist;      /* of domains, hosts, URLs and words */
    const char *pii_action;     /* "report", "mask", "drop" */
    const char *pii_types;      /* names separated by commas; NULL: the usual ones */
    const char *pii_key;        /* for pseudonyms */
} tamis_quality_request;

/* Resolves a request: finds the profile, checks every name in it, merges the options, takes the
 * digests of files. `out_spec` is replaced by the specification. `out_skipped` gets a line
 * "REASON: why" for each rule that was left out because its model or list was not given.
 * TAMIS_EARG: the profile, a rule, a signal or an option is unknown or wrong; err names file and
 * line, and the nearest name. TAMIS_ENOENT, TAMIS_EIO: a file. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_quality_resolve(const tamis_quality_request *request, tamis_buf *out_spec,
                                   tamis_buf *out_skipped, tamis_err *err);

/* The built-in profiles by name; NULL ends the list. */
const char *const *tamis_quality_profile_names(void);

/* ---- Grading ---- */

typedef struct tamis_quality tamis_quality;
typedef struct tamis_grader tamis_grader;

/* Opens models and lists of a specification, beneath `roots` when not NULL, and compares their
 * digests. TAMIS_ECHANGED: a file has another digest than when the job was made; err names both.
 * TAMIS_EARG, TAMIS_EFORMAT: no valid specification, or a damaged model (with the offset).
 * TAMIS_EOUTSIDE, TAMIS_ENOENT, TAMIS_EIO, TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_quality_open(tamis_slice spec, const struct tamis_roots *roots,
                                tamis_quality **out_quality, tamis_err *err);
void tamis_quality_close(tamis_quality *quality); /* NULL is allowed */

const char *tamis_quality_name(const tamis_quality *quality); /* of the profile */
bool tamis_quality_edits_text(const tamis_quality *quality);
bool tamis_quality_finds_language(const tamis_quality *quality);

size_t tamis_quality_column_count(const tamis_quality *quality);
const char *tamis_quality_column(const tamis_quality *quality, size_t column);
/* Reasons are 1 .. count - 1, in the order of the steps; 0 is "kept" and its name "". */
size_t tamis_quality_reason_count(const tamis_quality *quality);
const char *tamis_quality_reason(const tamis_quality *quality, size_t reason);

typedef struct tamis_grade {
    uint16_t reason;                            /* 0: passes */
    char language[TAMIS_QUALITY_LANGUAGE_SIZE]; /* "und": unknown; "": not looked for */
    double language_score;                      /* NAN: not looked for */
    const double *values;                       /* one for each column */
    tamis_slice text; /* as the edits leave it; the text itself where there are none */
    const struct tamis_edits *edits; /* of the text that was given; NULL: none */
    const struct tamis_edits
        *spans; /* of personal data that is reported, not changed; NULL: none */
} tamis_grade;

TAMIS_MUST_USE
tamis_status tamis_grader_create(const tamis_quality *quality, tamis_grader **out_grader,
                                 tamis_err *err);
void tamis_grader_destroy(tamis_grader *grader); /* NULL is allowed */

/* Grades one repaired text; TAMIS_BUF_SLACK readable bytes must follow it. `url` may be empty. What
 * the grade points to is valid until the next call. TAMIS_ENOMEM, TAMIS_ELIMIT: 4 GiB or more. */
TAMIS_MUST_USE
tamis_status tamis_grader_run(tamis_grader *grader, tamis_slice text, tamis_slice url,
                              tamis_grade *out_grade, tamis_err *err);

/* ---- Judging stored values ---- */

/* Whether stored columns suffice for the rules of `quality`: out_map[i] is the stored column that
 * holds column i. Steps that change the text, or look at it for other things than signals, must be
 * those of the specification under which the values were stored. TAMIS_EARG: they do not; err
 * names the first column or step that is missing. */
TAMIS_MUST_USE
tamis_status tamis_quality_map(const tamis_quality *quality, const tamis_quality *stored,
                               uint16_t *out_map, tamis_err *err);

/* The reason of the first step that the values fail; 0: none. values are in the order of quality's
 * columns; what steps that are no rules decided is among them. */
uint16_t tamis_quality_judge(const tamis_quality *quality, const double *values,
                             const char *language, double language_score);

#endif
