/* SPDX-License-Identifier: Apache-2.0 */
#include "yaml_tree.h"

#include <stdarg.h>
#include <string.h>
#include <yaml.h>

#include "tamis/suggest.h"

#define NAME_SIZE  512
#define TEXT_SIZE  512
#define DEPTH_MAX  4
#define KEYS_MAX   32
#define VALUES_MAX 65536 /* of one file: a profile has some hundreds */

struct tamis_yaml_value {
    yaml_node_t node;
};

struct tamis_yaml_tree {
    yaml_document_t document;
    char name[NAME_SIZE];
};

/* ---- Loading ---- */

/* The events are looked at before a tree is made of them: hostile nesting ends here. */
static const char *event_refusal(const yaml_event_t *event, unsigned *depth, unsigned *documents)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return ++*documents > 1 ? "a second document is not taken" : NULL;
    case YAML_ALIAS_EVENT:
        return "aliases are not taken";
    case YAML_MAPPING_START_EVENT:
        if (event->data.mapping_start.anchor != NULL || event->data.mapping_start.tag != NULL) {
            return "anchors and tags are not taken";
        }
        return ++*depth > DEPTH_MAX ? "nested too deeply" : NULL;
    case YAML_SEQUENCE_START_EVENT:
        if (event->data.sequence_start.anchor != NULL || event->data.sequence_start.tag != NULL) {
            return "anchors and tags are not taken";
        }
        return ++*depth > DEPTH_MAX ? "nested too deeply" : NULL;
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        --*depth;
        return NULL;
    case YAML_SCALAR_EVENT:
        if (event->data.scalar.anchor != NULL || event->data.scalar.tag != NULL) {
            return "anchors and tags are not taken";
        }
        return memchr(event->data.scalar.value, 0, event->data.scalar.length) != NULL
                   ? "a value holds a zero byte"
                   : NULL;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
    return NULL;
}

static tamis_status parser_fail(const yaml_parser_t *parser, const char *name, tamis_err *err)
{
    if (parser->error == YAML_MEMORY_ERROR) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: out of memory", name);
    }
    return tamis_err_set(err, TAMIS_EARG, "%s:%zu: no valid YAML: %s", name,
                         parser->problem_mark.line + 1,
                         parser->problem == NULL ? "unreadable" : parser->problem);
}

static tamis_status check_events(tamis_slice text, const char *name, tamis_err *err)
{
    yaml_parser_t parser;
    tamis_status status = TAMIS_OK;
    unsigned depth = 0;
    unsigned documents = 0;
    unsigned values = 0;
    bool has_ended = false;

    if (yaml_parser_initialize(&parser) == 0) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: out of memory", name);
    }
    yaml_parser_set_input_string(&parser, text.data, text.size);
    while (status == TAMIS_OK && !has_ended) {
        yaml_event_t event;
        const char *refusal = NULL;

        if (yaml_parser_parse(&parser, &event) == 0) {
            status = parser_fail(&parser, name, err);
            break;
        }
        refusal = event_refusal(&event, &depth, &documents);
        if (refusal == NULL && ++values > VALUES_MAX) {
            refusal = "too many values";
        }
        if (refusal != NULL) {
            status = tamis_err_set(err, TAMIS_EARG, "%s:%zu: %s", name, event.start_mark.line + 1,
                                   refusal);
        }
        has_ended = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return status;
}

tamis_status tamis_yaml_tree_load(tamis_slice text, const char *name, tamis_yaml_tree **out_tree,
                                  tamis_err *err)
{
    yaml_parser_t parser;
    tamis_yaml_tree *tree = NULL;
    tamis_status status = TAMIS_OK;

    if (text.size == 0) {
        return tamis_err_set(err, TAMIS_EARG, "%s: is empty", name);
    }
    status = check_events(text, name, err);
    if (status != TAMIS_OK) {
        return status;
    }
    tree = calloc(1, sizeof(*tree));
    if (tree == NULL || yaml_parser_initialize(&parser) == 0) {
        free(tree);
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: out of memory", name);
    }
    (void)snprintf(tree->name, sizeof(tree->name), "%s", name);
    yaml_parser_set_input_string(&parser, text.data, text.size);
    if (yaml_parser_load(&parser, &tree->document) == 0) {
        status = parser_fail(&parser, name, err);
        yaml_parser_delete(&parser);
        free(tree);
        return status;
    }
    yaml_parser_delete(&parser);
    if (yaml_document_get_root_node(&tree->document) == NULL) {
        status = tamis_err_set(err, TAMIS_EARG, "%s: is empty", name);
        tamis_yaml_tree_destroy(tree);
        return status;
    }
    *out_tree = tree;
    return TAMIS_OK;
}

void tamis_yaml_tree_destroy(tamis_yaml_tree *tree)
{
    if (tree != NULL) {
        yaml_document_delete(&tree->document);
        free(tree);
    }
}

