/* SPDX-License-Identifier: Apache-2.0 */
/* discovery.h - the steps of tamis_discover: expand paths, recognize formats, name, cut.
 *
 * Threads: one thread per discovery.
 */
#ifndef TAMIS_INPUT_DISCOVERY_H
#define TAMIS_INPUT_DISCOVERY_H

#include <sys/stat.h>

#include "tamis/reader.h"
#include "tamis/source.h"

#define DISCOVERY_DEPTH_MAX 128 /* folders below folders */

typedef struct discovered {
    tamis_input input;
    char *normal;  /* the path, absolute, without ".", ".." and double slashes */
    char *stem;    /* the name without number, while names are given */
    uint32_t rank; /* line of the priority file; UINT32_MAX: none */
    uint32_t order;
    bool is_again; /* named before: dropped */
    bool is_stdin; /* named "stdin", wherever it lies */
} discovered;

typedef struct discovery {
    const tamis_settings *settings;
    tamis_source *source;
    char *folder; /* the current one, absolute */
    const tamis_discover_options *options;
    bool has_out; /* OUT is there: its device and node */
    dev_t out_device;
    ino_t out_node;
    discovered *items;
    size_t count;
    size_t capacity;
} discovery;

/* ---- discover_path.c ---- */

/* base/name, allocated; NULL: out of memory. An empty base gives the name alone. */
char *path_join(const char *base, const char *name);
/* Absolute form of path, seen from folder, as it will be opened; allocated. */
char *path_absolute(const char *folder, const char *path);
/* An absolute path without ".", ".." and double slashes, by its letters alone; allocated. */
char *path_normal(const char *absolute);

/* ---- discover_walk.c ---- */

/* Whether the folder is the one that the run writes to. */
bool discovery_is_out(const discovery *found, const struct stat *info);
/* Adds what `path` names: a file, a folder's inputs, or a pattern's. What is not there or cannot be
 * read is added with its fault. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status discovery_add_path(discovery *found, const char *path, bool is_against,
                                tamis_err *err);
/* TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status discovery_add_fault(discovery *found, const char *shown, bool is_against,
                                 tamis_status fault, const char *text, tamis_err *err);
TAMIS_MUST_USE
tamis_status discovery_no_memory(tamis_err *err);
bool path_is_pattern(const char *path);

/* ---- discover_glob.c ---- */

typedef struct path_list {
    char **paths;
    size_t count;
    size_t capacity;
} path_list;

/* The paths that exist and match, sorted by bytes: ?, *, [...] within a component, where a leading
 * dot must be matched literally, and ** for any number of folders. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status glob_expand(const char *pattern, path_list *out_paths);
TAMIS_MUST_USE
tamis_status path_list_add(path_list *list, char **path_take);
void path_list_fini(path_list *list);

/* ---- discover_format.c ---- */

/* Whether the file name ends in a suffix that tells the format (behind one of a compression). */
bool format_is_known(const char *name);
/* Bytes of the name without the known suffixes, at least 1. */
size_t format_stem_size(const char *name, size_t size);
/* Sets format and compression, by suffix or by content; a file that cannot be read gets a fault.
 * TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status format_recognize(discovery *found, tamis_input *input, tamis_err *err);

/* ---- discover_names.c ---- */

/* Gives every input its name (docs/FORMATS.md 2.5); split_count must stand. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status names_give(discovery *found, tamis_err *err);

/* ---- discover_splits.c ---- */

/* Begins of the splits of one input, ascending from 0, into *out_begins (allocated, at least one).
 * TAMIS_ENOMEM, TAMIS_ELIMIT (more than TAMIS_SPLITS_MAX), TAMIS_EIO. */
TAMIS_MUST_USE
tamis_status splits_cut(discovery *found, const tamis_input *input, uint64_t **out_begins,
                        uint32_t *out_count, tamis_err *err);

#endif
