/* SPDX-License-Identifier: Apache-2.0 */
/* options.h - one table of settings, from which everything about them is made.
 *
 * A program states each setting once, as a row: name, type, range, default, group, help. From the
 * table come the command line, the TAMIS_* environment, the configuration file, --help, the man
 * page, --print-config, --check-config and the messages. Later sources win:
 *
 *   defaults < configuration file < environment < command line
 *
 * Command line: --name=VALUE, --name VALUE, -n VALUE, -nVALUE, -abc for flags; --flag and
 * --no-flag; "--" ends options; "-" is an operand; operands and options may be mixed. Names are
 * never abbreviated, so that new ones break no script. The last of repeated options wins, those of
 * a list add up.
 * Environment: TAMIS_BUCKET_CAP for bucket-cap; lists are separated by commas.
 * File: YAML, one flat map from names (with - or _) to scalars; lists are sequences or one scalar.
 * Nothing else of YAML is taken: no nesting, anchors, tags, or second document.
 *
 * Every table gets --help, --version, --config=FILE, --print-config and --check-config by itself.
 *
 * Link:    tamis::options.
 * Threads: read-only after loading; then any.
 */
#ifndef TAMIS_OPTIONS_H
#define TAMIS_OPTIONS_H

#include "tamis/buf.h"

typedef enum tamis_option_type {
    TAMIS_OPTION_FLAG,     /* true, false (yes, no, on, off, 1, 0) */
    TAMIS_OPTION_UINT,     /* whole number */
    TAMIS_OPTION_INT,      /* whole number with a sign */
    TAMIS_OPTION_BYTES,    /* 64MiB; bytes */
    TAMIS_OPTION_DURATION, /* 30s; milliseconds */
    TAMIS_OPTION_RATIO,    /* 0.8 or 80%; millionths */
    TAMIS_OPTION_CHOICE,   /* one of choices; its index */
    TAMIS_OPTION_CHOICES,  /* some of choices, separated by commas; bits by index */
    TAMIS_OPTION_TEXT      /* any text; also names of files */
} tamis_option_type;

enum {
    TAMIS_OPTION_LIST = 1,              /* TEXT only: may be repeated, all count */
    TAMIS_OPTION_DECIDES = 2,           /* another value is another result */
    TAMIS_OPTION_RELOADABLE = 4,        /* may change while the program runs */
    TAMIS_OPTION_COMMAND_LINE_ONLY = 8, /* neither in the file nor in the environment */
    TAMIS_OPTION_HIDDEN = 16,           /* not in --help and man page */
    TAMIS_OPTION_REQUIRED = 32          /* some source must give it */
};

typedef struct tamis_option {
    const char *name; /* lower case, with hyphens */
    char short_name;  /* 0: none */
    tamis_option_type type;
    uint32_t traits;            /* TAMIS_OPTION_LIST | ... */
    const char *value_name;     /* in help: "FILE"; NULL: by type */
    const char *default_text;   /* as a user would write it; NULL: unset (flags: false) */
    const char *default_shown;  /* in help, where default_text is NULL: "number of processors" */
    int64_t min;                /* of numbers, both ends allowed; 0 and 0: any */
    int64_t max;                /* INT64_MAX: none */
    const char *const *choices; /* NULL-terminated; at most 64 */
    const char *group;          /* heading in help; rows of a group stand together */
    const char *help;           /* a phrase without a final period */
    const char *deprecated;     /* NULL, or what to do instead: "use --levels" */
} tamis_option;

typedef struct tamis_option_table {
    const char *program;  /* "tamis run": in front of messages; with '-' the man page's name */
    const char *operands; /* in usage: "INPUT..."; NULL: none are taken */
    size_t operands_min;
    size_t operands_max;
    const char *summary;     /* one phrase, lower case, without a final period */
    const char *description; /* paragraphs separated by an empty line; NULL: none */
    const char *examples;    /* lines, shown as they are; NULL: none */
    const char *exit_codes;  /* lines "0  done"; NULL: the usual ones */
    const tamis_option *options;
    size_t option_count;
} tamis_option_table;

typedef enum tamis_option_source {
    TAMIS_OPTION_UNSET,
    TAMIS_OPTION_FROM_DEFAULT,
    TAMIS_OPTION_FROM_FILE,
    TAMIS_OPTION_FROM_ENVIRONMENT,
    TAMIS_OPTION_FROM_COMMAND_LINE
} tamis_option_source;