/* ---- Looking ---- */

static const tamis_yaml_value *value_at(tamis_yaml_tree *tree, int index)
{
    /* A tamis_yaml_value is a node by another name, so that libyaml stays in this file. */
    return (const tamis_yaml_value *)yaml_document_get_node(&tree->document, index);
}

const tamis_yaml_value *tamis_yaml_tree_root(tamis_yaml_tree *tree)
{
    return (const tamis_yaml_value *)yaml_document_get_root_node(&tree->document);
}

unsigned tamis_yaml_line(const tamis_yaml_tree *tree, const tamis_yaml_value *value)
{
    (void)tree;
    return (unsigned)value->node.start_mark.line + 1;
}

tamis_status tamis_yaml_fail(const tamis_yaml_tree *tree, const tamis_yaml_value *value,
                             tamis_err *err, const char *format, ...)
{
    char text[TEXT_SIZE];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    return tamis_err_set(err, TAMIS_EARG, "%s:%u: %s", tree->name, tamis_yaml_line(tree, value),
                         text);
}

bool tamis_yaml_is_map(const tamis_yaml_value *value)
{
    return value->node.type == YAML_MAPPING_NODE;
}

bool tamis_yaml_is_list(const tamis_yaml_value *value)
{
    return value->node.type == YAML_SEQUENCE_NODE;
}

size_t tamis_yaml_count(const tamis_yaml_value *value)
{
    if (tamis_yaml_is_map(value)) {
        return (size_t)(value->node.data.mapping.pairs.top - value->node.data.mapping.pairs.start);
    }
    return tamis_yaml_is_list(value) ? (size_t)(value->node.data.sequence.items.top -
                                                value->node.data.sequence.items.start)
                                     : 0;
}

const char *tamis_yaml_scalar(const tamis_yaml_value *value)
{
    return value->node.type == YAML_SCALAR_NODE ? (const char *)value->node.data.scalar.value
                                                : NULL;
}

const tamis_yaml_value *tamis_yaml_item(tamis_yaml_tree *tree, const tamis_yaml_value *list,
                                        size_t index)
{
    TAMIS_ASSERT(tamis_yaml_is_list(list) && index < tamis_yaml_count(list));
    return value_at(tree, list->node.data.sequence.items.start[index]);
}

const char *tamis_yaml_key(tamis_yaml_tree *tree, const tamis_yaml_value *map, size_t index)
{
    const char *key = NULL;

    TAMIS_ASSERT(tamis_yaml_is_map(map) && index < tamis_yaml_count(map));
    key = tamis_yaml_scalar(value_at(tree, map->node.data.mapping.pairs.start[index].key));
    return key == NULL ? "" : key;
}

const tamis_yaml_value *tamis_yaml_entry(tamis_yaml_tree *tree, const tamis_yaml_value *map,
                                         size_t index)
{
    TAMIS_ASSERT(tamis_yaml_is_map(map) && index < tamis_yaml_count(map));
    return value_at(tree, map->node.data.mapping.pairs.start[index].value);
}

const tamis_yaml_value *tamis_yaml_find(tamis_yaml_tree *tree, const tamis_yaml_value *map,
                                        const char *key)
{
    for (size_t i = 0; i < tamis_yaml_count(map); i++) {
        if (strcmp(tamis_yaml_key(tree, map, i), key) == 0) {
            return tamis_yaml_entry(tree, map, i);
        }
    }
    return NULL;
}

static size_t names_count(const char *const *names)
{
    size_t count = 0;

    while (names[count] != NULL) {
        count++;
    }
    return count;
}

tamis_status tamis_yaml_check_keys(tamis_yaml_tree *tree, const tamis_yaml_value *map,
                                   const char *const *known, tamis_err *err)
{
    bool is_seen[KEYS_MAX] = {false};
    size_t known_count = names_count(known);

    TAMIS_ASSERT(known_count <= KEYS_MAX);
    for (size_t i = 0; i < tamis_yaml_count(map); i++) {
        const char *key = tamis_yaml_key(tree, map, i);
        const tamis_yaml_value *value = tamis_yaml_entry(tree, map, i);
        size_t number = 0;

        while (number < known_count && strcmp(known[number], key) != 0) {
            number++;
        }
        if (number == known_count) {
            const char *nearest = tamis_suggest(key, known, known_count);

            return nearest == NULL
                       ? tamis_yaml_fail(tree, value, err, "unknown key '%.80s'", key)
                       : tamis_yaml_fail(tree, value, err,
                                         "unknown key '%.80s'; did you mean '%s'?", key, nearest);
        }
        if (is_seen[number]) {
            return tamis_yaml_fail(tree, value, err, "'%s' is given twice", key);
        }
        is_seen[number] = true;
    }
    return TAMIS_OK;
}
