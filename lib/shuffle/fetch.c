/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "results_internal.h"
#include "tamis/hash.h"

#define QUEUE_MAX 64
#define TICK_MS   50
#define LOOK_MS   500 /* how often the book is asked whether the address still holds */
#define DRAIN_MAX 64
#define FRAME_MAX TAMIS_DATA_CHUNK_MAX

/* A connection to one address. */
typedef struct connection {
    struct connection *next; /* idle */
    tamis_socket *socket;
    char url[TAMIS_URL_SIZE];
    char public_key[TAMIS_KEY_SIZE];
} connection;

struct tamis_fetch_pool {
    tamis_net *net;
    const tamis_net_security *security;
    pthread_mutex_t mutex;
    connection *idle; /* guarded by: mutex; the last used first */
    uint32_t idle_count;
    _Atomic uint64_t next_id; /* of transfers: the upper half of their request ids */
};

struct tamis_transfer {
    tamis_results *results;
    tamis_fetch_pool *pool;
    tamis_fetch_item *item;
    tamis_data_request request; /* id, offset and length change */
    tamis_fetch_core core;
    tamis_packet *packet;
    connection *connection; /* NULL: nobody is known to serve the folder now */
    uint64_t looked_ms;
    int file; /* -1: memory */
};

/* ---- Connections ----------------------------------------------------------------------------- */

tamis_status tamis_fetch_pool_create(tamis_net *net, const tamis_net_security *security,
                                     tamis_fetch_pool **out_pool, tamis_err *err)
{
    tamis_fetch_pool *pool = calloc(1, sizeof(*pool));

    if (pool == NULL || pthread_mutex_init(&pool->mutex, NULL) != 0) {
        free(pool);
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for connections");
    }
    pool->net = net;
    pool->security = security;
    atomic_init(&pool->next_id, 1);
    *out_pool = pool;
    return TAMIS_OK;
}

static void connection_close(connection *one)
{
    if (one != NULL) {
        tamis_socket_close(one->socket);
        free(one);
    }
}

void tamis_fetch_pool_destroy(tamis_fetch_pool *pool)
{
    if (pool == NULL) {
        return;
    }
    while (pool->idle != NULL) {
        connection *one = pool->idle;

        pool->idle = one->next;
        connection_close(one);
    }
    (void)pthread_mutex_destroy(&pool->mutex);
    free(pool);
}

static connection *take_idle(tamis_fetch_pool *pool, const tamis_folder_place *place)
{
    connection *found = NULL;

    (void)pthread_mutex_lock(&pool->mutex);
    for (connection **at = &pool->idle; *at != NULL; at = &(*at)->next) {
        if (strcmp((*at)->url, place->data_url) == 0 &&
            strcmp((*at)->public_key, place->public_key) == 0) {
            found = *at;
            *at = found->next;
            pool->idle_count--;
            break;
        }
    }
    (void)pthread_mutex_unlock(&pool->mutex);
    return found;
}

/* Keeps it for the next transfer; the one that was not used for longest goes. */
static void give_idle(tamis_fetch_pool *pool, connection *one)
{
    connection *surplus = NULL;

    (void)pthread_mutex_lock(&pool->mutex);
    one->next = pool->idle;
    pool->idle = one;
    pool->idle_count++;
    if (pool->idle_count > TAMIS_FETCH_IDLE_MAX) {
        connection **at = &pool->idle;

        while ((*at)->next != NULL) {
            at = &(*at)->next;
        }
        surplus = *at;
        *at = NULL;
        pool->idle_count--;
    }
    (void)pthread_mutex_unlock(&pool->mutex);
    connection_close(surplus);
}

static tamis_status connection_open(tamis_fetch_pool *pool, const tamis_folder_place *place,
                                    connection **out_connection, tamis_err *err)
{
    tamis_socket_options options = {.kind = TAMIS_SOCKET_DEALER,
                                    .queue_max = QUEUE_MAX,
                                    .frame_size_max = FRAME_MAX,
                                    .security = pool->security,
                                    .server_key = place->public_key};
    connection *one = calloc(1, sizeof(*one));
    tamis_status status = TAMIS_OK;

    if (one == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a connection");
    }
    memcpy(one->url, place->data_url, sizeof(one->url));
    memcpy(one->public_key, place->public_key, sizeof(one->public_key));
    status = tamis_socket_open(pool->net, &options, &one->socket, err);
    if (status == TAMIS_OK) {
        status = tamis_socket_connect(one->socket, one->url, err);
    }
    if (status != TAMIS_OK) {
        connection_close(one);
        return status;
    }
    *out_connection = one;
    return TAMIS_OK;
}

