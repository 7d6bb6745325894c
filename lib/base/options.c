/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/options.h"

#include "options_internal.h"

#include <inttypes.h>
#include <strings.h>

#include "tamis/path.h"
#include "tamis/size.h"
#include "tamis/suggest.h"

#define COMMON_GROUP "Other options"

const tamis_option tamis_common_options[COMMON_COUNT] = {
    [COMMON_HELP] = {.name = "help",
                     .short_name = 'h',
                     .traits = TAMIS_OPTION_COMMAND_LINE_ONLY,
                     .group = COMMON_GROUP,
                     .help = "Show this text and exit"},
    [COMMON_VERSION] = {.name = "version",
                        .short_name = 'V',
                        .traits = TAMIS_OPTION_COMMAND_LINE_ONLY,
                        .group = COMMON_GROUP,
                        .help = "Show the version and exit"},
    [COMMON_CONFIG] = {.name = "config",
                       .type = TAMIS_OPTION_TEXT,
                       .value_name = "FILE",
                       .group = COMMON_GROUP,
                       .help = "Read settings from this YAML file: a flat map of the names on this "
                               "page to values; the environment (TAMIS_NAME) and the command line "
                               "win over it"},
    [COMMON_PRINT_CONFIG] = {.name = "print-config",
                             .traits = TAMIS_OPTION_COMMAND_LINE_ONLY,
                             .group = COMMON_GROUP,
                             .help = "Show every setting as YAML, with where it is from, and exit"},
    [COMMON_CHECK_CONFIG] = {.name = "check-config",
                             .traits = TAMIS_OPTION_COMMAND_LINE_ONLY,
                             .group = COMMON_GROUP,
                             .help = "Check all settings and exit"},
    [COMMON_PRINT_MAN] = {.name = "print-man",
                          .traits = TAMIS_OPTION_COMMAND_LINE_ONLY | TAMIS_OPTION_HIDDEN,
                          .group = COMMON_GROUP,
                          .help = "Show this page as roff and exit"},
};

/* ---- The table ---- */

size_t tamis_option_row_count(const tamis_option_table *table)
{
    return table->option_count + COMMON_COUNT;
}

const tamis_option *tamis_option_row(const tamis_option_table *table, size_t index)
{
    return index < table->option_count ? &table->options[index]
                                       : &tamis_common_options[index - table->option_count];
}

