/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: the stages of a job, for every set of levels and every kind of verification.
 * Method: the lists of three jobs by hand; over all settings, the rules that every list obeys.
 */
#include "tamis/exchange.h"
#include "tamis/task.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static tamis_job job_of(uint32_t levels, tamis_verify verify)
{
    tamis_job job = {.plan = {.batch_count = 5, .part_count = 4, .slot_bits = 3}};

    tamis_settings_defaults(&job.settings);
    job.settings.levels = levels;
    job.settings.verify = verify;
    return job;
}

static void assert_kinds(const tamis_job *job, const tamis_stage_kind *kinds, uint32_t count)
{
    tamis_stage stages[TAMIS_STAGES_MAX];

    assert_int_equal(tamis_job_stages(job, stages), count);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(stages[i].kind, kinds[i]);
    }
}

static void test_lists(void **state)
{
    static const tamis_stage_kind by_default[] = {
        TAMIS_STAGE_SCAN,         TAMIS_STAGE_LINK,       TAMIS_STAGE_RESOLVE,
        TAMIS_STAGE_LINK,         TAMIS_STAGE_PAIR_LATER, TAMIS_STAGE_PAIR_EARLIER,
        TAMIS_STAGE_SPOOL_PLAN,   TAMIS_STAGE_SPOOL,      TAMIS_STAGE_TEXT_LATER,
        TAMIS_STAGE_TEXT_EARLIER, TAMIS_STAGE_RESOLVE,    TAMIS_STAGE_REPOINT,
        TAMIS_STAGE_WITNESS,      TAMIS_STAGE_EMIT,       TAMIS_STAGE_REPORT};
    static const tamis_stage_kind by_signature[] = {
        TAMIS_STAGE_SCAN,         TAMIS_STAGE_LINK,    TAMIS_STAGE_PAIR_LATER,
        TAMIS_STAGE_PAIR_EARLIER, TAMIS_STAGE_RESOLVE, TAMIS_STAGE_REPOINT,
        TAMIS_STAGE_WITNESS,      TAMIS_STAGE_EMIT,    TAMIS_STAGE_REPORT};
    static const tamis_stage_kind by_url[] = {
        TAMIS_STAGE_SCAN,    TAMIS_STAGE_LINK, TAMIS_STAGE_RESOLVE, TAMIS_STAGE_REPOINT,
        TAMIS_STAGE_WITNESS, TAMIS_STAGE_EMIT, TAMIS_STAGE_REPORT};
    tamis_job job;

    (void)state;
    job = job_of(1u << TAMIS_LEVEL_EXACT | 1u << TAMIS_LEVEL_NEAR, TAMIS_VERIFY_AUTO);
    assert_kinds(&job, by_default, sizeof(by_default) / sizeof(by_default[0]));
    job = job_of(1u << TAMIS_LEVEL_NEAR, TAMIS_VERIFY_SIGNATURE);
    assert_kinds(&job, by_signature, sizeof(by_signature) / sizeof(by_signature[0]));
    job = job_of(1u << TAMIS_LEVEL_URL, TAMIS_VERIFY_TEXT);
    assert_kinds(&job, by_url, sizeof(by_url) / sizeof(by_url[0]));
}

static uint32_t tasks_expected(const tamis_plan *plan, tamis_stage_kind kind)
{
    static const char units[TAMIS_STAGE_KIND_COUNT + 1] = "bsppLpppLLpbLL";

    switch (units[kind]) {
    case 'b':
        return plan->batch_count;
    case 's':
        return 1u << plan->slot_bits;
    case 'p':
        return plan->part_count;
    default:
        return 1;
    }
}