/* ---- One transfer ---------------------------------------------------------------------------- */

/* Connects to where the book says the folder is served. Without an address the core waits for one.
 */
static tamis_status transfer_connect(tamis_transfer *transfer, bool is_anew, tamis_err *err)
{
    tamis_folder_place place;
    tamis_way way = TAMIS_WAY_NETWORK;
    tamis_status status = TAMIS_OK;

    connection_close(transfer->connection);
    transfer->connection = NULL;
    transfer->looked_ms = tamis_net_now_ms();
    if (!tamis_results_way(transfer->results, transfer->item->folder, &place, &way) ||
        place.data_url[0] == 0) {
        return TAMIS_OK;
    }
    memcpy(transfer->request.object.folder_id, place.folder_id, TAMIS_DATA_ID_SIZE);
    if (!is_anew) {
        transfer->connection = take_idle(transfer->pool, &place);
    }
    if (transfer->connection == NULL) {
        status = connection_open(transfer->pool, &place, &transfer->connection, err);
    }
    return status == TAMIS_EARG ? TAMIS_OK : status; /* an address that is none is no address */
}

static tamis_status send_requests(tamis_transfer *transfer, const tamis_fetch_effects *effects)
{
    for (uint32_t i = 0; i < effects->send_count && transfer->connection != NULL; i++) {
        uint8_t bytes[TAMIS_DATA_REQUEST_MAX];
        size_t size = 0;

        transfer->request.id = effects->sends[i].id;
        transfer->request.offset = effects->sends[i].offset;
        transfer->request.length = effects->sends[i].length;
        size = tamis_data_request_encode(&transfer->request, bytes);
        if (tamis_socket_send(transfer->connection->socket, tamis_slice_of(NULL, 0),
                              tamis_slice_of(bytes, size), tamis_slice_of(NULL, 0)) == TAMIS_EIO) {
            return TAMIS_EIO;
        } /* a full queue: it is missed and sent again */
    }
    return TAMIS_OK;
}

static tamis_status write_chunk(tamis_transfer *transfer, const tamis_data_reply *reply,
                                tamis_slice chunk, tamis_err *err)
{
    uint64_t offset = reply->offset;

    if (transfer->file < 0) {
        tamis_buf *memory = transfer->item->memory;

        if (memory->size < reply->total) {
            tamis_status status = tamis_buf_reserve(memory, reply->total - memory->size);

            if (status != TAMIS_OK) {
                return tamis_err_set(err, status, "an object of %llu bytes is too large",
                                     (unsigned long long)reply->total);
            }
            memory->size = reply->total;
        }
        memcpy(memory->data + offset, chunk.data, chunk.size);
        return TAMIS_OK;
    }
    while (chunk.size != 0) {
        ssize_t done = pwrite(transfer->file, chunk.data, chunk.size, (off_t)offset);

        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            return tamis_err_errno(err, done < 0 ? errno : EIO, "%s: cannot write at offset %llu",
                                   transfer->item->path, (unsigned long long)offset);
        }
        chunk.data += done;
        chunk.size -= (size_t)done;
        offset += (uint64_t)done;
    }
    return TAMIS_OK;
}

static void transfer_note(tamis_transfer *transfer)
{
    if (transfer->core.state != TAMIS_FETCH_RUNNING) {
        transfer->item->size = transfer->core.total;
        transfer->item->status =
            transfer->core.state == TAMIS_FETCH_DONE ? TAMIS_OK : transfer->core.status;
    }
}

/* One event and what follows from it. */
static tamis_status transfer_step(tamis_transfer *transfer, const tamis_fetch_event *event,
                                  tamis_slice chunk, tamis_err *err)
{
    tamis_fetch_effects effects;
    tamis_status status = TAMIS_OK;

    tamis_fetch_core_step(&transfer->core, event, tamis_net_now_ms(), &effects);
    if (effects.is_kept) {
        status = write_chunk(transfer, event->reply, chunk, err);
    }
    if (status == TAMIS_OK && effects.is_reconnect) {
        status = transfer_connect(transfer, true, err);
    }
    if (status == TAMIS_OK && send_requests(transfer, &effects) != TAMIS_OK) {
        status = tamis_err_set(err, TAMIS_EIO, "sending requests for data failed");
    }
    transfer_note(transfer);
    return status;
}

