/* SPDX-License-Identifier: Apache-2.0 */
/* run_options.h - the options of a run, as rows of a table that several commands share, and the
 * settings they make.
 *
 * Pure, but for reading the options.
 */
#ifndef TAMIS_RUN_OPTIONS_H
#define TAMIS_RUN_OPTIONS_H

#include "tamis/job.h"
#include "tamis/options.h"

extern const char *const tamis_progress_choices[];
extern const char *const tamis_color_choices[];

/* Rows that decide: another value is another result. */
#define TAMIS_RUN_DECIDING_OPTIONS                                                                 \
    {.name = "levels",                                                                             \
     .type = TAMIS_OPTION_CHOICES,                                                                 \
     .traits = TAMIS_OPTION_DECIDES,                                                               \
     .default_text = "exact,near",                                                                 \
     .choices = tamis_level_names,                                                                 \
     .group = "What counts as a duplicate",                                                        \
     .help = "kinds of deduplication; they run in the order url, exact, near"},                    \
        {.name = "threshold",                                                                      \
         .type = TAMIS_OPTION_RATIO,                                                               \
         .traits = TAMIS_OPTION_DECIDES,                                                           \
         .default_text = "0.8",                                                                    \
         .min = 1,                                                                                 \
         .max = TAMIS_PPM,                                                                         \
         .group = "What counts as a duplicate",                                                    \
         .help = "least Jaccard similarity of the shingles of near-duplicates"},                   \
        {.name = "recall",                                                                         \
         .type = TAMIS_OPTION_RATIO,                                                               \
         .traits = TAMIS_OPTION_DECIDES,                                                           \
         .default_text = "0.98",                                                                   \
         .min = 1,                                                                                 \
         .max = TAMIS_PPM,                                                                         \
         .group = "What counts as a duplicate",                                                    \
         .help = "share of the pairs at the threshold that bands must propose; picks --bands and " \
                 "--rows"},                                                                        \
        {.name = "bands",                                                                          \
         .type = TAMIS_OPTION_UINT,                                                                \
         .traits = TAMIS_OPTION_DECIDES,                                                           \
         .default_shown = "by --threshold and --recall: 18",                                       \
         .min = 1,                                                                                 \
         .max = 256,                                                                               \
         .group = "What counts as a duplicate",                                                    \
         .help = "bands of the signature; give --rows too"},                                       \
        {.name = "rows",                                                                           \
         .type = TAMIS_OPTION_UINT,                                                                \
         .traits = TAMIS_OPTION_DECIDES,                                                           \
         .default_shown = "by --threshold and --recall: 7",                                        \
         .min = 1,                                                                                 \
         .max = 64,                                                                                \
         .group = "What counts as a duplicate",                                                    \
         .help = "rows of a band; give --bands too"},                                              \
        {.name = "shingle",                                                                        \
         .type = TAMIS_OPTION_UINT,                                                                \
         .traits = TAMIS_OPTION_DECIDES,                                                           \
         .value_name = "TOKENS",                                                                   \
         .default_text = "5",                                                                      \
         .min = 1,                                                                                 \
         .max = 32,                                                                                \
         .group = "What counts as a duplicate",                                                    \
         .help = "tokens of a shingle"},                                                           \
        {.name = "min-containment",                                                                \
         .type = TAMIS_OPTION_RATIO,                                                               \
         .traits = TAMIS_OPTION_DECIDES,                                                           \
         .default_shown = "--threshold",                                                           \
         .min = 0,                                                                                 \
         .max = TAMIS_PPM,                                                                         \
         .group = "What counts as a duplicate",                                                    \
         .help = "least share of a removed text's shingles that its witness must have; above "     \
                 "--threshold it keeps longer texts with new parts"},                              \
        {.name = "verify",                                                                         \
         .type = TAMIS_OPTION_CHOICE,                                                              \
         .traits = TAMIS_OPTION_DECIDES,                                                           \
         .default_text = "auto",                                                                   \
         .choices = tamis_verify_names,                                                            \
         .group = "What counts as a duplicate",                                                    \
         .help = "how candidates are verified: by signature, by the texts, or by the texts where " \
                 "the signature is within three standard errors of the threshold (auto)"},         \
        {.name = "verify-spool",                                                                   \
         .type = TAMIS_OPTION_RATIO,                                                               \
         .traits = TAMIS_OPTION_DECIDES,                                                           \
         .default_text = "10%",                                                                    \
         .min = 0,                                                                                 \
         .max = 10 * TAMIS_PPM,                                                                    \
         .group = "What counts as a duplicate",                                                    \
         .help = "most shingles, as a share of the input's bytes (64 MiB are always allowed), "    \
                 "that verifying by text may write; above it the signature decides"},              \
        {.name = "exact",                                                                          \
         .type = TAMIS_OPTION_CHOICE,                                                              \
         .traits = TAMIS_OPTION_DECIDES,                                                           \
         .default_text = "folded",                                                                 \
         .choices = tamis_exact_names,                                                             \
         .group = "What counts as a duplicate",                                                    \
         .help = "texts are equal after NFC and white-space folding, or byte for byte (raw)"},     \
        {.name = "normalize",                                                                      \
         .type = TAMIS_OPTION_CHOICE,                                                              \
         .traits = TAMIS_OPTION_DECIDES,                                                           \
         .default_text = "text",                                                                   \
         .choices = tamis_profile_names,                                                           \
         .group = "What counts as a duplicate",                                                    \
         .help = "what tokens are: words without case and punctuation, or those of source code"},  \
        {.name = "bucket-cap",                                                                     \
         .type = TAMIS_OPTION_UINT,                                                                \
         .traits = TAMIS_OPTION_DECIDES,                                                           \
         .default_text = "8",                                                                      \
         .min = 1,                                                                                 \
         .max = 4096,                                                                              \
         .group = "What counts as a duplicate",                                                    \
         .help = "documents of a bucket that are offered to those behind them"},                   \
        {.name = "url-keep",                                                                       \
         .type = TAMIS_OPTION_CHOICE,                                                              \
         .traits = TAMIS_OPTION_DECIDES,                                                           \
         .default_text = "first",                                                                  \
         .choices = tamis_url_keep_names,                                                          \
         .group = "What counts as a duplicate",                                                    \
         .help = "which of the documents with one URL stays"},                                     \
        {.name = "scope",                                                                          \
         .type = TAMIS_OPTION_TEXT,                                                                \
         .traits = TAMIS_OPTION_DECIDES,                                                           \
         .value_name = "all|input|field:NAME",                                                     \
         .default_text = "all",                                                                    \
         .group = "What counts as a duplicate",                                                    \
         .help = "look for duplicates among all documents, only within an input, or only among "   \
                 "those with the same value of a field"},                                          \
        {.name = "against",                                                                        \
         .type = TAMIS_OPTION_TEXT,                                                                \
         .traits = TAMIS_OPTION_DECIDES | TAMIS_OPTION_LIST,                                       \
         .value_name = "PATH",                                                                     \
         .group = "Inputs",                                                                        \
         .help = "documents that can only be witnesses: never dropped, never written"},            \
        {.name = "priority",                                                                       \
         .type = TAMIS_OPTION_TEXT,                                                                \
         .traits = TAMIS_OPTION_DECIDES,                                                           \
         .value_name = "FILE",                                                                     \
         .group = "Inputs",                                                                        \
         .help = "a path, folder or glob a line, most trusted first: whose copy stays"},           \
        {.name = "text-field",                                                                     \
         .type = TAMIS_OPTION_TEXT,                                                                \
         .traits = TAMIS_OPTION_DECIDES,                                                           \
         .value_name = "NAME",                                                                     \
         .default_text = "text",                                                                   \
         .group = "Inputs",                                                                        \
         .help = "member of the text; a path with dots reaches into objects"},                     \
        {.name = "id-field",                                                                       \
         .type = TAMIS_OPTION_TEXT,                                                                \
         .traits = TAMIS_OPTION_DECIDES,                                                           \
         .value_name = "NAME",                                                                     \
         .default_text = "id",                                                                     \
         .group = "Inputs",                                                                        \
         .help = "member of the id; where it is missing, input and row stand for it"},             \
        {.name = "url-field",                                                                      \
         .type = TAMIS_OPTION_TEXT,                                                                \
         .traits = TAMIS_OPTION_DECIDES,                                                           \
         .value_name = "NAME",                                                                     \
         .default_text = "url",                                                                    \
         .group = "Inputs",                                                                        \
         .help = "member of the URL"},                                                             \
        {.name = "sample",                                                                         \
         .type = TAMIS_OPTION_RATIO,                                                               \
         .traits = TAMIS_OPTION_DECIDES,                                                           \
         .default_text = "100%",                                                                   \
         .min = 1,                                                                                 \
         .max = TAMIS_PPM,                                                                         \
         .group = "Inputs",                                                                        \
         .help = "take this share of the records, always the same ones"},                          \
        {.name = "limit",                                                                          \
         .type = TAMIS_OPTION_UINT,                                                                \
         .traits = TAMIS_OPTION_DECIDES,                                                           \
         .value_name = "N",                                                                        \
         .default_text = "0",                                                                      \
         .min = 0,                                                                                 \
         .max = INT64_MAX,                                                                         \
         .group = "Inputs",                                                                        \
         .help = "read the first N records of each input; 0: all"},                                \
        {.name = "record-limit",                                                                   \
         .type = TAMIS_OPTION_BYTES,                                                               \
         .traits = TAMIS_OPTION_DECIDES,                                                           \
         .default_text = "16MiB",                                                                  \
         .min = 1024,                                                                              \
         .max = 1 << 30,                                                                           \
         .group = "Inputs",                                                                        \
         .help = "a larger record is set aside"},                                                  \
        {.name = "nesting-limit",                                                                  \
         .type = TAMIS_OPTION_UINT,                                                                \
         .traits = TAMIS_OPTION_DECIDES,                                                           \
         .default_text = "128",                                                                    \
         .min = 1,                                                                                 \
         .max = 1024,                                                                              \
         .group = "Inputs",                                                                        \
         .help = "a record nested deeper is set aside"},                                           \
        {.name = "ratio-limit",                                                                    \
         .type = TAMIS_OPTION_UINT,                                                                \
         .traits = TAMIS_OPTION_DECIDES,                                                           \
         .default_shown = "of the library",                                                        \
         .min = 1,                                                                                 \
         .max = 1000000,                                                                           \
         .group = "Inputs",                                                                        \
         .help = "a stream that expands more (above its first 64 MiB) is used up to there"},       \
        {.name = "long",                                                                           \
         .type = TAMIS_OPTION_FLAG,                                                                \
         .traits = TAMIS_OPTION_DECIDES,                                                           \
         .default_text = "false",                                                                  \
         .group = "Inputs",                                                                        \
         .help = "accept zstd windows of up to 2 GiB (usually 128 MiB)"},                          \
        {.name = "split-size",                                                                     \
         .type = TAMIS_OPTION_BYTES,                                                               \
         .traits = TAMIS_OPTION_DECIDES,                                                           \
         .default_text = "64MiB",                                                                  \
         .min = 65536,                                                                             \
         .max = INT64_MAX,                                                                         \
         .group = "Inputs",                                                                        \
         .help = "cut larger plain JSONL and multi-member gzip files into pieces of this size"},   \
        {.name = "emit",                                                                           \
         .type = TAMIS_OPTION_CHOICES,                                                             \
         .traits = TAMIS_OPTION_DECIDES,                                                           \
         .default_text = "documents,attributes",                                                   \
         .choices = tamis_emit_names,                                                              \
         .group = "Output",                                                                        \
         .help = "what to write below OUT"},                                                       \
        {.name = "output-format",                                                                  \
         .type = TAMIS_OPTION_CHOICE,                                                              \
         .traits = TAMIS_OPTION_DECIDES,                                                           \
         .default_text = "jsonl.zst",                                                              \
         .choices = tamis_output_format_names,                                                     \
         .group = "Output",                                                                        \
         .help = "form of the files below OUT"},                                                   \
    {                                                                                              \
        .name = "output-level", .type = TAMIS_OPTION_UINT, .traits = TAMIS_OPTION_DECIDES,         \
        .default_text = "1", .min = 1, .max = 19, .group = "Output",                               \
        .help = "compression level of the files below OUT"                                         \
    }

/* The settings that the options ask for. TAMIS_EARG: err names option, value and what is allowed.
 */
TAMIS_MUST_USE
tamis_status tamis_run_settings(const tamis_options *options, tamis_settings *out_settings,
                                tamis_err *err);

#endif
