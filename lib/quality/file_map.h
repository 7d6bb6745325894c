/* SPDX-License-Identifier: Apache-2.0 */
/* file_map.h - a file of a specification, mapped.
 *
 * Threads: a map is immutable.
 */
#ifndef TAMIS_FILE_MAP_H
#define TAMIS_FILE_MAP_H

#include "tamis/root.h"
#include "tamis/slice.h"

typedef struct tamis_file_map {
    tamis_slice bytes;
    int file;
    char name[32]; /* opens the same file again, whatever its path has become */
} tamis_file_map;

void tamis_file_map_init(tamis_file_map *map);

/* Maps a regular file, beneath the roots when not NULL. An empty file gives no bytes. TAMIS_ENOENT,
 * TAMIS_EDENIED, TAMIS_EOUTSIDE, TAMIS_EIO, TAMIS_EARG: no regular file; TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_file_map_open(const char *path, const tamis_roots *roots,
                                 tamis_file_map *out_map, tamis_err *err);
void tamis_file_map_close(tamis_file_map *map); /* allowed after _init */

#endif
