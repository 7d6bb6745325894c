/* SPDX-License-Identifier: Apache-2.0 */
/* From the steps of a profile to stages of the text, columns and reasons. */
#include <stdlib.h>
#include <string.h>

#include "needs.h"
#include "quality_internal.h"
#include "step_names.h"

static tamis_status add_reason(tamis_quality *quality, const char *name, uint16_t *out_reason,
                               tamis_err *err)
{
    if (quality->reason_count >= TAMIS_QUALITY_REASONS_MAX) {
        return tamis_err_set(err, TAMIS_ELIMIT, "profile '%s': more than %u reasons",
                             quality->profile->name, TAMIS_QUALITY_REASONS_MAX);
    }
    *out_reason = (uint16_t)quality->reason_count;
    (void)snprintf(quality->reasons[quality->reason_count++], TAMIS_REASON_SIZE, "%s", name);
    return TAMIS_OK;
}

/* Reasons of a step that can give several stand together. */
static tamis_status add_reasons(tamis_quality *quality, tamis_quality_step *step, tamis_err *err)
{
    const tamis_profile_step *profile = step->profile;
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; status == TAMIS_OK; i++) {
        const char *name = NULL;
        uint16_t reason = 0;

        if (profile->kind == STEP_EDIT) {
            name = tamis_line_rule_drop_reason(step->line_rule, i);
        } else if (profile->kind == STEP_URL) {
            name = tamis_url_reasons[i];
        } else {
            name = i == 0 ? profile->reason : NULL;
        }
        if (name == NULL) {
            return TAMIS_OK;
        }
        status = add_reason(quality, name, &reason, err);
        step->reason = i == 0 ? reason : step->reason;
        step->reason_count++;
    }
    return status;
}

/* A rule whose reason an earlier rule has gives the same number. */
static bool find_rule_reason(const tamis_quality *quality, size_t step_index, uint16_t *out_reason)
{
    const tamis_profile_step *profile = quality->steps[step_index].profile;

    for (size_t i = 0; i < step_index && profile->kind == STEP_RULE; i++) {
        if (quality->steps[i].profile->kind == STEP_RULE &&
            strcmp(quality->steps[i].profile->reason, profile->reason) == 0) {
            *out_reason = quality->steps[i].reason;
            return true;
        }
    }
    return false;
}

static tamis_status add_column(tamis_quality *quality, uint16_t stage, const char *name,
                               uint16_t signal, tamis_line_value value, uint16_t *out_column,
                               tamis_err *err)
{
    tamis_quality_column_info *column = &quality->columns[quality->column_count];

    if (quality->column_count >= TAMIS_QUALITY_COLUMNS_MAX) {
        return tamis_err_set(err, TAMIS_ELIMIT, "profile '%s': more than %u signals",
                             quality->profile->name, TAMIS_QUALITY_COLUMNS_MAX);
    }
    *column = (tamis_quality_column_info){.stage = stage, .signal = signal, .line_value = value};
    (void)snprintf(column->name, sizeof(column->name), "%s", name);
    *out_column = (uint16_t)quality->column_count++;
    return TAMIS_OK;
}

/* The column of a signal on a stage, which is the last one so far. */
static tamis_status need_signal(tamis_quality *quality, uint16_t stage_index, size_t signal,
                                uint16_t *out_column, tamis_err *err)
{
    tamis_quality_stage *stage = &quality->stages[stage_index];
    const tamis_signal *info = tamis_signal_get(signal);
    char name[COLUMN_NAME_SIZE];

    for (size_t i = stage->first_column; i < quality->column_count; i++) {
        if (quality->columns[i].signal == signal) {
            *out_column = (uint16_t)i;
            return TAMIS_OK;
        }
    }
    tamis_signal_bits_set(info->family == TAMIS_FAMILY_MODEL ? stage->models : stage->wanted,
                          signal);
    (void)snprintf(name, sizeof(name), "%.63s%s%.63s", info->name, stage_index == 0 ? "" : "@",
                   stage->name);
    return add_column(quality, stage_index, name, (uint16_t)signal, TAMIS_LINE_VALUES, out_column,
                      err);
}

