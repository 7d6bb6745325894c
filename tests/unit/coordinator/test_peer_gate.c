/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: each role says its own words only, and nobody speaks under another's routing id.
 * Method: the gate beside a plain list that does the same slowly, on random words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "peer_gate.h"
#include "tamis/rng.h"

static tamis_status say(tamis_peer_gate *gate, tamis_message_kind kind, const char *peer,
                        const char *user, uint32_t roles)
{
    tamis_err err = {.status = TAMIS_OK};
    tamis_status status =
        tamis_peer_gate_check(gate, kind, tamis_slice_of_string(peer), user, roles, 1000, &err);

    assert_true(status == TAMIS_OK || err.text[0] != '\0');
    return status;
}

static void test_roles(void **state)
{
    tamis_peer_gate *gate = NULL;

    (void)state;
    assert_int_equal(tamis_peer_gate_create(&gate), TAMIS_OK);
    assert_int_equal(say(gate, TAMIS_MESSAGE_HELLO, "p", "w", TAMIS_ROLE_WORKER), TAMIS_OK);
    assert_int_equal(say(gate, TAMIS_MESSAGE_SUBMIT, "p", "w", TAMIS_ROLE_WORKER), TAMIS_EDENIED);
    assert_int_equal(say(gate, TAMIS_MESSAGE_DRAIN, "p", "w", TAMIS_ROLE_WORKER), TAMIS_EDENIED);
    assert_int_equal(say(gate, TAMIS_MESSAGE_SUBMIT, "p", "c", TAMIS_ROLE_CLIENT), TAMIS_OK);
    assert_int_equal(say(gate, TAMIS_MESSAGE_HELLO, "q", "c", TAMIS_ROLE_CLIENT), TAMIS_EDENIED);
    assert_int_equal(say(gate, TAMIS_MESSAGE_SUBMIT, "q", "x", TAMIS_ROLE_COORDINATOR),
                     TAMIS_EDENIED);
    assert_int_equal(say(gate, TAMIS_MESSAGE_SUBMIT, "q", "x", 0), TAMIS_EDENIED);
    /* Without keys everybody may say everything. */
    assert_int_equal(say(gate, TAMIS_MESSAGE_HELLO, "p", "", TAMIS_ROLE_ANY), TAMIS_OK);
    assert_int_equal(say(gate, TAMIS_MESSAGE_SUBMIT, "p", "", TAMIS_ROLE_ANY), TAMIS_OK);
    tamis_peer_gate_destroy(gate);
    tamis_peer_gate_destroy(NULL);
}

static void test_owner_of_a_routing_id(void **state)
{
    tamis_peer_gate *gate = NULL;
    tamis_err err;
    uint8_t bytes[TAMIS_PEER_SIZE_MAX + 1] = {1};

    (void)state;
    assert_int_equal(tamis_peer_gate_create(&gate), TAMIS_OK);
    assert_int_equal(say(gate, TAMIS_MESSAGE_HEARTBEAT, "p", "a", TAMIS_ROLE_WORKER), TAMIS_OK);
    assert_int_equal(say(gate, TAMIS_MESSAGE_HELLO, "p", "a", TAMIS_ROLE_WORKER), TAMIS_OK);
    assert_int_equal(say(gate, TAMIS_MESSAGE_HELLO, "p", "a", TAMIS_ROLE_WORKER), TAMIS_OK);
    assert_int_equal(say(gate, TAMIS_MESSAGE_HELLO, "p", "b", TAMIS_ROLE_WORKER), TAMIS_EDENIED);
    assert_int_equal(say(gate, TAMIS_MESSAGE_TASK_DONE, "p", "b", TAMIS_ROLE_WORKER),
                     TAMIS_EDENIED);
    assert_int_equal(say(gate, TAMIS_MESSAGE_BYE, "p", "b", TAMIS_ROLE_WORKER), TAMIS_EDENIED);
    assert_int_equal(say(gate, TAMIS_MESSAGE_BYE, "p", "a", TAMIS_ROLE_WORKER), TAMIS_OK);
    assert_int_equal(say(gate, TAMIS_MESSAGE_HELLO, "p", "b", TAMIS_ROLE_WORKER), TAMIS_OK);
    assert_int_equal(tamis_peer_gate_check(gate, TAMIS_MESSAGE_HELLO,
                                           tamis_slice_of(bytes, TAMIS_PEER_SIZE_MAX), "a",
                                           TAMIS_ROLE_WORKER, 0, &err),
                     TAMIS_OK);
    assert_int_equal(tamis_peer_gate_check(gate, TAMIS_MESSAGE_HELLO,
                                           tamis_slice_of(bytes, TAMIS_PEER_SIZE_MAX + 1), "a",
                                           TAMIS_ROLE_WORKER, 0, &err),
                     TAMIS_EDENIED);
    tamis_peer_gate_destroy(gate);
}

