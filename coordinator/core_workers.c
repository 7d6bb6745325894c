/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "core_internal.h"
#include "tamis/planted.h"

/* ---- Lists ----------------------------------------------------------------------------------- */

void core_list_append(tamis_coordinator_core *core, unsigned list, uint32_t index)
{
    core_list *into = &core->lists[list];
    core_link *link = &core->workers[index]->links[list];

    if (link->is_in) {
        core_list_remove(core, list, index);
    }
    *link = (core_link){.next = CORE_NONE, .previous = into->last, .is_in = true};
    if (into->last == CORE_NONE) {
        into->first = index;
    } else {
        core->workers[into->last]->links[list].next = index;
    }
    into->last = index;
    into->count++;
}

void core_list_remove(tamis_coordinator_core *core, unsigned list, uint32_t index)
{
    core_list *from = &core->lists[list];
    core_link *link = &core->workers[index]->links[list];

    if (!link->is_in) {
        return;
    }
    if (link->previous == CORE_NONE) {
        from->first = link->next;
    } else {
        core->workers[link->previous]->links[list].next = link->next;
    }
    if (link->next == CORE_NONE) {
        from->last = link->previous;
    } else {
        core->workers[link->next]->links[list].previous = link->previous;
    }
    link->is_in = false;
    from->count--;
}

void core_worker_check_ready(tamis_coordinator_core *core, uint32_t index)
{
    const core_worker *worker = core->workers[index];
    bool is_ready = worker->is_known && !worker->is_resting && !worker->is_apart &&
                    (worker->drain == CORE_DRAIN_NONE || TAMIS_PLANTED(DRAIN_IGNORED)) &&
                    (worker->lease_count < worker->credit || TAMIS_PLANTED(CREDIT_IGNORED));

    if (!is_ready) {
        core_list_remove(core, CORE_LIST_READY, index);
    } else if (!worker->links[CORE_LIST_READY].is_in) {
        core_list_append(core, CORE_LIST_READY, index);
    }
}

void core_worker_set_drain(tamis_coordinator_core *core, uint32_t index, core_drain drain)
{
    core_worker *worker = core->workers[index];
    bool is_apart = worker->is_apart;

    core_worker_wake(core, index); /* those that drain, and those that go, are not counted twice */
    core_worker_set_apart(core, index, false);
    core->draining_count += drain != CORE_DRAIN_NONE ? 1u : 0u;
    core->draining_count -= worker->drain != CORE_DRAIN_NONE ? 1u : 0u;
    worker->drain = drain;
    worker->is_leaving = false;
    core_worker_set_apart(core, index, is_apart);
    core_worker_check_ready(core, index);
}

/* ---- Finding --------------------------------------------------------------------------------- */

static uint64_t peer_hash(tamis_slice peer)
{
    return tamis_hash64(peer.data, peer.size);
}

core_worker *core_find_worker(const tamis_coordinator_core *core, tamis_slice peer,
                              uint32_t *out_index)
{
    uint64_t hash = peer_hash(peer);
    uint32_t cursor = 0;
    uint32_t index = 0;

    while ((index = core_index_next(&core->peers, hash, &cursor)) != CORE_INDEX_NONE) {
        if (tamis_slice_is_equal(core_peer(core->workers[index]), peer)) {
            *out_index = index;
            return core->workers[index];
        }
    }
    return NULL;
}

static bool has_worker_room(tamis_coordinator_core *core)
{
    while (core->worker_free < core->worker_count && core->workers[core->worker_free] != NULL) {
        core->worker_free++;
    }
    if (core->worker_free >= TAMIS_WORKERS_MAX || !core_index_reserve(&core->peers)) {
        return false;
    }
    if (core->worker_free == core->worker_count) {
        core_worker **workers =
            reallocarray(core->workers, (size_t)core->worker_count + 1, sizeof(core_worker *));

        if (workers == NULL) {
            return false;
        }
        core->workers = workers;
        core->workers[core->worker_count++] = NULL;
    }
    return true;
}

core_worker *core_worker_add(tamis_coordinator_core *core, tamis_slice peer, uint32_t *out_index)
{
    core_worker *worker = NULL;

    if (peer.size == 0 || peer.size > TAMIS_OUTBOX_PEER_MAX || !has_worker_room(core)) {
        return NULL;
    }
    worker = calloc(1, sizeof(*worker));
    if (worker == NULL) {
        return NULL;
    }
    memcpy(worker->peer, peer.data, peer.size);
    worker->peer_size = peer.size;
    worker->folder = CORE_NO_FOLDER;
    worker->first_lease = CORE_NONE;
    worker->last_lease = CORE_NONE;
    worker->preferred = CORE_NONE;
    *out_index = core->worker_free;
    core->workers[*out_index] = worker;
    core_index_add(&core->peers, peer_hash(peer), *out_index);
    core_list_append(core, CORE_LIST_HEARD, *out_index);
    return worker;
}

