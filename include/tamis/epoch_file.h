/* SPDX-License-Identifier: Apache-2.0 */
/* epoch_file.h - the epochs of coordinators that a worker has obeyed, kept in <data>/.epochs.
 *
 * Each start of a coordinator is an epoch of its cluster; epochs only rise. A worker remembers the
 * highest one of each cluster, durably and before it acts on anything said in it, so that after a
 * restart of its own it does not follow a coordinator that another has replaced. The layout stands
 * in docs/FORMATS.md, section 8.
 *
 * Threads: reentrant; one process at a time writes a folder's file (it holds the folder's lock).
 */
#ifndef TAMIS_EPOCH_FILE_H
#define TAMIS_EPOCH_FILE_H

#include <stdint.h>

#include "tamis/slice.h"
#include "tamis/status.h"

#define TAMIS_EPOCH_FILE_NAME    ".epochs"
#define TAMIS_EPOCH_CLUSTERS_MAX 16 /* the one that was not heard of for longest goes */
#define TAMIS_CLUSTER_ID_SIZE    17 /* 16 hex digits and a zero */

typedef struct tamis_epochs {
    struct {
        char cluster[TAMIS_CLUSTER_ID_SIZE];
        uint64_t epoch;
    } entries[TAMIS_EPOCH_CLUSTERS_MAX]; /* the newest last */
    uint32_t count;
} tamis_epochs;

/* ---- Values: pure ---------------------------------------------------------------------------- */

/* The highest epoch of the cluster; 0: it is not known. */
uint64_t tamis_epochs_of(const tamis_epochs *epochs, const char *cluster);
/* Sets the epoch of the cluster and makes it the newest entry. cluster: 16 hex digits. */
void tamis_epochs_set(tamis_epochs *epochs, const char *cluster, uint64_t epoch);

#define TAMIS_EPOCHS_BYTES_MAX (16 + 16 * TAMIS_EPOCH_CLUSTERS_MAX + 8)

/* Writes the file's bytes and returns their count. */
size_t tamis_epochs_pack(const tamis_epochs *epochs, uint8_t out_bytes[TAMIS_EPOCHS_BYTES_MAX]);
/* TAMIS_EFORMAT, TAMIS_ECORRUPT (checksum), TAMIS_EVERSION. */
TAMIS_MUST_USE
tamis_status tamis_epochs_unpack(tamis_slice bytes, tamis_epochs *out_epochs);

/* ---- The file -------------------------------------------------------------------------------- */

/* Reads <folder>/.epochs; none is there: no entries. TAMIS_EFORMAT, TAMIS_ECORRUPT, TAMIS_EVERSION;
 * TAMIS_EIO, TAMIS_EDENIED, TAMIS_ELIMIT. */
TAMIS_MUST_USE
tamis_status tamis_epoch_file_read(const char *folder, tamis_epochs *out_epochs, tamis_err *err);
/* Replaces it, durably. TAMIS_EIO, TAMIS_ENOSPC, TAMIS_EDENIED, TAMIS_ELIMIT. */
TAMIS_MUST_USE
tamis_status tamis_epoch_file_write(const char *folder, const tamis_epochs *epochs, tamis_err *err);

#endif
