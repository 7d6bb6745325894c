/* SPDX-License-Identifier: Apache-2.0 */
/* client.h - submits a job and follows it to its end.
 *
 * The packed job goes up in chunks, each when the coordinator has asked for it, so that one that is
 * restarted in between says from where on. Words that are lost are said again; a coordinator that
 * is away is waited for, and keeps the job that it has accepted.
 *
 * Threads: one.
 */
#ifndef TAMIS_CLIENT_H
#define TAMIS_CLIENT_H

#include "tamis/cluster.h"
#include "tamis/net.h"

typedef struct tamis_client_options {
    tamis_net *net;
    const char *url;
    const tamis_net_security *security; /* NULL or off: neither encrypted nor checked */
    const tamis_job *job;
    bool is_data_kept;
    uint64_t give_up_ms;
    bool is_cancel_sent; /* cancel the job at the coordinator; else just return */
    bool is_detached;    /* return as soon as the job is accepted */
    /* Asked in each round; anything but TAMIS_OK ends the client. NULL: nothing to ask. */
    tamis_status (*check)(void *context, tamis_err *err);
    void *check_context;
    tamis_log *log;
    tamis_progress_call progress;
    void *progress_context;
    const _Atomic bool *is_canceled;
} tamis_client_options;

/* Returns as tamis_cluster_submit does; *status is the last one heard of. */
TAMIS_MUST_USE
tamis_status tamis_client_run(const tamis_client_options *options, tamis_run_status *status,
                              tamis_err *err);

#endif