size_t tamis_option_find(const tamis_option_table *table, const char *name)
{
    for (size_t i = 0; i < tamis_option_row_count(table); i++) {
        if (strcmp(tamis_option_row(table, i)->name, name) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

void tamis_option_hint(const tamis_option_table *table, const char *name, const char *prefix,
                       char out_hint[OPTIONS_LABEL_SIZE])
{
    size_t count = tamis_option_row_count(table);
    const char **names = malloc(count * sizeof(*names));
    const char *nearest = NULL;
    size_t shown = 0;

    out_hint[0] = '\0';
    if (names == NULL) {
        return; /* a hint is a courtesy */
    }
    for (size_t i = 0; i < count; i++) {
        const tamis_option *row = tamis_option_row(table, i);

        if ((row->traits & TAMIS_OPTION_HIDDEN) == 0 && row->deprecated == NULL) {
            names[shown++] = row->name;
        }
    }
    nearest = tamis_suggest(name, names, shown);
    if (nearest != NULL) {
        (void)snprintf(out_hint, OPTIONS_LABEL_SIZE, ": did you mean '%s%s'?", prefix, nearest);
    }
    free(names);
}

const char *tamis_option_value_name(const tamis_option *row)
{
    if (row->value_name != NULL) {
        return row->value_name;
    }
    switch (row->type) {
    case TAMIS_OPTION_FLAG:
        return NULL;
    case TAMIS_OPTION_UINT:
    case TAMIS_OPTION_INT:
        return "N";
    case TAMIS_OPTION_BYTES:
        return "SIZE";
    case TAMIS_OPTION_DURATION:
        return "TIME";
    case TAMIS_OPTION_RATIO:
        return "RATIO";
    case TAMIS_OPTION_CHOICE:
        return "NAME";
    case TAMIS_OPTION_CHOICES:
        return "NAMES";
    case TAMIS_OPTION_TEXT:
        break;
    }
    return "TEXT";
}

/* ---- Values from text ---- */

static void number_print(const tamis_option *row, uint64_t number,
                         char out_text[TAMIS_SIZE_TEXT_SIZE])
{
    if (row->type == TAMIS_OPTION_BYTES) {
        tamis_bytes_print(number, out_text);
    } else if (row->type == TAMIS_OPTION_DURATION) {
        tamis_duration_print(number, out_text);
    } else if (row->type == TAMIS_OPTION_RATIO) {
        tamis_ppm_print(number, out_text);
    } else if (row->type == TAMIS_OPTION_INT) {
        (void)snprintf(out_text, TAMIS_SIZE_TEXT_SIZE, "%" PRId64, (int64_t)number);
    } else {
        (void)snprintf(out_text, TAMIS_SIZE_TEXT_SIZE, "%" PRIu64, number);
    }
}

static bool has_range(const tamis_option *row)
{
    return row->min != 0 || row->max != 0;
}

void tamis_option_range(const tamis_option *row, char out_text[OPTIONS_LABEL_SIZE])
{
    char least[TAMIS_SIZE_TEXT_SIZE];
    char most[TAMIS_SIZE_TEXT_SIZE];

    out_text[0] = '\0';
    if (!has_range(row)) {
        return;
    }
    number_print(row, (uint64_t)row->min, least);
    number_print(row, (uint64_t)row->max, most);
    if (row->min == 0 && row->type != TAMIS_OPTION_INT) {
        (void)snprintf(least, sizeof(least), "0"); /* needs no unit */
    }
    if (row->max == INT64_MAX) {
        (void)snprintf(out_text, OPTIONS_LABEL_SIZE, "at least %s", least);
    } else {
        (void)snprintf(out_text, OPTIONS_LABEL_SIZE, "%s to %s", least, most);
    }
}

static bool is_in_range(const tamis_option *row, uint64_t number)
{
    if (!has_range(row)) {
        return true;
    }
    if (row->type == TAMIS_OPTION_INT) {
        return (int64_t)number >= row->min && (int64_t)number <= row->max;
    }
    return number >= (uint64_t)row->min && (row->max == INT64_MAX || number <= (uint64_t)row->max);
}

static tamis_status flag_parse(const char *text, uint64_t *out_number, tamis_err *err)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcasecmp(text, words[i]) == 0) {
            *out_number = i & 1;
            return TAMIS_OK;
        }
    }
    return tamis_err_set(err, TAMIS_EARG, "'%s' is neither true nor false", text);
}

/* "a, b, c" */
static void choices_print(const char *const *choices, char *out_text, size_t size)
{
    size_t used = 0;

    out_text[0] = '\0';
    for (size_t i = 0; choices[i] != NULL && used < size; i++) {
        int length = snprintf(out_text + used, size - used, "%s%s", i == 0 ? "" : ", ", choices[i]);

        used += length < 0 ? 0 : (size_t)length;
    }
}

static tamis_status choice_find(const tamis_option *row, const char *text, size_t size,
                                uint64_t *out_index, tamis_err *err)
{
    char word[OPTIONS_NAME_SIZE];
    char known[OPTIONS_LABEL_SIZE];
    const char *nearest = NULL;
    size_t count = 0;

    for (; row->choices[count] != NULL; count++) {
        if (strlen(row->choices[count]) == size && memcmp(row->choices[count], text, size) == 0) {
            *out_index = count;
            return TAMIS_OK;
        }
    }
    (void)snprintf(word, sizeof(word), "%.*s", size < sizeof(word) ? (int)size : 0, text);
    choices_print(row->choices, known, sizeof(known));
    nearest = tamis_suggest(word, row->choices, count);
    if (nearest == NULL) {
        return tamis_err_set(err, TAMIS_EARG, "'%.*s' is none of %s", (int)size, text, known);
    }
    return tamis_err_set(err, TAMIS_EARG, "'%.*s' is none of %s: did you mean '%s'?", (int)size,
                         text, known, nearest);
}