static void test_rules(void **state)
{
    (void)state;
    for (uint32_t levels = 1; levels < 1u << TAMIS_LEVEL_COUNT; levels++) {
        for (int verify = TAMIS_VERIFY_AUTO; verify <= TAMIS_VERIFY_TEXT; verify++) {
            tamis_job job = job_of(levels, (tamis_verify)verify);
            tamis_stage stages[TAMIS_STAGES_MAX];
            uint32_t count = tamis_job_stages(&job, stages);

            for (uint32_t i = 0; i < count; i++) {
                tamis_stage_kind kind = stages[i].kind;

                assert_int_equal(stages[i].task_count, tasks_expected(&job.plan, kind));
                assert_int_equal(stages[i].is_local,
                                 kind == TAMIS_STAGE_SPOOL_PLAN || kind == TAMIS_STAGE_RESOLVE ||
                                     kind == TAMIS_STAGE_REPOINT || kind == TAMIS_STAGE_REPORT);
                assert_int_equal(tamis_stage_find(stages, count, kind, stages[i].level), i);
            }
            for (int level = 0; level < TAMIS_LEVEL_COUNT; level++) {
                bool has_link = tamis_stage_find(stages, count, TAMIS_STAGE_LINK,
                                                 (tamis_level_id)level) != UINT32_MAX;

                assert_int_equal(has_link, (levels >> level) & 1);
            }
            assert_int_equal(tamis_stage_find(stages, count, TAMIS_STAGE_SPOOL, TAMIS_LEVEL_EXACT),
                             UINT32_MAX);
        }
    }
}

/* One local stage, behind SCAN, and nothing else changes. */
static void test_quality(void **state)
{
    tamis_job job = job_of(7, TAMIS_VERIFY_AUTO);
    tamis_stage without[TAMIS_STAGES_MAX];
    tamis_stage with[TAMIS_STAGES_MAX];
    char text[] = "profile: x";
    uint32_t count = tamis_job_stages(&job, without);

    (void)state;
    job.quality = text;
    assert_int_equal(tamis_job_stages(&job, with), count + 1);
    assert_int_equal(with[0].kind, TAMIS_STAGE_SCAN);
    assert_int_equal(with[1].kind, TAMIS_STAGE_QUALITY);
    assert_int_equal(with[1].task_count, 1);
    assert_true(with[1].is_local);
    for (uint32_t i = 1; i < count; i++) {
        assert_int_equal(with[i + 1].kind, without[i].kind);
        assert_int_equal(with[i + 1].level, without[i].level);
    }
    assert_string_equal(tamis_stage_kind_name(TAMIS_STAGE_QUALITY), "quality");
}

static void test_without_batches(void **state)
{
    tamis_job job = job_of(7, TAMIS_VERIFY_AUTO);
    tamis_stage stages[TAMIS_STAGES_MAX];
    uint32_t count = 0;

    (void)state;
    job.plan = (tamis_plan){.slot_bits = 3};
    count = tamis_job_stages(&job, stages);
    assert_int_equal(stages[0].task_count, 0);
    assert_int_equal(stages[count - 1].kind, TAMIS_STAGE_REPORT);
    assert_int_equal(stages[count - 1].task_count, 1);
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(tamis_stage_kind_name(TAMIS_STAGE_SCAN), "scan");
    assert_string_equal(tamis_stage_kind_name(TAMIS_STAGE_TEXT_EARLIER), "text_earlier");
    assert_string_equal(tamis_stage_kind_name(TAMIS_STAGE_REPORT), "report");
    assert_string_equal(tamis_counter_name(TAMIS_COUNTER_STORED_BYTES), "stored_bytes");
    assert_string_equal(tamis_counter_name((tamis_counter)(TAMIS_COUNTER_COUNT - 1)), "edited");
    assert_string_equal(tamis_verified_name(TAMIS_VERIFIED_EQUALITY), "equality");
    assert_string_equal(tamis_verified_name(TAMIS_VERIFIED_SIGNATURE), "signature");
    assert_string_equal(tamis_verified_name(TAMIS_VERIFIED_TEXT), "text");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),   cmocka_unit_test(test_rules),
        cmocka_unit_test(test_quality), cmocka_unit_test(test_without_batches),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