/* Takes what has come. */
static tamis_status transfer_drain(tamis_transfer *transfer, tamis_err *err)
{
    for (unsigned i = 0; i < DRAIN_MAX && transfer->connection != NULL; i++) {
        tamis_data_reply reply;
        tamis_fetch_event event = {.kind = TAMIS_FETCH_REPLY, .reply = &reply};
        tamis_status status = tamis_socket_receive(transfer->connection->socket, transfer->packet);
        tamis_slice chunk;

        if (status == TAMIS_EAGAIN) {
            return TAMIS_OK;
        }
        if (status == TAMIS_EIO) {
            return tamis_err_set(err, status, "receiving data failed");
        }
        if (status != TAMIS_OK ||
            tamis_data_reply_decode(tamis_packet_control(transfer->packet), &reply) != TAMIS_OK) {
            continue; /* missed, and asked for again */
        }
        chunk = tamis_packet_bulk(transfer->packet);
        event.is_good =
            reply.length == chunk.size && tamis_hash64(chunk.data, chunk.size) == reply.checksum;
        status = transfer_step(transfer, &event, chunk, err);
        if (status != TAMIS_OK || transfer->core.state != TAMIS_FETCH_RUNNING) {
            return status;
        }
    }
    return TAMIS_OK;
}

/* Looks at the clock, and from time to time into the book. */
static tamis_status transfer_tick(tamis_transfer *transfer, tamis_err *err)
{
    tamis_fetch_event event = {.kind = TAMIS_FETCH_TICK};
    uint64_t now_ms = tamis_net_now_ms();
    tamis_folder_place place;
    tamis_way way = TAMIS_WAY_NETWORK;

    if (now_ms - transfer->looked_ms >= LOOK_MS) {
        transfer->looked_ms = now_ms;
        if (tamis_results_way(transfer->results, transfer->item->folder, &place, &way) &&
            place.data_url[0] != 0 &&
            (transfer->connection == NULL ||
             strcmp(place.data_url, transfer->connection->url) != 0)) {
            event.kind = TAMIS_FETCH_ADDRESS;
        }
    }
    return transfer_step(transfer, &event, tamis_slice_of(NULL, 0), err);
}