/* What a line rule finds is stored beside signals. */
static bool line_value_is_given(const char *rule, tamis_line_value value)
{
    switch (value) {
    case TAMIS_LINE_VALUE_LINES:
    case TAMIS_LINE_VALUE_LINES_KEPT:
        return true;
    case TAMIS_LINE_VALUE_SENTENCES:
        return strncmp(rule, "c4-", 3) == 0 || strcmp(rule, "dclm-c4") == 0;
    case TAMIS_LINE_VALUE_WORDS_BEFORE:
    case TAMIS_LINE_VALUE_WORDS_REMOVED:
        return strcmp(rule, "dclm-lines") == 0;
    case TAMIS_LINE_VALUE_LONG_LINES:
        return strcmp(rule, "mc4-paragraph") == 0;
    case TAMIS_LINE_VALUES:
        break;
    }
    return false;
}

static tamis_status begin_stage(tamis_quality *quality, const char *name)
{
    tamis_quality_stage *stage = &quality->stages[quality->stage_count];

    if (quality->stage_count != 0) {
        quality->stages[quality->stage_count - 1].end_column = quality->column_count;
    }
    *stage = (tamis_quality_stage){.name = name, .first_column = quality->column_count};
    quality->stage_count++;
    return TAMIS_OK;
}

/* What a step that is no rule decided is stored too: an earlier rule may have given the reason, and
 * other rules may be tried later. */
static tamis_status add_drop(tamis_quality *quality, tamis_quality_step *step, const char *name,
                             tamis_err *err)
{
    char text[COLUMN_NAME_SIZE];

    (void)snprintf(text, sizeof(text), "%s.drop", name);
    step->has_drop = true;
    return add_column(quality, step->stage, text, NO_SIGNAL, TAMIS_LINE_VALUES, &step->column, err);
}

static bool can_drop(const tamis_profile_step *step)
{
    return step->kind == STEP_URL ||
           (step->kind == STEP_KEYWORDS &&
            strcmp(step->name, tamis_keyword_action_names[TAMIS_KEYWORDS_DROP]) == 0) ||
           (step->kind == STEP_PII &&
            strcmp(step->name, tamis_pii_action_names[TAMIS_PII_DROP]) == 0);
}

static tamis_status add_edit(tamis_quality *quality, tamis_quality_step *step, tamis_err *err)
{
    const char *name = step->profile->name;
    tamis_status status = TAMIS_OK;
    uint16_t column = 0;

    if (!tamis_line_rule_find(name, &step->line_rule)) {
        return tamis_err_set(err, TAMIS_EARG, "unknown line rules '%s'", name);
    }
    if (tamis_line_rule_drop_reason(step->line_rule, 0) != NULL) {
        status = add_drop(quality, step, name, err);
    }
    if (status == TAMIS_OK) {
        status = begin_stage(quality, name);
    }
    for (int i = 0; status == TAMIS_OK && i < TAMIS_LINE_VALUES; i++) {
        char text[COLUMN_NAME_SIZE];

        if (line_value_is_given(name, (tamis_line_value)i)) {
            (void)snprintf(text, sizeof(text), "%s.%s", name,
                           tamis_line_value_name((tamis_line_value)i));
            status = add_column(quality, (uint16_t)(quality->stage_count - 1), text, NO_SIGNAL,
                                (tamis_line_value)i, &column, err);
        }
    }
    quality->edits_text = true;
    return status;
}

/* Personal data is counted by type where there is such a step. */
static tamis_status add_counts(tamis_quality *quality, const char *prefix, tamis_err *err)
{
    tamis_status status = TAMIS_OK;
    uint16_t column = 0;

    for (size_t i = 0; status == TAMIS_OK && i < tamis_signal_count(); i++) {
        const tamis_signal *signal = tamis_signal_get(i);

        if (signal->family == TAMIS_FAMILY_MODEL &&
            strncmp(signal->name, prefix, strlen(prefix)) == 0) {
            status = need_signal(quality, (uint16_t)(quality->stage_count - 1), i, &column, err);
        }
    }
    return status;
}

