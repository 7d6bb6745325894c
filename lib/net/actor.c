/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "tamis/net.h"

struct tamis_actor {
    tamis_socket *pipe;       /* the starter's end */
    tamis_socket *inner_pipe; /* the thread's end; closed by the starter after the join */
    pthread_t thread;
    tamis_actor_body body;
    void *argument;
    bool has_ended;      /* ENDED was taken: what follows may be read */
    tamis_status status; /* written by the thread before it passes ENDED */
    tamis_err err;
};

static void *actor_main(void *argument)
{
    tamis_actor *actor = argument;
    tamis_status status = TAMIS_OK;

    actor->err = (tamis_err){.status = TAMIS_OK};
    actor->status = actor->body(actor->inner_pipe, actor->argument, &actor->err);
    if (actor->status != TAMIS_OK && actor->err.text[0] == '\0') {
        tamis_err_set(&actor->err, actor->status, "%s", tamis_status_text(actor->status));
    }
    do {
        status = tamis_socket_pass(actor->inner_pipe, TAMIS_ACTOR_ENDED, NULL);
    } while (status == TAMIS_ENOMEM); /* nothing else can be done but to say so */
    TAMIS_ASSERT(status == TAMIS_OK); /* a pipe whose other end lives takes it sooner or later */
    return NULL;
}

static tamis_status actor_spawn(tamis_actor *actor, tamis_err *err)
{
    sigset_t all;
    sigset_t old;
    int result = 0;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old); /* inherited: signals go to the main thread */
    result = pthread_create(&actor->thread, NULL, actor_main, actor);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    return result == 0 ? TAMIS_OK : tamis_err_errno(err, result, "cannot start a thread");
}

static tamis_status actor_pipes(tamis_net *net, tamis_actor *actor, tamis_err *err)
{
    /* Names only have to differ within a context; a counter of the process does that. */
    static _Atomic uint64_t counter;
    tamis_socket_options options = {.kind = TAMIS_SOCKET_PAIR};
    char url[TAMIS_URL_SIZE];
    tamis_status status = TAMIS_OK;

    (void)snprintf(
        url, sizeof(url), "inproc://actor-%llu",
        (unsigned long long)atomic_fetch_add_explicit(&counter, 1, memory_order_relaxed));
    status = tamis_socket_open(net, &options, &actor->pipe, err);
    if (status == TAMIS_OK) {
        status = tamis_socket_open(net, &options, &actor->inner_pipe, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_socket_bind(actor->pipe, url, NULL, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_socket_connect(actor->inner_pipe, url, err);
    }
    return status;
}

static void actor_free(tamis_actor *actor)
{
    tamis_socket_close(actor->inner_pipe);
    tamis_socket_close(actor->pipe);
    free(actor);
}

/* Waits for the next message of the actor, at most until deadline_ms. */
static tamis_status actor_wait(tamis_actor *actor, uint64_t deadline_ms, uint32_t *out_kind)
{
    for (;;) {
        void *body = NULL;
        bool is_ready = false;
        uint64_t now = tamis_net_now_ms();
        tamis_status status = tamis_socket_take(actor->pipe, out_kind, &body);

        if (status != TAMIS_EAGAIN) {
            return status;
        }
        if (now >= deadline_ms) {
            return TAMIS_ETIMEOUT;
        }
        status = tamis_net_poll(&actor->pipe, 1, deadline_ms - now, &is_ready, NULL);
        if (status != TAMIS_OK) {
            return status;
        }
    }
}

tamis_status tamis_actor_start(tamis_net *net, tamis_actor_body body, void *argument,
                               tamis_actor **out_actor, tamis_err *err)
{
    tamis_actor *actor = calloc(1, sizeof(*actor));
    uint32_t kind = TAMIS_ACTOR_ENDED;
    tamis_status status = TAMIS_OK;

    if (actor == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a thread");
    }
    actor->body = body;
    actor->argument = argument;
    status = actor_pipes(net, actor, err);
    if (status == TAMIS_OK) {
        status = actor_spawn(actor, err);
    }
    if (status != TAMIS_OK) {
        actor_free(actor);
        return status;
    }
    /* A body either gets ready or returns: there is no third way, so this waits without limit. */
    status = actor_wait(actor, UINT64_MAX, &kind);
    if (status == TAMIS_OK && kind == TAMIS_ACTOR_READY) {
        *out_actor = actor;
        return TAMIS_OK;
    }
    (void)pthread_join(actor->thread, NULL);
    status = actor->status == TAMIS_OK ? TAMIS_ECANCELED : actor->status;
    if (err != NULL) {
        *err = actor->err;
    }
    actor_free(actor);
    return status;
}

tamis_status tamis_actor_ready(tamis_socket *pipe)
{
    return tamis_socket_pass(pipe, TAMIS_ACTOR_READY, NULL);
}

tamis_socket *tamis_actor_pipe(tamis_actor *actor)
{
    return actor->pipe;
}

bool tamis_actor_has_ended(tamis_actor *actor, tamis_status *out_status, tamis_err *err)
{
    uint32_t kind = 0;
    void *body = NULL;

    while (!actor->has_ended && tamis_socket_take(actor->pipe, &kind, &body) == TAMIS_OK) {
        actor->has_ended = kind == TAMIS_ACTOR_ENDED;
    }
    if (actor->has_ended) {
        *out_status = actor->status;
        if (err != NULL) {
            *err = actor->err;
        }
    }
    return actor->has_ended;
}

tamis_status tamis_actor_stop(tamis_actor *actor, uint64_t timeout_ms, tamis_err *err)
{
    uint64_t deadline_ms = tamis_net_now_ms() + timeout_ms;
    tamis_status status = TAMIS_OK;
    uint32_t kind = 0;

    if (actor == NULL) {
        return TAMIS_OK;
    }
    if (!actor->has_ended) {
        status = tamis_socket_pass(actor->pipe, TAMIS_ACTOR_STOP, NULL);
    }
    while (!actor->has_ended && status == TAMIS_OK) {
        status = actor_wait(actor, deadline_ms, &kind);
        actor->has_ended = status == TAMIS_OK && kind == TAMIS_ACTOR_ENDED;
    }
    if (!actor->has_ended) {
        return tamis_err_set(err, status, "a thread did not stop in time");
    }
    (void)pthread_join(actor->thread, NULL);
    status = actor->status;
    if (err != NULL && status != TAMIS_OK) {
        *err = actor->err;
    }
    actor_free(actor);
    return status;
}