tamis_status tamis_transfer_start(tamis_results *results, tamis_fetch_item *item,
                                  tamis_transfer **out_transfer, tamis_err *err)
{
    tamis_fetch_event event = {.kind = TAMIS_FETCH_START};
    tamis_fetch_settings settings;
    tamis_transfer *transfer = calloc(1, sizeof(*transfer));
    tamis_status status = TAMIS_OK;

    if (transfer == NULL || (transfer->packet = tamis_packet_create()) == NULL) {
        free(transfer);
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a transfer");
    }
    transfer->results = results;
    transfer->pool = tamis_results_pool(results);
    transfer->item = item;
    transfer->request.object = *item->object;
    transfer->file = -1;
    tamis_fetch_settings_defaults(&settings);
    if (tamis_results_options_of(results)->give_up_ms != 0) {
        settings.give_up_ms = tamis_results_options_of(results)->give_up_ms;
        settings.silence_ms = settings.give_up_ms / 5;
    }
    settings.window = item->window == 0 ? settings.window : item->window;
    settings.first_id = atomic_fetch_add_explicit(&transfer->pool->next_id, 1, memory_order_relaxed)
                        << 32;
    tamis_fetch_core_init(&transfer->core, &settings);
    if (item->path != NULL) {
        transfer->file = open(item->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        if (transfer->file < 0) {
            status = tamis_err_errno(err, errno, "%s: cannot write", item->path);
        }
    } else {
        tamis_buf_reset(item->memory);
    }
    if (status == TAMIS_OK) {
        status = transfer_connect(transfer, false, err);
    }
    if (status == TAMIS_OK) {
        status = transfer_step(transfer, &event, tamis_slice_of(NULL, 0), err);
    }
    if (status != TAMIS_OK) {
        tamis_transfer_destroy(transfer);
        return status;
    }
    *out_transfer = transfer;
    return TAMIS_OK;
}

bool tamis_transfer_has_ended(const tamis_transfer *transfer)
{
    return transfer->core.state != TAMIS_FETCH_RUNNING;
}

void tamis_transfer_destroy(tamis_transfer *transfer)
{
    if (transfer == NULL) {
        return;
    }
    if (transfer->connection != NULL && transfer->core.state == TAMIS_FETCH_DONE) {
        give_idle(transfer->pool, transfer->connection);
    } else {
        connection_close(transfer->connection); /* with what is still on its way */
    }
    if (transfer->file >= 0) {
        (void)close(transfer->file); /* a copy: what reads it checks it */
    }
    tamis_packet_destroy(transfer->packet);
    free(transfer);
}

/* ---- Several --------------------------------------------------------------------------------- */

tamis_status tamis_transfer_pump(tamis_transfer *const *transfers, size_t count,
                                 uint64_t timeout_ms, tamis_err *err)
{
    uint64_t end_ms = tamis_net_now_ms() + timeout_ms;
    bool has_ended = false;
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(count <= TAMIS_FETCH_ACTIVE_MAX);
    while (status == TAMIS_OK && !has_ended) {
        tamis_socket *sockets[TAMIS_FETCH_ACTIVE_MAX];
        bool is_ready[TAMIS_FETCH_ACTIVE_MAX];
        uint64_t now_ms = tamis_net_now_ms();
        uint64_t wait_ms = now_ms < end_ms ? end_ms - now_ms : 0;
        size_t waiting = 0;

        for (size_t i = 0; i < count; i++) {
            if (transfers[i] != NULL && transfers[i]->connection != NULL) {
                sockets[waiting++] = transfers[i]->connection->socket;
            }
        }
        status =
            tamis_net_poll(sockets, waiting, wait_ms < TICK_MS ? wait_ms : TICK_MS, is_ready, err);
        for (size_t i = 0; i < count && status == TAMIS_OK; i++) {
            if (transfers[i] == NULL) {
                continue;
            }
            status = transfer_drain(transfers[i], err);
            if (status == TAMIS_OK && !tamis_transfer_has_ended(transfers[i])) {
                status = transfer_tick(transfers[i], err);
            }
            has_ended = has_ended || tamis_transfer_has_ended(transfers[i]);
        }
        if (tamis_net_now_ms() >= end_ms) {
            break;
        }
    }
    return status;
}

static bool is_folder_lost(const tamis_fetch_item *items, size_t count, uint32_t folder)
{
    for (size_t i = 0; i < count; i++) {
        if (items[i].folder == folder && items[i].status == TAMIS_EPEER) {
            return true;
        }
    }
    return false;
}

/* Fills free places with the items from *next on. */
static tamis_status start_items(tamis_results *results, tamis_fetch_item *items, size_t count,
                                size_t *next, tamis_transfer **active, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i < TAMIS_FETCH_ACTIVE_MAX && *next < count && status == TAMIS_OK;) {
        if (active[i] != NULL) {
            i++;
        } else if (is_folder_lost(items, *next, items[*next].folder)) {
            items[(*next)++].status = TAMIS_EPEER;
        } else {
            status = tamis_transfer_start(results, &items[(*next)++], &active[i], err);
            i++;
        }
    }
    return status;
}

tamis_status tamis_fetch_all(tamis_results *results, tamis_fetch_item *items, size_t count,
                             const _Atomic bool *is_canceled, tamis_err *err)
{
    tamis_transfer *active[TAMIS_FETCH_ACTIVE_MAX] = {NULL};
    size_t next = 0;
    size_t running = 1;
    tamis_status status = TAMIS_OK;

    /* All side by side have about two windows in flight together. */
    for (size_t i = 0; i < count; i++) {
        items[i].status = TAMIS_OK;
        items[i].window = count == 1 ? 8 : count <= 4 ? 4 : 2;
    }
    while (status == TAMIS_OK && running != 0) {
        status = start_items(results, items, count, &next, active, err);
        if (status == TAMIS_OK) {
            status = tamis_transfer_pump(active, TAMIS_FETCH_ACTIVE_MAX, TICK_MS, err);
        }
        running = next < count ? 1 : 0;
        for (size_t i = 0; i < TAMIS_FETCH_ACTIVE_MAX; i++) {
            if (active[i] != NULL && tamis_transfer_has_ended(active[i])) {
                tamis_transfer_destroy(active[i]);
                active[i] = NULL;
            }
            running += active[i] != NULL;
        }
        if (status == TAMIS_OK && is_canceled != NULL &&
            atomic_load_explicit(is_canceled, memory_order_relaxed)) {
            status = tamis_err_set(err, TAMIS_ECANCELED, "canceled");
        }
    }
    for (size_t i = 0; i < TAMIS_FETCH_ACTIVE_MAX; i++) {
        tamis_transfer_destroy(active[i]);
    }
    return status;
}
