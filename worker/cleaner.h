/* SPDX-License-Identifier: Apache-2.0 */
/* cleaner.h - a thread that forgets jobs: closes their records, removes their folders. Both may
 * take long; a worker's control thread must not.
 *
 * The owner passes TAMIS_CLEANER_DROP with a tamis_cleaner_request (malloc) down the actor's pipe
 * and takes TAMIS_CLEANER_DROPPED with the same one, which it frees. Requests are served in order.
 */
#ifndef TAMIS_CLEANER_H
#define TAMIS_CLEANER_H

#include "tamis/attempt.h"
#include "tamis/net.h"

enum { TAMIS_CLEANER_DROP = TAMIS_ACTOR_FIRST_KIND, TAMIS_CLEANER_DROPPED };

typedef struct tamis_cleaner_request {
    char job[TAMIS_JOB_ID_SIZE];
    bool is_data_kept;
    tamis_status status; /* of the removal */
    tamis_err err;
} tamis_cleaner_request;

/* Borrowed until the cleaner has been stopped. */
typedef struct tamis_cleaner_options {
    const char *data_folder;
    tamis_records_cache *records;
} tamis_cleaner_options;

TAMIS_MUST_USE
tamis_status tamis_cleaner_start(tamis_net *net, const tamis_cleaner_options *options,
                                 tamis_actor **out_cleaner, tamis_err *err);

#endif
