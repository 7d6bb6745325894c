/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include "tamis/executor.h"
#include "tamis/path.h"
#include "tamis/worker.h"
#include "tamis/worker_core.h"

#define TICK_MS       50
#define DRAIN_MAX     64
#define QUEUE_MAX     4096
#define HOST_SIZE     256
#define IDENTITY_SIZE 20
#define PREFIX        ".attempt"
#define LOCK_NAME     ".lock"

typedef struct thread_slot {
    tamis_actor *executor;
    tamis_attempt *attempt; /* NULL: idle */
    bool is_ended;          /* the attempt came back; PUBLISH or DISCARD decides about it */
} thread_slot;

typedef struct worker_loop {
    const tamis_worker_options *options;
    tamis_socket *pipe;
    tamis_socket *socket;
    tamis_packet *packet;
    tamis_worker_core *core;
    tamis_worker_effects effects;
    tamis_records_cache *records;
    thread_slot *slots;
    uint32_t slot_count;
    int lock_file;
    bool is_stopping;
    uint64_t began_ms;
    uint64_t ticked_ms;
    char data_folder[TAMIS_PATH_MAX];
    char host[HOST_SIZE];
    char build[TAMIS_BUILD_TEXT_SIZE];
    char identity[IDENTITY_SIZE];
} worker_loop;

static tamis_status handle(worker_loop *loop, const tamis_worker_event *event, tamis_err *err);

/* ---- Effects --------------------------------------------------------------------------------- */

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
        if (loop->slots[i].attempt == NULL) {
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
        .prefix = PREFIX,
        .stage = action->stage,
        .task = action->task,
        .fence = action->fence,
        .memory_bytes = loop->options->memory_bytes / loop->slot_count,
        .roots = loop->options->roots,
        .run = loop->options->tasks->run[stages[action->stage].kind],
        .records = loop->records,
    };

    TAMIS_ASSERT(slot != NULL); /* the core starts no more than there are threads */
    slot->attempt = tamis_attempt_create(&from);
    slot->is_ended = false;
    if (slot->attempt == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory to start a task");
    }
    tamis_log_event(loop->options->log, TAMIS_LOG_DEBUG, "task.started",
                    tamis_log_text("job", tamis_job_view_job(action->view)->id),
                    tamis_log_text("kind", tamis_stage_kind_name(stages[action->stage].kind)),
                    tamis_log_uint("stage", action->stage), tamis_log_uint("task", action->task),
                    tamis_log_hex("fence", action->fence));
    return tamis_socket_pass(tamis_actor_pipe(slot->executor), TAMIS_EXECUTOR_RUN, slot->attempt);
}

static void release_attempt(thread_slot *slot)
{
    tamis_attempt_destroy(slot->attempt);
    slot->attempt = NULL;
    slot->is_ended = false;
}

static void drop_job(worker_loop *loop, const tamis_worker_action *action)
{
    tamis_err err = {.status = TAMIS_OK};

    tamis_records_cache_drop(loop->records, action->job, false);
    if (!action->is_data_kept &&
        tamis_path_remove_in(loop->data_folder, action->job, &err) != TAMIS_OK) {
        tamis_log_event(loop->options->log, TAMIS_LOG_WARN, "job.not_removed",
                        tamis_log_text("job", action->job), tamis_log_text("error", err.text));
        return;
    }
    tamis_log_event(loop->options->log, TAMIS_LOG_INFO, "job.dropped",
                    tamis_log_text("job", action->job));
}

