/* SPDX-License-Identifier: Apache-2.0 */
/* options_internal.h - what the files of the options engine share. */
#ifndef TAMIS_OPTIONS_INTERNAL_H
#define TAMIS_OPTIONS_INTERNAL_H

#include "tamis/options.h"

#define OPTIONS_LABEL_SIZE   320
#define OPTIONS_NAME_SIZE    64 /* of a setting, with the final zero */
#define OPTIONS_CONFIG_BYTES (1u << 20)
#define OPTIONS_CHOICES_MAX  64

enum {
    COMMON_HELP,
    COMMON_VERSION,
    COMMON_CONFIG,
    COMMON_PRINT_CONFIG,
    COMMON_CHECK_CONFIG,
    COMMON_PRINT_MAN,
    COMMON_COUNT
};

/* The rows that every table has, behind its own. */
extern const tamis_option tamis_common_options[COMMON_COUNT];

struct tamis_options {
    const tamis_option_table *table;
    tamis_option_value *values; /* of the table's rows, then of the common ones */
    const char **operands;      /* borrowed texts */
    size_t operand_count;
    tamis_option_action action;
};

size_t tamis_option_row_count(const tamis_option_table *table);
/* Row by index over the table's and the common ones. */
const tamis_option *tamis_option_row(const tamis_option_table *table, size_t index);
/* Index of the row of that name; SIZE_MAX: none. */
size_t tamis_option_find(const tamis_option_table *table, const char *name);
/* The nearest name, as ": did you mean '--x'?" with the prefix in front of x; "" where none is. */
void tamis_option_hint(const tamis_option_table *table, const char *name, const char *prefix,
                       char out_hint[OPTIONS_LABEL_SIZE]);

/* Takes `text` as value number `index`, unless a later source gave one. `label` stands in front of
 * the error. */
TAMIS_MUST_USE
tamis_status tamis_option_set(tamis_options *options, size_t index, const char *text,
                              tamis_option_source source, const char *label, tamis_err *err);
/* Takes an empty list. */
void tamis_option_set_empty(tamis_options *options, size_t index, tamis_option_source source);

/* "0 to 1", "at least 1", or "" when any value goes. */
void tamis_option_range(const tamis_option *row, char out_text[OPTIONS_LABEL_SIZE]);
/* "FILE", "N", ...; NULL for flags. */
const char *tamis_option_value_name(const tamis_option *row);

/* Appends while *status is TAMIS_OK. */
void tamis_options_put(tamis_buf *out, tamis_status *status, const char *text);

#endif
