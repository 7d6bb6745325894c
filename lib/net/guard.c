/* SPDX-License-Identifier: Apache-2.0 */
/* The guard speaks ZAP (rfc.zeromq.org/spec/27): the library asks it for each handshake. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <zmq.h>

#include "net_internal.h"

#define ZAP_URL     "inproc://zeromq.zap.01" /* fixed by the protocol */
#define ZAP_VERSION "1.0"
#define DOMAINS_MAX 4
#define FRAMES      7
#define FRAME_SIZE  256 /* what is longer is cut, and so refused */
#define KEY_BYTES   32
#define STOP_MS     60000

enum { FRAME_VERSION, FRAME_REQUEST, FRAME_DOMAIN, FRAME_MECHANISM = 5, FRAME_KEY = 6 };

typedef struct domain_list {
    char name[TAMIS_DOMAIN_SIZE];
    tamis_net_peer *peers; /* by key */
    size_t count;
} domain_list;

struct tamis_guard {
    tamis_socket zap; /* bound by the starter, then the actor's; stays open when the actor ends: the
                         library lets everybody in where the address is gone */
    tamis_actor *actor;
    atomic_bool is_at_work;
    _Atomic uint64_t refused;
    pthread_mutex_t mutex;
    domain_list domains[DOMAINS_MAX]; /* guarded by: mutex */
    size_t domain_count;              /* guarded by: mutex */
};

/* ---- Lists ----------------------------------------------------------------------------------- */

static int compare_peers(const void *left, const void *right)
{
    const tamis_net_peer *a = left;
    const tamis_net_peer *b = right;

    return memcmp(a->key, b->key, TAMIS_KEY_SIZE);
}

static domain_list *find_domain(tamis_guard *guard, const char *name)
{
    for (size_t i = 0; i < guard->domain_count; i++) {
        if (strcmp(guard->domains[i].name, name) == 0) {
            return &guard->domains[i];
        }
    }
    return NULL;
}

bool tamis_guard_find(tamis_guard *guard, const char *domain, const char *key,
                      tamis_net_peer *out_peer)
{
    tamis_net_peer wanted = {.roles = 0};
    const tamis_net_peer *found = NULL;
    const domain_list *list = NULL;

    if (strlen(key) != TAMIS_KEY_SIZE - 1) {
        return false;
    }
    memcpy(wanted.key, key, TAMIS_KEY_SIZE);
    (void)pthread_mutex_lock(&guard->mutex);
    list = find_domain(guard, domain);
    if (list != NULL && list->count != 0) {
        found = bsearch(&wanted, list->peers, list->count, sizeof(wanted), compare_peers);
    }
    if (found != NULL) {
        *out_peer = *found;
    }
    (void)pthread_mutex_unlock(&guard->mutex);
    return found != NULL;
}

/* Rows of one key become one, with the roles of all: several workers may share a key. */
static tamis_status merge_list(tamis_net_peer *peers, size_t *count, tamis_err *err)
{
    size_t kept = 0;

    for (size_t i = 0; i < *count; i++) {
        if (!tamis_net_key_is_valid(peers[i].key)) {
            return tamis_err_set(err, TAMIS_EARG, "the key of '%s' is no key", peers[i].user);
        }
        if (kept != 0 && compare_peers(&peers[kept - 1], &peers[i]) == 0) {
            peers[kept - 1].roles |= peers[i].roles;
        } else {
            peers[kept++] = peers[i];
        }
    }
    *count = kept;
    return TAMIS_OK;
}