/* Performs one action. PUBLISH asks for an event, which is handled when the effects are through. */
static tamis_status perform(worker_loop *loop, const tamis_worker_action *action,
                            tamis_worker_event *out_event, tamis_err *event_err, tamis_err *err)
{
    thread_slot *slot = NULL;

    if (action->kind == TAMIS_WORKER_START) {
        return start_attempt(loop, action, err);
    }
    if (action->kind == TAMIS_WORKER_DROP) {
        drop_job(loop, action);
        return TAMIS_OK;
    }
    if (action->kind == TAMIS_WORKER_REFRESH) {
        tamis_records_cache_drop(loop->records, NULL, true);
        return TAMIS_OK;
    }
    slot = slot_of(loop, action->fence);
    TAMIS_ASSERT(slot != NULL);
    if (action->kind == TAMIS_WORKER_CANCEL) {
        atomic_store_explicit(&slot->attempt->progress.is_canceled, true, memory_order_relaxed);
        return TAMIS_OK;
    }
    TAMIS_ASSERT(slot->is_ended);
    if (action->kind == TAMIS_WORKER_PUBLISH) {
        out_event->kind = TAMIS_WORKER_PUBLISHED;
        out_event->fence = action->fence;
        out_event->status = tamis_attempt_publish(slot->attempt, event_err);
        out_event->text = event_err->text;
    } else if (slot->attempt->status == TAMIS_OK) {
        tamis_attempt_discard(slot->attempt);
    }
    release_attempt(slot);
    return TAMIS_OK;
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

/* One event, what follows from it, and what follows from that. A step asks for at most one PUBLISH:
 * only the end of an attempt leads to one. */
static tamis_status handle(worker_loop *loop, const tamis_worker_event *event, tamis_err *err)
{
    tamis_worker_event current = *event;
    tamis_err event_err = {.status = TAMIS_OK};
    bool has_event = true;
    tamis_status status = TAMIS_OK;

    while (has_event && status == TAMIS_OK) {
        tamis_worker_event next = {.kind = TAMIS_WORKER_TICK};

        tamis_worker_effects_reset(&loop->effects);
        status =
            tamis_worker_core_step(loop->core, &current, tamis_net_now_ms(), &loop->effects, err);
        for (size_t i = 0; i < loop->effects.action_count && status == TAMIS_OK; i++) {
            status = perform(loop, &loop->effects.actions[i], &next, &event_err, err);
        }
        if (status == TAMIS_OK) {
            send_packets(loop);
        }
        has_event = next.kind == TAMIS_WORKER_PUBLISHED;
        current = next;
    }
    return status;
}

/* ---- Events ---------------------------------------------------------------------------------- */

static tamis_status drain_socket(worker_loop *loop, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i < DRAIN_MAX && status == TAMIS_OK; i++) {
        tamis_message *message = NULL;
        tamis_worker_event event = {.kind = TAMIS_WORKER_PACKET};
        tamis_err bad = {.status = TAMIS_OK};

        status = tamis_socket_receive(loop->socket, loop->packet);
        if (status == TAMIS_OK) {
            status = tamis_wire_decode(tamis_packet_control(loop->packet), &message, &bad);
        }
        if (status == TAMIS_EAGAIN) {
            return TAMIS_OK;
        }
        if (status == TAMIS_ENOMEM || status == TAMIS_EIO) {
            return tamis_err_set(err, status, "receiving from the coordinator failed");
        }
        if (status != TAMIS_OK) {
            tamis_log_event(loop->options->log, TAMIS_LOG_WARN, "packet.malformed",
                            tamis_log_text("error", bad.text));
            status = TAMIS_OK;
            continue;
        }
        event.message = message;
        event.bulk = tamis_packet_bulk(loop->packet);
        status = handle(loop, &event, err);
        tamis_message_destroy(message);
    }
    return status;
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
        .bytes = atomic_load_explicit(&attempt->progress.bytes, memory_order_relaxed),
        .documents = atomic_load_explicit(&attempt->progress.documents, memory_order_relaxed),
    };

    slot->is_ended = true;
    if (attempt->status != TAMIS_OK && attempt->status != TAMIS_ECANCELED) {
        tamis_log_event(loop->options->log, TAMIS_LOG_WARN, "task.failed",
                        tamis_log_text("job", tamis_job_view_job(attempt->view)->id),
                        tamis_log_uint("stage", attempt->stage),
                        tamis_log_uint("task", attempt->task),
                        tamis_log_text("status", tamis_status_name(attempt->status)),
                        tamis_log_text("error", attempt->err.text));
    }
    return handle(loop, &event, err);
}

