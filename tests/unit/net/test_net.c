/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: packets, peers and actors behave as net.h says.
 * Method: sockets over inproc and loopback tcp; waits have deadlines, never sleeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "tamis/net.h"

#define WAIT_MS 10000

static tamis_slice text(const char *value)
{
    return tamis_slice_of_string(value);
}

static tamis_socket *open_socket(tamis_net *net, tamis_socket_kind kind, const char *identity)
{
    tamis_socket_options options = {.kind = kind, .identity = text(identity), .queue_max = 4};
    tamis_socket *socket = NULL;

    assert_int_equal(tamis_socket_open(net, &options, &socket, NULL), TAMIS_OK);
    return socket;
}

/* Receives within the deadline. */
static tamis_status receive(tamis_socket *socket, tamis_packet *packet)
{
    uint64_t deadline_ms = tamis_net_now_ms() + WAIT_MS;
    bool is_ready = false;

    while (tamis_net_now_ms() < deadline_ms) {
        tamis_status status = tamis_socket_receive(socket, packet);

        if (status != TAMIS_EAGAIN) {
            return status;
        }
        assert_int_equal(tamis_net_poll(&socket, 1, 100, &is_ready, NULL), TAMIS_OK);
    }
    return TAMIS_ETIMEOUT;
}

static void exchange(const char *url)
{
    tamis_net *net = NULL;
    tamis_packet *packet = tamis_packet_create();
    char bound[TAMIS_URL_SIZE];

    assert_non_null(packet);
    assert_int_equal(tamis_net_create(&net, NULL), TAMIS_OK);
    tamis_socket *router = open_socket(net, TAMIS_SOCKET_ROUTER, "");
    tamis_socket *dealer = open_socket(net, TAMIS_SOCKET_DEALER, "worker-1");

    assert_int_equal(tamis_socket_bind(router, url, bound, NULL), TAMIS_OK);
    assert_int_equal(tamis_socket_connect(dealer, bound, NULL), TAMIS_OK);
    assert_int_equal(tamis_socket_send(router, text("worker-2"), text("c"), text("")), TAMIS_EPEER);
    assert_int_equal(tamis_socket_send(dealer, text(""), text("control"), text("bulk")), TAMIS_OK);
    assert_int_equal(receive(router, packet), TAMIS_OK);
    assert_true(tamis_slice_is_equal(tamis_packet_peer(packet), text("worker-1")));
    assert_true(tamis_slice_is_equal(tamis_packet_control(packet), text("control")));
    assert_true(tamis_slice_is_equal(tamis_packet_bulk(packet), text("bulk")));
    assert_int_equal(tamis_socket_send(router, text("worker-1"), text("answer"), text("")),
                     TAMIS_OK);
    assert_int_equal(receive(dealer, packet), TAMIS_OK);
    assert_int_equal(tamis_packet_peer(packet).size, 0);
    assert_true(tamis_slice_is_equal(tamis_packet_control(packet), text("answer")));
    assert_int_equal(tamis_packet_bulk(packet).size, 0);
    tamis_packet_destroy(packet);
    tamis_socket_close(dealer);
    tamis_socket_close(router);
    tamis_net_destroy(net);
}

static void test_exchange(void **state)
{
    (void)state;
    exchange("inproc://test");
    exchange("tcp://127.0.0.1:*");
}

static void test_queue_is_finite(void **state)
{
    tamis_net *net = NULL;
    unsigned sent = 0;

    (void)state;
    assert_int_equal(tamis_net_create(&net, NULL), TAMIS_OK);
    tamis_socket *dealer = open_socket(net, TAMIS_SOCKET_DEALER, "d");

    /* Nobody listens on this port. */
    assert_int_equal(tamis_socket_connect(dealer, "tcp://127.0.0.1:1", NULL), TAMIS_OK);
    while (tamis_socket_send(dealer, text(""), text("x"), text("")) == TAMIS_OK) {
        sent++;
        assert_true(sent <= 4);
    }
    assert_int_equal(sent, 4);
    tamis_socket_close(dealer);
    tamis_net_destroy(net);
}

