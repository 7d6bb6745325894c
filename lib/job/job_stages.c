/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/job.h"

typedef enum stage_unit { UNIT_BATCH, UNIT_SLOT, UNIT_PART, UNIT_LOCAL } stage_unit;

static const struct {
    const char *name;
    stage_unit unit;
    bool is_of_level;
} kinds[TAMIS_STAGE_KIND_COUNT] = {
    [TAMIS_STAGE_SCAN] = {"scan", UNIT_BATCH, false},
    [TAMIS_STAGE_LINK] = {"link", UNIT_SLOT, true},
    [TAMIS_STAGE_PAIR_LATER] = {"pair_later", UNIT_PART, true},
    [TAMIS_STAGE_PAIR_EARLIER] = {"pair_earlier", UNIT_PART, true},
    [TAMIS_STAGE_SPOOL_PLAN] = {"spool_plan", UNIT_LOCAL, true},
    [TAMIS_STAGE_SPOOL] = {"spool", UNIT_PART, true},
    [TAMIS_STAGE_TEXT_LATER] = {"text_later", UNIT_PART, true},
    [TAMIS_STAGE_TEXT_EARLIER] = {"text_earlier", UNIT_PART, true},
    [TAMIS_STAGE_RESOLVE] = {"resolve", UNIT_LOCAL, true},
    [TAMIS_STAGE_REPOINT] = {"repoint", UNIT_LOCAL, false},
    [TAMIS_STAGE_WITNESS] = {"witness", UNIT_PART, false},
    [TAMIS_STAGE_EMIT] = {"emit", UNIT_BATCH, false},
    [TAMIS_STAGE_REPORT] = {"report", UNIT_LOCAL, false},
    [TAMIS_STAGE_QUALITY] = {"quality", UNIT_LOCAL, false},
};

typedef struct stage_list {
    const tamis_plan *plan;
    tamis_stage *stages;
    uint32_t count;
} stage_list;

/* Equal keys are the proof at these levels, so LINK alone verifies. The level table of the
 * deduplication library says the same of its verifiers; a test there compares the two. */
static bool level_is_equality(tamis_level_id level)
{
    return level != TAMIS_LEVEL_NEAR;
}

static void stage_append(stage_list *list, tamis_stage_kind kind, tamis_level_id level)
{
    uint32_t task_count = 1;

    switch (kinds[kind].unit) {
    case UNIT_BATCH:
        task_count = list->plan->batch_count;
        break;
    case UNIT_SLOT:
        task_count = UINT32_C(1) << list->plan->slot_bits;
        break;
    case UNIT_PART:
        task_count = list->plan->part_count;
        break;
    case UNIT_LOCAL:
        break;
    }
    TAMIS_ASSERT(list->count < TAMIS_STAGES_MAX);
    list->stages[list->count++] = (tamis_stage){
        .kind = kind,
        .level = level,
        .task_count = task_count,
        .is_local = kinds[kind].unit == UNIT_LOCAL,
    };
}

static void level_append(stage_list *list, tamis_level_id level, tamis_verify verify)
{
    stage_append(list, TAMIS_STAGE_LINK, level);
    if (!level_is_equality(level)) {
        stage_append(list, TAMIS_STAGE_PAIR_LATER, level);
        stage_append(list, TAMIS_STAGE_PAIR_EARLIER, level);
        if (verify != TAMIS_VERIFY_SIGNATURE) {
            stage_append(list, TAMIS_STAGE_SPOOL_PLAN, level);
            stage_append(list, TAMIS_STAGE_SPOOL, level);
            stage_append(list, TAMIS_STAGE_TEXT_LATER, level);
            stage_append(list, TAMIS_STAGE_TEXT_EARLIER, level);
        }
    }
    stage_append(list, TAMIS_STAGE_RESOLVE, level);
}

const char *tamis_stage_kind_name(tamis_stage_kind kind)
{
    TAMIS_ASSERT(kind < TAMIS_STAGE_KIND_COUNT);
    return kinds[kind].name;
}

uint32_t tamis_job_stages(const tamis_job *job, tamis_stage out_stages[TAMIS_STAGES_MAX])
{
    stage_list list = {.plan = &job->plan, .stages = out_stages};

    stage_append(&list, TAMIS_STAGE_SCAN, TAMIS_LEVEL_URL);
    if (job->quality != NULL) {
        stage_append(&list, TAMIS_STAGE_QUALITY, TAMIS_LEVEL_URL);
    }
    for (int level = 0; level < TAMIS_LEVEL_COUNT; level++) {
        if ((job->settings.levels & (UINT32_C(1) << level)) != 0) {
            level_append(&list, (tamis_level_id)level, job->settings.verify);
        }
    }
    stage_append(&list, TAMIS_STAGE_REPOINT, TAMIS_LEVEL_URL);
    stage_append(&list, TAMIS_STAGE_WITNESS, TAMIS_LEVEL_URL);
    stage_append(&list, TAMIS_STAGE_EMIT, TAMIS_LEVEL_URL);
    stage_append(&list, TAMIS_STAGE_REPORT, TAMIS_LEVEL_URL);
    return list.count;
}

uint32_t tamis_stage_find(const tamis_stage *stages, uint32_t count, tamis_stage_kind kind,
                          tamis_level_id level)
{
    for (uint32_t i = 0; i < count; i++) {
        if (stages[i].kind == kind && (!kinds[kind].is_of_level || stages[i].level == level)) {
            return i;
        }
    }
    return UINT32_MAX;
}
