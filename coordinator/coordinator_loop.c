/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/random.h>

#include "door.h"
#include "ledger.h"
#include "stage_runner.h"
#include "tamis/coordinator.h"
#include "tamis/folder_id.h"
#include "tamis/path.h"

#define TICK_MS         100
#define DRAIN_MAX       1024
#define DRAIN_BYTES_MAX (16u << 20) /* of ledger changes: what one batch may take */
#define SEND_BYTES_MAX  (64u << 20) /* of packets that one round makes, but for the last answer */
#define BEHIND_MS       10000       /* packets may wait for so long before silence counts again */
#define QUIET_MS        10000       /* between two lines of the log about what peers do wrong */
#define REFUSALS_MAX    20          /* lines about refused peers in that time */
#define QUEUE_MAX       1000
/* What one peer can make the coordinator hold, in and out; the sizes of frames are in wire.h. */
#define RECEIVE_QUEUE_MAX 16
#define FRAME_SIZE_MAX    (UINT64_C(16) << 20) /* a chunk of a job, a blob */
#define PEER_BYTES_MAX    (UINT64_C(64) << 20)
#define STRANGERS_MAX     1024
#define DOMAIN            "control"
#define LEDGER_NAME       "ledger"

typedef struct coordinator_start {
    const tamis_coordinator_options *options;
    char *out_url; /* written before the actor is ready */
} coordinator_start;

typedef struct coordinator_loop {
    const tamis_coordinator_options *options;
    tamis_socket *pipe;
    tamis_socket *socket;
    tamis_packet *packet;
    tamis_door *door;
    tamis_buf refusal; /* scratch */
    tamis_store *store;
    tamis_stage_runner *runner;
    tamis_stage_runner_options runner_options;
    tamis_data_point *data_point;
    tamis_coordinator_core *core;
    tamis_core_effects effects;
    uint64_t ticked_ms;
    uint64_t drained_ms; /* when no packet was waiting */
    bool is_behind;      /* packets are waiting */
    uint64_t quiet_ms;   /* nothing is said about peers before */
    uint64_t malformed;  /* packets since the last line about them */
    uint64_t notes_dropped;
    uint32_t refusals_told; /* since then */
    uint32_t lost_results;  /* found at recovery */
    char data_folder[TAMIS_PATH_MAX];
    char folder_id[TAMIS_FOLDER_ID_SIZE];
    char cluster[TAMIS_FOLDER_ID_SIZE]; /* for a new ledger */
    char build[TAMIS_BUILD_TEXT_SIZE];
} coordinator_loop;

/* ---- Effects --------------------------------------------------------------------------------- */

static void send_packets(coordinator_loop *loop)
{
    const tamis_outbox *outbox = &loop->effects.outbox;

    for (size_t i = 0; i < outbox->count; i++) {
        tamis_status status =
            tamis_socket_send(loop->socket, tamis_outbox_peer(outbox, i),
                              tamis_outbox_control(outbox, i), tamis_outbox_bulk(outbox, i));

        if (status != TAMIS_OK) { /* a peer that is gone; leases and questions will tell */
            tamis_log_event(loop->options->log, TAMIS_LOG_DEBUG, "packet.not_sent",
                            tamis_log_text("reason", tamis_status_text(status)));
        }
    }
}

/* ---- The log --------------------------------------------------------------------------------- */

typedef struct note_kind {
    const char *event;
    tamis_log_level level;
    const char *key;
} note_kind;

static void log_note(tamis_log *log, const tamis_core_note *note)
{
#define NOTE_KIND(name, event, level, key) [TAMIS_NOTE_##name] = {event, TAMIS_LOG_##level, key},
    static const note_kind kinds[] = {TAMIS_CORE_NOTE_TABLE(NOTE_KIND)};
#undef NOTE_KIND
    const note_kind *kind = &kinds[note->kind];
    tamis_log_field fields[6];
    size_t count = 0;

    if (note->worker[0] != 0) {
        fields[count++] = tamis_log_text("worker", note->worker);
    }
    if (note->job[0] != 0) {
        fields[count++] = tamis_log_text("job", note->job);
    }
    if (note->has_stage) {
        fields[count++] = tamis_log_uint("stage", note->stage);
    }
    if (note->has_task) {
        fields[count++] = tamis_log_uint("task", note->task);
    }
    if (kind->key[0] != 0) {
        fields[count++] = tamis_log_uint(kind->key, note->number);
    }
    if (note->text[0] != 0) {
        fields[count++] = tamis_log_text("text", note->text);
    }
    tamis_log_write(log, kind->level, kind->event, fields, count);
}