typedef struct tamis_option_value {
    tamis_option_source source;
    uint64_t number; /* of all types but TEXT; INT: two's complement */
    char *text;      /* TEXT; NULL: unset */
    char **items;    /* LIST */
    size_t item_count;
} tamis_option_value;

typedef struct tamis_options tamis_options;

/* What the command line asks for instead of, or besides, the program's work. */
typedef enum tamis_option_action {
    TAMIS_OPTION_RUN,
    TAMIS_OPTION_SHOW_HELP,
    TAMIS_OPTION_SHOW_VERSION,
    TAMIS_OPTION_SHOW_CONFIG,
    TAMIS_OPTION_CHECK_CONFIG,
    TAMIS_OPTION_SHOW_MAN
} tamis_option_action;

/* ---- For main ---- */

/* Does all that every program does first: loads the settings from every source, answers --help and
 * the like on `out`, tells errors ("tamis run: --threshold: '1.5' is out of range (0 to 1)" and
 * "Try 'tamis run --help'") and warnings on `error_out`. `arguments` are those behind the program's
 * (and subcommand's) name and must outlive the options; `environment` is like environ.
 * Returns true: go on with *out_options, which the caller destroys. False: exit with
 * *out_exit_code. */
bool tamis_options_start(const tamis_option_table *table, int argument_count,
                         char *const *arguments, char *const *environment, FILE *out,
                         FILE *error_out, tamis_options **out_options, int *out_exit_code);

/* ---- Values; a name that the table lacks or another type is the caller's mistake (asserted) ---
 */

bool tamis_options_flag(const tamis_options *options, const char *name);
/* UINT, BYTES, DURATION (ms), RATIO (millionths); 0 when unset. */
uint64_t tamis_options_uint(const tamis_options *options, const char *name);
int64_t tamis_options_int(const tamis_options *options, const char *name);
unsigned tamis_options_choice(const tamis_options *options, const char *name);
uint64_t tamis_options_choices(const tamis_options *options, const char *name);
/* NULL: unset. Valid as long as the options. */
const char *tamis_options_text(const tamis_options *options, const char *name);
size_t tamis_options_list(const tamis_options *options, const char *name,
                          const char *const **out_items);
/* Whether anything but the default gives a value. */
bool tamis_options_is_given(const tamis_options *options, const char *name);
size_t tamis_options_operands(const tamis_options *options, const char *const **out_operands);

/* By index in the table. */
const tamis_option_value *tamis_options_at(const tamis_options *options, size_t index);

/* ---- Step by step ---- */

/* Makes the options with the table's defaults. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_options_create(const tamis_option_table *table, tamis_options **out_options);
void tamis_options_destroy(tamis_options *options);

/* Each reads one source, in any order: a value from a later source of the list above stays.
 * TAMIS_EARG: err says where and what; the options may then be half read. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_options_read_arguments(tamis_options *options, int argument_count,
                                          char *const *arguments, tamis_err *err);
TAMIS_MUST_USE
tamis_status tamis_options_read_environment(tamis_options *options, char *const *environment,
                                            tamis_err *err);
/* `name` of the file is for messages. */
TAMIS_MUST_USE
tamis_status tamis_options_read_config(tamis_options *options, tamis_slice yaml, const char *name,
                                       tamis_err *err);
/* What no single source can know: required settings, number of operands. */
TAMIS_MUST_USE
tamis_status tamis_options_check(const tamis_options *options, tamis_err *err);
tamis_option_action tamis_options_action(const tamis_options *options);

/* ---- Texts made from the table; TAMIS_ENOMEM, TAMIS_ELIMIT ---- */

TAMIS_MUST_USE
tamis_status tamis_options_help(const tamis_option_table *table, tamis_buf *out);
/* roff, section 1. */
TAMIS_MUST_USE
tamis_status tamis_options_man(const tamis_option_table *table, tamis_buf *out);
/* YAML with every value and where it is from; reads back to the same values (texts
 * that are not UTF-8, as names of files may be, do not: YAML has none). */
TAMIS_MUST_USE
tamis_status tamis_options_config(const tamis_options *options, tamis_buf *out);

/* Whether the table itself is sound (names, defaults, groups, helps); for tests. TAMIS_EARG. */
TAMIS_MUST_USE
tamis_status tamis_option_table_check(const tamis_option_table *table, tamis_err *err);

#endif