static void test_large_frame_is_kept_out(void **state)
{
    tamis_net *net = NULL;
    tamis_packet *packet = tamis_packet_create();
    tamis_socket_options small = {.kind = TAMIS_SOCKET_ROUTER, .frame_size_max = 1000};
    tamis_socket *router = NULL;
    char bound[TAMIS_URL_SIZE];
    uint8_t bytes[1001] = {0};

    (void)state;
    assert_int_equal(tamis_net_create(&net, NULL), TAMIS_OK);
    assert_int_equal(tamis_socket_open(net, &small, &router, NULL), TAMIS_OK);
    assert_int_equal(tamis_socket_bind(router, "tcp://127.0.0.1:*", bound, NULL), TAMIS_OK);
    tamis_socket *good = open_socket(net, TAMIS_SOCKET_DEALER, "good");
    tamis_socket *bad = open_socket(net, TAMIS_SOCKET_DEALER, "bad");

    assert_int_equal(tamis_socket_connect(bad, bound, NULL), TAMIS_OK);
    assert_int_equal(tamis_socket_connect(good, bound, NULL), TAMIS_OK);
    assert_int_equal(tamis_socket_send(bad, text(""), tamis_slice_of(bytes, 1001), text("")),
                     TAMIS_OK);
    assert_int_equal(tamis_socket_send(good, text(""), tamis_slice_of(bytes, 1000), text("")),
                     TAMIS_OK);
    assert_int_equal(receive(router, packet), TAMIS_OK);
    assert_true(tamis_slice_is_equal(tamis_packet_peer(packet), text("good")));
    tamis_packet_destroy(packet);
    tamis_socket_close(good);
    tamis_socket_close(bad);
    tamis_socket_close(router);
    tamis_net_destroy(net);
}

static void test_addresses(void **state)
{
    tamis_net *net = NULL;
    tamis_err err = {.status = TAMIS_OK};
    char bound[TAMIS_URL_SIZE];

    (void)state;
    assert_int_equal(tamis_net_create(&net, NULL), TAMIS_OK);
    tamis_socket *a = open_socket(net, TAMIS_SOCKET_ROUTER, "");
    tamis_socket *b = open_socket(net, TAMIS_SOCKET_ROUTER, "");

    assert_int_equal(tamis_socket_bind(a, "nonsense", NULL, &err), TAMIS_EARG);
    assert_non_null(strstr(err.text, "nonsense"));
    assert_int_equal(tamis_socket_bind(a, "tcp://127.0.0.1:*", bound, &err), TAMIS_OK);
    assert_int_equal(tamis_socket_bind(b, bound, NULL, &err), TAMIS_EHELD);
    assert_int_equal(tamis_socket_connect(b, "tcp://", &err), TAMIS_EARG);
    tamis_socket_close(a);
    tamis_socket_close(b);
    tamis_net_destroy(net);
}

/* ---- Actors ---------------------------------------------------------------------------------- */

enum { ECHO = TAMIS_ACTOR_FIRST_KIND };

static tamis_status echo_body(tamis_socket *pipe, void *argument, tamis_err *err)
{
    tamis_status status = tamis_actor_ready(pipe);

    (void)argument;
    while (status == TAMIS_OK) {
        bool is_ready = false;
        uint32_t kind = 0;
        void *body = NULL;

        status = tamis_net_poll(&pipe, 1, 1000, &is_ready, err);
        if (status != TAMIS_OK || tamis_socket_take(pipe, &kind, &body) != TAMIS_OK) {
            continue;
        }
        if (kind == TAMIS_ACTOR_STOP) {
            return TAMIS_OK;
        }
        status = tamis_socket_pass(pipe, kind, body);
    }
    return status;
}