static void log_notes(coordinator_loop *loop)
{
    const tamis_core_effects *effects = &loop->effects;

    for (size_t i = 0; i < effects->note_count; i++) {
        const tamis_core_note *note = &effects->notes[i];
        bool is_refusal =
            note->kind == TAMIS_NOTE_WORKER_REFUSED || note->kind == TAMIS_NOTE_PEER_REFUSED;

        /* Who is refused tries again, for ever. */
        if (is_refusal && loop->refusals_told >= REFUSALS_MAX) {
            loop->notes_dropped++;
        } else {
            loop->refusals_told += is_refusal;
            log_note(loop->options->log, note);
        }
    }
    loop->notes_dropped += effects->notes_dropped;
}

/* What peers can bring about as often as they like is told in sum, now and then. */
static void log_peers(coordinator_loop *loop, uint64_t now_ms)
{
    if (now_ms < loop->quiet_ms) {
        return;
    }
    loop->quiet_ms = now_ms + QUIET_MS;
    loop->refusals_told = 0;
    if (loop->malformed == 0 && loop->notes_dropped == 0) {
        return;
    }
    tamis_log_event(loop->options->log, TAMIS_LOG_WARN, "packets.malformed",
                    tamis_log_uint("packets", loop->malformed),
                    tamis_log_uint("events_not_logged", loop->notes_dropped));
    loop->malformed = 0;
    loop->notes_dropped = 0;
}

/* Removes the local results of jobs that are done. Where a worker shares the folder it does so. */
static void clean_up(coordinator_loop *loop)
{
    DIR *listing = loop->options->is_embedded ? NULL : opendir(loop->data_folder);
    const struct dirent *entry = NULL;
    tamis_err err = {.status = TAMIS_OK};

    while (listing != NULL && (entry = readdir(listing)) != NULL) {
        if (tamis_job_id_is_valid(entry->d_name) &&
            tamis_coordinator_core_may_drop(loop->core, entry->d_name) &&
            tamis_path_remove_in(loop->data_folder, entry->d_name, &err) != TAMIS_OK) {
            tamis_log_event(loop->options->log, TAMIS_LOG_WARN, "job.not_removed",
                            tamis_log_text("job", entry->d_name),
                            tamis_log_text("error", err.text));
        }
    }
    if (listing != NULL) {
        (void)closedir(listing);
    }
}

/* Makes what was decided durable, then lets others know of it. */
static tamis_status perform(coordinator_loop *loop, tamis_err *err)
{
    tamis_core_effects *effects = &loop->effects;
    tamis_status status = tamis_ledger_commit(loop->store, effects, err);

    if (status != TAMIS_OK) {
        return status;
    }
    send_packets(loop);
    log_notes(loop);
    if (effects->is_local_canceled) {
        tamis_stage_runner_cancel(loop->runner);
    }
    if (effects->local == TAMIS_LOCAL_START) {
        status = tamis_stage_runner_start(loop->runner, loop->core, effects->local_job,
                                          effects->local_stage, effects->local_fence, err);
    }
    if (effects->has_job_ended) {
        clean_up(loop);
    }
    tamis_core_effects_reset(effects);
    return status;
}

/* ---- Events ---------------------------------------------------------------------------------- */

static tamis_status step(coordinator_loop *loop, const tamis_core_event *event, tamis_err *err)
{
    return tamis_coordinator_core_step(loop->core, event, tamis_net_now_ms(), &loop->effects, err);
}

/* Tells a peer why its words are not heard. An answer that is lost is given again to the next
 * question. */
static void refuse_packet(coordinator_loop *loop, const char *job, const tamis_err *why)
{
    tamis_message message = {.kind = TAMIS_MESSAGE_REFUSED,
                             .epoch = tamis_coordinator_core_epoch(loop->core)};
    tamis_status status = TAMIS_OK;

    (void)snprintf(message.job, sizeof(message.job), "%s", job);
    message.body.refused.status = why->status;
    message.body.refused.text = why->text;
    tamis_buf_reset(&loop->refusal);
    status = tamis_wire_encode(&message, &loop->refusal);
    if (status == TAMIS_OK) {
        status = tamis_socket_send(loop->socket, tamis_packet_peer(loop->packet),
                                   tamis_buf_slice(&loop->refusal), tamis_slice_of(NULL, 0));
    }
    if (status != TAMIS_OK) {
        tamis_log_event(loop->options->log, TAMIS_LOG_DEBUG, "packet.not_sent",
                        tamis_log_text("reason", tamis_status_text(status)));
    }
}