void core_worker_free(core_worker *worker)
{
    free(worker);
}

tamis_status core_check_build(const tamis_coordinator_core *core, const tamis_peer_build *build,
                              tamis_err *out_reason)
{
    const tamis_peer_build *own = &core->settings.build;

    if (build->protocol != own->protocol) {
        return tamis_err_set(out_reason, TAMIS_EVERSION,
                             "protocol version %u, the coordinator speaks %u", build->protocol,
                             own->protocol);
    }
    if (strcmp(build->build, own->build) != 0) {
        return tamis_err_set(out_reason, TAMIS_EVERSION,
                             "build '%.200s' differs from the coordinator's '%.200s': install the "
                             "same version on both",
                             build->build, own->build);
    }
    if (strcmp(build->zstd, own->zstd) != 0) {
        return tamis_err_set(out_reason, TAMIS_EVERSION,
                             "zstd library %.50s differs from the coordinator's %.50s: outputs "
                             "would differ",
                             build->zstd, own->zstd);
    }
    return TAMIS_OK;
}

/* ---- Going ----------------------------------------------------------------------------------- */

static void note_gone(core_step *step, const core_worker *worker, core_loss loss)
{
    tamis_core_note *note = core_note_worker(
        step, loss == CORE_LOSS_BYE ? TAMIS_NOTE_WORKER_LEFT : TAMIS_NOTE_WORKER_LOST, worker);

    note->number = worker->lease_count;
    if (loss == CORE_LOSS_DIED) {
        (void)snprintf(note->text, sizeof(note->text), "another process has its data folder");
    } else if (loss == CORE_LOSS_SILENT) {
        (void)snprintf(note->text, sizeof(note->text), "silent for %llu ms",
                       (unsigned long long)(step->now_ms - worker->heard_ms));
    }
}

/* What stays of a worker is what the book says of its folder. */
static bool leave_folder(core_step *step, const core_worker *worker, uint32_t index, core_loss loss)
{
    core_folder *folder = core_worker_folder(step->core, worker);

    if (folder == NULL || folder->worker != index) {
        return true;
    }
    folder->worker = CORE_NONE;
    folder->heard_ms = worker->heard_ms;
    if (loss == CORE_LOSS_BYE) {
        folder->is_listed = false;
        /* It was told to go although its results may be wanted: nobody waits for it. */
        folder->heard_ms = folder->drain == CORE_DRAIN_NOW ? 0 : folder->heard_ms;
    }
    return core_book_touch(&step->core->book, worker->folder);
}

tamis_status core_drop_worker(core_step *step, uint32_t index, core_loss loss)
{
    tamis_coordinator_core *core = step->core;
    core_worker *worker = core->workers[index];
    tamis_status status = TAMIS_OK;

    note_gone(step, worker, loss);
    status = core_release_worker(step, index, loss);
    if (status != TAMIS_OK) {
        return status;
    }
    core_worker_set_apart(core, index, false);
    core_worker_set_drain(core, index, CORE_DRAIN_NONE);
    core->known_count -= worker->is_known;
    worker->is_known = false;
    core_place_worker_gone(step, index);
    core_list_remove(core, CORE_LIST_READY, index);
    core_list_remove(core, CORE_LIST_HEARD, index);
    core_index_remove(&core->peers, peer_hash(core_peer(worker)), index);
    if (!leave_folder(step, worker, index, loss)) {
        status = tamis_err_set(step->err, TAMIS_ENOMEM, "no memory for the book of folders");
    }
    core->workers[index] = NULL;
    core->worker_free = index < core->worker_free ? index : core->worker_free;
    core_worker_free(worker);
    return status;
}

tamis_status core_drop_silent_workers(core_step *step)
{
    tamis_coordinator_core *core = step->core;
    tamis_status status = TAMIS_OK;

    while (core->lists[CORE_LIST_HEARD].first != CORE_NONE && status == TAMIS_OK) {
        uint32_t index = core->lists[CORE_LIST_HEARD].first;

        if (step->now_ms - core->workers[index]->heard_ms < core->settings.lease_ms) {
            break;
        }
        status = core_drop_worker(step, index, CORE_LOSS_SILENT);
    }
    return status;
}