static tamis_status drain_executor(worker_loop *loop, thread_slot *slot, tamis_err *err)
{
    uint32_t kind = 0;
    void *body = NULL;
    tamis_status status = tamis_socket_take(tamis_actor_pipe(slot->executor), &kind, &body);

    if (status == TAMIS_EAGAIN) {
        return TAMIS_OK;
    }
    if (status != TAMIS_OK || kind != TAMIS_EXECUTOR_DONE) {
        return tamis_err_set(err, TAMIS_EIO, "a thread of the worker has ended");
    }
    TAMIS_ASSERT(body == slot->attempt);
    return attempt_ended(loop, slot, err);
}

static tamis_status tick(worker_loop *loop, tamis_err *err)
{
    tamis_worker_event event = {.kind = TAMIS_WORKER_TICK};
    uint64_t now_ms = tamis_net_now_ms();
    uint64_t heard_ms = tamis_worker_core_heard_ms(loop->core);
    uint64_t since_ms = heard_ms == 0 ? loop->began_ms : heard_ms;

    if (loop->ticked_ms != 0 && now_ms - loop->ticked_ms < TICK_MS) {
        return TAMIS_OK;
    }
    loop->ticked_ms = now_ms;
    if (loop->options->give_up_ms != 0 && now_ms - since_ms >= loop->options->give_up_ms) {
        return tamis_err_set(err, TAMIS_EPEER, "%s: no word from the coordinator for %llu s",
                             loop->options->url, (unsigned long long)(now_ms - since_ms) / 1000);
    }
    for (uint32_t i = 0; i < loop->slot_count; i++) {
        const tamis_attempt *attempt = loop->slots[i].attempt;

        if (attempt != NULL) {
            tamis_worker_core_progress(
                loop->core, attempt->fence,
                atomic_load_explicit(&attempt->progress.bytes, memory_order_relaxed),
                atomic_load_explicit(&attempt->progress.documents, memory_order_relaxed));
        }
    }
    return handle(loop, &event, err);
}

static tamis_status take_command(worker_loop *loop, tamis_err *err)
{
    tamis_worker_event event = {.kind = TAMIS_WORKER_STOP};
    uint32_t kind = 0;
    void *body = NULL;
    tamis_status status = tamis_socket_take(loop->pipe, &kind, &body);

    if (status != TAMIS_OK || kind != TAMIS_ACTOR_STOP) {
        return status == TAMIS_EAGAIN ? TAMIS_OK : status;
    }
    loop->is_stopping = true;
    return handle(loop, &event, err);
}

static tamis_status run(worker_loop *loop, tamis_err *err)
{
    tamis_socket *sockets[TAMIS_WORKER_THREADS_MAX + 2] = {loop->pipe, loop->socket};
    bool is_ready[TAMIS_WORKER_THREADS_MAX + 2];
    tamis_status status = TAMIS_OK;

    for (uint32_t i = 0; i < loop->slot_count; i++) {
        sockets[i + 2] = tamis_actor_pipe(loop->slots[i].executor);
    }
    status = tick(loop, err); /* says hello */
    while (status == TAMIS_OK && !(loop->is_stopping && tamis_worker_core_is_idle(loop->core))) {
        status = tamis_net_poll(sockets, loop->slot_count + 2, TICK_MS, is_ready, err);
        if (status == TAMIS_OK && is_ready[0]) {
            status = take_command(loop, err);
        }
        for (uint32_t i = 0; i < loop->slot_count && status == TAMIS_OK; i++) {
            if (is_ready[i + 2]) {
                status = drain_executor(loop, &loop->slots[i], err);
            }
        }
        if (status == TAMIS_OK && is_ready[1]) {
            status = drain_socket(loop, err);
        }
        if (status == TAMIS_OK) {
            status = tick(loop, err);
        }
    }
    return status;
}

