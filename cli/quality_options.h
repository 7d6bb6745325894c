/* SPDX-License-Identifier: Apache-2.0 */
/* quality_options.h - the options of quality, as rows of a table that several commands share, and
 * the specification that they ask for.
 *
 * Threads: one.
 */
#ifndef TAMIS_QUALITY_OPTIONS_H
#define TAMIS_QUALITY_OPTIONS_H

#include <stdio.h>

#include "tamis/buf.h"
#include "tamis/options.h"
#include "tamis/quality.h"

extern const char *const tamis_quality_signal_choices[]; /* "profile", "all", "none" */
extern const char *const tamis_keyword_action_choices[]; /* "drop", "drop-line", "tag" */
extern const char *const tamis_pii_action_choices[];     /* "report", "mask", "drop" */

#define TAMIS_QUALITY_ROW(option_name, value, text)                                                \
    {                                                                                              \
        .name = (option_name), .type = TAMIS_OPTION_TEXT, .traits = TAMIS_OPTION_DECIDES,          \
        .value_name = (value), .group = "Quality", .help = (text)                                  \
    }

/* Rows that decide: another value is another result. */
#define TAMIS_QUALITY_OPTIONS                                                                      \
    TAMIS_QUALITY_ROW("quality", "NAME|FILE",                                                      \
                      "grade every document by this profile, and drop those that fail it before "  \
                      "duplicates are sought: a name (gopher-paper, fineweb-v1, ...) or a YAML "   \
                      "file"),                                                                     \
        {.name = "require-models",                                                                 \
         .type = TAMIS_OPTION_FLAG,                                                                \
         .traits = TAMIS_OPTION_DECIDES,                                                           \
         .default_text = "false",                                                                  \
         .group = "Quality",                                                                       \
         .help = "refuse a profile whose models or lists are not given, instead of leaving out "   \
                 "the rules that need them"},                                                      \
        TAMIS_QUALITY_ROW("languages", "CODES",                                                    \
                          "keep documents of these languages alone: codes separated by commas "    \
                          "(en,zh)"),                                                              \
        {.name = "min-language-score",                                                             \
         .type = TAMIS_OPTION_RATIO,                                                               \
         .traits = TAMIS_OPTION_DECIDES,                                                           \
         .default_shown = "of the profile",                                                        \
         .min = 0,                                                                                 \
         .max = 1000000,                                                                           \
         .group = "Quality",                                                                       \
         .help = "drop documents whose language is less certain"},                                 \
        TAMIS_QUALITY_ROW("language-model", "FILE|cld2",                                           \
                          "fastText model that finds the language; cld2 is built in"),             \
        TAMIS_QUALITY_ROW("classifier", "FILE", "fastText model that scores the text"),            \
        {.name = "keep-above",                                                                     \
         .type = TAMIS_OPTION_RATIO,                                                               \
         .traits = TAMIS_OPTION_DECIDES,                                                           \
         .default_shown = "of the profile",                                                        \
         .min = 0,                                                                                 \
         .max = 1000000,                                                                           \
         .group = "Quality",                                                                       \
         .help = "with --classifier: keep documents that score higher"},                           \
        TAMIS_QUALITY_ROW("lm", "FILE",                                                            \
                          "language model (ARPA or KenLM) that measures perplexity"),              \
        TAMIS_QUALITY_ROW("sentencepiece", "FILE", "SentencePiece model of --lm"),                 \
        TAMIS_QUALITY_ROW("keywords", "FILE", "list of terms, one a line"),                        \
        {.name = "keyword-action",                                                                 \
         .type = TAMIS_OPTION_CHOICE,                                                              \
         .traits = TAMIS_OPTION_DECIDES,                                                           \
         .default_shown = "of the profile, or drop",                                               \
         .choices = tamis_keyword_action_choices,                                                  \
         .group = "Quality",                                                                       \
         .help = "what a term does: drop the document, drop its line, tag"},                       \
        TAMIS_QUALITY_ROW("blocklist", "FILE", "list of domains, hosts and URLs to drop"),         \
        {.name = "pii",                                                                            \
         .type = TAMIS_OPTION_CHOICE,                                                              \
         .traits = TAMIS_OPTION_DECIDES,                                                           \
         .default_shown = "of the profile",                                                        \
         .choices = tamis_pii_action_choices,                                                      \
         .group = "Quality",                                                                       \
         .help = "what becomes of personal data: report where it stands, mask it, drop the "       \
                 "document"},                                                                      \
        TAMIS_QUALITY_ROW("pii-types", "TYPES",                                                    \
                          "kinds of personal data, separated by commas (email,ip,...)"),           \
        TAMIS_QUALITY_ROW("pii-key", "KEY", "mask with pseudonyms made with this key"),            \
    {                                                                                              \
        .name = "signals", .type = TAMIS_OPTION_CHOICE, .traits = TAMIS_OPTION_DECIDES,            \
        .default_text = "profile", .choices = tamis_quality_signal_choices, .group = "Quality",    \
        .help = "which signals to compute and store: those of the profile's rules, all, or none "  \
                "behind the first rule that fails"                                                 \
    }

/* Resolves what the options ask for. *out_spec is NULL when quality is not asked for; else both are
 * to be freed. TAMIS_EARG: an option of quality stands without --quality; else as of
 * tamis_quality_resolve. */
TAMIS_MUST_USE
tamis_status tamis_quality_options_resolve(const tamis_options *options, char **out_spec,
                                           char **out_skipped, tamis_err *err);

/* Whether a specification is asked for. */
bool tamis_quality_options_ask(const tamis_options *options);
/* Resolves also where none is: then all signals are computed, unless --signals says otherwise. */
TAMIS_MUST_USE
tamis_status tamis_quality_options_resolve_all(const tamis_options *options, char **out_spec,
                                               char **out_skipped, tamis_err *err);

/* Tells on `file` which rules were left out. */
void tamis_quality_print_skipped(const char *command, const char *skipped, FILE *file);

#endif
