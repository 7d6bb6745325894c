/* SPDX-License-Identifier: Apache-2.0 */
#include "options_internal.h"

#include <inttypes.h>

#include "tamis/size.h"

#define CONFIG_COLUMN 40 /* where the source of a value stands */

static const char *source_text(tamis_option_source source)
{
    switch (source) {
    case TAMIS_OPTION_UNSET:
        return "unset";
    case TAMIS_OPTION_FROM_DEFAULT:
        return "default";
    case TAMIS_OPTION_FROM_FILE:
        return "file";
    case TAMIS_OPTION_FROM_ENVIRONMENT:
        return "environment";
    case TAMIS_OPTION_FROM_COMMAND_LINE:
        return "command line";
    }
    return "";
}

/* Bytes of the character at `text` that YAML does not take as it is or folds (DEL, C1 controls,
 * line and paragraph separators, byte order mark, non-characters), and its code point; or 0. */
static size_t special_size(const uint8_t *text, uint32_t *out_code_point)
{
    if (text[0] == 0x7f) {
        *out_code_point = 0x7f;
        return 1;
    }
    if (text[0] == 0xc2 && text[1] >= 0x80 && text[1] <= 0x9f) {
        *out_code_point = text[1];
        return 2;
    }
    if ((text[0] == 0xe2 && text[1] == 0x80 && (text[2] == 0xa8 || text[2] == 0xa9)) ||
        (text[0] == 0xef && text[1] == 0xbb && text[2] == 0xbf) ||
        (text[0] == 0xef && text[1] == 0xbf && text[2] >= 0xbe && text[2] <= 0xbf)) {
        *out_code_point =
            (uint32_t)(text[0] & 15) << 12 | (uint32_t)(text[1] & 63) << 6 | (text[2] & 63);
        return 3;
    }
    return 0;
}

/* A YAML string in double quotes; the escapes of JSON are those of YAML too. */
static void put_quoted(tamis_buf *out, tamis_status *status, const char *text)
{
    const uint8_t *p = (const uint8_t *)text;

    tamis_options_put(out, status, "\"");
    while (*p != '\0' && *status == TAMIS_OK) {
        uint32_t code_point = 0;
        size_t size = special_size(p, &code_point);

        if (size != 0) {
            *status = tamis_buf_append_format(out, "\\u%04" PRIx32, code_point);
            p += size;
        } else {
            *status = tamis_buf_append_json(out, tamis_slice_of(p, 1));
            p++;
        }
    }
    tamis_options_put(out, status, "\"");
}

static void put_choices(tamis_buf *out, tamis_status *status, const tamis_option *row,
                        uint64_t bits)
{
    const char *separator = "";

    tamis_options_put(out, status, "[");
    for (size_t i = 0; row->choices[i] != NULL; i++) {
        if ((bits >> i & 1) != 0) {
            tamis_options_put(out, status, separator);
            tamis_options_put(out, status, row->choices[i]);
            separator = ", ";
        }
    }
    tamis_options_put(out, status, "]");
}

static void put_list(tamis_buf *out, tamis_status *status, const tamis_option_value *value)
{
    tamis_options_put(out, status, "[");
    for (size_t i = 0; i < value->item_count; i++) {
        tamis_options_put(out, status, i == 0 ? "" : ", ");
        put_quoted(out, status, value->items[i]);
    }
    tamis_options_put(out, status, "]");
}

static void put_value(tamis_buf *out, tamis_status *status, const tamis_option *row,
                      const tamis_option_value *value)
{
    char text[TAMIS_SIZE_TEXT_SIZE] = "";

    switch (row->type) {
    case TAMIS_OPTION_FLAG:
        tamis_options_put(out, status, value->number != 0 ? "true" : "false");
        return;
    case TAMIS_OPTION_UINT:
        (void)snprintf(text, sizeof(text), "%" PRIu64, value->number);
        break;
    case TAMIS_OPTION_INT:
        (void)snprintf(text, sizeof(text), "%" PRId64, (int64_t)value->number);
        break;
    case TAMIS_OPTION_BYTES:
        tamis_bytes_print(value->number, text);
        break;
    case TAMIS_OPTION_DURATION:
        tamis_duration_print(value->number, text);
        break;
    case TAMIS_OPTION_RATIO:
        tamis_ppm_print(value->number, text);
        break;
    case TAMIS_OPTION_CHOICE:
        tamis_options_put(out, status, row->choices[value->number]);
        return;
    case TAMIS_OPTION_CHOICES:
        put_choices(out, status, row, value->number);
        return;
    case TAMIS_OPTION_TEXT:
        if ((row->traits & TAMIS_OPTION_LIST) != 0) {
            put_list(out, status, value);
        } else {
            put_quoted(out, status, value->text);
        }
        return;
    }
    tamis_options_put(out, status, text);
}

static void put_row(tamis_buf *out, tamis_status *status, const tamis_option *row,
                    const tamis_option_value *value)
{
    size_t start = out->size;

    tamis_options_put(out, status, value->source == TAMIS_OPTION_UNSET ? "# " : "");
    tamis_options_put(out, status, row->name);
    tamis_options_put(out, status, ":");
    if (value->source != TAMIS_OPTION_UNSET) {
        tamis_options_put(out, status, " ");
        put_value(out, status, row, value);
    }
    do {
        tamis_options_put(out, status, " ");
    } while (*status == TAMIS_OK && out->size - start < CONFIG_COLUMN);
    tamis_options_put(out, status, "# ");
    tamis_options_put(out, status, source_text(value->source));
    tamis_options_put(out, status, "\n");
}

tamis_status tamis_options_config(const tamis_options *options, tamis_buf *out)
{
    const tamis_option_table *table = options->table;
    const char *group = "";
    tamis_status status =
        tamis_buf_append_format(out, "# Settings of %s " TAMIS_VERSION "\n", table->program);

    for (size_t i = 0; i < table->option_count; i++) {
        const tamis_option *row = &table->options[i];

        if ((row->traits & TAMIS_OPTION_COMMAND_LINE_ONLY) != 0) {
            continue;
        }
        if (strcmp(row->group, group) != 0) {
            group = row->group;
            tamis_options_put(out, &status, "\n# ");
            tamis_options_put(out, &status, group);
            tamis_options_put(out, &status, "\n");
        }
        put_row(out, &status, row, &options->values[i]);
    }
    return status;
}