static tamis_status take_packet(coordinator_loop *loop, tamis_err *err)
{
    tamis_message *message = NULL;
    tamis_core_event event = {.kind = TAMIS_CORE_PACKET};
    tamis_err bad = {.status = TAMIS_OK};
    tamis_status status = tamis_socket_receive(loop->socket, loop->packet);

    if (status == TAMIS_EDENIED) {
        tamis_door_turn_away(loop->door, &bad);
        refuse_packet(loop, "", &bad);
        return TAMIS_OK;
    }
    if (status == TAMIS_OK) {
        status = tamis_wire_decode(tamis_packet_control(loop->packet), &message, NULL);
    }
    if (status == TAMIS_EAGAIN) {
        return status;
    }
    if (status == TAMIS_ENOMEM || status == TAMIS_EIO) {
        return tamis_err_set(err, status, "receiving packets failed");
    }
    if (status != TAMIS_OK) {
        loop->malformed++;
        return TAMIS_OK;
    }
    if (tamis_door_check(loop->door, message, loop->packet, tamis_net_now_ms(), &bad) != TAMIS_OK) {
        refuse_packet(loop, message->job, &bad);
        tamis_message_destroy(message);
        return TAMIS_OK;
    }
    event.peer = tamis_packet_peer(loop->packet);
    event.message = message;
    event.bulk = tamis_packet_bulk(loop->packet);
    event.user = tamis_packet_user(loop->packet);
    status = step(loop, &event, err);
    tamis_message_destroy(message);
    return status;
}

/* Takes what has come, as far as one batch of the ledger and the memory for answers reach. */
static tamis_status drain_socket(coordinator_loop *loop, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i < DRAIN_MAX && status == TAMIS_OK; i++) {
        if (loop->effects.bytes.size >= DRAIN_BYTES_MAX ||
            loop->effects.outbox.bytes.size >= SEND_BYTES_MAX) {
            break;
        }
        status = take_packet(loop, err);
    }
    loop->is_behind = status == TAMIS_OK;
    return status == TAMIS_EAGAIN ? TAMIS_OK : status;
}

static tamis_status take_local(coordinator_loop *loop, tamis_err *err)
{
    tamis_core_event event;
    tamis_status status = tamis_stage_runner_take(loop->runner, &event, err);

    if (status != TAMIS_OK) {
        return status == TAMIS_EAGAIN ? TAMIS_OK : status;
    }
    return step(loop, &event, err);
}

static tamis_status tick(coordinator_loop *loop, tamis_err *err)
{
    tamis_core_event event = {.kind = TAMIS_CORE_TICK};
    uint64_t now_ms = tamis_net_now_ms();

    if (now_ms - loop->ticked_ms < TICK_MS) {
        return TAMIS_OK;
    }
    loop->ticked_ms = now_ms;
    tamis_door_tick(loop->door, tamis_socket_tend(loop->socket, now_ms), now_ms);
    if (!loop->is_behind) {
        loop->drained_ms = now_ms;
    }
    /* A packet that waits may be the sign of life that a worker is missed for. */
    event.is_behind = loop->is_behind && now_ms - loop->drained_ms < BEHIND_MS;
    if (tamis_stage_runner_follow(loop->runner, loop->core, err) != TAMIS_OK ||
        tamis_data_point_tick(loop->data_point, err) != TAMIS_OK) {
        return err->status;
    }
    log_peers(loop, now_ms);
    if (tamis_stage_runner_progress(loop->runner, &event.bytes, &event.documents)) {
        tamis_coordinator_core_local_progress(loop->core, event.bytes, event.documents);
    }
    return step(loop, &event, err);
}

static tamis_status run(coordinator_loop *loop, tamis_err *err)
{
    tamis_socket *sockets[] = {loop->pipe, loop->socket, tamis_stage_runner_pipe(loop->runner)};
    bool is_ready[] = {false, false, false};
    tamis_status status = TAMIS_OK;

    while (status == TAMIS_OK) {
        uint32_t kind = 0;
        void *body = NULL;

        status = tamis_net_poll(sockets, 3, TICK_MS, is_ready, err);
        if (status == TAMIS_OK && is_ready[0] &&
            tamis_socket_take(loop->pipe, &kind, &body) == TAMIS_OK && kind == TAMIS_ACTOR_STOP) {
            return TAMIS_OK;
        }
        if (status == TAMIS_OK && is_ready[2]) {
            status = take_local(loop, err);
        }
        loop->is_behind = false;
        if (status == TAMIS_OK && is_ready[1]) {
            status = drain_socket(loop, err);
        }
        if (status == TAMIS_OK) {
            status = tick(loop, err);
        }
        if (status == TAMIS_OK) {
            status = perform(loop, err);
        }
    }
    return status;
}

