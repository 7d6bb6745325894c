/* SPDX-License-Identifier: Apache-2.0 */
#include "options_internal.h"

#define HELP_WIDTH  80
#define HELP_COLUMN 28 /* where the help of an option begins */

void tamis_options_put(tamis_buf *out, tamis_status *status, const char *text)
{
    if (*status == TAMIS_OK) {
        *status = tamis_buf_append_string(out, text);
    }
}

static void put_size(tamis_buf *out, tamis_status *status, const char *text, size_t size)
{
    if (*status == TAMIS_OK) {
        *status = tamis_buf_append(out, text, size);
    }
}

static void put_spaces(tamis_buf *out, tamis_status *status, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        tamis_options_put(out, status, " ");
    }
}

/* Characters, not bytes: what is no continuation byte. */
static size_t width_of(const char *text, size_t size)
{
    size_t width = 0;

    for (size_t i = 0; i < size; i++) {
        width += ((unsigned char)text[i] & 0xc0) != 0x80 ? 1 : 0;
    }
    return width;
}

/* Appends words, broken before HELP_WIDTH, the next lines indented; `column` is where the line
 * stands now. An empty line in the text stays one. */
static void put_wrapped(tamis_buf *out, tamis_status *status, const char *text, size_t indent,
                        size_t column)
{
    bool is_line_start = true;

    while (*text != '\0') {
        size_t size = strcspn(text, " \n");
        size_t width = width_of(text, size);

        if (size > 0) {
            if (!is_line_start && column + 1 + width > HELP_WIDTH - 1) {
                tamis_options_put(out, status, "\n");
                put_spaces(out, status, indent);
                column = indent;
                is_line_start = true;
            }
            tamis_options_put(out, status, is_line_start ? "" : " ");
            put_size(out, status, text, size);
            column += width + (is_line_start ? 0 : 1);
            is_line_start = false;
        }
        text += size;
        if (text[0] == '\n' && text[1] == '\n') {
            tamis_options_put(out, status, "\n\n");
            put_spaces(out, status, indent);
            column = indent;
            is_line_start = true;
            text++;
        }
        text += *text == '\0' ? 0 : 1;
    }
}

/* "one of a, b; 0 to 1; default: x": what the table knows beside the help. */
static void notes_make(const tamis_option *row, tamis_buf *out, tamis_status *status)
{
    const char *separator = " (";
    char range[OPTIONS_LABEL_SIZE];

    if (row->choices != NULL) {
        tamis_options_put(out, status, separator);
        tamis_options_put(out, status,
                          row->type == TAMIS_OPTION_CHOICE ? "one of " : "some of, with commas: ");
        for (size_t i = 0; row->choices[i] != NULL; i++) {
            tamis_options_put(out, status, i == 0 ? "" : ", ");
            tamis_options_put(out, status, row->choices[i]);
        }
        separator = "; ";
    }
    tamis_option_range(row, range);
    if (range[0] != '\0') {
        tamis_options_put(out, status, separator);
        tamis_options_put(out, status, range);
        separator = "; ";
    }
    if ((row->traits & TAMIS_OPTION_LIST) != 0) {
        tamis_options_put(out, status, separator);
        tamis_options_put(out, status, "may be repeated");
        separator = "; ";
    }
    /* A flag is off unless the text says otherwise. */
    if ((row->default_text != NULL && row->default_text[0] != '\0' &&
         row->type != TAMIS_OPTION_FLAG) ||
        row->default_shown != NULL) {
        tamis_options_put(out, status, separator);
        tamis_options_put(out, status, "default: ");
        tamis_options_put(out, status,
                          row->default_shown != NULL ? row->default_shown : row->default_text);
        separator = "; ";
    }
    tamis_options_put(out, status, separator[0] == ';' ? ")" : "");
}

/* help and notes as one text with a final zero. */
static tamis_status row_text(const tamis_option *row, tamis_buf *out)
{
    tamis_status status = TAMIS_OK;

    tamis_buf_reset(out);
    tamis_options_put(out, &status, row->help);
    notes_make(row, out, &status);
    return status == TAMIS_OK ? tamis_buf_append_byte(out, '\0') : status;
}

/* "  -o, --output=FOLDER" */
static void put_row_names(tamis_buf *out, tamis_status *status, const tamis_option *row)
{
    const char *value_name = tamis_option_value_name(row);

    if (row->short_name != 0 && *status == TAMIS_OK) {
        *status = tamis_buf_append_format(out, "  -%c, ", row->short_name);
    } else {
        tamis_options_put(out, status, "      ");
    }
    tamis_options_put(out, status, "--");
    tamis_options_put(out, status, row->name);
    if (value_name != NULL) {
        tamis_options_put(out, status, "=");
        tamis_options_put(out, status, value_name);
    }
}

