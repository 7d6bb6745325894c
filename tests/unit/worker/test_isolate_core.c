/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: the search blames exactly the records that kill alone, and nobody for anything else.
 * Method: a model of a split of some rows, run after run, with seeded sets of poisoned rows; and
 * each way in which a death is not a record's fault. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "isolate_core.h"
#include "tamis/rng.h"

#define ROWS_MAX 200
#define SPLIT    3
#define RUNS_MAX 20000

typedef struct model {
    uint32_t rows;
    bool is_deadly[ROWS_MAX];
    uint32_t dies_at_count; /* the n-th record of a process kills it; 0: never */
    bool dies_always;       /* with the first record it works on */
    bool dies_reading;      /* behind row 1, whoever reads so far */
    bool dies_outside;
    bool dies_once; /* the first process alone */
    size_t runs;
} model;

static bool is_aside(const isolate_core *core, tamis_ord ord)
{
    for (size_t i = 0; i < core->poisoned_count; i++) {
        if (core->poisoned[i] == ord) {
            return true;
        }
    }
    return false;
}

static isolate_outcome died(tamis_isolation_phase phase, uint32_t row, bool has_rows)
{
    return (isolate_outcome){.has_died = true,
                             .has_rows = has_rows,
                             .phase = phase,
                             .ord = tamis_ord_make(0, SPLIT, row)};
}

static isolate_outcome run_model(model *m, const isolate_core *core, const isolate_run *run)
{
    uint32_t worked = 0;

    m->runs++;
    for (uint32_t row = 0; row < m->rows; row++) {
        tamis_ord ord = tamis_ord_make(0, SPLIT, row);

        if (m->dies_reading && row == 2) {
            return died(TAMIS_ISOLATION_READING, row, worked != 0);
        }
        if ((run->is_only && run->only != ord) || is_aside(core, ord)) {
            continue;
        }
        worked++;
        if (m->is_deadly[row] || m->dies_always || (m->dies_once && m->runs == 1) ||
            worked == m->dies_at_count) {
            return died(TAMIS_ISOLATION_RECORD, row, true);
        }
        if (run->is_only) {
            break;
        }
    }
    return m->dies_outside ? died(TAMIS_ISOLATION_OTHER, 0, worked != 0)
                           : (isolate_outcome){.has_rows = worked != 0};
}

static isolate_verdict search(model *m, isolate_core *core, bool can_set_aside)
{
    isolate_run run = {.is_only = false};
    isolate_verdict verdict = ISOLATE_GO_ON;

    m->runs = 0;
    isolate_core_init(core, can_set_aside);
    while (verdict == ISOLATE_GO_ON) {
        isolate_outcome outcome = run_model(m, core, &run);

        verdict = isolate_core_step(core, &outcome, &run);
        assert_true(m->runs < RUNS_MAX);
    }
    return verdict;
}

static void assert_found(const model *m, const isolate_core *core)
{
    size_t found = 0;

    for (uint32_t row = 0; row < m->rows; row++) {
        if (m->is_deadly[row]) {
            assert_true(found < core->poisoned_count);
            assert_int_equal(core->poisoned[found], tamis_ord_make(0, SPLIT, row));
            found++;
        }
    }
    assert_int_equal(found, core->poisoned_count);
}

static void test_nothing(void **state)
{
    model m = {.rows = 5};
    isolate_core core;

    (void)state;
    assert_int_equal(search(&m, &core, true), ISOLATE_DONE);
    assert_int_equal(m.runs, 1);
    m.rows = 0;
    assert_int_equal(search(&m, &core, true), ISOLATE_DONE);
}

static void test_one(void **state)
{
    isolate_core core;

    (void)state;
    for (uint32_t row = 0; row < 5; row++) {
        model m = {.rows = 5};

        m.is_deadly[row] = true;
        assert_int_equal(search(&m, &core, true), ISOLATE_DONE);
        assert_found(&m, &core);
        assert_int_equal(m.runs, row == 0 ? 5 : 6); /* all, twice alone, neighbors, all */
    }
}

