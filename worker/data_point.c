/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/data_point.h"

#include <stdlib.h>

#include "tamis/data_address.h"
#include "tamis/data_server.h"

#define LIST_EVERY_MS 200
#define STOP_MS       5000

struct tamis_data_point {
    tamis_data_point_options options;
    tamis_data_server_options server_options;
    tamis_actor *server; /* NULL: none */
    char listen[TAMIS_URL_SIZE];
    char url[TAMIS_URL_SIZE];
    tamis_folder_book *book; /* NULL: not told yet */
    tamis_results *results;
    tamis_net_peer *peers; /* the list as it was made last */
    size_t peer_count;
    bool has_list;
    uint64_t listed_ms;
};

/* ---- Callbacks of the server and of readers -------------------------------------------------- */

static tamis_status acquire(void *context, const char *job, tamis_records **out_records,
                            tamis_err *err)
{
    const tamis_data_point *point = context;

    return tamis_records_cache_acquire(point->options.records, point->options.data_folder, job,
                                       false, out_records, err);
}

static void release(void *context, tamis_records *records)
{
    const tamis_data_point *point = context;

    tamis_records_cache_release(point->options.records, records);
}

static bool folder_of(void *context, uint32_t number, tamis_folder_place *out_place)
{
    const tamis_data_point *point = context;
    tamis_folder_entry entry;

    if (number >= TAMIS_FOLDER_NO_INDEX ||
        !tamis_folder_book_get(point->book, (uint16_t)number, &entry)) {
        return false;
    }
    *out_place = (tamis_folder_place){.is_alive = entry.is_alive};
    memcpy(out_place->folder_id, entry.folder_id, sizeof(out_place->folder_id));
    memcpy(out_place->public_key, entry.public_key, sizeof(out_place->public_key));
    /* A coordinator that listens on all its addresses is where it is known to be. */
    return tamis_path_join(out_place->path, "", entry.path, NULL) == TAMIS_OK &&
           tamis_data_address_seen(entry.data_url, point->options.url, out_place->data_url);
}

/* ---- Life ------------------------------------------------------------------------------------ */

static bool has_keys(const tamis_data_point *point)
{
    return point->options.security != NULL && point->options.security->is_on;
}

static tamis_status start_server(tamis_data_point *point, tamis_err *err)
{
    const tamis_data_point_options *options = &point->options;
    char own[TAMIS_URL_SIZE];
    tamis_status status = tamis_data_address_own(options->url, own, err);

    if (status != TAMIS_OK && options->listen == NULL) {
        return status;
    }
    if (has_keys(point)) {
        tamis_status guard = tamis_net_guard_start(options->net, err);

        if (guard != TAMIS_OK && guard != TAMIS_EEXIST) {
            return guard;
        }
    }
    (void)snprintf(point->listen, sizeof(point->listen), "%s",
                   options->listen == NULL ? own : options->listen);
    point->server_options =
        (tamis_data_server_options){.net = options->net,
                                    .security = options->security,
                                    .url = point->listen,
                                    .data_folder = options->data_folder,
                                    .folder_id = options->folder_id,
                                    .acquire = options->records == NULL ? NULL : acquire,
                                    .release = release,
                                    .context = point,
                                    .log = options->log};
    if (tamis_data_server_start(&point->server_options, point->url, &point->server, err) !=
        TAMIS_OK) {
        tamis_err_context(err, "data server");
        return err->status;
    }
    if (status == TAMIS_OK && strncmp(own, "tcp://", 6) == 0) {
        char bound[TAMIS_URL_SIZE];

        memcpy(bound, point->url, sizeof(bound));
        if (!tamis_data_address_seen(bound, own, point->url)) {
            return tamis_err_set(err, TAMIS_EARG, "%s: too long", bound);
        }
    }
    return TAMIS_OK;
}

tamis_status tamis_data_point_open(const tamis_data_point_options *options,
                                   tamis_data_point **out_point, tamis_err *err)
{
    tamis_data_point *point = calloc(1, sizeof(*point));
    tamis_err own_err = {.status = TAMIS_OK};
    tamis_status status = TAMIS_OK;

    if (point == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a data server");
    }
    point->options = *options;
    if (options->listen != NULL || strncmp(options->url, "inproc://", 9) != 0) {
        status = start_server(point, err == NULL ? &own_err : err);
    }
    if (status != TAMIS_OK) {
        tamis_data_point_close(point);
        return status;
    }
    *out_point = point;
    return TAMIS_OK;
}