static tamis_status choices_parse(const tamis_option *row, const char *text, uint64_t *out_bits,
                                  tamis_err *err)
{
    uint64_t bits = 0;

    while (*text != '\0') {
        uint64_t index = 0;
        size_t size = strcspn(text, ",");
        tamis_status status = choice_find(row, text, size, &index, err);

        if (status != TAMIS_OK) {
            return status;
        }
        bits |= UINT64_C(1) << index;
        text += size;
        if (*text == ',') {
            text++;
            if (*text == '\0') {
                return tamis_err_set(err, TAMIS_EARG, "a name is missing behind the last comma");
            }
        }
    }
    *out_bits = bits;
    return TAMIS_OK;
}

/* The number that stands for `text`, within the row's range. */
static tamis_status number_parse(const tamis_option *row, const char *text, uint64_t *out_number,
                                 tamis_err *err)
{
    int64_t value = 0;
    tamis_status status = TAMIS_OK;

    switch (row->type) {
    case TAMIS_OPTION_FLAG:
        return flag_parse(text, out_number, err);
    case TAMIS_OPTION_CHOICE:
        return choice_find(row, text, strlen(text), out_number, err);
    case TAMIS_OPTION_CHOICES:
        return choices_parse(row, text, out_number, err);
    case TAMIS_OPTION_UINT:
        status = tamis_uint_parse(text, out_number, err);
        break;
    case TAMIS_OPTION_INT:
        status = tamis_int_parse(text, &value, err);
        *out_number = (uint64_t)value;
        break;
    case TAMIS_OPTION_BYTES:
        status = tamis_bytes_parse(text, out_number, err);
        break;
    case TAMIS_OPTION_DURATION:
        status = tamis_duration_parse(text, out_number, err);
        break;
    case TAMIS_OPTION_RATIO:
        status = tamis_ppm_parse(text, out_number, err);
        break;
    case TAMIS_OPTION_TEXT:
        TAMIS_ASSERT(row->type != TAMIS_OPTION_TEXT); /* no number */
        break;
    }
    if (status == TAMIS_OK && !is_in_range(row, *out_number)) {
        char range[OPTIONS_LABEL_SIZE];

        tamis_option_range(row, range);
        status = tamis_err_set(err, TAMIS_EARG, "'%s' is out of range (%s)", text, range);
    }
    return status;
}

static void value_clear(tamis_option_value *value)
{
    for (size_t i = 0; i < value->item_count; i++) {
        free(value->items[i]);
    }
    free(value->items);
    free(value->text);
    *value = (tamis_option_value){0};
}

static tamis_status item_append(tamis_option_value *value, const char *text)
{
    char **items = realloc(value->items, (value->item_count + 1) * sizeof(*items));

    if (items == NULL) {
        return TAMIS_ENOMEM;
    }
    value->items = items;
    items[value->item_count] = strdup(text);
    if (items[value->item_count] == NULL) {
        return TAMIS_ENOMEM;
    }
    value->item_count++;
    return TAMIS_OK;
}

void tamis_option_set_empty(tamis_options *options, size_t index, tamis_option_source source)
{
    tamis_option_value *value = &options->values[index];

    if (source > value->source) {
        value_clear(value);
        value->source = source;
    }
}

tamis_status tamis_option_set(tamis_options *options, size_t index, const char *text,
                              tamis_option_source source, const char *label, tamis_err *err)
{
    const tamis_option *row = tamis_option_row(options->table, index);
    tamis_option_value *value = &options->values[index];
    uint64_t number = 0;
    char *copy = NULL;

    /* A value that loses is checked all the same: a mistake should not wait for its day. */
    if (row->type != TAMIS_OPTION_TEXT) {
        tamis_status status = number_parse(row, text, &number, err);

        if (status != TAMIS_OK) {
            tamis_err_context(err, "%s", label);
            return status;
        }
    }
    if (source < value->source) {
        return TAMIS_OK;
    }
    if ((row->traits & TAMIS_OPTION_LIST) != 0) {
        tamis_option_set_empty(options, index, source);
        return item_append(value, text) == TAMIS_OK
                   ? TAMIS_OK
                   : tamis_err_set(err, TAMIS_ENOMEM, "%s: out of memory", label);
    }
    if (row->type == TAMIS_OPTION_TEXT) {
        copy = strdup(text);
        if (copy == NULL) {
            return tamis_err_set(err, TAMIS_ENOMEM, "%s: out of memory", label);
        }
    }
    value_clear(value);
    *value = (tamis_option_value){.source = source, .number = number, .text = copy};
    return TAMIS_OK;
}

