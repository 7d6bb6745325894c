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

static tamis_status check_modes(const tamis_profile *wanted, const tamis_profile *stored,
                                tamis_err *err)
{
    if (stored->mode == TAMIS_QUALITY_VERDICT) {
        return tamis_err_set(err, TAMIS_EARG,
                             "the run kept no signals (--signals none); run again from the input");
    }
    return wanted->mode != TAMIS_QUALITY_VERDICT
               ? TAMIS_OK
               : tamis_err_set(err, TAMIS_EARG,
                               "profile '%s' asks for verdicts without signals (--signals none), "
                               "which are there already; leave that out",
                               wanted->name);
}

/* The next file of that role from *position on; NULL: none. */
static const tamis_profile_file *next_file(const tamis_profile *profile, tamis_profile_role role,
                                           size_t *position)
{
    while (*position < profile->file_count) {
        const tamis_profile_file *file = &profile->files[(*position)++];

        if (file->role == role) {
            return file;
        }
    }
    return NULL;
}

/* A value of another model or list is another value. */
static tamis_status check_files(const tamis_quality *wanted, const tamis_quality *stored,
                                tamis_err *err)
{
    for (unsigned i = 0; i < ROLE_COUNT; i++) {
        tamis_profile_role role = (tamis_profile_role)i;
        size_t wanted_at = 0;
        size_t stored_at = 0;
        const tamis_profile_file *a = next_file(wanted->profile, role, &wanted_at);
        const tamis_profile_file *b = next_file(stored->profile, role, &stored_at);

        if (a == NULL && (role != ROLE_LANGUAGE_MODEL || !wanted->needs_language)) {
            continue;
        }
        while (a != NULL && b != NULL && tamis_digest_is_equal(a->digest, b->digest)) {
            a = next_file(wanted->profile, role, &wanted_at);
            b = next_file(stored->profile, role, &stored_at);
        }
        if (a != NULL || b != NULL) {
            return tamis_err_set(err, TAMIS_EARG,
                                 "the %s is %s and was %s in the run, so that its values do not "
                                 "serve; name the same file, or run again from the input",
                                 tamis_profile_role_names[role], a == NULL ? "not given" : a->path,
                                 b == NULL ? "not given" : b->path);
        }
    }
    return TAMIS_OK;
}

/* What else the values of signals depend on. */
static tamis_status check_texts(const tamis_quality *wanted, const tamis_quality *stored,
                                tamis_err *err)
{
    const tamis_profile *a = wanted->profile;
    const tamis_profile *b = stored->profile;
    bool is_same = a->stop_word_count == b->stop_word_count;

    for (size_t i = 0; is_same && i < a->stop_word_count; i++) {
        is_same = strcmp(a->stop_words[i], b->stop_words[i]) == 0;
    }
    if (!is_same) {
        return tamis_err_set(err, TAMIS_EARG,
                             "gopher_stop_words of profile '%s' are not those of '%s'; run again "
                             "from the input",
                             a->name, b->name);
    }
    if (!wanted->needs_language) {
        return TAMIS_OK;
    }
    if (!stored->needs_language) {
        return tamis_err_set(err, TAMIS_EARG,
                             "the run did not look for languages; run again from the input");
    }
    return a->language_bytes == b->language_bytes && a->language_text == b->language_text
               ? TAMIS_OK
               : tamis_err_set(err, TAMIS_EARG,
                               "profile '%s' looks for the language in other bytes of the text "
                               "than '%s' (language_bytes, language_text); run again from the "
                               "input",
                               a->name, b->name);
}

static bool is_same_column(const tamis_quality_column_info *a, const tamis_quality_column_info *b)
{
    return a->stage == b->stage && strcmp(a->name, b->name) == 0;
}

/* Steps may repeat: the n-th column of a name is found in the n-th one. column_count: none. */
static size_t find_column(const tamis_quality *quality, size_t column, const tamis_quality *stored)
{
    const tamis_quality_column_info *info = &quality->columns[column];
    size_t before = 0;
    size_t at = 0;

    for (size_t i = 0; i < column; i++) {
        before += is_same_column(&quality->columns[i], info) ? 1 : 0;
    }
    for (; at < stored->column_count; at++) {
        if (is_same_column(&stored->columns[at], info) && before-- == 0) {
            break;
        }
    }
    return at;
}

tamis_status tamis_quality_map(const tamis_quality *quality, const tamis_quality *stored,
                               uint16_t *out_map, tamis_err *err)
{
    tamis_status status = check_modes(quality->profile, stored->profile, err);

    if (status == TAMIS_OK) {
        status = check_other_steps(quality->profile, stored->profile, err);
    }
    if (status == TAMIS_OK) {
        status = check_texts(quality, stored, err);
    }
    if (status == TAMIS_OK) {
        status = check_files(quality, stored, err);
    }
    for (size_t i = 0; status == TAMIS_OK && i < quality->column_count; i++) {
        size_t at = find_column(quality, i, stored);

        if (at == stored->column_count) {
            return tamis_err_set(err, TAMIS_EARG,
                                 "the run did not store '%s'; run again from the input, with "
                                 "--signals all for all that can be computed",
                                 quality->columns[i].name);
        }
        out_map[i] = (uint16_t)at;
    }
    return status;
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
                             const char *language, double language_score)
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
            if (step->has_drop && values[step->column] >= 1) {
                return (uint16_t)(step->reason + (uint16_t)values[step->column] - 1);
            }
            break;
        }
        if (fails) {
            return step->reason;
        }
    }
    return 0;
}