static tamis_status hello_at(tamis_peer_gate *gate, unsigned number, uint64_t now_ms)
{
    char peer[16];
    tamis_err err;

    (void)snprintf(peer, sizeof(peer), "peer-%u", number);
    return tamis_peer_gate_check(gate, TAMIS_MESSAGE_HELLO, tamis_slice_of_string(peer), "u",
                                 TAMIS_ROLE_WORKER, now_ms, &err);
}

static void test_too_many(void **state)
{
    tamis_peer_gate *gate = NULL;

    (void)state;
    assert_int_equal(tamis_peer_gate_create(&gate), TAMIS_OK);
    for (unsigned i = 0; i < TAMIS_PEER_GATE_MAX; i++) {
        assert_int_equal(hello_at(gate, i, i < 10 ? 0 : 1000), TAMIS_OK);
    }
    assert_int_equal(hello_at(gate, TAMIS_PEER_GATE_MAX, TAMIS_PEER_GATE_SILENT_MS), TAMIS_ELIMIT);
    assert_int_equal(hello_at(gate, 5, TAMIS_PEER_GATE_SILENT_MS), TAMIS_OK);
    /* The silent ones make room. */
    assert_int_equal(hello_at(gate, TAMIS_PEER_GATE_MAX, TAMIS_PEER_GATE_SILENT_MS + 1), TAMIS_OK);
    tamis_peer_gate_destroy(gate);
}

#define IDS   200
#define STEPS 200000

static void test_random_words(void **state)
{
    tamis_peer_gate *gate = NULL;
    char owners[IDS] = {0};
    tamis_rng rng = {.state = 7};

    (void)state;

    assert_int_equal(tamis_peer_gate_create(&gate), TAMIS_OK);
    for (unsigned i = 0; i < STEPS; i++) {
        unsigned id = (unsigned)tamis_rng_below(&rng, IDS);
        char user[2] = {(char)('a' + tamis_rng_below(&rng, 2)), '\0'};
        unsigned word = (unsigned)tamis_rng_below(&rng, 3);
        tamis_message_kind kind = word == 0   ? TAMIS_MESSAGE_HELLO
                                  : word == 1 ? TAMIS_MESSAGE_BYE
                                              : TAMIS_MESSAGE_HEARTBEAT;
        char peer[16];
        bool is_allowed = owners[id] == 0 || owners[id] == user[0];

        (void)snprintf(peer, sizeof(peer), "w-%u", id);
        assert_int_equal(say(gate, kind, peer, user, TAMIS_ROLE_WORKER),
                         is_allowed ? TAMIS_OK : TAMIS_EDENIED);
        if (is_allowed && kind != TAMIS_MESSAGE_HEARTBEAT) {
            owners[id] = kind == TAMIS_MESSAGE_HELLO ? user[0] : 0;
        }
    }
    tamis_peer_gate_destroy(gate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roles),
        cmocka_unit_test(test_owner_of_a_routing_id),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_random_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
