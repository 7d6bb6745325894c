/* SPDX-License-Identifier: Apache-2.0 */
#include "worker_loop_internal.h"

#include <stdlib.h>

/* ---- Attempts -------------------------------------------------------------------------------- */

static thread_slot *slot_of(worker_loop *loop, uint64_t fence)
{
    for (uint32_t i = 0; i < loop->slot_count; i++) {
        if (loop->slots[i].attempt != NULL && loop->slots[i].attempt->fence == fence) {
            return &loop->slots[i];
        }
    }
    return NULL;
}

static thread_slot *idle_slot(worker_loop *loop)
{
    for (uint32_t i = 0; i < loop->slot_count; i++) {
        if (loop->slots[i].state == SLOT_IDLE) {
            return &loop->slots[i];
        }
    }
    return NULL;
}

static tamis_status start_attempt(worker_loop *loop, const tamis_worker_action *action,
                                  tamis_err *err)
{
    thread_slot *slot = idle_slot(loop);
    uint32_t stage_count = 0;
    const tamis_stage *stages = tamis_job_view_stages(action->view, &stage_count);
    tamis_attempt from = {
        .view = action->view,
        .data_folder = loop->data_folder,
        .prefix = WORKER_PREFIX,
        .stage = action->stage,
        .task = action->task,
        .fence = action->fence,
        .is_isolated = action->is_isolated,
        .memory_bytes = loop->options->memory_bytes / loop->slot_count,
        .roots = loop->options->roots,
        .silence_ms = loop->options->silence_ms,
        .run = loop->options->tasks->run[stages[action->stage].kind],
        .records = loop->records,
        .results = tamis_data_point_results(loop->data_point),
        .lease = &loop->lease,
    };

    TAMIS_ASSERT(slot != NULL); /* the core starts no more than there are threads */
    slot->attempt = tamis_attempt_create(&from);
    if (slot->attempt == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory to start a task");
    }
    slot->state = SLOT_RUNNING;
    tamis_log_event(loop->options->log, TAMIS_LOG_DEBUG, "task.started",
                    tamis_log_text("job", tamis_job_view_job(action->view)->id),
                    tamis_log_text("kind", tamis_stage_kind_name(stages[action->stage].kind)),
                    tamis_log_uint("stage", action->stage), tamis_log_uint("task", action->task),
                    tamis_log_hex("fence", action->fence));
    return tamis_socket_pass(tamis_actor_pipe(slot->executor), TAMIS_EXECUTOR_RUN, slot->attempt);
}

static tamis_status settle_attempt(worker_loop *loop, const tamis_worker_action *action)
{
    thread_slot *slot = slot_of(loop, action->fence);
    tamis_attempt *attempt = NULL;

    TAMIS_ASSERT(slot != NULL);
    attempt = slot->attempt;
    if (action->kind == TAMIS_WORKER_CANCEL) {
        atomic_store_explicit(&attempt->progress.is_canceled, true, memory_order_relaxed);
        return TAMIS_OK;
    }
    TAMIS_ASSERT(slot->state == SLOT_ENDED);
    if (action->kind == TAMIS_WORKER_PUBLISH) {
        slot->state = SLOT_PUBLISHING;
        return tamis_socket_pass(tamis_actor_pipe(slot->executor), TAMIS_EXECUTOR_PUBLISH, attempt);
    }
    slot->attempt = NULL;
    slot->state = SLOT_IDLE;
    return tamis_socket_pass(tamis_actor_pipe(slot->executor), TAMIS_EXECUTOR_DISCARD, attempt);
}

