/* SPDX-License-Identifier: Apache-2.0 */
#include "options_internal.h"

#include "tamis/path.h"

/* What is left of the command line while it is read. */
typedef struct argument_reader {
    tamis_options *options;
    char *const *next;
    char *const *end;
    tamis_err *err;
} argument_reader;

static tamis_status operand_add(argument_reader *reader, const char *text)
{
    tamis_options *options = reader->options;
    /* Not realloc by one: there can be as many operands as a shell can name files. */
    bool is_full = (options->operand_count & (options->operand_count - 1)) == 0;

    if (is_full) {
        size_t capacity = options->operand_count == 0 ? 1 : 2 * options->operand_count;
        const char **operands = realloc(options->operands, capacity * sizeof(*operands));

        if (operands == NULL) {
            return tamis_err_set(reader->err, TAMIS_ENOMEM, "out of memory");
        }
        options->operands = operands;
    }
    options->operands[options->operand_count++] = text;
    return TAMIS_OK;
}

/* Options that ask for something else than the program's work. */
static void action_note(tamis_options *options, size_t index)
{
    static const tamis_option_action actions[COMMON_COUNT] = {
        [COMMON_HELP] = TAMIS_OPTION_SHOW_HELP,
        [COMMON_VERSION] = TAMIS_OPTION_SHOW_VERSION,
        [COMMON_PRINT_CONFIG] = TAMIS_OPTION_SHOW_CONFIG,
        [COMMON_CHECK_CONFIG] = TAMIS_OPTION_CHECK_CONFIG,
        [COMMON_PRINT_MAN] = TAMIS_OPTION_SHOW_MAN,
    };

    if (index >= options->table->option_count) {
        tamis_option_action action = actions[index - options->table->option_count];

        if (action != TAMIS_OPTION_RUN && options->values[index].number != 0) {
            options->action = action;
        }
    }
}

static bool action_is_final(tamis_option_action action)
{
    return action == TAMIS_OPTION_SHOW_HELP || action == TAMIS_OPTION_SHOW_VERSION ||
           action == TAMIS_OPTION_SHOW_MAN;
}

/* Sets option `index`; value NULL: none was attached, so the next argument is it. */
static tamis_status option_take(argument_reader *reader, size_t index, const char *value,
                                const char *label)
{
    const tamis_option *row = tamis_option_row(reader->options->table, index);
    tamis_status status = TAMIS_OK;

    if (value == NULL && row->type == TAMIS_OPTION_FLAG) {
        value = "true";
    }
    if (value == NULL) {
        if (reader->next == reader->end) {
            return tamis_err_set(reader->err, TAMIS_EARG, "%s: a value is missing (%s=%s)", label,
                                 label, tamis_option_value_name(row));
        }
        value = *reader->next++;
    }
    status = tamis_option_set(reader->options, index, value, TAMIS_OPTION_FROM_COMMAND_LINE, label,
                              reader->err);
    if (status == TAMIS_OK) {
        action_note(reader->options, index);
    }
    return status;
}

/* --name, --name=value, --no-flag */
static tamis_status long_take(argument_reader *reader, const char *argument)
{
    const tamis_option_table *table = reader->options->table;
    const char *equals = strchr(argument, '=');
    size_t size = equals == NULL ? strlen(argument) : (size_t)(equals - argument);
    char name[OPTIONS_NAME_SIZE];
    char label[OPTIONS_LABEL_SIZE];
    char hint[OPTIONS_LABEL_SIZE] = "";
    size_t index = SIZE_MAX;

    (void)snprintf(label, sizeof(label), "--%.*s", (int)(size < 128 ? size : 128), argument);
    if (size < sizeof(name)) {
        memcpy(name, argument, size);
        name[size] = '\0';
        index = tamis_option_find(table, name);
        if (index != SIZE_MAX) {
            return option_take(reader, index, equals == NULL ? NULL : equals + 1, label);
        }
        if (strncmp(name, "no-", 3) == 0 && equals == NULL) {
            index = tamis_option_find(table, name + 3);
            if (index != SIZE_MAX && tamis_option_row(table, index)->type == TAMIS_OPTION_FLAG) {
                return option_take(reader, index, "false", label);
            }
        }
        tamis_option_hint(table, name, "--", hint);
    }
    return tamis_err_set(reader->err, TAMIS_EARG, "unknown option '%s'%s", label, hint);
}

