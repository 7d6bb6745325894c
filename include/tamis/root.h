/* SPDX-License-Identifier: Apache-2.0 */
/* root.h - the folders that a job may read and write, and nothing outside them.
 *
 * A job comes over the wire, and with it the paths of its inputs and of its output. A process with
 * roots opens such a path beneath one of them by openat2(2) with RESOLVE_BENEATH and
 * RESOLVE_NO_MAGICLINKS: neither "..", nor a symbolic link, nor one that is swapped in while the
 * path is walked leads out, since the kernel itself refuses. An absolute symbolic link is refused
 * wherever it leads to. What is made, renamed or removed is named relative to the descriptor of its
 * folder, so that nothing is looked up twice.
 *
 * Only the root "/" takes absolute links: it has no outside.
 *
 * A root is opened once: when it is a symbolic link, where that leads later does not matter. A path
 * belongs to a root when it begins with the root's name as it was given or with its real name.
 * Where `roots` is NULL everything is allowed that the user may, by the usual calls.
 *
 * Threads: any, once made.
 * Errors:  TAMIS_EOUTSIDE: the path lies beneath no root or leads out of it; otherwise what the
 *          system says (TAMIS_ENOENT, TAMIS_EDENIED, TAMIS_ENOSPC, TAMIS_EIO, ...), with the path.
 */
#ifndef TAMIS_ROOT_H
#define TAMIS_ROOT_H

#include <stdbool.h>
#include <stddef.h>

#include "tamis/slice.h"
#include "tamis/status.h"

#define TAMIS_ROOTS_MAX 64

typedef struct tamis_roots tamis_roots;

/* Opens the folders. TAMIS_EARG: none, more than TAMIS_ROOTS_MAX, or one that cannot be opened.
 * TAMIS_EUNSUPPORTED: the kernel has no openat2 (it came with Linux 5.6). TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_roots_create(const char *const *folders, size_t count, tamis_roots **out_roots,
                                tamis_err *err);
/* The roots of a process that takes jobs from, or at, `url`. Without folders *out_roots is NULL
 * where the url stays on this machine; TAMIS_EARG where it does not. */
TAMIS_MUST_USE
tamis_status tamis_roots_create_for(const char *url, bool is_local, const char *const *folders,
                                    size_t count, tamis_roots **out_roots, tamis_err *err);
void tamis_roots_destroy(tamis_roots *roots); /* NULL is allowed */

/* The folders as they were given, in any order, so that another process can open the same. */
size_t tamis_roots_count(const tamis_roots *roots);
const char *tamis_roots_name(const tamis_roots *roots, size_t index);

/* Opens what is there; `flags` as for open(2), without O_CREAT; O_CLOEXEC is added. */
TAMIS_MUST_USE
tamis_status tamis_roots_open(const tamis_roots *roots, const char *path, int flags, int *out_file,
                              tamis_err *err);

/* Opens a folder for reading; with is_made it and those above it that are missing are made first,
 * durably, a root itself never. Any number of threads and processes may make the same ones.
 * TAMIS_EEXIST: something on the way is no folder. */
TAMIS_MUST_USE
tamis_status tamis_roots_open_folder(const tamis_roots *roots, const char *path, bool is_made,
                                     int *out_folder, tamis_err *err);

/* The same for the folder above `path`; *out_name is the last component, inside `path`. TAMIS_EARG:
 * that is missing, "." or "..". */
TAMIS_MUST_USE
tamis_status tamis_roots_open_parent(const tamis_roots *roots, const char *path, bool is_made,
                                     int *out_folder, const char **out_name, tamis_err *err);

/* As tamis_path_write_file. */
TAMIS_MUST_USE
tamis_status tamis_roots_write_file(const tamis_roots *roots, const char *path, tamis_slice bytes,
                                    tamis_err *err);

/* As tamis_path_sync_filesystem. */
TAMIS_MUST_USE
tamis_status tamis_roots_sync_filesystem(const tamis_roots *roots, const char *path,
                                         tamis_err *err);

#endif
