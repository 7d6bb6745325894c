/* SPDX-License-Identifier: Apache-2.0 */
#include "worker_loop_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#define QUEUE_MAX 4096
#define LOCK_NAME ".lock"

/* ---- Start ----------------------------------------------------------------------------------- */

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
    return tamis_attempt_sweep(loop->data_folder, WORKER_PREFIX, err);
}

/* What the folder remembers: its id, and which coordinators were obeyed. */
static tamis_status read_folder(worker_loop *loop, tamis_err *err)
{
    tamis_status status = tamis_folder_id_make(loop->data_folder, loop->folder_id, err);

    return status == TAMIS_OK ? tamis_epoch_file_read(loop->data_folder, &loop->epochs, err)
                              : status;
}

static tamis_status make_name(worker_loop *loop, tamis_err *err)
{
    const char *last = strrchr(loop->data_folder, '/');
    int length = 0;

    if (gethostname(loop->host, sizeof(loop->host) - 1) != 0) {
        return tamis_err_errno(err, errno, "cannot tell the name of this machine");
    }
    length = loop->options->name == NULL
                 ? snprintf(loop->name, sizeof(loop->name), "%s-%s", loop->host,
                            last == NULL ? loop->data_folder : last + 1)
                 : snprintf(loop->name, sizeof(loop->name), "%s", loop->options->name);
    return length > 0 && (size_t)length < sizeof(loop->name)
               ? TAMIS_OK
               : tamis_err_set(err, TAMIS_EARG, "the worker's name is longer than %d bytes: --name",
                               WORKER_NAME_SIZE - 1);
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

/* Its address is told to the coordinator, so it comes before the core. */
static tamis_status open_data_point(worker_loop *loop, tamis_err *err)
{
    tamis_data_point_options options = {
        .net = loop->options->net,
        .security = loop->options->security,
        .url = loop->options->url,
        .listen = loop->options->data_listen,
        .data_folder = loop->data_folder,
        .folder_id = loop->folder_id,
        .mode = loop->options->shuffle,
        .log = loop->options->log,
    };

    if (tamis_records_cache_create(&loop->records) != TAMIS_OK) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for records");
    }
    options.records = loop->records;
    return tamis_data_point_open(&options, &loop->data_point, err);
}

static tamis_status make_core(worker_loop *loop, tamis_err *err)
{
    tamis_worker_settings settings;
    uint64_t number = 0;
    tamis_status status = tamis_build_text(loop->build);

    if (getentropy(&number, sizeof(number)) != 0) {
        return tamis_err_errno(err, errno, "cannot make an identity for the worker");
    }
    (void)snprintf(loop->identity, sizeof(loop->identity), "w-%016llx", (unsigned long long)number);
    tamis_worker_settings_defaults(&settings);
    settings.thread_count = loop->slot_count;
    settings.credit = loop->slot_count + 1; /* the next one is there when a thread gets free */
    settings.seed = number;
    settings.build = (tamis_peer_build){
        .protocol = TAMIS_PROTOCOL_VERSION, .build = loop->build, .zstd = tamis_build_zstd()};
    settings.host = loop->host;
    settings.name = loop->name;
    settings.data_folder = loop->data_folder;
    settings.folder_id = loop->folder_id;
    settings.data_url = tamis_data_point_url(loop->data_point);
    if (loop->options->security != NULL && loop->options->security->is_on) {
        settings.public_key = loop->options->security->public_key;
    }
    settings.memory_bytes = loop->options->memory_bytes;
    settings.epochs = &loop->epochs;
    if (status == TAMIS_OK) {
        status = tamis_worker_core_create(&settings, &loop->core);
    }
    if (status != TAMIS_OK) {
        return tamis_err_set(err, status, "cannot make a worker");
    }
    return tamis_data_point_attach(loop->data_point, tamis_worker_core_book(loop->core), err);
}