/* ---- Start and end --------------------------------------------------------------------------- */

/* An end in order: what the embedded worker has begun was not lost by a crash. */
static tamis_status end(coordinator_loop *loop, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    if (!loop->options->is_embedded) {
        return TAMIS_OK;
    }
    tamis_core_effects_reset(&loop->effects);
    status = tamis_coordinator_core_end(loop->core, tamis_net_now_ms(), &loop->effects, err);
    return status == TAMIS_OK ? tamis_ledger_commit(loop->store, &loop->effects, err) : status;
}

static bool result_is_there(void *context, const char *job, tamis_stage_kind kind, uint32_t stage,
                            uint32_t task, const char *data_folder)
{
    coordinator_loop *loop = context;
    bool is_there = tamis_attempt_result_exists(data_folder, job, kind, stage, task);

    loop->lost_results += !is_there;
    return is_there;
}

/* Its address is told to workers, so it comes before the core. */
static tamis_status open_data_point(coordinator_loop *loop, tamis_err *err)
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

    return tamis_data_point_open(&options, &loop->data_point, err);
}

static tamis_status make_core(coordinator_loop *loop, tamis_err *err)
{
    const tamis_coordinator_options *options = loop->options;
    tamis_core_settings settings;
    tamis_status status = tamis_build_text(loop->build);

    tamis_core_settings_defaults(&settings);
    settings.heartbeat_ms =
        options->heartbeat_ms == 0 ? settings.heartbeat_ms : options->heartbeat_ms;
    settings.lease_ms = options->lease_ms == 0 ? settings.lease_ms : options->lease_ms;
    settings.attempts_max =
        options->attempts_max == 0 ? settings.attempts_max : options->attempts_max;
    settings.straggler_ms =
        options->straggler_ms == 0 ? settings.straggler_ms : options->straggler_ms;
    settings.lost_after_ms =
        options->lost_after_ms == 0 ? settings.lost_after_ms : options->lost_after_ms;
    settings.is_single_job = options->is_embedded;
    settings.is_embedded = options->is_embedded;
    settings.data_folder = loop->data_folder;
    settings.data_folder_id = loop->folder_id;
    settings.data_url = tamis_data_point_url(loop->data_point);
    if (options->security != NULL && options->security->is_on) {
        settings.public_key = options->security->public_key;
    }
    settings.cluster = loop->cluster;
    settings.check_blob = options->tasks->check_blob;
    settings.build = (tamis_peer_build){
        .protocol = TAMIS_PROTOCOL_VERSION, .build = loop->build, .zstd = tamis_build_zstd()};
    if (status == TAMIS_OK) {
        status = tamis_coordinator_core_create(&settings, &loop->core);
    }
    if (status != TAMIS_OK) {
        return tamis_err_set(err, status, "cannot make a coordinator");
    }
    tamis_coordinator_core_check_results(loop->core, result_is_there, loop);
    return TAMIS_OK;
}

static tamis_status name_cluster(coordinator_loop *loop, tamis_err *err)
{
    uint64_t number = 0;

    if (getentropy(&number, sizeof(number)) != 0) {
        return tamis_err_errno(err, errno, "cannot make an id for the cluster");
    }
    (void)snprintf(loop->cluster, sizeof(loop->cluster), "%016" PRIx64, number);
    return TAMIS_OK;
}