static void test_actor_echoes(void **state)
{
    tamis_net *net = NULL;
    tamis_actor *actor = NULL;
    int value = 5;
    uint32_t kind = 0;
    void *body = NULL;
    bool is_ready = false;

    (void)state;
    assert_int_equal(tamis_net_create(&net, NULL), TAMIS_OK);
    assert_int_equal(tamis_actor_start(net, echo_body, NULL, &actor, NULL), TAMIS_OK);
    tamis_socket *pipe = tamis_actor_pipe(actor);

    assert_int_equal(tamis_socket_pass(pipe, ECHO, &value), TAMIS_OK);
    assert_int_equal(tamis_net_poll(&pipe, 1, WAIT_MS, &is_ready, NULL), TAMIS_OK);
    assert_true(is_ready);
    assert_int_equal(tamis_socket_take(pipe, &kind, &body), TAMIS_OK);
    assert_int_equal(kind, ECHO);
    assert_ptr_equal(body, &value);
    assert_int_equal(tamis_socket_take(pipe, &kind, &body), TAMIS_EAGAIN);
    assert_int_equal(tamis_actor_stop(actor, WAIT_MS, NULL), TAMIS_OK);
    assert_int_equal(tamis_actor_stop(NULL, 0, NULL), TAMIS_OK);
    tamis_net_destroy(net);
}

static tamis_status failing_body(tamis_socket *pipe, void *argument, tamis_err *err)
{
    if (argument != NULL && tamis_actor_ready(pipe) != TAMIS_OK) {
        return TAMIS_EIO;
    }
    return tamis_err_set(err, TAMIS_EDENIED, "no");
}

static void test_actor_fails(void **state)
{
    tamis_net *net = NULL;
    tamis_actor *actor = NULL;
    tamis_err err = {.status = TAMIS_OK};
    tamis_status status = TAMIS_OK;
    uint64_t deadline_ms = tamis_net_now_ms() + WAIT_MS;

    (void)state;
    assert_int_equal(tamis_net_create(&net, NULL), TAMIS_OK);
    assert_int_equal(tamis_actor_start(net, failing_body, NULL, &actor, &err), TAMIS_EDENIED);
    assert_string_equal(err.text, "no");
    assert_null(actor);
    assert_int_equal(tamis_actor_start(net, failing_body, &err, &actor, NULL), TAMIS_OK);
    while (!tamis_actor_has_ended(actor, &status, &err)) {
        assert_true(tamis_net_now_ms() < deadline_ms);
    }
    assert_int_equal(status, TAMIS_EDENIED);
    assert_int_equal(tamis_actor_stop(actor, WAIT_MS, &err), TAMIS_EDENIED);
    assert_string_equal(err.text, "no");
    tamis_net_destroy(net);
}

static void test_actor_that_does_not_stop(void **state)
{
    tamis_net *net = NULL;
    tamis_actor *actor = NULL;
    tamis_err err = {.status = TAMIS_OK};

    (void)state;
    assert_int_equal(tamis_net_create(&net, NULL), TAMIS_OK);
    assert_int_equal(tamis_actor_start(net, echo_body, NULL, &actor, NULL), TAMIS_OK);
    /* No time at all: the thread cannot have answered, or it has; both are fine, nothing leaks. */
    if (tamis_actor_stop(actor, 0, &err) == TAMIS_ETIMEOUT) {
        assert_int_equal(tamis_actor_stop(actor, WAIT_MS, &err), TAMIS_OK);
    }
    tamis_net_destroy(net);
}

static void test_serve_ends_by_signal(void **state)
{
    tamis_net *net = NULL;
    tamis_actor *actor = NULL;
    int number = 0;

    (void)state;
    tamis_serve_prepare();
    assert_int_equal(tamis_net_create(&net, NULL), TAMIS_OK);
    assert_int_equal(tamis_actor_start(net, echo_body, NULL, &actor, NULL), TAMIS_OK);
    assert_int_equal(kill(getpid(), SIGTERM), 0); /* blocked: waits for tamis_serve */
    assert_int_equal(tamis_serve(actor, WAIT_MS, &number, NULL), TAMIS_OK);
    assert_int_equal(number, SIGTERM);
    assert_int_equal(tamis_actor_start(net, failing_body, &number, &actor, NULL), TAMIS_OK);
    assert_int_equal(tamis_serve(actor, WAIT_MS, &number, NULL), TAMIS_EDENIED);
    assert_int_equal(number, 0);
    tamis_net_destroy(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exchange),
        cmocka_unit_test(test_queue_is_finite),
        cmocka_unit_test(test_large_frame_is_kept_out),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_actor_echoes),
        cmocka_unit_test(test_actor_fails),
        cmocka_unit_test(test_actor_that_does_not_stop),
        cmocka_unit_test(test_serve_ends_by_signal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
