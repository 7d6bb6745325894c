/* SPDX-License-Identifier: Apache-2.0 */
/* profile.h - a profile or specification as a list of steps (docs/PROFILES.md).
 *
 * Memory:  a profile owns all that it points to.
 * Threads: read-only after parsing.
 */
#ifndef TAMIS_PROFILE_H
#define TAMIS_PROFILE_H

#include "tamis/quality.h"

#define PROFILE_NAME_SIZE      64u
#define PROFILE_TEXT_SIZE      256u
#define PROFILE_PATH_SIZE      4096u
#define PROFILE_FILES_MAX      64u
#define PROFILE_LANGUAGES_MAX  256u
#define PROFILE_WORDS_MAX      1024u
#define LANGUAGE_BYTES_DEFAULT 1024u /* of a text that the language is found in */

typedef enum tamis_profile_operator {
    OPERATOR_BELOW,    /* "<"; drops when value < limit */
    OPERATOR_AT_MOST,  /* "<=" */
    OPERATOR_ABOVE,    /* ">" */
    OPERATOR_AT_LEAST, /* ">=" */
    OPERATOR_COUNT
} tamis_profile_operator;

extern const char *const tamis_profile_operator_texts[OPERATOR_COUNT];

typedef enum tamis_step_kind {
    STEP_RULE,     /* drops by a signal's value */
    STEP_EDIT,     /* line rules: change the text, or drop the document */
    STEP_LANGUAGE, /* keeps some languages */
    STEP_URL,      /* blocklists against the URL */
    STEP_KEYWORDS, /* terms in the text */
    STEP_PII,      /* personal data: reports, masks, drops */
    STEP_KIND_COUNT
} tamis_step_kind;

extern const char *const tamis_step_kind_names[]; /* "rule", "edit", ...; NULL at the end */

/* What a file is for. */
typedef enum tamis_profile_role {
    ROLE_LANGUAGE_MODEL,
    ROLE_CLASSIFIER,
    ROLE_LM,
    ROLE_SENTENCEPIECE,
    ROLE_KEYWORDS,
    ROLE_BLOCKLIST,
    ROLE_STOP_WORDS,
    ROLE_FLAGGED_WORDS,
    ROLE_COUNT
} tamis_profile_role;

extern const char *const tamis_profile_role_names[]; /* "language_model", ...; NULL at the end */

typedef struct tamis_profile_step {
    tamis_step_kind kind;
    char reason[TAMIS_REASON_SIZE]; /* of rules, languages, keywords, personal data */
    char signal[PROFILE_NAME_SIZE]; /* rule */
    tamis_profile_operator operator;
    double limit;     /* rule; keywords, personal data: more matches drop the document */
    bool null_drops;  /* rule: a null value fails it */
    char **languages; /* rule: holds for these only (none: all); language: these are kept */
    size_t language_count;
    double score_min;              /* language */
    char name[PROFILE_NAME_SIZE];  /* edit: the line rules; keywords, personal data: the action */
    char types[PROFILE_TEXT_SIZE]; /* personal data: names separated by commas; keywords: how terms
                                      are matched */
    char key[PROFILE_TEXT_SIZE];   /* personal data: key of pseudonyms */
} tamis_profile_step;

typedef struct tamis_profile_file {
    tamis_profile_role role;
    char *path;
    bool has_digest;
    tamis_digest digest;
} tamis_profile_file;

/* How a text is handed to the detector of languages (lib/language). */
typedef enum tamis_language_text {
    LANGUAGE_TEXT_DATATROVE, /* newlines become spaces */
    LANGUAGE_TEXT_CCNET,     /* newlines are taken out; DCLM too */
    LANGUAGE_TEXT_DOLMA,     /* newlines become spaces, lower case, stripped */
    LANGUAGE_TEXT_BIGSCIENCE /* newlines become spaces, lower case */
} tamis_language_text;

extern const char *const tamis_language_text_names[]; /* NULL at the end */

typedef struct tamis_profile {
    char name[PROFILE_NAME_SIZE];
    char about[PROFILE_TEXT_SIZE * 4];
    tamis_quality_mode mode;
    uint32_t language_bytes; /* looked at to find the language; 0: the whole text */
    tamis_language_text language_text;
    char **signals; /* columns besides those of the rules, on the original text */
    size_t signal_count;
    char **stop_words; /* that Gopher's rule counts; none: the eight of the paper */
    size_t stop_word_count;
    tamis_profile_file *files;
    size_t file_count;
    tamis_profile_step *steps;
    size_t step_count;
} tamis_profile;

/* Reads YAML; `name` stands in errors. Every name in it is checked. TAMIS_EARG, TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_profile_parse(tamis_slice text, const char *name, tamis_profile **out_profile,
                                 tamis_err *err);
void tamis_profile_destroy(tamis_profile *profile); /* NULL is allowed */

/* Makes room for `count` steps before step `at` (or behind the last) and returns the first; NULL:
 * no memory, or too many. */
tamis_profile_step *tamis_profile_insert_steps(tamis_profile *profile, size_t at, size_t count);
void tamis_profile_remove_step(tamis_profile *profile, size_t at);
TAMIS_MUST_USE
tamis_status tamis_profile_step_add_language(tamis_profile_step *step, const char *language);
void tamis_profile_step_clear_languages(tamis_profile_step *step);

/* Adds a column on the original text, unless it is there. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_profile_add_signal(tamis_profile *profile, const char *name);

/* NULL: there is none. */
const tamis_profile_file *tamis_profile_find_file(const tamis_profile *profile,
                                                  tamis_profile_role role);
/* Sets or adds; the path is copied. TAMIS_ENOMEM, TAMIS_ELIMIT. */
TAMIS_MUST_USE
tamis_status tamis_profile_set_file(tamis_profile *profile, tamis_profile_role role,
                                    const char *path);

/* Appends the canonical YAML. TAMIS_ENOMEM, TAMIS_ELIMIT. */
TAMIS_MUST_USE
tamis_status tamis_profile_print(const tamis_profile *profile, tamis_buf *out);

/* The YAML of a built-in profile; empty: there is none of that name. */
tamis_slice tamis_profile_builtin(const char *name);

/* Whether `languages` has `code`. */
bool tamis_profile_step_has_language(const tamis_profile_step *step, const char *code);

#endif