static tamis_status recover(coordinator_loop *loop, tamis_err *err)
{
    char path[TAMIS_PATH_MAX];
    tamis_status status = tamis_path_absolute(loop->data_folder, loop->options->data_folder, err);

    if (status == TAMIS_OK) {
        status = tamis_path_make_folder(loop->data_folder, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_path_make_folder(loop->options->state_folder, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_path_join(path, loop->options->state_folder, LEDGER_NAME, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_store_open(path, &loop->store, err);
    }
    /* Only now is it certain that no other coordinator is at work here. */
    if (status == TAMIS_OK) {
        status = tamis_attempt_sweep(loop->data_folder, TAMIS_LOCAL_PREFIX, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_folder_id_make(loop->data_folder, loop->folder_id, err);
    }
    if (status == TAMIS_OK) {
        status = name_cluster(loop, err);
    }
    if (status == TAMIS_OK) {
        status = open_data_point(loop, err);
    }
    if (status == TAMIS_OK) {
        status = make_core(loop, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_ledger_load(loop->store, loop->core, err);
    }
    if (status != TAMIS_OK) {
        tamis_err_context(err, "%s", loop->options->state_folder);
    }
    return status;
}

static tamis_status open_socket(coordinator_loop *loop, char *out_url, tamis_err *err)
{
    tamis_socket_options options = {
        .kind = TAMIS_SOCKET_ROUTER,
        .queue_max = QUEUE_MAX,
        .receive_queue_max = RECEIVE_QUEUE_MAX,
        .frame_size_max = FRAME_SIZE_MAX,
        .peer_bytes_max = PEER_BYTES_MAX,
        .strangers_max = STRANGERS_MAX,
        .security = loop->options->security,
        .domain = DOMAIN,
    };
    tamis_status status = tamis_door_open(loop->options, &loop->door, err);

    if (status == TAMIS_OK) {
        status = tamis_socket_open(loop->options->net, &options, &loop->socket, err);
    }
    loop->packet = tamis_packet_create();
    if (status == TAMIS_OK && loop->packet == NULL) {
        status = tamis_err_set(err, TAMIS_ENOMEM, "no memory for packets");
    }
    return status == TAMIS_OK ? tamis_socket_bind(loop->socket, loop->options->url, out_url, err)
                              : status;
}

static tamis_status begin(coordinator_loop *loop, char *out_url, tamis_err *err)
{
    tamis_status status = recover(loop, err);

    loop->runner_options = (tamis_stage_runner_options){
        .net = loop->options->net,
        .data_folder = loop->data_folder,
        .memory_bytes = loop->options->memory_bytes,
        .roots = loop->options->roots,
        .tasks = loop->options->tasks,
        .store = loop->store,
        .data_point = loop->data_point,
    };
    if (status == TAMIS_OK) {
        status = tamis_stage_runner_create(&loop->runner_options, &loop->runner, err);
    }
    if (status == TAMIS_OK) {
        status = open_socket(loop, out_url, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_coordinator_core_begin(loop->core, tamis_net_now_ms(), &loop->effects, err);
    }
    if (status == TAMIS_OK) {
        status = perform(loop, err);
    }
    if (status == TAMIS_OK) {
        clean_up(loop); /* jobs whose end was the last thing before a crash */
        tamis_log_event(loop->options->log, TAMIS_LOG_INFO, "coordinator.started",
                        tamis_log_text("url", out_url),
                        tamis_log_text("cluster", tamis_coordinator_core_cluster(loop->core)),
                        tamis_log_uint("epoch", tamis_coordinator_core_epoch(loop->core)),
                        tamis_log_uint("lost_results", loop->lost_results));
    }
    return status;
}

static void loop_fini(coordinator_loop *loop)
{
    tamis_stage_runner_destroy(loop->runner);
    tamis_data_point_close(loop->data_point);
    tamis_socket_close(loop->socket);
    tamis_packet_destroy(loop->packet);
    tamis_door_close(loop->door);
    tamis_buf_fini(&loop->refusal);
    tamis_coordinator_core_destroy(loop->core);
    tamis_core_effects_fini(&loop->effects);
    tamis_store_close(loop->store);
    free(loop);
}

static tamis_status coordinator_body(tamis_socket *pipe, void *argument, tamis_err *err)
{
    const coordinator_start *start = argument;
    char url[TAMIS_URL_SIZE] = "";
    coordinator_loop *loop = calloc(1, sizeof(*loop));
    tamis_log *log = start->options->log;
    tamis_status status = TAMIS_OK;

    if (loop == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a coordinator");
    }
    loop->options = start->options;
    loop->pipe = pipe;
    tamis_core_effects_init(&loop->effects);
    tamis_buf_init(&loop->refusal, TAMIS_WIRE_CONTROL_MAX);
    status = begin(loop, url, err);
    if (status == TAMIS_OK && start->out_url != NULL) {
        memcpy(start->out_url, url, sizeof(url));
    }
    if (status == TAMIS_OK) {
        status = tamis_actor_ready(pipe);
    }
    if (status == TAMIS_OK) {
        status = run(loop, err);
    }
    if (status == TAMIS_OK) {
        status = end(loop, err);
    }
    if (status != TAMIS_OK) {
        tamis_log_event(log, TAMIS_LOG_ERROR, "coordinator.failed",
                        tamis_log_text("error", err->text));
    }
    loop_fini(loop);
    return status;
}

tamis_status tamis_coordinator_start(const tamis_coordinator_options *options, char *out_url,
                                     tamis_actor **out_coordinator, tamis_err *err)
{
    /* Read before the actor is ready, which is before this function returns. */
    coordinator_start start = {.options = options, .out_url = out_url};

    return tamis_actor_start(options->net, coordinator_body, &start, out_coordinator, err);
}