tamis_status tamis_net_allow(tamis_net *net, const char *domain, const tamis_net_peer *peers,
                             size_t count, tamis_err *err)
{
    tamis_guard *guard = net->guard;
    tamis_net_peer *copy = NULL;
    domain_list *list = NULL;
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(guard != NULL); /* started before */
    TAMIS_ASSERT(strlen(domain) < TAMIS_DOMAIN_SIZE);
    if (count > TAMIS_PEERS_MAX) {
        return tamis_err_set(err, TAMIS_ELIMIT, "%zu keys: at most %d are allowed", count,
                             TAMIS_PEERS_MAX);
    }
    copy = calloc(count + 1, sizeof(*copy));
    if (copy == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for %zu keys", count);
    }
    if (count != 0) {
        memcpy(copy, peers, count * sizeof(*copy));
        qsort(copy, count, sizeof(*copy), compare_peers);
    }
    status = merge_list(copy, &count, err);
    if (status == TAMIS_OK) {
        (void)pthread_mutex_lock(&guard->mutex);
        list = find_domain(guard, domain);
        if (list == NULL) {
            TAMIS_ASSERT(guard->domain_count < DOMAINS_MAX);
            list = &guard->domains[guard->domain_count++];
            memcpy(list->name, domain, strlen(domain) + 1);
        }
        tamis_net_peer *old = list->peers;

        list->peers = copy;
        list->count = count;
        copy = old;
        (void)pthread_mutex_unlock(&guard->mutex);
    }
    free(copy);
    return status;
}

/* ---- Requests -------------------------------------------------------------------------------- */

typedef struct zap_request {
    char frames[FRAMES][FRAME_SIZE];
    size_t sizes[FRAMES];
    size_t count;
} zap_request;

/* Takes one request, as far as it has the right shape. TAMIS_EAGAIN: none is there. */
static tamis_status receive_request(void *handle, zap_request *request)
{
    int has_more = 1;
    size_t size = sizeof(has_more);

    request->count = 0;
    while (has_more != 0) {
        char rest[FRAME_SIZE];
        bool is_kept = request->count < FRAMES;
        char *frame = is_kept ? request->frames[request->count] : rest;
        int got = zmq_recv(handle, frame, FRAME_SIZE - 1, ZMQ_DONTWAIT);

        if (got < 0) {
            if (errno == EINTR) {
                continue;
            }
            return errno == EAGAIN ? TAMIS_EAGAIN : TAMIS_EIO;
        }
        got = got > FRAME_SIZE - 1 ? FRAME_SIZE - 1 : got;
        if (is_kept) {
            request->sizes[request->count] = (size_t)got;
        }
        frame[got] = '\0';
        request->count++;
        if (zmq_getsockopt(handle, ZMQ_RCVMORE, &has_more, &size) != 0) {
            return TAMIS_EIO;
        }
    }
    return TAMIS_OK;
}

/* Writes the key that a request is about. False: it is no request of ours. */
static bool request_key(const zap_request *request, char out_key[TAMIS_KEY_SIZE])
{
    return request->count == FRAMES && strcmp(request->frames[FRAME_VERSION], ZAP_VERSION) == 0 &&
           strcmp(request->frames[FRAME_MECHANISM], "CURVE") == 0 &&
           request->sizes[FRAME_KEY] == KEY_BYTES &&
           zmq_z85_encode(out_key, (const uint8_t *)request->frames[FRAME_KEY], KEY_BYTES) != NULL;
}

static bool reply(void *handle, const zap_request *request, const char *code, const char *user)
{
    size_t request_size = request->count > FRAME_REQUEST ? request->sizes[FRAME_REQUEST] : 0;

    return zmq_send(handle, ZAP_VERSION, strlen(ZAP_VERSION), ZMQ_SNDMORE) >= 0 &&
           zmq_send(handle, request->frames[FRAME_REQUEST], request_size, ZMQ_SNDMORE) >= 0 &&
           zmq_send(handle, code, strlen(code), ZMQ_SNDMORE) >= 0 &&
           zmq_send(handle, "", 0, ZMQ_SNDMORE) >= 0 &&
           zmq_send(handle, user, strlen(user), ZMQ_SNDMORE) >= 0 &&
           zmq_send(handle, "", 0, 0) >= 0;
}

/* The user id is the key itself: each packet is held against the list of its day. */
static tamis_status answer_one(tamis_guard *guard)
{
    zap_request request;
    tamis_net_peer peer;
    char key[TAMIS_KEY_SIZE] = "";
    bool is_allowed = false;
    tamis_status status = receive_request(guard->zap.handle, &request);

    if (status != TAMIS_OK) {
        return status;
    }
    is_allowed = request_key(&request, key) &&
                 tamis_guard_find(guard, request.frames[FRAME_DOMAIN], key, &peer);
    if (!is_allowed) {
        atomic_fetch_add_explicit(&guard->refused, 1, memory_order_relaxed);
    }
    return reply(guard->zap.handle, &request, is_allowed ? "200" : "400", is_allowed ? key : "")
               ? TAMIS_OK
               : TAMIS_EIO;
}

