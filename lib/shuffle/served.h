/* SPDX-License-Identifier: Apache-2.0 */
/* served.h - the objects of a data folder as bytes: what the data server answers from.
 *
 * Run files that were asked for stay open for a while, with the root of their directory; one that
 * was replaced meanwhile is opened anew. So do the sizes in the bundles that were served last.
 *
 * Memory:  TAMIS_SERVED_RUNS descriptors, 16 bytes for every 64 pieces of their files; sizes of
 *          TAMIS_SERVED_BUNDLES bundles (2 KiB each); blocks of records, one answer at a time.
 * Threads: belongs to the server's thread.
 */
#ifndef TAMIS_SERVED_H
#define TAMIS_SERVED_H

#include "tamis/data_frame.h"
#include "tamis/data_server.h"

#define TAMIS_SERVED_RUNS    256u
#define TAMIS_SERVED_BUNDLES 64u
#define TAMIS_SERVED_IDLE_MS 30000

typedef struct tamis_served tamis_served;

TAMIS_MUST_USE
tamis_status tamis_served_create(const tamis_data_server_options *options,
                                 tamis_served **out_served, tamis_err *err);
void tamis_served_destroy(tamis_served *served); /* NULL is allowed */

/* Fills the reply to a request that was decoded; its chunk goes to out, with room for the length
 * asked for. What cannot be served is told in reply->status, and in err for the log. */
void tamis_served_answer(tamis_served *served, const tamis_data_request *request, uint64_t now_ms,
                         tamis_data_reply *out_reply, uint8_t *out, tamis_err *err);

/* Closes what was not asked for lately. */
void tamis_served_tick(tamis_served *served, uint64_t now_ms);

#endif
