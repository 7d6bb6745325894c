/* SPDX-License-Identifier: Apache-2.0 */
/* data_server.h - serves the results in a data folder to other processes, chunk by chunk.
 *
 * At its end it logs the event data.served with its counts (tamis_data_counts).
 *
 * Requests are stateless: each names its object and a range of it (data_frame.h). Names of files
 * come from a table and ids are checked, so no path comes from outside; everything is opened
 * beneath the data folder. A request that cannot be served now is answered "try again", one for
 * what is not there "not found". A peer that does not take its answers gets no more of them.
 *
 * Memory:  chunks that are on their way out, TAMIS_DATA_CHUNKS at most, TAMIS_DATA_CHUNKS_PEER of
 *          one peer; open run files, TAMIS_SERVED_RUNS at most (served.h); one block of records.
 * Threads: as tamis_actor. Records are acquired and released on its thread.
 */
#ifndef TAMIS_DATA_SERVER_H
#define TAMIS_DATA_SERVER_H

#include <stdatomic.h>

#include "tamis/log.h"
#include "tamis/net.h"
#include "tamis/records.h"

#define TAMIS_DATA_CHUNKS      96u
#define TAMIS_DATA_CHUNKS_PEER 24u

#define TAMIS_DATA_DOMAIN "data" /* whose allow-list counts */

/* Relaxed; for status and tests. */
typedef struct tamis_data_counts {
    _Atomic uint64_t requests;
    _Atomic uint64_t bytes;   /* of chunks sent */
    _Atomic uint64_t refused; /* asked to try again */
    _Atomic uint64_t failed;  /* not there, damaged, malformed */
} tamis_data_counts;

/* Borrowed until the server has been stopped. */
typedef struct tamis_data_server_options {
    tamis_net *net;
    const tamis_net_security *security; /* NULL: none; else the allow-list TAMIS_DATA_DOMAIN */
    const char *url;         /* to listen on: tcp://ADDRESS:PORT, PORT "*" for a free one */
    const char *data_folder; /* exists */
    const char *folder_id;   /* of it; "": requests for any folder are taken */
    /* The document records of a job in that folder, for reading; each needs its release. */
    tamis_status (*acquire)(void *context, const char *job, tamis_records **out_records,
                            tamis_err *err);
    void (*release)(void *context, tamis_records *records);
    void *context;
    tamis_data_counts *counts; /* NULL: nobody looks */
    tamis_log *log;            /* NULL: silent */
} tamis_data_server_options;

/* out_url (TAMIS_URL_SIZE bytes): where peers connect to. TAMIS_EHELD: address in use; TAMIS_EARG:
 * url; TAMIS_ENOENT: the folder; TAMIS_ENOMEM, TAMIS_EIO. */
TAMIS_MUST_USE
tamis_status tamis_data_server_start(const tamis_data_server_options *options, char *out_url,
                                     tamis_actor **out_server, tamis_err *err);

#endif