static size_t short_find(const tamis_option_table *table, char name)
{
    for (size_t i = 0; i < tamis_option_row_count(table); i++) {
        if (tamis_option_row(table, i)->short_name == name) {
            return i;
        }
    }
    return SIZE_MAX;
}

/* -a, -abc for flags, -nVALUE, -n VALUE; `argument` stands behind the hyphen. */
static tamis_status short_take(argument_reader *reader, const char *argument)
{
    const tamis_option_table *table = reader->options->table;
    tamis_status status = TAMIS_OK;

    while (*argument != '\0' && status == TAMIS_OK) {
        size_t index = short_find(table, *argument);
        char label[OPTIONS_LABEL_SIZE];
        bool is_flag = false;

        if (index == SIZE_MAX) {
            return tamis_err_set(reader->err, TAMIS_EARG, "unknown option '-%c'",
                                 *argument > ' ' && *argument <= '~' ? *argument : '?');
        }
        (void)snprintf(label, sizeof(label), "--%s", tamis_option_row(table, index)->name);
        is_flag = tamis_option_row(table, index)->type == TAMIS_OPTION_FLAG;
        argument++;
        if (is_flag) {
            status = option_take(reader, index, NULL, label);
        } else {
            return option_take(reader, index, *argument == '\0' ? NULL : argument, label);
        }
    }
    return status;
}

tamis_status tamis_options_read_arguments(tamis_options *options, int argument_count,
                                          char *const *arguments, tamis_err *err)
{
    argument_reader reader = {
        .options = options, .next = arguments, .end = arguments + argument_count, .err = err};
    bool are_options_over = false;
    tamis_status status = TAMIS_OK;

    while (reader.next != reader.end && status == TAMIS_OK && !action_is_final(options->action)) {
        const char *argument = *reader.next++;

        if (are_options_over || argument[0] != '-' || argument[1] == '\0') {
            status = operand_add(&reader, argument);
        } else if (argument[1] != '-') {
            status = short_take(&reader, argument + 1);
        } else if (argument[2] == '\0') {
            are_options_over = true;
        } else {
            status = long_take(&reader, argument + 2);
        }
    }
    return status;
}

/* TAMIS_BUCKET_CAP for bucket-cap; false: too long. */
static void environment_name(const char *name, char out_name[OPTIONS_NAME_SIZE + 8])
{
    size_t used = 6;

    memcpy(out_name, "TAMIS_", used);
    for (; *name != '\0' && used < OPTIONS_NAME_SIZE + 7; name++) {
        out_name[used++] = *name == '-'                   ? '_'
                           : *name >= 'a' && *name <= 'z' ? (char)(*name - 'a' + 'A')
                                                          : *name;
    }
    out_name[used] = '\0';
}

/* The value of that name, or NULL. */
static const char *environment_find(char *const *environment, const char *name)
{
    size_t size = strlen(name);

    for (; *environment != NULL; environment++) {
        if (strncmp(*environment, name, size) == 0 && (*environment)[size] == '=') {
            return *environment + size + 1;
        }
    }
    return NULL;
}

/* Sets each piece between commas; an empty text is an empty list. */
static tamis_status list_set(tamis_options *options, size_t index, const char *text,
                             const char *label, tamis_err *err)
{
    tamis_status status = TAMIS_OK;
    char *copy = strdup(text);
    char *rest = copy;
    char *item = NULL;

    if (copy == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: out of memory", label);
    }
    tamis_option_set_empty(options, index, TAMIS_OPTION_FROM_ENVIRONMENT);
    while (status == TAMIS_OK && *text != '\0' && (item = strsep(&rest, ",")) != NULL) {
        status = tamis_option_set(options, index, item, TAMIS_OPTION_FROM_ENVIRONMENT, label, err);
    }
    free(copy);
    return status;
}

tamis_status tamis_options_read_environment(tamis_options *options, char *const *environment,
                                            tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i < tamis_option_row_count(options->table) && status == TAMIS_OK; i++) {
        const tamis_option *row = tamis_option_row(options->table, i);
        char name[OPTIONS_NAME_SIZE + 8];
        const char *text = NULL;

        if ((row->traits & TAMIS_OPTION_COMMAND_LINE_ONLY) != 0) {
            continue;
        }
        environment_name(row->name, name);
        text = environment_find(environment, name);
        if (text == NULL) {
            continue;
        }
        if ((row->traits & TAMIS_OPTION_LIST) != 0) {
            status = list_set(options, i, text, name, err);
        } else {
            status = tamis_option_set(options, i, text, TAMIS_OPTION_FROM_ENVIRONMENT, name, err);
        }
    }
    return status;
}

