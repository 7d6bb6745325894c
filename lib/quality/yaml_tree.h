/* SPDX-License-Identifier: Apache-2.0 */
/* tamis_yaml_tree.h - a small YAML document as a tree whose errors name file and line.
 *
 * Taken are maps, sequences and scalars, nested four deep at most; anchors, tags and second
 * documents are refused.
 *
 * Memory:  the tree owns all strings that it hands out.
 * Threads: read-only after loading.
 */
#ifndef TAMIS_YAML_TREE_H
#define TAMIS_YAML_TREE_H

#include "tamis/slice.h"
#include "tamis/status.h"

typedef struct tamis_yaml_tree tamis_yaml_tree;
typedef struct tamis_yaml_value tamis_yaml_value; /* a node of a tree */

/* `name` stands in errors. TAMIS_EARG: no valid YAML, or what is not taken. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_yaml_tree_load(tamis_slice text, const char *name, tamis_yaml_tree **out_tree,
                                  tamis_err *err);
void tamis_yaml_tree_destroy(tamis_yaml_tree *tree); /* NULL is allowed */

const tamis_yaml_value *tamis_yaml_tree_root(tamis_yaml_tree *tree);
unsigned tamis_yaml_line(const tamis_yaml_tree *tree, const tamis_yaml_value *value);
/* TAMIS_EARG with "NAME:LINE: TEXT". */
tamis_status tamis_yaml_fail(const tamis_yaml_tree *tree, const tamis_yaml_value *value,
                             tamis_err *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

bool tamis_yaml_is_map(const tamis_yaml_value *value);
bool tamis_yaml_is_list(const tamis_yaml_value *value);
size_t tamis_yaml_count(
    const tamis_yaml_value *value); /* entries of a map or list; 0 of a scalar */
/* NULL: no scalar. */
const char *tamis_yaml_scalar(const tamis_yaml_value *value);
/* index < tamis_yaml_count(). */
const tamis_yaml_value *tamis_yaml_item(tamis_yaml_tree *tree, const tamis_yaml_value *list,
                                        size_t index);
const char *tamis_yaml_key(tamis_yaml_tree *tree, const tamis_yaml_value *map, size_t index);
const tamis_yaml_value *tamis_yaml_entry(tamis_yaml_tree *tree, const tamis_yaml_value *map,
                                         size_t index);
/* NULL: the map has no such key. */
const tamis_yaml_value *tamis_yaml_find(tamis_yaml_tree *tree, const tamis_yaml_value *map,
                                        const char *key);
/* Refuses keys outside `known` (NULL ends it) and repeated ones; names the nearest. */
TAMIS_MUST_USE
tamis_status tamis_yaml_check_keys(tamis_yaml_tree *tree, const tamis_yaml_value *map,
                                   const char *const *known, tamis_err *err);

#endif