static tamis_status connect_socket(worker_loop *loop, tamis_err *err)
{
    tamis_socket_options options = {
        .kind = TAMIS_SOCKET_DEALER,
        .identity = tamis_slice_of_string(loop->identity),
        .queue_max = QUEUE_MAX,
        .frame_size_max = TAMIS_WIRE_BULK_MAX,
        .security = loop->options->security,
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
    tamis_status status = TAMIS_OK;

    loop->slots = calloc(loop->slot_count, sizeof(*loop->slots));
    if (loop->slots == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for threads");
    }
    loop->cleaner_options =
        (tamis_cleaner_options){.data_folder = loop->data_folder, .records = loop->records};
    status = tamis_cleaner_start(loop->options->net, &loop->cleaner_options, &loop->cleaner, err);
    for (uint32_t i = 0; i < loop->slot_count && status == TAMIS_OK; i++) {
        status = tamis_executor_start(loop->options->net, &loop->slots[i].executor, err);
    }
    return status;
}

tamis_status worker_loop_open(worker_loop *loop, tamis_err *err)
{
    tamis_status status = lock_folder(loop, err);

    if (status == TAMIS_OK) {
        status = read_folder(loop, err);
    }
    if (status == TAMIS_OK) {
        status = make_name(loop, err);
    }
    if (status == TAMIS_OK) {
        status = open_data_point(loop, err);
    }
    if (status == TAMIS_OK) {
        status = make_core(loop, err);
    }
    if (status == TAMIS_OK) {
        status = list_jobs(loop, err);
    }
    if (status == TAMIS_OK) {
        status = start_threads(loop, err);
    }
    return status == TAMIS_OK ? connect_socket(loop, err) : status;
}

/* ---- End ------------------------------------------------------------------------------------- */

/* Waits until the thread passes something back. False: not until then. */
static bool await(tamis_actor *actor, uint64_t deadline_ms, uint32_t *out_kind, void **out_body)
{
    tamis_socket *pipe = tamis_actor_pipe(actor);
    bool is_ready = false;
    tamis_status status = tamis_socket_take(pipe, out_kind, out_body);

    while (status == TAMIS_EAGAIN && tamis_net_now_ms() < deadline_ms) {
        status = tamis_net_poll(&pipe, 1, WORKER_TICK_MS, &is_ready, NULL);
        if (status == TAMIS_OK) {
            status = tamis_socket_take(pipe, out_kind, out_body);
        }
    }
    return status == TAMIS_OK;
}

static uint64_t left_until(uint64_t deadline_ms)
{
    uint64_t now_ms = tamis_net_now_ms();

    if (deadline_ms == UINT64_MAX) {
        return UINT32_MAX;
    }
    return now_ms < deadline_ms ? deadline_ms - now_ms : 0;
}

/* An attempt that still runs after a failure of the loop was told to end; it is waited for and
 * thrown away. False: it does not end. */
static bool stop_executor(thread_slot *slot, uint64_t deadline_ms)
{
    uint32_t kind = TAMIS_EXECUTOR_DONE;
    void *body = NULL;

    if ((slot->state == SLOT_RUNNING || slot->state == SLOT_PUBLISHING) &&
        !await(slot->executor, deadline_ms, &kind, &body)) {
        return false;
    }
    if (slot->attempt != NULL && kind == TAMIS_EXECUTOR_DONE && slot->attempt->status == TAMIS_OK) {
        tamis_attempt_discard(slot->attempt);
    }
    tamis_attempt_destroy(slot->attempt);
    slot->attempt = NULL;
    slot->state = SLOT_IDLE;
    return tamis_actor_stop(slot->executor, left_until(deadline_ms), NULL) != TAMIS_ETIMEOUT;
}

static bool stop_cleaner(worker_loop *loop, uint64_t deadline_ms)
{
    uint32_t kind = 0;
    void *body = NULL;

    while (loop->cleaner_requests != 0) {
        if (!await(loop->cleaner, deadline_ms, &kind, &body)) {
            return false;
        }
        free(body);
        loop->cleaner_requests--;
    }
    return tamis_actor_stop(loop->cleaner, left_until(deadline_ms), NULL) != TAMIS_ETIMEOUT;
}

/* Whether all of them have ended. */
static bool stop_threads(worker_loop *loop)
{
    uint64_t stop_ms = loop->options->stop_ms;
    uint64_t deadline_ms = stop_ms == 0 ? UINT64_MAX : tamis_net_now_ms() + stop_ms;
    bool has_stopped = true;

    for (uint32_t i = 0; loop->slots != NULL && i < loop->slot_count; i++) {
        if (loop->slots[i].attempt != NULL) {
            atomic_store_explicit(&loop->slots[i].attempt->progress.is_canceled, true,
                                  memory_order_relaxed);
        }
    }
    for (uint32_t i = 0; loop->slots != NULL && i < loop->slot_count; i++) {
        has_stopped = stop_executor(&loop->slots[i], deadline_ms) && has_stopped;
    }
    return stop_cleaner(loop, deadline_ms) && has_stopped;
}

void worker_loop_close(worker_loop *loop)
{
    if (!stop_threads(loop)) { /* a disk that does not answer: leave it the floor it stands on */
        tamis_log_event(loop->options->log, TAMIS_LOG_WARN, "worker.stuck",
                        tamis_log_text("name", loop->name));
        if (loop->options->is_stuck != NULL) {
            atomic_store(loop->options->is_stuck, true);
        }
        return;
    }
    free(loop->slots);
    tamis_socket_close(loop->socket);
    tamis_packet_destroy(loop->packet);
    tamis_data_point_close(loop->data_point);
    tamis_worker_core_destroy(loop->core);
    tamis_records_cache_destroy(loop->records);
    tamis_worker_effects_fini(&loop->effects);
    if (loop->lock_file >= 0) {
        (void)close(loop->lock_file); /* and with it the lock */
    }
    free(loop);
}
