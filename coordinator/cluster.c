/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/cluster.h"

#include <sched.h>
#include <stdlib.h>

#include "client.h"
#include "tamis/coordinator.h"
#include "tamis/path.h"
#include "tamis/worker.h"

#define URL                "inproc://coordinator"
#define MEMORY_DEFAULT     (UINT64_C(1) << 30)
#define GIVE_UP_DEFAULT_MS 60000

/* Both live or die together; only a disk that stalls makes the worker silent. */
#define LEASE_MS 120000

/* Tasks look for cancellation often; what does not end is waited for, as its memory is ours. */
#define STOP_MS ((uint64_t)UINT32_MAX)

typedef struct embedded_run {
    const tamis_cluster_options *options;
    tamis_net *net;
    tamis_actor *coordinator;
    tamis_actor *worker;
    tamis_coordinator_options coordinator_options;
    tamis_worker_options worker_options;
} embedded_run;

static uint32_t processor_count(void)
{
    cpu_set_t set;
    int count = 1;

    if (sched_getaffinity(0, sizeof(set), &set) == 0) {
        count = CPU_COUNT(&set);
    }
    return count < 1                                    ? 1
           : (uint32_t)count > TAMIS_WORKER_THREADS_MAX ? TAMIS_WORKER_THREADS_MAX
                                                        : (uint32_t)count;
}

static tamis_status start(embedded_run *embedded, tamis_err *err)
{
    const tamis_cluster_options *options = embedded->options;
    uint64_t memory_bytes = options->memory_bytes == 0 ? MEMORY_DEFAULT : options->memory_bytes;
    tamis_status status = TAMIS_OK;

    embedded->coordinator_options = (tamis_coordinator_options){
        .net = embedded->net,
        .url = URL,
        .state_folder = options->state_folder,
        .data_folder = options->data_folder,
        .is_embedded = true,
        .memory_bytes = memory_bytes,
        .lease_ms = LEASE_MS,
        .attempts_max = options->attempts_max,
        .tasks = options->local_tasks,
        .log = options->log,
    };
    embedded->worker_options = (tamis_worker_options){
        .net = embedded->net,
        .url = URL,
        .data_folder = options->data_folder,
        .threads = options->threads == 0 ? processor_count() : options->threads,
        .memory_bytes = memory_bytes,
        .silence_ms = options->silence_ms,
        .tasks = options->worker_tasks,
        .log = options->log,
    };
    status =
        tamis_coordinator_start(&embedded->coordinator_options, NULL, &embedded->coordinator, err);
    return status == TAMIS_OK
               ? tamis_worker_start(&embedded->worker_options, &embedded->worker, err)
               : status;
}

/* A thread that ended by itself has failed. */
static tamis_status check(void *context, tamis_err *err)
{
    const embedded_run *embedded = context;
    tamis_status status = TAMIS_OK;

    if (tamis_actor_has_ended(embedded->coordinator, &status, err) ||
        tamis_actor_has_ended(embedded->worker, &status, err)) {
        return status == TAMIS_OK ? TAMIS_ECANCELED : status;
    }
    return TAMIS_OK;
}

/* Frees what is left. The first error is the one that counts. */
static tamis_status stop(embedded_run *embedded, tamis_status status, tamis_err *err)
{
    tamis_err later = {.status = TAMIS_OK};
    tamis_status worker = tamis_actor_stop(embedded->worker, STOP_MS, &later);
    tamis_status coordinator = TAMIS_OK;

    if (status == TAMIS_OK && worker != TAMIS_OK) {
        status = worker;
        *err = later;
    }
    coordinator = tamis_actor_stop(embedded->coordinator, STOP_MS, &later);
    if (status == TAMIS_OK && coordinator != TAMIS_OK) {
        status = coordinator;
        *err = later;
    }
    tamis_net_destroy(embedded->net);
    return status;
}

static tamis_status remove_data(const tamis_cluster_options *options, const char *job,
                                tamis_err *err)
{
    tamis_status status =
        options->is_data_kept ? TAMIS_OK : tamis_path_remove_in(options->data_folder, job, err);

    if (status != TAMIS_OK) {
        tamis_err_context(err, "the job is done, but its intermediate results stay");
    }
    return status;
}

tamis_status tamis_cluster_run(const tamis_cluster_options *options, tamis_run_status *out_status,
                               tamis_err *err)
{
    embedded_run embedded = {.options = options};
    tamis_err own_err = {.status = TAMIS_OK};
    tamis_run_status *run = out_status == NULL ? calloc(1, sizeof(*run)) : out_status;
    tamis_status status = TAMIS_OK;

    err = err == NULL ? &own_err : err;
    if (run == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a run");
    }
    *run = (tamis_run_status){.state = TAMIS_RUN_CONNECTING};
    status = tamis_net_create(&embedded.net, err);
    if (status == TAMIS_OK) {
        status = start(&embedded, err);
    }
    if (status == TAMIS_OK) {
        tamis_client_options client = {
            .net = embedded.net,
            .url = URL,
            .job = options->job,
            .is_data_kept = options->is_data_kept,
            .give_up_ms = UINT64_MAX, /* it is in this process: check() tells */
            .check = check,
            .check_context = &embedded,
            .log = options->log,
            .progress = options->progress,
            .progress_context = options->progress_context,
            .is_canceled = options->is_canceled,
        };

        status = tamis_client_run(&client, run, err);
        if (status == TAMIS_ECHANGED) {
            tamis_err_context(err, "%s", options->state_folder);
        }
    }
    status = stop(&embedded, status, err);
    if (status == TAMIS_OK) {
        status = remove_data(options, run->job_id, err);
    }
    if (status == TAMIS_ECANCELED) {
        run->state = TAMIS_RUN_CANCELED;
    }
    if (out_status == NULL) {
        free(run);
    }
    return status;
}

tamis_status tamis_cluster_submit(const tamis_submit_options *options, tamis_run_status *out_status,
                                  tamis_err *err)
{
    tamis_net *net = NULL;
    tamis_run_status *run = out_status == NULL ? calloc(1, sizeof(*run)) : out_status;
    tamis_status status = TAMIS_OK;

    if (run == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a run");
    }
    status = tamis_net_create(&net, err);
    if (status == TAMIS_OK) {
        tamis_client_options client = {
            .net = net,
            .url = options->url,
            .security = options->security,
            .job = options->job,
            .is_data_kept = options->is_data_kept,
            .give_up_ms = options->give_up_ms == 0 ? GIVE_UP_DEFAULT_MS : options->give_up_ms,
            .is_cancel_sent = true,
            .is_detached = options->is_detached,
            .log = options->log,
            .progress = options->progress,
            .progress_context = options->progress_context,
            .is_canceled = options->is_canceled,
        };

        status = tamis_client_run(&client, run, err);
        tamis_net_destroy(net);
    }
    if (out_status == NULL) {
        free(run);
    }
    return status;
}
