/* SPDX-License-Identifier: Apache-2.0 */
/* path.h - folders and small files that are there as a whole, and stay there, or are not there.
 *
 * "Durable" means: synced, and the folder that names it synced too.
 *
 * Threads: reentrant; two threads must not work on one path at the same time unless said so.
 * Errors:  TAMIS_ELIMIT: the path is longer than TAMIS_PATH_MAX - 1 bytes; otherwise what the
 *          system says (TAMIS_ENOENT, TAMIS_EDENIED, TAMIS_ENOSPC, TAMIS_EIO, ...), with the path.
 */
#ifndef TAMIS_PATH_H
#define TAMIS_PATH_H

#include "tamis/buf.h"

#define TAMIS_PATH_MAX 4096 /* with the final zero; the system's own limit */

/* Writes "folder/name", with one slash between. */
TAMIS_MUST_USE
tamis_status tamis_path_join(char out_path[TAMIS_PATH_MAX], const char *folder, const char *name,
                             tamis_err *err);

/* Writes path with the current folder in front when it is relative. Symbolic links and ".." stay;
 * nothing needs to exist. */
TAMIS_MUST_USE
tamis_status tamis_path_absolute(char out_path[TAMIS_PATH_MAX], const char *path, tamis_err *err);

/* Writes a name beside `path` that no other process and no other call on this machine uses now. */
TAMIS_MUST_USE
tamis_status tamis_path_temp_name(char out_path[TAMIS_PATH_MAX], const char *path, tamis_err *err);

/* Makes the folder and those above it that are missing, durably. Any number of threads and
 * processes may make the same ones. TAMIS_EEXIST: something on the way is no folder. */
TAMIS_MUST_USE
tamis_status tamis_path_make_folder(const char *path, tamis_err *err);
/* Makes the folders above `path`. */
TAMIS_MUST_USE
tamis_status tamis_path_make_parents(const char *path, tamis_err *err);

/* Syncs a folder (what is named in it), or the folder that holds `path`. */
TAMIS_MUST_USE
tamis_status tamis_path_sync_folder(const char *path, tamis_err *err);
/* Makes everything durable that was written to the file system of `path`, names included. */
TAMIS_MUST_USE
tamis_status tamis_path_sync_filesystem(const char *path, tamis_err *err);
TAMIS_MUST_USE
tamis_status tamis_path_sync_parent(const char *path, tamis_err *err);

/* Renames, durably: both parent folders are synced. What stood at `to` is replaced; a folder only
 * when it is empty. */
TAMIS_MUST_USE
tamis_status tamis_path_rename(const char *from, const char *to, tamis_err *err);

/* Replaces the file by `bytes`: temporary file, sync, rename, sync of the folder. After a crash the
 * old content or the new one stands there. */
TAMIS_MUST_USE
tamis_status tamis_path_write_file(const char *path, tamis_slice bytes, tamis_err *err);
/* The same for `name` in the open folder; errors name the file as `shown`. */
TAMIS_MUST_USE
tamis_status tamis_path_write_file_at(int folder, const char *name, const char *shown,
                                      tamis_slice bytes, tamis_err *err);

/* Appends the file's bytes to out. TAMIS_ELIMIT: more than out->max. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_path_read_file(const char *path, tamis_buf *out, tamis_err *err);

/* Removes what stands at `path` and all below it; symbolic links are removed, never followed.
 * Nothing there: TAMIS_OK. TAMIS_EARG: the last component is missing, "." or "..". */
TAMIS_MUST_USE
tamis_status tamis_path_remove(const char *path, tamis_err *err);
/* The same for folder/name, where `name` may come from outside: one component (TAMIS_EARG). */
TAMIS_MUST_USE
tamis_status tamis_path_remove_in(const char *folder, const char *name, tamis_err *err);

#endif