/* ---- Coming ---------------------------------------------------------------------------------- */

static tamis_status send_welcome(core_step *step, const core_worker *worker)
{
    tamis_message message = core_message(step, TAMIS_MESSAGE_WELCOME, NULL, 0);

    message.body.welcome.heartbeat_ms = core_heartbeat_ms(step->core);
    message.body.welcome.lease_ms = step->core->settings.lease_ms;
    message.body.welcome.cluster = step->core->cluster;
    return core_send(step, core_peer(worker), &message, core_nothing());
}

/* Number of the folder that the greeting names; a new one when it is not in the book.
 * CORE_NO_FOLDER: no memory, or too many. */
static uint32_t take_folder(core_step *step, const tamis_message *message, bool *out_is_new)
{
    const char *id = core_text(message->body.hello.folder_id);
    const char *path = message->body.hello.data_folder;
    uint32_t number = core_book_find(&step->core->book, id, path);

    *out_is_new = number == CORE_NO_FOLDER;
    return *out_is_new ? core_book_add(step, CORE_NONE, id, path) : number;
}

/* A data folder has one worker: another one that came before, at the same place, is dead, however
 * it is called, and its successor need not wait for the end of the old leases. At another place it
 * may be a copy of the folder, with the same id: two workers must not pass for one. */
static tamis_status drop_holder(core_step *step, const tamis_message *message, uint32_t number,
                                uint32_t own, bool *out_is_free)
{
    tamis_coordinator_core *core = step->core;
    const core_folder *folder = core_book_at(&core->book, number);
    uint32_t holder = folder->worker;
    bool is_here =
        folder->host == NULL || (strcmp(folder->host, message->body.hello.host) == 0 &&
                                 strcmp(folder->path, message->body.hello.data_folder) == 0);

    *out_is_free = true;
    if (holder == CORE_NONE || holder == own) {
        return TAMIS_OK;
    }
    if (!is_here && core->workers[holder]->is_known &&
        step->now_ms - core->workers[holder]->heard_ms < core->settings.lease_ms) {
        *out_is_free = false;
        return TAMIS_OK;
    }
    return core_drop_worker(step, holder, CORE_LOSS_DIED);
}

static bool fill_folder(core_step *step, const tamis_core_event *event, uint32_t number)
{
    const tamis_message *message = event->message;
    core_book *book = &step->core->book;
    core_folder *folder = core_book_at(book, number);

    folder->memory_bytes = message->body.hello.memory_bytes;
    folder->thread_count = message->body.hello.thread_count;
    folder->is_listed = true;
    folder->is_replaced = false;
    return core_book_place(book, number, message->body.hello.host,
                           message->body.hello.data_folder) &&
           core_set_text(&folder->name, message->body.hello.name) &&
           core_set_text(&folder->data_url, message->body.hello.data_url) &&
           core_set_text(&folder->public_key, message->body.hello.public_key) &&
           core_set_text(&folder->user, core_text(event->user));
}

/* Who drained this worker meant it and not the next one in the same folder. */
static void take_drain(core_step *step, core_worker *worker, uint32_t index, bool *out_is_changed)
{
    core_folder *folder = core_worker_folder(step->core, worker);
    bool is_meant =
        folder->drain != CORE_DRAIN_NONE && folder->drain_peer != NULL &&
        tamis_slice_is_equal(core_peer(worker), tamis_slice_of_string(folder->drain_peer));

    *out_is_changed = folder->drain != CORE_DRAIN_NONE && !is_meant;
    if (*out_is_changed) {
        folder->drain = CORE_DRAIN_NONE;
        (void)core_set_text(&folder->drain_peer, NULL); /* which cannot fail */
    }
    core_worker_set_drain(step->core, index, folder->drain);
}