/* ---- Start and end --------------------------------------------------------------------------- */

static tamis_status lock_folder(worker_loop *loop, tamis_err *err)
{
    char path[TAMIS_PATH_MAX];
    tamis_status status = tamis_path_absolute(loop->data_folder, loop->options->data_folder, err);

    if (status == TAMIS_OK) {
        status = tamis_path_make_folder(loop->data_folder, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_path_join(path, loop->data_folder, LOCK_NAME, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    loop->lock_file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (loop->lock_file < 0) {
        return tamis_err_errno(err, errno, "%s", path);
    }
    if (flock(loop->lock_file, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK
                   ? tamis_err_set(err, TAMIS_EHELD, "%s: another worker uses this data folder",
                                   loop->data_folder)
                   : tamis_err_errno(err, errno, "%s: lock", path);
    }
    return tamis_attempt_sweep(loop->data_folder, PREFIX, err);
}

static tamis_status list_jobs(worker_loop *loop, tamis_err *err)
{
    DIR *listing = opendir(loop->data_folder);
    const struct dirent *entry = NULL;
    tamis_status status = TAMIS_OK;

    if (listing == NULL) {
        return tamis_err_errno(err, errno, "%s", loop->data_folder);
    }
    while (status == TAMIS_OK && (entry = readdir(listing)) != NULL) {
        if (tamis_job_id_is_valid(entry->d_name)) {
            status = tamis_worker_core_add_job(loop->core, entry->d_name);
        }
    }
    (void)closedir(listing);
    return status;
}

static tamis_status make_core(worker_loop *loop, tamis_err *err)
{
    tamis_worker_settings settings;
    uint64_t number = 0;
    tamis_status status = tamis_build_text(loop->build);

    if (getentropy(&number, sizeof(number)) != 0 ||
        gethostname(loop->host, sizeof(loop->host) - 1) != 0) {
        return tamis_err_errno(err, errno, "cannot make a name for the worker");
    }
    (void)snprintf(loop->identity, sizeof(loop->identity), "w-%016llx", (unsigned long long)number);
    tamis_worker_settings_defaults(&settings);
    settings.thread_count = loop->slot_count;
    settings.credit = loop->slot_count + 1; /* the next one is there when a thread gets free */
    settings.seed = number;
    settings.build = (tamis_peer_build){
        .protocol = TAMIS_PROTOCOL_VERSION, .build = loop->build, .zstd = tamis_build_zstd()};
    settings.host = loop->host;
    settings.data_folder = loop->data_folder;
    if (status == TAMIS_OK) {
        status = tamis_worker_core_create(&settings, &loop->core);
    }
    return status == TAMIS_OK ? TAMIS_OK : tamis_err_set(err, status, "cannot make a worker");
}

static tamis_status connect_socket(worker_loop *loop, tamis_err *err)
{
    tamis_socket_options options = {
        .kind = TAMIS_SOCKET_DEALER,
        .identity = tamis_slice_of_string(loop->identity),
        .queue_max = QUEUE_MAX,
        .frame_size_max = TAMIS_WIRE_BULK_MAX,
    };
    tamis_status status = tamis_socket_open(loop->options->net, &options, &loop->socket, err);

    loop->packet = tamis_packet_create();
    if (status == TAMIS_OK && loop->packet == NULL) {
        status = tamis_err_set(err, TAMIS_ENOMEM, "no memory for packets");
    }
    return status == TAMIS_OK ? tamis_socket_connect(loop->socket, loop->options->url, err)
                              : status;
}

static tamis_status start_threads(worker_loop *loop, tamis_err *err)
{
    tamis_status status = tamis_records_cache_create(&loop->records);

    loop->slots = calloc(loop->slot_count, sizeof(*loop->slots));
    if (loop->slots == NULL || status != TAMIS_OK) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for threads");
    }
    for (uint32_t i = 0; i < loop->slot_count && status == TAMIS_OK; i++) {
        status = tamis_executor_start(loop->options->net, &loop->slots[i].executor, err);
    }
    return status;
}

/* Attempts that still run after a failure of the loop: told to end, waited for, thrown away. */
static void stop_threads(worker_loop *loop)
{
    for (uint32_t i = 0; loop->slots != NULL && i < loop->slot_count; i++) {
        thread_slot *slot = &loop->slots[i];
        bool is_running = slot->attempt != NULL && !slot->is_ended;

        if (is_running) {
            atomic_store_explicit(&slot->attempt->progress.is_canceled, true, memory_order_relaxed);
        }
        while (is_running) {
            tamis_socket *pipe = tamis_actor_pipe(slot->executor);
            uint32_t kind = 0;
            void *body = NULL;
            bool is_ready = false;

            if (tamis_net_poll(&pipe, 1, TICK_MS, &is_ready, NULL) != TAMIS_OK ||
                (is_ready && tamis_socket_take(pipe, &kind, &body) == TAMIS_OK)) {
                is_running = false;
            }
        }
        if (slot->attempt != NULL && slot->attempt->status == TAMIS_OK) {
            tamis_attempt_discard(slot->attempt);
        }
        if (tamis_actor_stop(slot->executor, UINT32_MAX, NULL) == TAMIS_OK) {
            release_attempt(slot);
        }
    }
}

static void loop_fini(worker_loop *loop)
{
    stop_threads(loop);
    free(loop->slots);
    tamis_socket_close(loop->socket);
    tamis_packet_destroy(loop->packet);
    tamis_worker_core_destroy(loop->core);
    tamis_records_cache_destroy(loop->records);
    tamis_worker_effects_fini(&loop->effects);
    if (loop->lock_file >= 0) {
        (void)close(loop->lock_file); /* and with it the lock */
    }
    free(loop);
}

static tamis_status worker_body(tamis_socket *pipe, void *argument, tamis_err *err)
{
    worker_loop *loop = calloc(1, sizeof(*loop));
    tamis_status status = TAMIS_OK;

    if (loop == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a worker");
    }
    loop->options = argument;
    loop->pipe = pipe;
    loop->slot_count = loop->options->threads;
    loop->lock_file = -1;
    loop->began_ms = tamis_net_now_ms();
    tamis_worker_effects_init(&loop->effects);
    status = lock_folder(loop, err);
    if (status == TAMIS_OK) {
        status = make_core(loop, err);
    }
    if (status == TAMIS_OK) {
        status = list_jobs(loop, err);
    }
    if (status == TAMIS_OK) {
        status = start_threads(loop, err);
    }
    if (status == TAMIS_OK) {
        status = connect_socket(loop, err);
    }
    if (status == TAMIS_OK) {
        tamis_log_event(loop->options->log, TAMIS_LOG_INFO, "worker.started",
                        tamis_log_text("worker", loop->identity),
                        tamis_log_text("coordinator", loop->options->url),
                        tamis_log_uint("threads", loop->slot_count));
        status = tamis_actor_ready(pipe);
    }
    if (status == TAMIS_OK) {
        status = run(loop, err);
    }
    if (status != TAMIS_OK) {
        tamis_log_event(loop->options->log, TAMIS_LOG_ERROR, "worker.failed",
                        tamis_log_text("error", err->text));
    }
    loop_fini(loop);
    return status;
}

tamis_status tamis_worker_start(const tamis_worker_options *options, tamis_actor **out_worker,
                                tamis_err *err)
{
    TAMIS_ASSERT(options->threads != 0 && options->threads <= TAMIS_WORKER_THREADS_MAX);
    /* The body only reads them. */
    return tamis_actor_start(options->net, worker_body, (void *)(uintptr_t)options, out_worker,
                             err);
}
