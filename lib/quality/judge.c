/* SPDX-License-Identifier: Apache-2.0 */
/* Rules on numbers that were computed before. */
#include <math.h>
#include <string.h>

#include "quality_internal.h"

bool tamis_quality_rule_fails(const tamis_profile_step *step, double value)
{
    if (isnan(value)) {
        return step->null_drops;
    }
    switch (step->operator) {
    case OPERATOR_BELOW:
        return value < step->limit;
    case OPERATOR_AT_MOST:
        return value <= step->limit;
    case OPERATOR_ABOVE:
        return value > step->limit;
    case OPERATOR_AT_LEAST:
        return value >= step->limit;
    case OPERATOR_COUNT:
        break;
    }
    return false;
}

static bool changes_or_looks(const tamis_profile_step *step)
{
    return step->kind != STEP_RULE && step->kind != STEP_LANGUAGE;
}

/* The next step from *position on that is neither a rule nor the language; NULL: none. */
static const tamis_profile_step *next_other(const tamis_profile *profile, size_t *position)
{
    while (*position < profile->step_count) {
        const tamis_profile_step *step = &profile->steps[(*position)++];

        if (changes_or_looks(step)) {
            return step;
        }
    }
    return NULL;
}

static bool is_same_step(const tamis_profile_step *a, const tamis_profile_step *b)
{
    return a->kind == b->kind && a->limit == b->limit && strcmp(a->reason, b->reason) == 0 &&
           strcmp(a->name, b->name) == 0 && strcmp(a->types, b->types) == 0 &&
           strcmp(a->key, b->key) == 0;
}

static tamis_status check_other_steps(const tamis_profile *wanted, const tamis_profile *stored,
                                      tamis_err *err)
{
    size_t wanted_at = 0;
    size_t stored_at = 0;

    for (;;) {
        const tamis_profile_step *a = next_other(wanted, &wanted_at);
        const tamis_profile_step *b = next_other(stored, &stored_at);

        if (a == NULL && b == NULL) {
            return TAMIS_OK;
        }
        if (a == NULL || b == NULL || !is_same_step(a, b)) {
            const tamis_profile_step *step = a == NULL ? b : a;

            return tamis_err_set(
                err, TAMIS_EARG,
                "step '%s %s' of profile '%s' looks at the text and is not the same in '%s': "
                "stored values do not suffice; run again from the input",
                tamis_step_kind_names[step->kind],
                step->name[0] == '\0' ? step->reason : step->name,
                a == NULL ? stored->name : wanted->name, a == NULL ? wanted->name : stored->name);
        }
    }
}

tamis_status tamis_quality_map(const tamis_quality *quality, const tamis_quality *stored,
                               uint16_t *out_map, tamis_err *err)
{
    if (stored->profile->mode == TAMIS_QUALITY_VERDICT) {
        return tamis_err_set(err, TAMIS_EARG,
                             "the run kept no signals (--signals none); run again from the input");
    }
    for (size_t i = 0; i < quality->column_count; i++) {
        size_t at = 0;

        while (at < stored->column_count &&
               strcmp(stored->columns[at].name, quality->columns[i].name) != 0) {
            at++;
        }
        if (at == stored->column_count) {
            return tamis_err_set(err, TAMIS_EARG,
                                 "the run did not store '%s'; run again from the input, with "
                                 "--signals all for all that can be computed",
                                 quality->columns[i].name);
        }
        out_map[i] = (uint16_t)at;
    }
    if (quality->needs_language && !stored->needs_language) {
        return tamis_err_set(err, TAMIS_EARG,
                             "the run did not look for languages; run again from the input");
    }
    return check_other_steps(quality->profile, stored->profile, err);
}

bool tamis_quality_language_fails(const tamis_profile_step *step, const char *language,
                                  double score)
{
    return (step->language_count != 0 && !tamis_profile_step_has_language(step, language)) ||
           !(score >= step->score_min);
}

bool tamis_quality_rule_holds(const tamis_profile_step *step, const char *language)
{
    return step->language_count == 0 || tamis_profile_step_has_language(step, language);
}

uint16_t tamis_quality_judge(const tamis_quality *quality, const double *values,
                             const char *language, double language_score, uint16_t stored_reason)
{
    for (size_t i = 0; i < quality->profile->step_count; i++) {
        const tamis_quality_step *step = &quality->steps[i];
        const tamis_profile_step *profile = step->profile;
        bool fails = false;

        switch (profile->kind) {
        case STEP_RULE:
            fails = tamis_quality_rule_holds(profile, language) &&
                    tamis_quality_rule_fails(profile, values[step->column]);
            break;
        case STEP_LANGUAGE:
            fails = tamis_quality_language_fails(profile, language, language_score);
            break;
        case STEP_EDIT:
        case STEP_URL:
        case STEP_KEYWORDS:
        case STEP_PII:
        case STEP_KIND_COUNT:
            if (stored_reason >= step->reason &&
                stored_reason < step->reason + step->reason_count) {
                return stored_reason;
            }
            break;
        }
        if (fails) {
            return step->reason;
        }
    }
    return 0;
}
