/* SPDX-License-Identifier: Apache-2.0 */
/* Design note: libyaml's events, not a schema library over them, because a message must name the
 * line of a value and the nearest name of an unknown one. Only a flat map is taken, so the reader
 * is a loop, not a recursion, and hostile nesting ends at its first bracket. */
#include "options_internal.h"

#include <yaml.h>

typedef struct config_reader {
    yaml_parser_t parser;
    yaml_event_t event; /* owned while has_event */
    bool has_event;
    tamis_options *options;
    const char *name;
    bool *is_seen; /* of each row */
    tamis_err *err;
} config_reader;

static tamis_status config_fail(const config_reader *reader, const char *text)
{
    return tamis_err_set(reader->err, TAMIS_EARG, "%s:%zu: %s", reader->name,
                         reader->event.start_mark.line + 1, text);
}

/* Steps to the next event. */
static tamis_status config_next(config_reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;

    if (reader->has_event) {
        yaml_event_delete(&reader->event);
        reader->has_event = false;
    }
    if (yaml_parser_parse(&reader->parser, &reader->event) == 0) {
        if (parser->error == YAML_MEMORY_ERROR) {
            return tamis_err_set(reader->err, TAMIS_ENOMEM, "%s: out of memory", reader->name);
        }
        return tamis_err_set(reader->err, TAMIS_EARG, "%s:%zu: no valid YAML: %s", reader->name,
                             parser->problem_mark.line + 1,
                             parser->problem == NULL ? "unreadable" : parser->problem);
    }
    reader->has_event = true;
    return TAMIS_OK;
}

/* The event as a plain scalar without tricks, or NULL with the error set. */
static const char *config_scalar(const config_reader *reader, const char *otherwise,
                                 tamis_status *status)
{
    const yaml_event_t *event = &reader->event;
    const char *text = NULL;

    if (event->type != YAML_SCALAR_EVENT) {
        *status = config_fail(reader, otherwise);
        return NULL;
    }
    text = (const char *)event->data.scalar.value;
    if (event->data.scalar.anchor != NULL || event->data.scalar.tag != NULL) {
        *status = config_fail(reader, "anchors and tags are not taken");
        return NULL;
    }
    if (strlen(text) != event->data.scalar.length) {
        *status = config_fail(reader, "a value holds a zero byte");
        return NULL;
    }
    return text;
}