static tamis_status attempt_ended(worker_loop *loop, thread_slot *slot, tamis_err *err)
{
    const tamis_attempt *attempt = slot->attempt;
    tamis_worker_event event = {
        .kind = TAMIS_WORKER_ENDED,
        .fence = attempt->fence,
        .status = attempt->status,
        .text = attempt->err.text,
        .result = &attempt->result,
        .lost = &attempt->lost,
        .bytes = atomic_load_explicit(&attempt->progress.bytes, memory_order_relaxed),
        .documents = atomic_load_explicit(&attempt->progress.documents, memory_order_relaxed),
    };

    slot->state = SLOT_ENDED;
    if (attempt->status == TAMIS_OK && attempt->result.counters[TAMIS_COUNTER_POISONED] != 0) {
        tamis_log_event(
            loop->options->log, TAMIS_LOG_WARN, "task.poisoned",
            tamis_log_text("job", tamis_job_view_job(attempt->view)->id),
            tamis_log_uint("stage", attempt->stage), tamis_log_uint("task", attempt->task),
            tamis_log_uint("records", attempt->result.counters[TAMIS_COUNTER_POISONED]));
    }
    return worker_handle(loop, &event, err);
}

static tamis_status attempt_published(worker_loop *loop, thread_slot *slot, tamis_err *err)
{
    tamis_attempt *attempt = slot->attempt;
    tamis_worker_event event = {
        .kind = TAMIS_WORKER_PUBLISHED,
        .fence = attempt->fence,
        .status = attempt->status,
        .text = attempt->err.text,
    };
    tamis_status status = TAMIS_OK;

    slot->attempt = NULL; /* the event may lead to the next one */
    slot->state = SLOT_IDLE;
    status = worker_handle(loop, &event, err);
    tamis_attempt_destroy(attempt);
    return status;
}

tamis_status worker_drain_executor(worker_loop *loop, thread_slot *slot, tamis_err *err)
{
    uint32_t kind = 0;
    void *body = NULL;
    tamis_status status = tamis_socket_take(tamis_actor_pipe(slot->executor), &kind, &body);
    const tamis_attempt *attempt = slot->attempt;

    if (status == TAMIS_EAGAIN) {
        return TAMIS_OK;
    }
    if (status != TAMIS_OK || (kind != TAMIS_EXECUTOR_DONE && kind != TAMIS_EXECUTOR_PUBLISHED)) {
        return tamis_err_set(err, TAMIS_EIO, "a thread of the worker has ended");
    }
    TAMIS_ASSERT(body == attempt);
    if (attempt->status != TAMIS_OK && attempt->status != TAMIS_ECANCELED) {
        tamis_log_event(loop->options->log, TAMIS_LOG_WARN, "task.failed",
                        tamis_log_text("job", tamis_job_view_job(attempt->view)->id),
                        tamis_log_uint("stage", attempt->stage),
                        tamis_log_uint("task", attempt->task),
                        tamis_log_text("status", tamis_status_name(attempt->status)),
                        tamis_log_text("error", attempt->err.text));
    }
    return kind == TAMIS_EXECUTOR_DONE ? attempt_ended(loop, slot, err)
                                       : attempt_published(loop, slot, err);
}

/* ---- Jobs ------------------------------------------------------------------------------------ */

static tamis_status drop_job(worker_loop *loop, const tamis_worker_action *action, tamis_err *err)
{
    tamis_cleaner_request *request = calloc(1, sizeof(*request));

    if (request == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory to drop a job");
    }
    memcpy(request->job, action->job, sizeof(request->job));
    request->is_data_kept = action->is_data_kept;
    loop->cleaner_requests++;
    return tamis_socket_pass(tamis_actor_pipe(loop->cleaner), TAMIS_CLEANER_DROP, request);
}

tamis_status worker_drain_cleaner(worker_loop *loop, tamis_err *err)
{
    tamis_worker_event event = {.kind = TAMIS_WORKER_DROPPED};
    tamis_cleaner_request *request = NULL;
    uint32_t kind = 0;
    void *body = NULL;
    tamis_status status = tamis_socket_take(tamis_actor_pipe(loop->cleaner), &kind, &body);

    if (status == TAMIS_EAGAIN) {
        return TAMIS_OK;
    }
    if (status != TAMIS_OK || kind != TAMIS_CLEANER_DROPPED) {
        return tamis_err_set(err, TAMIS_EIO, "a thread of the worker has ended");
    }
    request = body;
    loop->cleaner_requests--;
    if (request->status == TAMIS_OK) {
        tamis_log_event(loop->options->log, TAMIS_LOG_INFO, "job.dropped",
                        tamis_log_text("job", request->job));
    } else {
        tamis_log_event(loop->options->log, TAMIS_LOG_WARN, "job.not_removed",
                        tamis_log_text("job", request->job),
                        tamis_log_text("error", request->err.text));
    }
    event.job = request->job;
    event.status = request->status;
    status = worker_handle(loop, &event, err);
    free(request);
    return status;
}

