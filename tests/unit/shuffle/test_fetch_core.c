/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: an object arrives whole, once, in bounded time, whatever the network does; and what cannot
 * arrive is told as what it is. Method: single rules by hand; then seeded runs over a network that
 * loses, repeats, delays, reorders and damages, with servers that restart, refuse and move, all on
 * virtual time, compared with the object's bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tamis/fetch_core.h"
#include "tamis/rng.h"

static tamis_fetch_settings small_settings(void)
{
    tamis_fetch_settings settings;

    tamis_fetch_settings_defaults(&settings);
    settings.window = 4;
    settings.chunk_bytes = 10;
    settings.first_id = UINT64_C(7) << 32;
    return settings;
}

static tamis_fetch_effects step(tamis_fetch_core *core, tamis_fetch_event_kind kind,
                                uint64_t now_ms)
{
    tamis_fetch_event event = {.kind = kind};
    tamis_fetch_effects effects;

    tamis_fetch_core_step(core, &event, now_ms, &effects);
    return effects;
}

static tamis_fetch_effects answer(tamis_fetch_core *core, const tamis_fetch_range *range,
                                  uint64_t total, tamis_status status, bool is_good,
                                  uint64_t now_ms)
{
    uint64_t left = total - range->offset;
    tamis_data_reply reply = {
        .id = range->id,
        .status = status,
        .total = status == TAMIS_OK ? total : 0,
        .offset = status == TAMIS_OK ? range->offset : 0,
        .length = status != TAMIS_OK     ? 0
                  : left < range->length ? (uint32_t)left
                                         : range->length,
    };
    tamis_fetch_event event = {.kind = TAMIS_FETCH_REPLY, .reply = &reply, .is_good = is_good};
    tamis_fetch_effects effects;

    tamis_fetch_core_step(core, &event, now_ms, &effects);
    return effects;
}

static void test_window(void **state)
{
    tamis_fetch_settings settings = small_settings();
    tamis_fetch_core core;
    tamis_fetch_effects first;
    tamis_fetch_effects more;

    (void)state;
    tamis_fetch_core_init(&core, &settings);
    first = step(&core, TAMIS_FETCH_START, 5);
    assert_int_equal(first.send_count, 1); /* nothing is known of the size yet */
    assert_int_equal(first.sends[0].id, UINT64_C(7) << 32);
    assert_int_equal(first.sends[0].offset, 0);
    assert_int_equal(first.sends[0].length, 10);
    more = answer(&core, &first.sends[0], 65, TAMIS_OK, true, 6);
    assert_true(more.is_kept);
    assert_int_equal(more.send_count, 4);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(more.sends[i].offset, 10 + 10 * i);
    }
    first = answer(&core, &more.sends[2], 65, TAMIS_OK, true, 7); /* out of order */
    assert_true(first.is_kept);
    assert_int_equal(first.send_count, 1);
    assert_int_equal(first.sends[0].offset, 50);
    assert_false(answer(&core, &more.sends[2], 65, TAMIS_OK, true, 7).is_kept); /* twice */
    assert_true(answer(&core, &more.sends[0], 65, TAMIS_OK, true, 7).is_kept);
    assert_true(answer(&core, &more.sends[1], 65, TAMIS_OK, true, 7).is_kept);
    assert_true(answer(&core, &more.sends[3], 65, TAMIS_OK, true, 7).is_kept);
    assert_int_equal(core.state, TAMIS_FETCH_RUNNING);
    assert_true(answer(&core, &first.sends[0], 65, TAMIS_OK, true, 7).is_kept);
    more.sends[0] = (tamis_fetch_range){.id = (UINT64_C(7) << 32) + 6, .offset = 60, .length = 5};
    assert_true(answer(&core, &more.sends[0], 65, TAMIS_OK, true, 7).is_kept);
    assert_int_equal(core.state, TAMIS_FETCH_DONE);
    assert_int_equal(core.received, 65);
}

static void test_empty_object(void **state)
{
    tamis_fetch_settings settings = small_settings();
    tamis_fetch_core core;
    tamis_fetch_effects effects;

    (void)state;
    tamis_fetch_core_init(&core, &settings);
    effects = step(&core, TAMIS_FETCH_START, 0);
    assert_false(answer(&core, &effects.sends[0], 0, TAMIS_OK, true, 1).is_kept);
    assert_int_equal(core.state, TAMIS_FETCH_DONE);
    assert_int_equal(step(&core, TAMIS_FETCH_TICK, 100000).send_count, 0);
}

static void test_silence_connects_anew_and_gives_up(void **state)
{
    tamis_fetch_settings settings = small_settings();
    tamis_fetch_core core;
    uint64_t now_ms = 0;
    uint32_t reconnects = 0;

    (void)state;
    tamis_fetch_core_init(&core, &settings);
    (void)step(&core, TAMIS_FETCH_START, 0);
    while (core.state == TAMIS_FETCH_RUNNING && now_ms < 100000) {
        tamis_fetch_effects effects = step(&core, TAMIS_FETCH_TICK, now_ms += 50);

        reconnects += effects.is_reconnect;
        assert_true(!effects.is_reconnect || effects.send_count == 1);
    }
    assert_int_equal(core.status, TAMIS_EPEER);
    assert_false(tamis_fetch_is_gone(core.status));
    assert_true(now_ms >= settings.give_up_ms && now_ms <= settings.give_up_ms + 100);
    assert_true(reconnects + 1 >= settings.connections_min);
}

