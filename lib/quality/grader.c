/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "needs.h"
#include "quality_internal.h"

/* What is known of the text in hand. */
struct tamis_grader {
    const tamis_quality *quality;
    tamis_text_view *view;
    tamis_signals *engine;
    tamis_models_scratch *scratch;
    tamis_line_rules *line_rules;
    double *values;  /* of signals, of the stage in hand */
    double *columns; /* of the document */
    tamis_slice text;
    tamis_buf texts[2]; /* two successive stages */
    unsigned text_next;
    uint32_t families; /* VERDICT: computed of this stage; bit (1 << family) */
    tamis_edits step_edits;
    tamis_edits edits; /* of the original */
    tamis_edits composed;
    tamis_edits spans;
    bool has_spans;
    uint16_t stage;
    uint16_t reason;
    bool has_ended; /* nothing behind this step is looked at */
    char language[TAMIS_QUALITY_LANGUAGE_SIZE];
    double language_score;
};

tamis_status tamis_grader_create(const tamis_quality *quality, tamis_grader **out_grader,
                                 tamis_err *err)
{
    tamis_grader *grader = calloc(1, sizeof(*grader));
    tamis_status status = TAMIS_OK;

    if (grader == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory to grade texts");
    }
    grader->quality = quality;
    tamis_buf_init(&grader->texts[0], 0);
    tamis_buf_init(&grader->texts[1], 0);
    tamis_edits_init(&grader->step_edits);
    tamis_edits_init(&grader->edits);
    tamis_edits_init(&grader->composed);
    tamis_edits_init(&grader->spans);
    grader->values = calloc(tamis_signal_count(), sizeof(*grader->values));
    grader->columns = calloc(quality->column_count + 1, sizeof(*grader->columns));
    if (grader->values == NULL || grader->columns == NULL) {
        status = tamis_err_set(err, TAMIS_ENOMEM, "no memory to grade texts");
    }
    if (status == TAMIS_OK) {
        status = tamis_text_view_create(&grader->view, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_signals_create(tamis_models_lists(quality->models), &grader->engine, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_models_scratch_create(quality->models, &grader->scratch, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_line_rules_create(NULL, &grader->line_rules, err);
    }
    if (status != TAMIS_OK) {
        tamis_grader_destroy(grader);
        return status;
    }
    *out_grader = grader;
    return TAMIS_OK;
}

void tamis_grader_destroy(tamis_grader *grader)
{
    if (grader == NULL) {
        return;
    }
    tamis_line_rules_destroy(grader->line_rules);
    tamis_models_scratch_destroy(grader->scratch);
    tamis_signals_destroy(grader->engine);
    tamis_text_view_destroy(grader->view);
    tamis_edits_fini(&grader->spans);
    tamis_edits_fini(&grader->composed);
    tamis_edits_fini(&grader->edits);
    tamis_edits_fini(&grader->step_edits);
    tamis_buf_fini(&grader->texts[1]);
    tamis_buf_fini(&grader->texts[0]);
    free(grader->columns);
    free(grader->values);
    free(grader);
}

/* ---- Stages ---- */

static void store_columns(tamis_grader *grader, const tamis_quality_stage *stage)
{
    for (size_t i = stage->first_column; i < stage->end_column; i++) {
        uint16_t signal = grader->quality->columns[i].signal;

        if (signal != NO_SIGNAL) {
            grader->columns[i] = grader->values[signal];
        }
    }
}

/* What was computed of a text holds for the next stage too, when its step changed nothing. */
static void turn_to(tamis_grader *grader, tamis_slice text)
{
    grader->text = text;
    tamis_text_view_set(grader->view, text);
    tamis_signals_begin(grader->engine, grader->view);
}

/* Begins a stage on the text in hand. Without VERDICT all that its columns need is computed at
 * once. */
static tamis_status begin_stage(tamis_grader *grader, tamis_err *err)
{
    const tamis_quality *quality = grader->quality;
    const tamis_quality_stage *stage = &quality->stages[grader->stage];
    const tamis_slice text = grader->text;
    tamis_status status = TAMIS_OK;

    grader->families = 0;
    for (size_t i = stage->first_column; i < stage->end_column; i++) {
        if (quality->columns[i].signal != NO_SIGNAL) {
            grader->values[quality->columns[i].signal] = (double)NAN;
        }
    }
    if (grader->stage == 0 && quality->needs_language) {
        status = tamis_models_language(grader->scratch, text, grader->language,
                                       &grader->language_score, err);
    }
    if (status != TAMIS_OK || quality->profile->mode == TAMIS_QUALITY_VERDICT) {
        return status;
    }
    status = tamis_signals_compute(grader->engine, stage->wanted, grader->values, err);
    if (status == TAMIS_OK) {
        status = tamis_models_signals(grader->scratch, text, grader->language,
                                      grader->language_score, stage->models, grader->values, err);
    }
    store_columns(grader, stage);
    return status;
}

/* VERDICT: the signals of the rule's family, which share their work. */
static tamis_status compute_family(tamis_grader *grader, const tamis_quality_step *step,
                                   tamis_err *err)
{
    const tamis_quality_stage *stage = &grader->quality->stages[grader->stage];
    size_t signal = grader->quality->columns[step->column].signal;
    tamis_signal_family family = tamis_signal_get(signal)->family;
    uint64_t wanted[TAMIS_SIGNAL_WORDS] = {0};
    bool is_model = family == TAMIS_FAMILY_MODEL;
    tamis_status status = TAMIS_OK;

    if ((grader->families >> family & 1) != 0) {
        return TAMIS_OK;
    }
    grader->families |= 1u << family;
    tamis_signal_bits_add_family(wanted, family);
    for (size_t i = 0; i < TAMIS_SIGNAL_WORDS; i++) {
        wanted[i] &= is_model ? stage->models[i] : stage->wanted[i];
    }
    status = is_model ? tamis_models_signals(grader->scratch, grader->text, grader->language,
                                             grader->language_score, wanted, grader->values, err)
                      : tamis_signals_compute(grader->engine, wanted, grader->values, err);
    store_columns(grader, stage);
    return status;
}

/* Makes the text that the edits of a step leave the text in hand. */
static tamis_status enter_next_stage(tamis_grader *grader, tamis_err *err)
{
    tamis_buf *next = &grader->texts[grader->text_next];
    tamis_status status = TAMIS_OK;

    grader->stage++;
    if (grader->step_edits.count == 0) {
        return begin_stage(grader, err);
    }
    tamis_buf_reset(next);
    status = tamis_edits_apply(&grader->step_edits, grader->text, next);
    if (status == TAMIS_OK) {
        status = tamis_edits_compose(&grader->edits, &grader->step_edits, &grader->composed);
    }
    if (status != TAMIS_OK) {
        return tamis_err_set(err, status, "the edits of a text: %s", tamis_status_text(status));
    }
    {
        tamis_edits swap = grader->edits;

        grader->edits = grader->composed;
        grader->composed = swap;
    }
    grader->text_next ^= 1u;
    turn_to(grader, tamis_buf_slice(next));
    return begin_stage(grader, err);
}

/* ---- Steps ---- */

static void drop(tamis_grader *grader, uint16_t reason)
{
    grader->reason = grader->reason == 0 ? reason : grader->reason;
    grader->has_ended |= grader->quality->profile->mode == TAMIS_QUALITY_VERDICT;
}

static tamis_status run_rule(tamis_grader *grader, const tamis_quality_step *step, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    if (!tamis_quality_rule_holds(step->profile, grader->language)) {
        return TAMIS_OK;
    }
    if (grader->quality->profile->mode == TAMIS_QUALITY_VERDICT) {
        status = compute_family(grader, step, err);
    }
    if (status == TAMIS_OK &&
        tamis_quality_rule_fails(step->profile, grader->columns[step->column])) {
        drop(grader, step->reason);
    }
    return status;
}

/* A line rule gives none but the reasons that it lists. */
static uint16_t find_reason(const tamis_quality *quality, const tamis_quality_step *step,
                            const char *name)
{
    uint16_t at = 0;

    while (at < step->reason_count && strcmp(quality->reasons[step->reason + at], name) != 0) {
        at++;
    }
    TAMIS_ASSERT(at < step->reason_count);
    return (uint16_t)(step->reason + at);
}

/* Into the step's column; reason 0: it does not drop the document. */
static void keep_drop(tamis_grader *grader, const tamis_quality_step *step, uint16_t reason)
{
    if (step->has_drop) {
        grader->columns[step->column] = reason == 0 ? 0 : (double)(reason - step->reason + 1);
    }
}

static tamis_status run_edit(tamis_grader *grader, const tamis_quality_step *step, tamis_err *err)
{
    const tamis_quality *quality = grader->quality;
    const tamis_quality_stage *next = &quality->stages[step->stage + 1];
    tamis_line_result result;
    tamis_status status = tamis_line_rules_run(grader->line_rules, step->line_rule, grader->text,
                                               &grader->step_edits, &result, err);

    if (status != TAMIS_OK) {
        return status;
    }
    for (size_t i = next->first_column; i < next->end_column; i++) {
        if (quality->columns[i].signal == NO_SIGNAL &&
            quality->columns[i].line_value != TAMIS_LINE_VALUES) {
            grader->columns[i] = result.values[quality->columns[i].line_value];
        }
    }
    if (result.drop_reason != NULL) {
        uint16_t reason = find_reason(quality, step, result.drop_reason);

        keep_drop(grader, step, reason);
        drop(grader, reason);
        grader->has_ended = true;
        return TAMIS_OK;
    }
    keep_drop(grader, step, 0);
    return enter_next_stage(grader, err);
}

/* Spans of a later stage stand where their bytes come from. */
static tamis_status keep_spans(tamis_grader *grader, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    tamis_edits_reset(&grader->spans);
    for (size_t i = 0; status == TAMIS_OK && i < grader->step_edits.count; i++) {
        const tamis_edit *edit = &grader->step_edits.items[i];
        size_t begin = tamis_edits_original_offset(&grader->edits, edit->begin);
        size_t end = tamis_edits_original_offset(&grader->edits, edit->end);

        status = tamis_edits_cut(&grader->spans, (uint32_t)begin, (uint32_t)end, edit->reason);
    }
    grader->has_spans = grader->spans.count != 0;
    return status == TAMIS_OK
               ? status
               : tamis_err_set(err, status, "spans of a text: %s", tamis_status_text(status));
}

static tamis_status run_lists(tamis_grader *grader, const tamis_quality_step *step, tamis_slice url,
                              tamis_err *err)
{
    const tamis_quality_stage *stage = &grader->quality->stages[step->stage];
    bool changes = tamis_needs_step_changes_text(step->profile);
    unsigned reason = 0;
    tamis_status status =
        tamis_models_step(grader->scratch, (size_t)(step - grader->quality->steps), grader->text,
                          url, &grader->step_edits, grader->values, &reason, err);

    if (status != TAMIS_OK) {
        return status;
    }
    store_columns(grader, stage);
    keep_drop(grader, step, reason == 0 ? 0 : (uint16_t)(step->reason + reason - 1));
    if (reason != 0) {
        TAMIS_ASSERT(step->has_drop);
        TAMIS_ASSERT(reason <= step->reason_count);
        drop(grader, (uint16_t)(step->reason + reason - 1));
    }
    if (!changes) {
        return step->profile->kind == STEP_PII ? keep_spans(grader, err) : TAMIS_OK;
    }
    return grader->has_ended ? TAMIS_OK : enter_next_stage(grader, err);
}

static tamis_status run_step(tamis_grader *grader, const tamis_quality_step *step, tamis_slice url,
                             tamis_err *err)
{
    switch (step->profile->kind) {
    case STEP_RULE:
        return run_rule(grader, step, err);
    case STEP_LANGUAGE:
        if (tamis_quality_language_fails(step->profile, grader->language, grader->language_score)) {
            drop(grader, step->reason);
        }
        return TAMIS_OK;
    case STEP_EDIT:
        return run_edit(grader, step, err);
    case STEP_URL:
    case STEP_KEYWORDS:
    case STEP_PII:
        return run_lists(grader, step, url, err);
    case STEP_KIND_COUNT:
        break;
    }
    return TAMIS_OK;
}

static void reset(tamis_grader *grader)
{
    for (size_t i = 0; i < grader->quality->column_count; i++) {
        grader->columns[i] = (double)NAN;
    }
    tamis_edits_reset(&grader->edits);
    tamis_edits_reset(&grader->spans);
    grader->has_spans = false;
    grader->stage = 0;
    grader->reason = 0;
    grader->has_ended = false;
    grader->language[0] = '\0';
    grader->language_score = (double)NAN;
}

tamis_status tamis_grader_run(tamis_grader *grader, tamis_slice text, tamis_slice url,
                              tamis_grade *out_grade, tamis_err *err)
{
    const tamis_quality *quality = grader->quality;
    tamis_status status = TAMIS_OK;

    if (text.size >= UINT32_MAX) {
        return tamis_err_set(err, TAMIS_ELIMIT, "a text of 4 GiB or more cannot be graded");
    }
    reset(grader);
    turn_to(grader, text);
    status = begin_stage(grader, err);
    for (size_t i = 0; status == TAMIS_OK && !grader->has_ended && i < quality->profile->step_count;
         i++) {
        status = run_step(grader, &quality->steps[i], url, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    *out_grade = (tamis_grade){
        .reason = grader->reason,
        .language_score = grader->language_score,
        .values = grader->columns,
        .text = grader->text,
        .edits = grader->edits.count == 0 ? NULL : &grader->edits,
        .spans = grader->has_spans ? &grader->spans : NULL,
    };
    memcpy(out_grade->language, grader->language, sizeof(out_grade->language));
    return TAMIS_OK;
}