/* ---- Effects --------------------------------------------------------------------------------- */

/* Before anything is done by a coordinator's word its epoch is on the disk. That holds up the loop,
 * at a time when the worker is not welcome anywhere and has nothing else to say. */
static tamis_worker_event persist(worker_loop *loop, const tamis_epochs *epochs)
{
    tamis_err err = {.status = TAMIS_OK};
    tamis_worker_event event = {.kind = TAMIS_WORKER_PERSISTED, .text = ""};

    event.status = tamis_epoch_file_write(loop->data_folder, epochs, &err);
    if (event.status != TAMIS_OK) {
        tamis_log_event(loop->options->log, TAMIS_LOG_ERROR, "epoch.not_kept",
                        tamis_log_text("error", err.text));
    }
    return event;
}

/* PERSIST is answered by an event, which is handled when the effects are through. */
static tamis_status perform(worker_loop *loop, const tamis_worker_action *action,
                            tamis_worker_event *out_event, tamis_err *err)
{
    if (action->kind == TAMIS_WORKER_START) {
        return start_attempt(loop, action, err);
    }
    if (action->kind == TAMIS_WORKER_DROP) {
        return drop_job(loop, action, err);
    }
    if (action->kind == TAMIS_WORKER_REFRESH) {
        tamis_records_cache_drop(loop->records, NULL, true);
        return TAMIS_OK;
    }
    if (action->kind == TAMIS_WORKER_PERSIST) {
        *out_event = persist(loop, action->epochs);
        return TAMIS_OK;
    }
    if (action->kind == TAMIS_WORKER_LEAVE) {
        tamis_log_event(loop->options->log, TAMIS_LOG_INFO, "worker.drained",
                        tamis_log_text("name", loop->name));
        loop->is_stopping = true;
        return TAMIS_OK;
    }
    return settle_attempt(loop, action);
}

static void send_packets(worker_loop *loop)
{
    const tamis_outbox *outbox = &loop->effects.outbox;

    for (size_t i = 0; i < outbox->count; i++) {
        tamis_status status =
            tamis_socket_send(loop->socket, tamis_slice_of(NULL, 0),
                              tamis_outbox_control(outbox, i), tamis_outbox_bulk(outbox, i));

        if (status != TAMIS_OK) { /* what matters is sent again until it is answered */
            tamis_log_event(loop->options->log, TAMIS_LOG_DEBUG, "packet.not_sent",
                            tamis_log_text("reason", tamis_status_text(status)));
        }
    }
}

static tamis_status handle_one(worker_loop *loop, const tamis_worker_event *event,
                               tamis_worker_event *out_next, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    tamis_worker_effects_reset(&loop->effects);
    status = tamis_worker_core_step(loop->core, event, tamis_net_now_ms(), &loop->effects, err);
    for (size_t i = 0; i < loop->effects.action_count && status == TAMIS_OK; i++) {
        status = perform(loop, &loop->effects.actions[i], out_next, err);
    }
    if (status == TAMIS_OK) {
        /* Release: what was canceled above is seen by who sees the lease renewed. */
        atomic_store_explicit(&loop->lease.until_ms, tamis_worker_core_lease_until_ms(loop->core),
                              memory_order_release);
        send_packets(loop);
    }
    return status;
}

tamis_status worker_handle(worker_loop *loop, const tamis_worker_event *event, tamis_err *err)
{
    tamis_worker_event current = *event;
    bool has_event = true;
    tamis_status status = TAMIS_OK;

    while (has_event && status == TAMIS_OK) {
        tamis_worker_event next = {.kind = TAMIS_WORKER_TICK};

        status = handle_one(loop, &current, &next, err);
        has_event = next.kind == TAMIS_WORKER_PERSISTED;
        current = next;
    }
    return status;
}