static void test_only_row(void **state)
{
    model m = {.rows = 1, .is_deadly = {true}};
    isolate_core core;

    (void)state;
    assert_int_equal(search(&m, &core, true), ISOLATE_DONE);
    assert_found(&m, &core);
}

/* Some poisoned rows among many good ones: all are found, whichever stand side by side. */
static void test_random(void **state)
{
    tamis_rng rng = {.state = 18};

    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        model m = {.rows = 20 + (uint32_t)(tamis_rng_next(&rng) % (ROWS_MAX - 20))};
        isolate_core core;
        size_t deadly = tamis_rng_next(&rng) % 7;

        for (size_t k = 0; k < deadly; k++) {
            m.is_deadly[tamis_rng_next(&rng) % m.rows] = true;
        }
        assert_int_equal(search(&m, &core, true), ISOLATE_DONE);
        assert_found(&m, &core);
    }
}

static void test_most(void **state)
{
    model m = {.rows = 3 * TAMIS_POISONED_MAX};
    isolate_core core;

    (void)state;
    for (uint32_t i = 0; i < TAMIS_POISONED_MAX; i++) {
        m.is_deadly[3 * i] = true;
    }
    assert_int_equal(search(&m, &core, true), ISOLATE_DONE);
    assert_found(&m, &core);
    m.is_deadly[3 * TAMIS_POISONED_MAX - 1] = true;
    assert_int_equal(search(&m, &core, true), ISOLATE_TOO_MANY);
}

static void test_nobody_is_blamed(void **state)
{
    isolate_core core;
    model together = {.rows = 50, .dies_at_count = 30};
    model always = {.rows = 50, .dies_always = true};
    model once = {.rows = 50, .dies_once = true};
    model outside = {.rows = 50, .dies_outside = true};
    model stream = {.rows = 50, .dies_reading = true};
    model elsewhere = {.rows = 50, .is_deadly = {[7] = true}};

    (void)state;
    assert_int_equal(search(&together, &core, true), ISOLATE_ONCE);
    assert_int_equal(core.poisoned_count, 0);
    assert_int_equal(search(&always, &core, true), ISOLATE_EVERYBODY);
    assert_int_equal(core.poisoned_count, 0);
    assert_true(always.runs <= 3 + ISOLATE_NEIGHBORS_MAX);
    assert_int_equal(search(&once, &core, true), ISOLATE_ONCE);
    assert_int_equal(core.poisoned_count, 0);
    assert_int_equal(search(&outside, &core, true), ISOLATE_OUTSIDE);
    assert_int_equal(outside.runs, 1);
    assert_int_equal(search(&stream, &core, true), ISOLATE_STREAM);
    assert_int_equal(stream.runs, 2);
    assert_int_equal(search(&elsewhere, &core, false), ISOLATE_NOT_HERE);
    assert_int_equal(core.poisoned_count, 0);
}

/* A run of deadly rows that is longer than the search looks: the machine may be the reason. */
static void test_long_runs(void **state)
{
    isolate_core core;
    model m = {.rows = 40};

    (void)state;
    for (uint32_t i = 0; i < ISOLATE_NEIGHBORS_MAX; i++) {
        m.is_deadly[10 + i] = true; /* the last of its neighbors tried lives */
    }
    assert_int_equal(search(&m, &core, true), ISOLATE_DONE);
    assert_found(&m, &core);
    m.is_deadly[10 + ISOLATE_NEIGHBORS_MAX] = true;
    assert_int_equal(search(&m, &core, true), ISOLATE_EVERYBODY);
    assert_int_equal(core.poisoned_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing),   cmocka_unit_test(test_one),
        cmocka_unit_test(test_only_row),  cmocka_unit_test(test_random),
        cmocka_unit_test(test_most),      cmocka_unit_test(test_nobody_is_blamed),
        cmocka_unit_test(test_long_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