static tamis_status plan_step(tamis_quality *quality, size_t index, tamis_err *err)
{
    tamis_quality_step *step = &quality->steps[index];
    const tamis_profile_step *profile = &quality->profile->steps[index];
    tamis_status status = TAMIS_OK;
    size_t signal = 0;

    *step = (tamis_quality_step){.profile = profile, .stage = (uint16_t)(quality->stage_count - 1)};
    switch (profile->kind) {
    case STEP_RULE:
        TAMIS_ASSERT(tamis_signal_find(profile->signal, &signal));
        status = need_signal(quality, step->stage, signal, &step->column, err);
        quality->needs_language |= profile->language_count != 0;
        break;
    case STEP_LANGUAGE:
        quality->needs_language = true;
        break;
    case STEP_KEYWORDS:
        status = add_counts(quality, "keyword_", err);
        break;
    case STEP_PII:
        status = add_counts(quality, "pii_", err);
        break;
    case STEP_EDIT:
    case STEP_URL:
    case STEP_KIND_COUNT:
        break;
    }
    if (status == TAMIS_OK && profile->kind == STEP_EDIT) {
        status = add_edit(quality, step, err);
    }
    if (status == TAMIS_OK && can_drop(profile)) {
        status = add_drop(quality, step, tamis_step_kind_names[profile->kind], err);
    }
    if (status == TAMIS_OK && tamis_needs_step_changes_text(profile)) {
        quality->edits_text = true;
        status = begin_stage(quality, tamis_step_kind_names[profile->kind]);
    }
    if (status == TAMIS_OK && find_rule_reason(quality, index, &step->reason)) {
        step->reason_count = 1;
        return TAMIS_OK;
    }
    return status == TAMIS_OK ? add_reasons(quality, step, err) : status;
}

/* Columns that no rule needs: those that the profile lists, or all that can be computed. */
static tamis_status add_others(tamis_quality *quality, tamis_err *err)
{
    const tamis_profile *profile = quality->profile;
    tamis_status status = TAMIS_OK;
    uint16_t column = 0;
    size_t signal = 0;

    if (profile->mode == TAMIS_QUALITY_VERDICT) {
        return TAMIS_OK;
    }
    for (size_t i = 0; status == TAMIS_OK && i < profile->signal_count; i++) {
        TAMIS_ASSERT(tamis_signal_find(profile->signals[i], &signal));
        status = need_signal(quality, 0, signal, &column, err);
    }
    for (size_t i = 0;
         profile->mode == TAMIS_QUALITY_ALL && status == TAMIS_OK && i < tamis_signal_count();
         i++) {
        const tamis_signal *info = tamis_signal_get(i);

        if (!info->is_line && tamis_needs_are_met(profile, i)) {
            status = need_signal(quality, 0, i, &column, err);
        }
    }
    return status;
}

static bool uses_language(const tamis_quality *quality)
{
    for (size_t i = 0; i < quality->stage_count; i++) {
        if (tamis_needs_language(quality->stages[i].models)) {
            return true;
        }
    }
    return false;
}

tamis_status tamis_quality_plan(tamis_quality *quality, tamis_err *err)
{
    size_t count = quality->profile->step_count;
    tamis_status status = TAMIS_OK;
    uint16_t none = 0;

    quality->columns = calloc(TAMIS_QUALITY_COLUMNS_MAX, sizeof(*quality->columns));
    quality->reasons = calloc(TAMIS_QUALITY_REASONS_MAX, sizeof(*quality->reasons));
    quality->steps = calloc(count + 1, sizeof(*quality->steps));
    quality->stages = calloc(count + 1, sizeof(*quality->stages));
    if (quality->columns == NULL || quality->reasons == NULL || quality->steps == NULL ||
        quality->stages == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a profile");
    }
    status = add_reason(quality, "", &none, err);
    if (status == TAMIS_OK) {
        status = begin_stage(quality, "");
    }
    if (status == TAMIS_OK) {
        status = add_others(quality, err);
    }
    for (size_t i = 0; status == TAMIS_OK && i < count; i++) {
        status = plan_step(quality, i, err);
    }
    quality->stages[quality->stage_count - 1].end_column = quality->column_count;
    quality->needs_language |= uses_language(quality);
    return status;
}