static void test_refusals(void **state)
{
    static const struct {
        tamis_status told;
        tamis_status status;
        bool is_gone;
    } cases[] = {
        {TAMIS_ENOENT, TAMIS_ENOENT, true},     {TAMIS_ECORRUPT, TAMIS_ECORRUPT, true},
        {TAMIS_EVERSION, TAMIS_EVERSION, true}, {TAMIS_EFORMAT, TAMIS_EFORMAT, false},
        {TAMIS_EDENIED, TAMIS_EDENIED, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tamis_fetch_settings settings = small_settings();
        tamis_fetch_core core;
        tamis_fetch_effects effects;

        tamis_fetch_core_init(&core, &settings);
        effects = step(&core, TAMIS_FETCH_START, 0);
        (void)answer(&core, &effects.sends[0], 0, cases[i].told, true, 1);
        assert_int_equal(core.state, TAMIS_FETCH_FAILED);
        assert_int_equal(core.status, cases[i].status);
        assert_int_equal(tamis_fetch_is_gone(core.status), cases[i].is_gone);
    }
}

static void test_passing_faults(void **state)
{
    tamis_fetch_settings settings = small_settings();
    tamis_fetch_core core;
    tamis_fetch_effects effects;
    tamis_fetch_range range;
    uint64_t now_ms = 0;

    (void)state;
    tamis_fetch_core_init(&core, &settings);
    effects = step(&core, TAMIS_FETCH_START, 0);
    range = effects.sends[0];
    for (unsigned i = 0; i < 100;
         i++) { /* busy: asked again after a pause, never given up for it */
        effects = answer(&core, &range, 5, TAMIS_EAGAIN, true, now_ms);
        assert_int_equal(effects.send_count, 0);
        for (unsigned ticks = 0; effects.send_count == 0; ticks++) {
            assert_true(ticks < 30);
            effects = step(&core, TAMIS_FETCH_TICK, now_ms += 50);
        }
        assert_int_equal(effects.sends[0].id, range.id);
        if (now_ms > 30000) {
            break;
        }
    }
    for (unsigned i = 0; i < 4; i++) { /* an error of the disk may pass */
        (void)answer(&core, &range, 5, TAMIS_EIO, true, now_ms);
        assert_int_equal(core.state, TAMIS_FETCH_RUNNING);
        now_ms += 1100;
        assert_int_equal(step(&core, TAMIS_FETCH_TICK, now_ms).send_count, 1);
    }
    (void)answer(&core, &range, 5, TAMIS_EIO, true, now_ms);
    assert_int_equal(core.status, TAMIS_EIO);
    assert_true(tamis_fetch_is_gone(core.status));
}

static void test_a_size_that_changes(void **state)
{
    tamis_fetch_settings settings = small_settings();
    tamis_fetch_core core;
    tamis_fetch_effects effects;

    (void)state;
    tamis_fetch_core_init(&core, &settings);
    effects = step(&core, TAMIS_FETCH_START, 0);
    effects = answer(&core, &effects.sends[0], 65, TAMIS_OK, true, 1);
    (void)answer(&core, &effects.sends[0], 64, TAMIS_OK, true, 1);
    assert_int_equal(core.status, TAMIS_ECHANGED);
}

static void test_damage_and_cancel(void **state)
{
    tamis_fetch_settings settings = small_settings();
    tamis_fetch_core core;
    tamis_fetch_effects effects;
    unsigned reconnects = 0;

    (void)state;
    tamis_fetch_core_init(&core, &settings);
    effects = step(&core, TAMIS_FETCH_START, 0);
    for (unsigned i = 0; i < 64; i++) {
        assert_int_equal(core.state, TAMIS_FETCH_RUNNING);
        assert_int_equal(effects.send_count, 1); /* at once */
        effects = answer(&core, &effects.sends[0], 5, TAMIS_OK, false, i);
        assert_false(effects.is_kept);
        reconnects += effects.is_reconnect;
    }
    assert_int_equal(core.status, TAMIS_EPEER);
    assert_int_equal(reconnects, 7);
    tamis_fetch_core_init(&core, &settings);
    (void)step(&core, TAMIS_FETCH_START, 0);
    (void)step(&core, TAMIS_FETCH_CANCEL, 0);
    assert_int_equal(core.status, TAMIS_ECANCELED);
}

/* ---- A bad network --------------------------------------------------------------------------- */

#define OBJECT_MAX  3000
#define PACKETS_MAX 4096

typedef struct packet {
    bool is_used;
    bool is_reply;
    uint64_t at_ms;
    uint32_t connection;
    tamis_fetch_range range;
    tamis_status status;
    bool is_damaged;
} packet;

typedef struct net {
    tamis_rng rng;
    packet packets[PACKETS_MAX];
    uint8_t object[OBJECT_MAX];
    uint8_t got[OBJECT_MAX];
    uint8_t written[OBJECT_MAX]; /* how often */
    uint32_t size;
    uint32_t connection;
    uint64_t down_until_ms;
    unsigned loss;
    unsigned repeat;
    unsigned damage;
    unsigned busy;
    uint64_t delay_ms;
    uint64_t in_flight_max;
} net;

static bool chance(net *n, unsigned per_mille)
{
    return tamis_rng_below(&n->rng, 1000) < per_mille;
}

static void put(net *n, packet p, uint64_t now_ms)
{
    unsigned copies = chance(n, n->loss) ? 0 : chance(n, n->repeat) ? 2 : 1;

    for (size_t i = 0; i < PACKETS_MAX && copies != 0; i++) {
        if (!n->packets[i].is_used) {
            p.is_used = true;
            p.at_ms = now_ms + 1 + tamis_rng_below(&n->rng, n->delay_ms);
            n->packets[i] = p;
            copies--;
        }
    }
}

static void perform(net *n, const tamis_fetch_effects *effects, uint64_t now_ms)
{
    n->connection += effects->is_reconnect;
    for (uint32_t i = 0; i < effects->send_count; i++) {
        put(n, (packet){.connection = n->connection, .range = effects->sends[i]}, now_ms);
    }
}

static void deliver(net *n, tamis_fetch_core *core, packet *p, uint64_t now_ms)
{
    packet one = *p;
    tamis_fetch_effects effects;

    p->is_used = false;
    if (!one.is_reply) {
        if (now_ms >= n->down_until_ms) {
            one.is_reply = true;
            one.status = chance(n, n->busy) ? TAMIS_EAGAIN : TAMIS_OK;
            one.is_damaged = chance(n, n->damage);
            put(n, one, now_ms);
        }
        return;
    }
    if (one.connection != n->connection) {
        return; /* what was on its way when the connection was closed */
    }
    effects = answer(core, &one.range, n->size, one.status, !one.is_damaged, now_ms);
    if (effects.is_kept) {
        for (uint64_t at = one.range.offset;
             at < one.range.offset + one.range.length && at < n->size; at++) {
            n->got[at] = n->object[at];
            n->written[at]++;
        }
    }
    perform(n, &effects, now_ms);
}

static void run_network(uint64_t seed)
{
    tamis_fetch_settings settings;
    tamis_fetch_core core;
    tamis_fetch_effects effects;
    net *n = calloc(1, sizeof(*n));
    uint64_t now_ms = 1000;

    assert_non_null(n);
    n->rng.state = seed;
    n->size = (uint32_t)tamis_rng_below(&n->rng, OBJECT_MAX);
    n->loss = (unsigned)tamis_rng_below(&n->rng, 150);
    n->repeat = (unsigned)tamis_rng_below(&n->rng, 200);
    n->damage = (unsigned)tamis_rng_below(&n->rng, 60);
    n->busy = (unsigned)tamis_rng_below(&n->rng, 200);
    n->delay_ms = 1 + tamis_rng_below(&n->rng, 300);
    n->down_until_ms = tamis_rng_below(&n->rng, 4000);
    for (uint32_t i = 0; i < n->size; i++) {
        n->object[i] = (uint8_t)tamis_rng_next(&n->rng);
    }
    tamis_fetch_settings_defaults(&settings);
    settings.window = 1 + (uint32_t)tamis_rng_below(&n->rng, TAMIS_FETCH_WINDOW_MAX);
    settings.chunk_bytes = 20 + (uint32_t)tamis_rng_below(&n->rng, 200);
    tamis_fetch_core_init(&core, &settings);
    effects = step(&core, TAMIS_FETCH_START, now_ms);
    perform(n, &effects, now_ms);
    while (core.state == TAMIS_FETCH_RUNNING && now_ms < 600000) {
        now_ms += 10;
        for (size_t i = 0; i < PACKETS_MAX; i++) {
            if (n->packets[i].is_used && n->packets[i].at_ms <= now_ms) {
                deliver(n, &core, &n->packets[i], now_ms);
            }
        }
        effects = step(&core, TAMIS_FETCH_TICK, now_ms);
        perform(n, &effects, now_ms);
    }
    if (core.state != TAMIS_FETCH_DONE) {
        fail_msg("seed %llu: state %d status %s after %llu ms", (unsigned long long)seed,
                 core.state, tamis_status_name(core.status), (unsigned long long)now_ms);
    }
    assert_memory_equal(n->got, n->object, n->size);
    for (uint32_t i = 0; i < n->size; i++) {
        assert_int_equal(n->written[i], 1);
    }
    free(n);
}

static void test_bad_networks(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 500; seed++) {
        run_network(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_empty_object),
        cmocka_unit_test(test_silence_connects_anew_and_gives_up),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_passing_faults),
        cmocka_unit_test(test_a_size_that_changes),
        cmocka_unit_test(test_damage_and_cancel),
        cmocka_unit_test(test_bad_networks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
