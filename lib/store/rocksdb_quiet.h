/* SPDX-License-Identifier: Apache-2.0 */
/* rocksdb_quiet.h - keeps RocksDB from writing a log file of its own.
 *
 * A build of the library with assertions, as Debian's is, aborts the process when it writes a line
 * of its log after one that failed, which is what a full disk leads to. What matters of that log
 * comes back as the error of a call, and stands in ours.
 *
 * Threads: any.
 */
#ifndef TAMIS_ROCKSDB_QUIET_H
#define TAMIS_ROCKSDB_QUIET_H

#include <rocksdb/c.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Stores that are opened with these options write no log. Takes no memory. */
void rocksdb_quiet_set(rocksdb_options_t *options);

#ifdef __cplusplus
}
#endif

#endif
