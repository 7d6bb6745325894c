/* SPDX-License-Identifier: Apache-2.0 */
/* rocksdb_error.h - RocksDB's error strings as statuses of ours, and the folders it lives in.
 *
 * Threads: any.
 */
#ifndef TAMIS_ROCKSDB_ERROR_H
#define TAMIS_ROCKSDB_ERROR_H

#include "tamis/status.h"

/* Turns the string that RocksDB left in *message into a status and, with `folder` in front, into
 * err; frees the string and sets it to NULL. TAMIS_OK when there is none. */
tamis_status rocksdb_error_take(char **message, const char *folder, tamis_err *err);

/* Makes the folder unless it is there, durably; its parent must exist. */
TAMIS_MUST_USE
tamis_status rocksdb_folder_make(const char *folder, tamis_err *err);

#endif