static void put_row(tamis_buf *out, tamis_status *status, const tamis_option *row,
                    tamis_buf *scratch)
{
    size_t start = out->size;
    size_t width = 0;

    put_row_names(out, status, row);
    if (*status != TAMIS_OK) {
        return;
    }
    *status = row_text(row, scratch);
    if (*status != TAMIS_OK) {
        return;
    }
    width = out->size - start;
    if (width > HELP_COLUMN - 2) {
        tamis_options_put(out, status, "\n");
        width = 0;
    }
    put_spaces(out, status, HELP_COLUMN - width);
    put_wrapped(out, status, (const char *)scratch->data, HELP_COLUMN, HELP_COLUMN);
    tamis_options_put(out, status, "\n");
}

static bool is_shown(const tamis_option *row)
{
    return (row->traits & TAMIS_OPTION_HIDDEN) == 0 && row->deprecated == NULL;
}

/* "tamis run [OPTION]... --output=FOLDER INPUT..." */
static void put_usage(tamis_buf *out, tamis_status *status, const tamis_option_table *table)
{
    tamis_options_put(out, status, table->program);
    tamis_options_put(out, status, " [OPTION]...");
    for (size_t i = 0; i < table->option_count; i++) {
        const tamis_option *row = &table->options[i];

        if ((row->traits & TAMIS_OPTION_REQUIRED) != 0 && *status == TAMIS_OK) {
            *status =
                tamis_buf_append_format(out, " --%s=%s", row->name, tamis_option_value_name(row));
        }
    }
    if (table->operands != NULL) {
        tamis_options_put(out, status, " ");
        tamis_options_put(out, status, table->operands);
    }
}

/* The summary as a sentence. */
static void put_summary(tamis_buf *out, tamis_status *status, const char *summary)
{
    char first[2] = {summary[0], '\0'};

    if (first[0] >= 'a' && first[0] <= 'z') {
        first[0] = (char)(first[0] - 'a' + 'A');
    }
    tamis_options_put(out, status, first);
    put_wrapped(out, status, summary[0] == '\0' ? "" : summary + 1, 0, 1);
    tamis_options_put(out, status, ".\n");
}

tamis_status tamis_options_help(const tamis_option_table *table, tamis_buf *out)
{
    tamis_status status = TAMIS_OK;
    const char *group = "";
    tamis_buf scratch;

    tamis_buf_init(&scratch, 0);
    tamis_options_put(out, &status, "Usage: ");
    put_usage(out, &status, table);
    tamis_options_put(out, &status, "\n");
    put_summary(out, &status, table->summary);
    if (table->description != NULL) {
        tamis_options_put(out, &status, "\n");
        put_wrapped(out, &status, table->description, 0, 0);
        tamis_options_put(out, &status, "\n");
    }
    for (size_t i = 0; i < tamis_option_row_count(table); i++) {
        const tamis_option *row = tamis_option_row(table, i);

        if (!is_shown(row)) {
            continue;
        }
        if (strcmp(row->group, group) != 0) {
            group = row->group;
            tamis_options_put(out, &status, "\n");
            tamis_options_put(out, &status, group);
            tamis_options_put(out, &status, ":\n");
        }
        put_row(out, &status, row, &scratch);
    }
    if (table->examples != NULL) {
        tamis_options_put(out, &status, "\nExamples:\n");
        tamis_options_put(out, &status, table->examples);
        tamis_options_put(out, &status, "\n");
    }
    tamis_buf_fini(&scratch);
    return status;
}

/* ---- The man page ---- */

/* Text for roff: backslashes and hyphens escaped, no control line by accident, an empty line as a
 * paragraph. */
static void put_roff(tamis_buf *out, tamis_status *status, const char *text)
{
    bool is_line_start = true;

    for (; *text != '\0'; text++) {
        char plain[2] = {*text, '\0'};

        if (is_line_start && (*text == '.' || *text == '\'')) {
            tamis_options_put(out, status, "\\&");
        }
        if (text[0] == '\n' && text[1] == '\n') {
            tamis_options_put(out, status, "\n.PP");
        } else if (*text == '\\') {
            tamis_options_put(out, status, "\\e");
        } else if (*text == '-') {
            tamis_options_put(out, status, "\\-");
        } else {
            tamis_options_put(out, status, plain);
        }
        is_line_start = *text == '\n';
    }
}

/* Lines as they are. */
static void put_roff_lines(tamis_buf *out, tamis_status *status, const char *text)
{
    tamis_options_put(out, status, ".nf\n");
    put_roff(out, status, text);
    tamis_options_put(out, status, "\n.fi\n");
}

/* "tamis-run" */
static void page_name_make(const tamis_option_table *table, char out_name[OPTIONS_NAME_SIZE])
{
    (void)snprintf(out_name, OPTIONS_NAME_SIZE, "%s", table->program);
    for (char *p = out_name; *p != '\0'; p++) {
        if (*p == ' ') {
            *p = '-';
        }
    }
}

