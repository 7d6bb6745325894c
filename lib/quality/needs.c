/* SPDX-License-Identifier: Apache-2.0 */
#include "needs.h"

#include <string.h>

#include "step_names.h"
#include "tamis/pii.h"

#define PII_USUAL (1u << TAMIS_PII_EMAIL | 1u << TAMIS_PII_IPV4 | 1u << TAMIS_PII_IPV6)

/* Signals of files, and those of the language; others need nothing. */
static const struct {
    const char *signal;
    tamis_profile_role role;
    bool needs_language;
} needs[] = {
    {"language_score", ROLE_COUNT, true},
    {"ccnet_language_score", ROLE_COUNT, true},
    {"perplexity", ROLE_LM, false},
    {"ccnet_perplexity", ROLE_LM, false},
    {"ccnet_bucket", ROLE_LM, true},
    {"classifier_score", ROLE_CLASSIFIER, false},
    {"rps_doc_stop_word_fraction", ROLE_STOP_WORDS, false},
    {"bigscience_stop_words_ratio", ROLE_STOP_WORDS, false},
    {"rps_doc_ldnoobw_words", ROLE_FLAGGED_WORDS, false},
    {"bigscience_flagged_words_ratio", ROLE_FLAGGED_WORDS, false},
};

#define NEED_COUNT (sizeof(needs) / sizeof(needs[0]))

static size_t need_of(size_t signal)
{
    const char *name = tamis_signal_get(signal)->name;
    size_t at = 0;

    while (at < NEED_COUNT && strcmp(needs[at].signal, name) != 0) {
        at++;
    }
    return at;
}

tamis_profile_role tamis_needs_signal_role(size_t signal)
{
    size_t need = need_of(signal);

    return need == NEED_COUNT ? ROLE_COUNT : needs[need].role;
}

tamis_profile_role tamis_needs_step_role(const tamis_profile_step *step)
{
    size_t signal = 0;

    switch (step->kind) {
    case STEP_RULE:
        TAMIS_ASSERT(tamis_signal_find(step->signal, &signal));
        return tamis_needs_signal_role(signal);
    case STEP_URL:
        return ROLE_BLOCKLIST;
    case STEP_KEYWORDS:
        return ROLE_KEYWORDS;
    case STEP_EDIT:
    case STEP_LANGUAGE:
    case STEP_PII:
    case STEP_KIND_COUNT:
        break;
    }
    return ROLE_COUNT;
}

bool tamis_needs_are_met(const tamis_profile *profile, size_t signal)
{
    const tamis_signal *info = tamis_signal_get(signal);
    size_t need = need_of(signal);

    if (need == NEED_COUNT) {
        return info->family != TAMIS_FAMILY_MODEL;
    }
    return needs[need].role == ROLE_COUNT ||
           tamis_profile_find_file(profile, needs[need].role) != NULL;
}

bool tamis_needs_language(const uint64_t signals[TAMIS_SIGNAL_WORDS])
{
    for (size_t i = 0; i < NEED_COUNT; i++) {
        size_t signal = 0;

        if (needs[i].needs_language && tamis_signal_find(needs[i].signal, &signal) &&
            tamis_signal_bits_has(signals, signal)) {
            return true;
        }
    }
    return false;
}

bool tamis_needs_step_changes_text(const tamis_profile_step *step)
{
    return (step->kind == STEP_KEYWORDS &&
            strcmp(step->name, tamis_keyword_action_names[TAMIS_KEYWORDS_DROP_LINE]) == 0) ||
           (step->kind == STEP_PII &&
            strcmp(step->name, tamis_pii_action_names[TAMIS_PII_MASK]) == 0);
}

tamis_status tamis_needs_pii_types(const char *types, uint32_t *out_types, tamis_err *err)
{
    if (types[0] == '\0') {
        *out_types = PII_USUAL;
        return TAMIS_OK;
    }
    return tamis_pii_types_parse(types, out_types, err);
}
