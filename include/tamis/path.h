/* SPDX-License-Identifier: Apache-2.0 */
/* path.h - folders and small files: made, synced, replaced and removed as a whole.
 *
 * Threads: reentrant.
 */
#ifndef TAMIS_PATH_H
#define TAMIS_PATH_H

#include "tamis/buf.h"

#define TAMIS_PATH_MAX 4096

/* Makes a folder and those above it; one that is there is fine. TAMIS_EDENIED, TAMIS_ENOSPC, ...
 * name the folder. */
TAMIS_MUST_USE
tamis_status tamis_path_make_folder(const char *path, tamis_err *err);
/* Makes the folders above a file. */
TAMIS_MUST_USE
tamis_status tamis_path_make_parents(const char *path, tamis_err *err);

/* Makes the names in a folder (in the folder above `path`) durable. */
TAMIS_MUST_USE
tamis_status tamis_path_sync_folder(const char *path, tamis_err *err);
TAMIS_MUST_USE
tamis_status tamis_path_sync_parent(const char *path, tamis_err *err);

/* Writes a file as a whole: temporary name beside it, fsync, rename, fsync of the folder. A reader
 * sees the old bytes or the new ones. */
TAMIS_MUST_USE
tamis_status tamis_path_write_file(const char *path, tamis_slice bytes, tamis_err *err);
/* Appends the bytes of a file to out; TAMIS_ELIMIT past out->max. */
TAMIS_MUST_USE
tamis_status tamis_path_read_file(const char *path, tamis_buf *out, tamis_err *err);

/* Removes a file, or a folder with all below it; symbolic links are removed, not followed. What is
 * not there is fine. */
TAMIS_MUST_USE
tamis_status tamis_path_remove(const char *path, tamis_err *err);

#endif