void tamis_data_point_close(tamis_data_point *point)
{
    if (point == NULL) {
        return;
    }
    if (tamis_actor_stop(point->server, STOP_MS, NULL) == TAMIS_ETIMEOUT) {
        return; /* its thread still lives: leak rather than pull the floor away */
    }
    tamis_results_destroy(point->results);
    free(point->peers);
    free(point);
}

const char *tamis_data_point_url(const tamis_data_point *point)
{
    return point->url;
}

tamis_status tamis_data_point_attach(tamis_data_point *point, tamis_folder_book *book,
                                     tamis_err *err)
{
    tamis_results_options results = {
        .net = strncmp(point->options.url, "inproc://", 9) == 0 ? NULL : point->options.net,
        .security = point->options.security,
        .data_folder = point->options.data_folder,
        .mode = point->options.mode,
        .folder = folder_of,
        .context = point,
    };

    TAMIS_ASSERT(point->book == NULL);
    point->book = book;
    return tamis_results_create(&results, &point->results, err);
}

tamis_results *tamis_data_point_results(const tamis_data_point *point)
{
    return point->results;
}

/* ---- Who may come in ------------------------------------------------------------------------- */

static int compare_peers(const void *a, const void *b)
{
    return strcmp(((const tamis_net_peer *)a)->key, ((const tamis_net_peer *)b)->key);
}

static void add_peer(tamis_net_peer *peer, const char *key, const char *user, uint32_t roles)
{
    *peer = (tamis_net_peer){.roles = roles};
    (void)snprintf(peer->key, sizeof(peer->key), "%s", key);
    (void)snprintf(peer->user, sizeof(peer->user), "%s", user);
}

/* Keys of the folders that somebody holds and the coordinator's, each once. */
static tamis_status list_peers(const tamis_data_point *point, tamis_net_peer **out_peers,
                               size_t *out_count, tamis_err *err)
{
    tamis_folder_entry entry;
    tamis_net_peer *peers = NULL;
    size_t folders = 0;
    size_t count = 0;
    size_t kept = 0;

    while (point->book != NULL && tamis_folder_book_get(point->book, (uint16_t)folders, &entry)) {
        folders++;
    }
    peers = calloc(folders + 2, sizeof(*peers));
    if (peers == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the keys of workers");
    }
    if (point->options.security->server_key[0] != 0) {
        add_peer(&peers[count++], point->options.security->server_key, "coordinator",
                 TAMIS_ROLE_COORDINATOR);
    }
    for (size_t i = 0; i < folders; i++) {
        if (tamis_folder_book_get(point->book, (uint16_t)i, &entry) && entry.is_alive &&
            entry.public_key[0] != 0) {
            add_peer(&peers[count++], entry.public_key, "worker", TAMIS_ROLE_WORKER);
        }
    }
    if (count != 0) {
        qsort(peers, count, sizeof(*peers), compare_peers);
    }
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || strcmp(peers[kept - 1].key, peers[i].key) != 0) {
            peers[kept++] = peers[i];
        }
    }
    *out_peers = peers;
    *out_count = kept;
    return TAMIS_OK;
}

static bool is_same_list(const tamis_data_point *point, const tamis_net_peer *peers, size_t count)
{
    bool is_same = point->has_list && count == point->peer_count;

    for (size_t i = 0; i < count && is_same; i++) {
        is_same = strcmp(peers[i].key, point->peers[i].key) == 0;
    }
    return is_same;
}

static tamis_status renew_list(tamis_data_point *point, tamis_err *err)
{
    tamis_net_peer *peers = NULL;
    size_t count = 0;
    tamis_status status = list_peers(point, &peers, &count, err);

    if (status == TAMIS_OK && !is_same_list(point, peers, count)) {
        status = tamis_net_allow(point->options.net, TAMIS_DATA_DOMAIN, peers, count, err);
        if (status == TAMIS_OK) {
            tamis_net_peer *old = point->peers;

            point->peers = peers;
            point->peer_count = count;
            point->has_list = true;
            peers = old;
        }
    }
    free(peers);
    return status;
}

tamis_status tamis_data_point_tick(tamis_data_point *point, tamis_err *err)
{
    uint64_t now_ms = tamis_net_now_ms();
    tamis_status status = TAMIS_OK;

    if (point->server != NULL && tamis_actor_has_ended(point->server, &status, err)) {
        tamis_err_context(err, "data server");
        return status == TAMIS_OK ? TAMIS_EIO : status;
    }
    if (point->server == NULL || !has_keys(point) ||
        (point->listed_ms != 0 && now_ms - point->listed_ms < LIST_EVERY_MS)) {
        return TAMIS_OK;
    }
    point->listed_ms = now_ms;
    return renew_list(point, err);
}