/* ---- Objects and values ---- */

tamis_status tamis_options_create(const tamis_option_table *table, tamis_options **out_options)
{
    tamis_options *options = calloc(1, sizeof(*options));
    tamis_status status = TAMIS_OK;

    if (options == NULL) {
        return TAMIS_ENOMEM;
    }
    options->table = table;
    options->values = calloc(tamis_option_row_count(table), sizeof(*options->values));
    status = options->values == NULL ? TAMIS_ENOMEM : TAMIS_OK;
    for (size_t i = 0; i < table->option_count && status == TAMIS_OK; i++) {
        const char *text = table->options[i].default_text;

        if (text == NULL && table->options[i].type == TAMIS_OPTION_FLAG) {
            text = "false";
        }
        if (text != NULL) {
            status = tamis_option_set(options, i, text, TAMIS_OPTION_FROM_DEFAULT, "", NULL);
            TAMIS_ASSERT(status != TAMIS_EARG); /* tamis_option_table_check says which */
        }
    }
    if (status != TAMIS_OK) {
        tamis_options_destroy(options);
        return status;
    }
    *out_options = options;
    return TAMIS_OK;
}

void tamis_options_destroy(tamis_options *options)
{
    if (options == NULL) {
        return;
    }
    for (size_t i = 0; options->values != NULL && i < tamis_option_row_count(options->table); i++) {
        value_clear(&options->values[i]);
    }
    free(options->values);
    free(options->operands);
    free(options);
}

static const tamis_option_value *value_get(const tamis_options *options, const char *name,
                                           uint32_t types)
{
    size_t index = tamis_option_find(options->table, name);

    TAMIS_ASSERT(index != SIZE_MAX);
    TAMIS_ASSERT((types >> tamis_option_row(options->table, index)->type & 1) != 0);
    return &options->values[index];
}

bool tamis_options_flag(const tamis_options *options, const char *name)
{
    return value_get(options, name, 1u << TAMIS_OPTION_FLAG)->number != 0;
}

uint64_t tamis_options_uint(const tamis_options *options, const char *name)
{
    return value_get(options, name,
                     1u << TAMIS_OPTION_UINT | 1u << TAMIS_OPTION_BYTES |
                         1u << TAMIS_OPTION_DURATION | 1u << TAMIS_OPTION_RATIO)
        ->number;
}

int64_t tamis_options_int(const tamis_options *options, const char *name)
{
    return (int64_t)value_get(options, name, 1u << TAMIS_OPTION_INT)->number;
}

unsigned tamis_options_choice(const tamis_options *options, const char *name)
{
    return (unsigned)value_get(options, name, 1u << TAMIS_OPTION_CHOICE)->number;
}

uint64_t tamis_options_choices(const tamis_options *options, const char *name)
{
    return value_get(options, name, 1u << TAMIS_OPTION_CHOICES)->number;
}

const char *tamis_options_text(const tamis_options *options, const char *name)
{
    return value_get(options, name, 1u << TAMIS_OPTION_TEXT)->text;
}

size_t tamis_options_list(const tamis_options *options, const char *name,
                          const char *const **out_items)
{
    const tamis_option_value *value = value_get(options, name, 1u << TAMIS_OPTION_TEXT);

    *out_items = (const char *const *)value->items;
    return value->item_count;
}

bool tamis_options_is_given(const tamis_options *options, const char *name)
{
    return value_get(options, name, UINT32_MAX)->source > TAMIS_OPTION_FROM_DEFAULT;
}

size_t tamis_options_operands(const tamis_options *options, const char *const **out_operands)
{
    *out_operands = options->operands;
    return options->operand_count;
}

