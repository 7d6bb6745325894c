/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: connections that say nothing are bounded in number and time, and who has spoken stays.
 * Method: bare TCP connections to a socket over loopback; the time is an argument. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tamis/net.h"

#define WAIT_MS       10000
#define SILENCE_MS    10000 /* of net.h */
#define STRANGERS_MAX 2

typedef struct fixture {
    tamis_net *net;
    tamis_socket *router;
    tamis_socket *dealer; /* has spoken */
    tamis_packet *packet;
    uint16_t port;
    char url[TAMIS_URL_SIZE];
} fixture;

static tamis_slice text(const char *value)
{
    return tamis_slice_of_string(value);
}

static void wait_packet(tamis_socket *socket, tamis_packet *packet)
{
    uint64_t deadline_ms = tamis_net_now_ms() + WAIT_MS;
    bool is_ready = false;
    tamis_status status = TAMIS_EAGAIN;

    while (status == TAMIS_EAGAIN) {
        assert_true(tamis_net_now_ms() < deadline_ms);
        assert_int_equal(tamis_net_poll(&socket, 1, 50, &is_ready, NULL), TAMIS_OK);
        status = tamis_socket_receive(socket, packet);
    }
    assert_int_equal(status, TAMIS_OK);
}

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    tamis_socket_options router = {.kind = TAMIS_SOCKET_ROUTER, .strangers_max = STRANGERS_MAX};
    tamis_socket_options dealer = {.kind = TAMIS_SOCKET_DEALER, .identity = text("known")};

    assert_non_null(f);
    f->packet = tamis_packet_create();
    assert_int_equal(tamis_net_create(&f->net, NULL), TAMIS_OK);
    assert_int_equal(tamis_socket_open(f->net, &router, &f->router, NULL), TAMIS_OK);
    assert_int_equal(tamis_socket_bind(f->router, "tcp://127.0.0.1:*", f->url, NULL), TAMIS_OK);
    f->port = (uint16_t)strtoul(strrchr(f->url, ':') + 1, NULL, 10);
    assert_int_equal(tamis_socket_open(f->net, &dealer, &f->dealer, NULL), TAMIS_OK);
    assert_int_equal(tamis_socket_connect(f->dealer, f->url, NULL), TAMIS_OK);
    assert_int_equal(tamis_socket_send(f->dealer, text(""), text("hello"), text("")), TAMIS_OK);
    wait_packet(f->router, f->packet);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;

    tamis_packet_destroy(f->packet);
    tamis_socket_close(f->dealer);
    tamis_socket_close(f->router);
    tamis_net_destroy(f->net);
    free(f);
    return 0;
}

static int stranger(const fixture *f)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(f->port)};
    int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(file >= 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(file, (const struct sockaddr *)&address, sizeof(address)), 0);
    return file;
}

/* Whether the other end has hung up; what it says (its greeting) is thrown away. */
static bool is_hung_up(int file, int wait_ms)
{
    struct pollfd item = {.fd = file, .events = POLLIN};
    uint8_t bytes[256];
    ssize_t got = 1;

    while (got > 0 && poll(&item, 1, wait_ms) > 0) {
        got = recv(file, bytes, sizeof(bytes), 0);
    }
    return got <= 0;
}

/* Strangers are counted a moment after they have connected. */
static void tend_until(fixture *f, uint64_t ahead_ms, uint64_t hung_up)
{
    uint64_t deadline_ms = tamis_net_now_ms() + WAIT_MS;

    while (tamis_socket_tend(f->router, tamis_net_now_ms() + ahead_ms) < hung_up) {
        assert_true(tamis_net_now_ms() < deadline_ms);
        assert_int_equal(usleep(1000), 0);
    }
    assert_int_equal(tamis_socket_tend(f->router, tamis_net_now_ms() + ahead_ms), hung_up);
}

static void say_more(fixture *f)
{
    assert_int_equal(tamis_socket_send(f->dealer, text(""), text("more"), text("")), TAMIS_OK);
    wait_packet(f->router, f->packet);
    assert_true(tamis_slice_is_equal(tamis_packet_peer(f->packet), text("known")));
}

static void test_too_many(void **state)
{
    fixture *f = *state;
    int files[STRANGERS_MAX + 2];

    for (size_t i = 0; i < STRANGERS_MAX + 2; i++) {
        files[i] = stranger(f);
        assert_int_equal(usleep(5000), 0); /* so that there is an oldest one */
    }
    tend_until(f, 0, 2);
    assert_true(is_hung_up(files[0], WAIT_MS));
    assert_true(is_hung_up(files[1], WAIT_MS));
    assert_false(is_hung_up(files[2], 50));
    assert_false(is_hung_up(files[3], 50));
    say_more(f);
    for (size_t i = 0; i < STRANGERS_MAX + 2; i++) {
        assert_int_equal(close(files[i]), 0);
    }
}

static void test_too_slow(void **state)
{
    fixture *f = *state;
    int file = stranger(f);

    assert_int_equal(tamis_socket_tend(f->router, tamis_net_now_ms()), 0);
    tend_until(f, SILENCE_MS + 100, 1);
    assert_true(is_hung_up(file, WAIT_MS));
    say_more(f);
    assert_int_equal(close(file), 0);
}

static void test_gone_by_itself(void **state)
{
    fixture *f = *state;

    for (size_t i = 0; i < 20; i++) {
        assert_int_equal(close(stranger(f)), 0);
    }
    assert_int_equal(usleep(100000), 0);
    assert_int_equal(tamis_socket_tend(f->router, tamis_net_now_ms() + SILENCE_MS + 100), 0);
    say_more(f);
}

static void test_no_limit(void **state)
{
    fixture *f = *state;

    assert_int_equal(tamis_socket_tend(f->dealer, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_too_many, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_slow, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gone_by_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_limit, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