static bool is_null(const yaml_event_t *event, const char *text)
{
    return event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (text[0] == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
}

/* Finds the row that the key names. */
static tamis_status key_find(const config_reader *reader, const char *key, size_t *out_index)
{
    const tamis_option_table *table = reader->options->table;
    char name[OPTIONS_NAME_SIZE] = "";
    char hint[OPTIONS_LABEL_SIZE] = "";
    size_t size = strlen(key);
    size_t index = SIZE_MAX;

    if (size < sizeof(name)) {
        for (size_t i = 0; i < size; i++) {
            name[i] = key[i] == '_' ? '-' : key[i];
        }
        name[size] = '\0';
        index = tamis_option_find(table, name);
        tamis_option_hint(table, name, "", hint);
    }
    if (index == SIZE_MAX) {
        return tamis_err_set(reader->err, TAMIS_EARG, "%s:%zu: unknown setting '%.80s'%s",
                             reader->name, reader->event.start_mark.line + 1, key, hint);
    }
    if ((tamis_option_row(table, index)->traits & TAMIS_OPTION_COMMAND_LINE_ONLY) != 0 ||
        index == table->option_count + COMMON_CONFIG) {
        return tamis_err_set(reader->err, TAMIS_EARG,
                             "%s:%zu: '%s' can stand on the command line only", reader->name,
                             reader->event.start_mark.line + 1, name);
    }
    if (reader->is_seen[index]) {
        return tamis_err_set(reader->err, TAMIS_EARG, "%s:%zu: '%s' is set twice", reader->name,
                             reader->event.start_mark.line + 1, name);
    }
    reader->is_seen[index] = true;
    *out_index = index;
    return TAMIS_OK;
}

static void label_make(const config_reader *reader, size_t index, char out[OPTIONS_LABEL_SIZE])
{
    (void)snprintf(out, OPTIONS_LABEL_SIZE, "%.200s:%zu: %s", reader->name,
                   reader->event.start_mark.line + 1,
                   tamis_option_row(reader->options->table, index)->name);
}

/* The items of a sequence: a list takes them one by one, choices joined by commas. The reader
 * stands at the start of the sequence and ends behind its end. */
static tamis_status sequence_take(config_reader *reader, size_t index, tamis_buf *joined)
{
    const tamis_option *row = tamis_option_row(reader->options->table, index);
    bool is_list = (row->traits & TAMIS_OPTION_LIST) != 0;
    char label[OPTIONS_LABEL_SIZE];
    tamis_status status = TAMIS_OK;

    label_make(reader, index, label);
    if (!is_list && row->type != TAMIS_OPTION_CHOICES) {
        return tamis_err_set(reader->err, TAMIS_EARG, "%s: takes one value, not a list", label);
    }
    tamis_option_set_empty(reader->options, index, TAMIS_OPTION_FROM_FILE);
    for (;;) {
        const char *text = NULL;

        status = config_next(reader);
        if (status != TAMIS_OK || reader->event.type == YAML_SEQUENCE_END_EVENT) {
            break;
        }
        text = config_scalar(reader, "lists of lists or maps are not taken", &status);
        if (text == NULL) {
            return status;
        }
        label_make(reader, index, label);
        if (is_list) {
            status = tamis_option_set(reader->options, index, text, TAMIS_OPTION_FROM_FILE, label,
                                      reader->err);
        } else {
            tamis_options_put(joined, &status, joined->size == 0 ? "" : ",");
            tamis_options_put(joined, &status, text);
        }
        if (status != TAMIS_OK) {
            return status;
        }
    }
    if (status == TAMIS_OK && !is_list) {
        status = tamis_buf_append_byte(joined, '\0');
        if (status == TAMIS_OK) {
            status = tamis_option_set(reader->options, index, (const char *)joined->data,
                                      TAMIS_OPTION_FROM_FILE, label, reader->err);
        }
    }
    return status;
}

/* The value behind a key. */
static tamis_status value_take(config_reader *reader, size_t index)
{
    char label[OPTIONS_LABEL_SIZE];
    const char *text = NULL;
    tamis_buf joined;
    tamis_status status = config_next(reader);

    if (status != TAMIS_OK) {
        return status;
    }
    if (reader->event.type == YAML_SEQUENCE_START_EVENT) {
        if (reader->event.data.sequence_start.anchor != NULL ||
            reader->event.data.sequence_start.tag != NULL) {
            return config_fail(reader, "anchors and tags are not taken");
        }
        tamis_buf_init(&joined, OPTIONS_CONFIG_BYTES);
        status = sequence_take(reader, index, &joined);
        tamis_buf_fini(&joined);
        return status;
    }
    text = config_scalar(reader, "maps and aliases as values are not taken", &status);
    if (text == NULL) {
        return status;
    }
    label_make(reader, index, label);
    if (is_null(&reader->event, text)) {
        return tamis_err_set(reader->err, TAMIS_EARG, "%s: the value is missing", label);
    }
    return tamis_option_set(reader->options, index, text, TAMIS_OPTION_FROM_FILE, label,
                            reader->err);
}

/* The members of the one map; the reader stands at its start. */
static tamis_status map_take(config_reader *reader)
{
    for (;;) {
        const char *key = NULL;
        size_t index = SIZE_MAX;
        tamis_status status = config_next(reader);

        if (status != TAMIS_OK || reader->event.type == YAML_MAPPING_END_EVENT) {
            return status;
        }
        key = config_scalar(reader, "a name is no plain word", &status);
        if (key == NULL) {
            return status;
        }
        status = key_find(reader, key, &index);
        if (status == TAMIS_OK) {
            status = value_take(reader, index);
        }
        if (status != TAMIS_OK) {
            return status;
        }
    }
}

/* Nothing (only comments), or one document that is one map. */
static tamis_status stream_take(config_reader *reader)
{
    tamis_status status = config_next(reader); /* start of the stream */

    if (status == TAMIS_OK) {
        status = config_next(reader);
    }
    if (status != TAMIS_OK || reader->event.type == YAML_STREAM_END_EVENT) {
        return status;
    }
    status = config_next(reader); /* behind the start of the document */
    if (status != TAMIS_OK) {
        return status;
    }
    if (reader->event.type == YAML_MAPPING_START_EVENT) {
        status = map_take(reader);
    } else if (reader->event.type != YAML_SCALAR_EVENT || reader->event.data.scalar.length != 0) {
        return config_fail(reader, "not a map of settings: write lines like 'threshold: 0.8'");
    }
    if (status == TAMIS_OK) {
        status = config_next(reader); /* end of the document */
    }
    if (status == TAMIS_OK) {
        status = config_next(reader);
    }
    if (status == TAMIS_OK && reader->event.type != YAML_STREAM_END_EVENT) {
        status = config_fail(reader, "a second document begins");
    }
    return status;
}

tamis_status tamis_options_read_config(tamis_options *options, tamis_slice yaml, const char *name,
                                       tamis_err *err)
{
    static const uint8_t nothing[1];
    config_reader reader = {.options = options, .name = name, .err = err};
    tamis_status status = TAMIS_OK;

    if (yaml.size > OPTIONS_CONFIG_BYTES) {
        return tamis_err_set(err, TAMIS_EARG, "%s: larger than %u bytes", name,
                             OPTIONS_CONFIG_BYTES);
    }
    reader.is_seen = calloc(tamis_option_row_count(options->table), sizeof(*reader.is_seen));
    if (reader.is_seen == NULL || yaml_parser_initialize(&reader.parser) == 0) {
        free(reader.is_seen);
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: out of memory", name);
    }
    yaml_parser_set_input_string(&reader.parser, yaml.size == 0 ? nothing : yaml.data, yaml.size);
    status = stream_take(&reader);
    if (reader.has_event) {
        yaml_event_delete(&reader.event);
    }
    yaml_parser_delete(&reader.parser);
    free(reader.is_seen);
    return status;
}