static tamis_status config_file_read(tamis_options *options, tamis_err *err)
{
    const char *path = options->values[options->table->option_count + COMMON_CONFIG].text;
    tamis_buf yaml;
    tamis_status status = TAMIS_OK;

    if (path == NULL) {
        return TAMIS_OK;
    }
    tamis_buf_init(&yaml, OPTIONS_CONFIG_BYTES);
    status = tamis_path_read_file(path, &yaml, err);
    if (status == TAMIS_OK) {
        status = tamis_options_read_config(options, tamis_buf_slice(&yaml), path, err);
    }
    tamis_buf_fini(&yaml);
    return status;
}

static tamis_status load_all(tamis_options *options, int argument_count, char *const *arguments,
                             char *const *environment, tamis_err *err)
{
    tamis_status status = tamis_options_read_arguments(options, argument_count, arguments, err);

    if (status != TAMIS_OK || action_is_final(options->action)) {
        return status;
    }
    status = tamis_options_read_environment(options, environment, err);
    if (status == TAMIS_OK) {
        status = config_file_read(options, err);
    }
    if (status == TAMIS_OK && options->action == TAMIS_OPTION_RUN) {
        status = tamis_options_check(options, err);
    }
    return status;
}

static void warn_deprecated(const tamis_options *options, FILE *error_out)
{
    const tamis_option_table *table = options->table;

    for (size_t i = 0; i < table->option_count; i++) {
        if (table->options[i].deprecated != NULL &&
            options->values[i].source > TAMIS_OPTION_FROM_DEFAULT) {
            (void)fprintf(error_out, "%s: warning: --%s is deprecated: %s\n", table->program,
                          table->options[i].name, table->options[i].deprecated);
        }
    }
}

/* Makes the text that the action asks for. */
static tamis_status answer_make(const tamis_options *options, tamis_buf *text)
{
    const char *program = options->table->program;

    switch (options->action) {
    case TAMIS_OPTION_SHOW_HELP:
        return tamis_options_help(options->table, text);
    case TAMIS_OPTION_SHOW_VERSION:
        return tamis_buf_append_format(text, "%.*s " TAMIS_VERSION "\n", (int)strcspn(program, " "),
                                       program);
    case TAMIS_OPTION_SHOW_CONFIG:
        return tamis_options_config(options, text);
    case TAMIS_OPTION_CHECK_CONFIG:
        return tamis_buf_append_format(text, "%s: the settings are valid\n", program);
    case TAMIS_OPTION_SHOW_MAN:
        return tamis_options_man(options->table, text);
    case TAMIS_OPTION_RUN:
        break;
    }
    return TAMIS_OK;
}

static int answer(const tamis_options *options, FILE *out, FILE *error_out)
{
    tamis_buf text;
    bool is_written = false;

    tamis_buf_init(&text, 0);
    is_written = answer_make(options, &text) == TAMIS_OK &&
                 fwrite(text.data, 1, text.size, out) == text.size && fflush(out) == 0;
    tamis_buf_fini(&text);
    if (!is_written) {
        (void)fprintf(error_out, "%s: cannot write the answer\n", options->table->program);
    }
    return is_written ? 0 : 1;
}

bool tamis_options_start(const tamis_option_table *table, int argument_count,
                         char *const *arguments, char *const *environment, FILE *out,
                         FILE *error_out, tamis_options **out_options, int *out_exit_code)
{
    tamis_options *options = NULL;
    tamis_err err = {.text = "out of memory"};
    tamis_status status = tamis_options_create(table, &options);

    if (status == TAMIS_OK) {
        status = load_all(options, argument_count, arguments, environment, &err);
    }
    if (status != TAMIS_OK) {
        (void)fprintf(error_out, "%s: %s\n", table->program, err.text);
        if (status != TAMIS_ENOMEM) {
            (void)fprintf(error_out, "Try '%s --help'.\n", table->program);
        }
        *out_exit_code = status == TAMIS_ENOMEM ? 1 : 2;
        tamis_options_destroy(options);
        return false;
    }
    if (options->action != TAMIS_OPTION_RUN) {
        *out_exit_code = answer(options, out, error_out);
        tamis_options_destroy(options);
        return false;
    }
    warn_deprecated(options, error_out);
    *out_options = options;
    return true;
}