static void put_roff_header(tamis_buf *out, tamis_status *status, const tamis_option_table *table)
{
    char name[OPTIONS_NAME_SIZE];

    page_name_make(table, name);
    tamis_options_put(out, status, ".TH \"");
    put_roff(out, status, name);
    tamis_options_put(out, status,
                      "\" 1 \"" TAMIS_VERSION_DATE "\" \"tamis " TAMIS_VERSION
                      "\" \"User Commands\"\n");
    tamis_options_put(out, status, ".SH NAME\n");
    put_roff(out, status, name);
    tamis_options_put(out, status, " \\- ");
    put_roff(out, status, table->summary);
    tamis_options_put(out, status, "\n.SH SYNOPSIS\n.B ");
    put_usage(out, status, table);
    tamis_options_put(out, status, "\n");
    if (table->description != NULL) {
        tamis_options_put(out, status, ".SH DESCRIPTION\n");
        put_roff(out, status, table->description);
        tamis_options_put(out, status, "\n");
    }
}

static void put_roff_row(tamis_buf *out, tamis_status *status, const tamis_option *row,
                         tamis_buf *scratch)
{
    const char *value_name = tamis_option_value_name(row);

    if (*status == TAMIS_OK) {
        *status = row_text(row, scratch);
    }
    if (*status != TAMIS_OK) {
        return;
    }
    tamis_options_put(out, status, ".TP\n");
    if (row->short_name != 0) {
        *status = tamis_buf_append_format(out, "\\fB\\-%c\\fR, ", row->short_name);
    }
    tamis_options_put(out, status, "\\fB\\-\\-");
    put_roff(out, status, row->name);
    tamis_options_put(out, status, "\\fR");
    if (value_name != NULL) {
        tamis_options_put(out, status, "=\\fI");
        put_roff(out, status, value_name);
        tamis_options_put(out, status, "\\fR");
    }
    tamis_options_put(out, status, "\n");
    put_roff(out, status, (const char *)scratch->data);
    tamis_options_put(out, status, ".\n");
    if ((row->traits & TAMIS_OPTION_DECIDES) != 0) {
        tamis_options_put(out, status,
                          "Decides the result: a run that is resumed must have the same value.\n");
    }
    if ((row->traits & TAMIS_OPTION_RELOADABLE) != 0) {
        tamis_options_put(out, status, "May change while the program runs.\n");
    }
    if (row->deprecated != NULL) {
        tamis_options_put(out, status, "Deprecated: ");
        put_roff(out, status, row->deprecated);
        tamis_options_put(out, status, ".\n");
    }
}

static const char settings_text[] =
    "A setting is taken from, in rising precedence: its default, the configuration file "
    "(--config), "
    "the environment, the command line. In the environment the name is in capitals with "
    "underscores "
    "and TAMIS_ in front (TAMIS_BUCKET_CAP), and lists are separated by commas. The configuration "
    "file is YAML: one flat map from names, with hyphens or underscores, to values; lists are "
    "sequences.\n\n"
    "Sizes have a unit: B, kB, MB, GB, TB, PB (powers of 1000), KiB, MiB, GiB, TiB, PiB (of 1024). "
    "Times have one: ms, s, min, h, d. A ratio is written like 0.8 or 80%.";

static const char usual_exit_codes[] =
    "0      done\n1      failed\n2      usage error\n3      done, but some input was set aside\n"
    "4      a peer is out of reach\n128+n  ended by signal n";

tamis_status tamis_options_man(const tamis_option_table *table, tamis_buf *out)
{
    tamis_status status = TAMIS_OK;
    const char *group = "";
    tamis_buf scratch;

    tamis_buf_init(&scratch, 0);
    put_roff_header(out, &status, table);
    tamis_options_put(out, &status, ".SH OPTIONS\n");
    for (size_t i = 0; i < tamis_option_row_count(table); i++) {
        const tamis_option *row = tamis_option_row(table, i);

        if ((row->traits & TAMIS_OPTION_HIDDEN) != 0) {
            continue;
        }
        if (strcmp(row->group, group) != 0) {
            group = row->group;
            tamis_options_put(out, &status, ".SS \"");
            put_roff(out, &status, group);
            tamis_options_put(out, &status, "\"\n");
        }
        put_roff_row(out, &status, row, &scratch);
    }
    tamis_options_put(out, &status, ".SH SETTINGS\n");
    put_roff(out, &status, settings_text);
    tamis_options_put(out, &status, "\n.SH \"EXIT STATUS\"\n");
    put_roff_lines(out, &status, table->exit_codes == NULL ? usual_exit_codes : table->exit_codes);
    if (table->examples != NULL) {
        tamis_options_put(out, &status, ".SH EXAMPLES\n");
        put_roff_lines(out, &status, table->examples);
    }
    tamis_buf_fini(&scratch);
    return status;
}