static tamis_status guard_body(tamis_socket *pipe, void *argument, tamis_err *err)
{
    tamis_guard *guard = argument;
    tamis_socket *sockets[] = {pipe, &guard->zap};
    bool is_ready[] = {false, false};
    tamis_status status = TAMIS_OK;

    atomic_store(&guard->is_at_work, true);
    status = tamis_actor_ready(pipe);
    while (status == TAMIS_OK) {
        uint32_t kind = 0;
        void *body = NULL;

        status = tamis_net_poll(sockets, 2, UINT32_MAX, is_ready, err);
        if (status == TAMIS_OK && is_ready[0] &&
            tamis_socket_take(pipe, &kind, &body) == TAMIS_OK && kind == TAMIS_ACTOR_STOP) {
            break;
        }
        while (status == TAMIS_OK && is_ready[1]) {
            status = answer_one(guard);
        }
        status = status == TAMIS_EAGAIN ? TAMIS_OK : status;
    }
    atomic_store(&guard->is_at_work, false);
    return status == TAMIS_OK ? TAMIS_OK
                              : tamis_err_set(err, status, "the guard of connections has failed");
}

/* ---- Start and end --------------------------------------------------------------------------- */

static tamis_status bind_zap(tamis_net *net, tamis_guard *guard, tamis_err *err)
{
    int linger = 0;

    guard->zap.net = net;
    guard->zap.handle = zmq_socket(net->context, ZMQ_REP);
    if (guard->zap.handle == NULL ||
        zmq_setsockopt(guard->zap.handle, ZMQ_LINGER, &linger, sizeof(linger)) != 0 ||
        zmq_bind(guard->zap.handle, ZAP_URL) != 0) {
        return tamis_err_set(err, TAMIS_EIO, "cannot guard connections: %s", zmq_strerror(errno));
    }
    return TAMIS_OK;
}

tamis_status tamis_net_guard_start(tamis_net *net, tamis_err *err)
{
    tamis_guard *guard = NULL;
    tamis_status status = TAMIS_OK;

    if (net->guard != NULL) {
        return tamis_err_set(err, TAMIS_EEXIST, "connections are guarded already");
    }
    guard = calloc(1, sizeof(*guard));
    if (guard == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the guard of connections");
    }
    (void)pthread_mutex_init(&guard->mutex, NULL); /* cannot fail for this kind */
    status = bind_zap(net, guard, err);
    if (status == TAMIS_OK) {
        status = tamis_actor_start(net, guard_body, guard, &guard->actor, err);
    }
    if (status != TAMIS_OK) {
        tamis_guard_destroy(guard);
        return status;
    }
    net->guard = guard;
    return TAMIS_OK;
}

void tamis_net_guard_stop(tamis_net *net)
{
    if (net->guard != NULL &&
        tamis_actor_stop(net->guard->actor, STOP_MS, NULL) != TAMIS_ETIMEOUT) {
        net->guard->actor = NULL;
    }
}

bool tamis_guard_is_at_work(const tamis_guard *guard)
{
    return guard != NULL && atomic_load(&guard->is_at_work);
}

uint64_t tamis_net_refused_count(const tamis_net *net)
{
    return net->guard == NULL ? 0
                              : atomic_load_explicit(&net->guard->refused, memory_order_relaxed);
}

void tamis_guard_destroy(tamis_guard *guard)
{
    tamis_status status = TAMIS_OK;

    if (guard == NULL) {
        return;
    }
    status = tamis_actor_stop(guard->actor, STOP_MS, NULL);
    TAMIS_ASSERT(status != TAMIS_ETIMEOUT); /* a look-up has no way to hang */
    if (guard->zap.handle != NULL) {
        (void)zmq_close(guard->zap.handle);
    }
    for (size_t i = 0; i < guard->domain_count; i++) {
        free(guard->domains[i].peers);
    }
    (void)pthread_mutex_destroy(&guard->mutex);
    free(guard);
}