const tamis_option_value *tamis_options_at(const tamis_options *options, size_t index)
{
    TAMIS_ASSERT(index < options->table->option_count);
    return &options->values[index];
}

tamis_option_action tamis_options_action(const tamis_options *options)
{
    return options->action;
}

tamis_status tamis_options_check(const tamis_options *options, tamis_err *err)
{
    const tamis_option_table *table = options->table;

    for (size_t i = 0; i < table->option_count; i++) {
        if ((table->options[i].traits & TAMIS_OPTION_REQUIRED) != 0 &&
            options->values[i].source == TAMIS_OPTION_UNSET) {
            return tamis_err_set(err, TAMIS_EARG, "--%s=%s is missing", table->options[i].name,
                                 tamis_option_value_name(&table->options[i]));
        }
    }
    if (options->operand_count < table->operands_min) {
        return options->operand_count == 0
                   ? tamis_err_set(err, TAMIS_EARG, "%s is missing", table->operands)
                   : tamis_err_set(err, TAMIS_EARG, "%zu of the %zu operands are missing (%s)",
                                   table->operands_min - options->operand_count,
                                   table->operands_min, table->operands);
    }
    if (options->operand_count > table->operands_max) {
        return tamis_err_set(err, TAMIS_EARG, "unexpected operand '%s'",
                             options->operands[table->operands_max]);
    }
    return TAMIS_OK;
}

/* ---- Table check ---- */

static bool name_is_sound(const char *name)
{
    return name != NULL && name[0] != '\0' && name[0] != '-' && strlen(name) < OPTIONS_NAME_SIZE &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name);
}

/* NULL, or what is wrong with the row itself. */
static const char *row_fault(const tamis_option *row)
{
    bool is_choice = row->type == TAMIS_OPTION_CHOICE || row->type == TAMIS_OPTION_CHOICES;
    bool is_list = (row->traits & TAMIS_OPTION_LIST) != 0;
    size_t choice_count = 0;
    uint64_t number = 0;

    if (!name_is_sound(row->name)) {
        return "malformed name";
    }
    if (row->group == NULL || row->help == NULL || row->help[0] == '\0' ||
        row->help[strlen(row->help) - 1] == '.') {
        return "no group, no help, or a period at its end";
    }
    if (is_choice != (row->choices != NULL)) {
        return "choices and type do not fit";
    }
    while (is_choice && row->choices[choice_count] != NULL) {
        choice_count++;
    }
    if (choice_count > OPTIONS_CHOICES_MAX) {
        return "too many choices";
    }
    if (is_list && row->type != TAMIS_OPTION_TEXT) {
        return "a list of another type than text";
    }
    if (row->min > row->max || (has_range(row) && row->type != TAMIS_OPTION_INT && row->min < 0)) {
        return "malformed range";
    }
    if (row->default_text != NULL && row->type != TAMIS_OPTION_TEXT &&
        number_parse(row, row->default_text, &number, NULL) != TAMIS_OK) {
        return "the default is no value";
    }
    return NULL;
}

tamis_status tamis_option_table_check(const tamis_option_table *table, tamis_err *err)
{
    size_t count = tamis_option_row_count(table);

    for (size_t i = 0; i < count; i++) {
        const tamis_option *row = tamis_option_row(table, i);
        const char *fault = row_fault(row);

        if (fault != NULL) {
            return tamis_err_set(err, TAMIS_EARG, "row %zu (%s): %s", i,
                                 row->name == NULL ? "" : row->name, fault);
        }
        for (size_t j = 0; j < i; j++) {
            const tamis_option *other = tamis_option_row(table, j);

            if (strcmp(row->name, other->name) == 0 ||
                (row->short_name != 0 && row->short_name == other->short_name)) {
                return tamis_err_set(err, TAMIS_EARG, "row %zu (%s): the name of row %zu again", i,
                                     row->name, j);
            }
        }
    }
    if (table->operands_min > table->operands_max ||
        (table->operands == NULL) != (table->operands_max == 0)) {
        return tamis_err_set(err, TAMIS_EARG, "operands: names and counts do not fit");
    }
    return TAMIS_OK;
}