/* The folder is the worker's from now on. */
static tamis_status move_in(core_step *step, const tamis_core_event *event, core_worker *worker,
                            uint32_t index, uint32_t number, bool is_new)
{
    tamis_coordinator_core *core = step->core;
    core_folder *folder = core_book_at(&core->book, number);
    bool is_moved = folder->host == NULL ||
                    strcmp(folder->host, event->message->body.hello.host) != 0 ||
                    strcmp(folder->path, event->message->body.hello.data_folder) != 0;
    bool is_drain_changed = false;
    uint32_t replaced = CORE_NO_FOLDER;
    tamis_status status = TAMIS_OK;

    if (worker->folder != number && !leave_folder(step, worker, index, CORE_LOSS_DIED)) {
        return tamis_err_set(step->err, TAMIS_ENOMEM, "no memory for a worker");
    }
    worker->folder = (uint16_t)number;
    folder->worker = index;
    if (!fill_folder(step, event, number) || !core_book_touch(&core->book, number)) {
        return tamis_err_set(step->err, TAMIS_ENOMEM, "no memory for a worker");
    }
    take_drain(step, worker, index, &is_drain_changed);
    core_worker_set_apart(core, index, folder->is_apart);
    if (is_new || is_moved || is_drain_changed) {
        status = core_put_folder(step, number);
    }
    replaced = folder->id[0] == 0 ? CORE_NO_FOLDER : core_book_predecessor(&core->book, number);
    if (status == TAMIS_OK && replaced != CORE_NO_FOLDER) {
        status = core_folder_lost(step, replaced);
    }
    return status;
}

static tamis_status greet(core_step *step, const tamis_core_event *event, uint32_t number,
                          bool is_new)
{
    tamis_coordinator_core *core = step->core;
    const tamis_message *message = event->message;
    uint32_t index = CORE_NONE;
    core_worker *worker = core_find_worker(core, event->peer, &index);
    bool is_first = worker == NULL || !worker->is_known;
    tamis_status status = TAMIS_OK;

    if (worker == NULL) {
        worker = core_worker_add(core, event->peer, &index);
    }
    if (worker == NULL) {
        return core_refuse(step, event->peer, NULL, TAMIS_ELIMIT,
                           "the coordinator has no room for a worker");
    }
    worker->is_known = true;
    core->known_count += is_first;
    worker->heard_ms = step->now_ms;
    worker->thread_count = message->body.hello.thread_count;
    worker->sent_job = (core_sent){.wait_ms = 0};
    worker->sent_owners = (core_sent){.wait_ms = 0};
    worker->sent_folders = (core_sent){.wait_ms = 0};
    core_list_append(core, CORE_LIST_HEARD, index);
    status = move_in(step, event, worker, index, number, is_new);
    if (status == TAMIS_OK && is_first) {
        core_note_worker(step, TAMIS_NOTE_WORKER_JOINED, worker)->number = worker->thread_count;
        core_place_worker_added(step, index);
    }
    core_worker_check_ready(core, index);
    if (status == TAMIS_OK) {
        status = send_welcome(step, worker);
    }
    return status == TAMIS_OK ? core_advance(step) : status;
}

static tamis_status refuse_hello(core_step *step, const tamis_core_event *event,
                                 tamis_status reason, const char *text)
{
    tamis_core_note *note = core_note(step, TAMIS_NOTE_WORKER_REFUSED);

    (void)snprintf(note->worker, sizeof(note->worker), "%.*s", (int)sizeof(note->worker) - 1,
                   core_text(event->message->body.hello.name));
    (void)snprintf(note->text, sizeof(note->text), "%.250s", text);
    return core_refuse(step, event->peer, NULL, reason, text);
}

tamis_status core_on_hello(core_step *step, const tamis_core_event *event)
{
    const tamis_message *message = event->message;
    tamis_err reason = {.status = TAMIS_OK};
    uint32_t index = CORE_NONE;
    uint32_t number = CORE_NO_FOLDER;
    bool is_new = false;
    bool is_free = false;
    const core_worker *known = core_find_worker(step->core, event->peer, &index);
    tamis_status status = core_check_build(step->core, &message->body.hello.build, &reason);

    if (status != TAMIS_OK) {
        return refuse_hello(step, event, status, reason.text);
    }
    if (known != NULL && known->is_known &&
        strcmp(core_text(core_worker_folder(step->core, known)->user), core_text(event->user)) !=
            0) {
        core_note_worker(step, TAMIS_NOTE_PEER_REFUSED, known);
        return TAMIS_OK; /* somebody else's name; it gets no answer, which its owner would get */
    }
    number = take_folder(step, message, &is_new);
    if (number == CORE_NO_FOLDER) {
        return refuse_hello(step, event, TAMIS_ELIMIT,
                            "the coordinator knows too many data folders");
    }
    status = drop_holder(step, message, number, index, &is_free);
    if (status != TAMIS_OK) {
        return status;
    }
    if (!is_free) {
        return refuse_hello(step, event, TAMIS_EHELD,
                            "another worker has a data folder with the same id: if this one is a "
                            "copy, remove its .folder-id");
    }
    return greet(step, event, number, is_new);
}
