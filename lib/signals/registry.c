/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <string.h>

#include "tamis/signals.h"
#include "tamis/suggest.h"

static const tamis_signal signals[] = {
#define X(name, family, is_line, definition, denominator, null_when, profiles, source)             \
    {#name, TAMIS_FAMILY_##family, is_line, definition, denominator, null_when, profiles, source},
#include "signal_table.h"
#undef X
};

static const char *const names[] = {
#define X(name, family, is_line, definition, denominator, null_when, profiles, source) #name,
#include "signal_table.h"
#undef X
};

#define SIGNAL_COUNT (sizeof(signals) / sizeof(signals[0]))

static_assert(SIGNAL_COUNT <= TAMIS_SIGNALS_MAX, "TAMIS_SIGNALS_MAX is too small");

static const char *const family_names[TAMIS_FAMILY_COUNT] = {
    [TAMIS_FAMILY_LENGTHS] = "lengths",
    [TAMIS_FAMILY_DATATROVE_LINES] = "datatrove-lines",
    [TAMIS_FAMILY_DATATROVE_WS] = "datatrove-ws",
    [TAMIS_FAMILY_DATATROVE_UAX29] = "datatrove-uax29",
    [TAMIS_FAMILY_DATATROVE_TREEBANK] = "datatrove-treebank",
    [TAMIS_FAMILY_DATATROVE_SENTENCES] = "datatrove-sentences",
    [TAMIS_FAMILY_DOLMA] = "dolma",
    [TAMIS_FAMILY_DOLMA_C4] = "dolma-c4",
    [TAMIS_FAMILY_DCLM] = "dclm",
    [TAMIS_FAMILY_DCLM_LINES] = "dclm-lines",
    [TAMIS_FAMILY_RPV2] = "rpv2",
    [TAMIS_FAMILY_RPV2_LINES] = "rpv2-lines",
    [TAMIS_FAMILY_BIGSCIENCE] = "bigscience",
    [TAMIS_FAMILY_DATA_JUICER] = "data-juicer",
    [TAMIS_FAMILY_DATATROVE_DUPLICATES] = "datatrove-duplicates",
    [TAMIS_FAMILY_WS_NGRAMS] = "ws-ngrams",
    [TAMIS_FAMILY_DATATROVE_WS_NGRAMS] = "datatrove-ws-ngrams",
    [TAMIS_FAMILY_DATATROVE_UAX29_NGRAMS] = "datatrove-uax29-ngrams",
    [TAMIS_FAMILY_DATATROVE_TREEBANK_NGRAMS] = "datatrove-treebank-ngrams",
    [TAMIS_FAMILY_DATATROVE_SENTENCES_NGRAMS] = "datatrove-sentences-ngrams",
    [TAMIS_FAMILY_DCLM_NGRAMS] = "dclm-ngrams",
    [TAMIS_FAMILY_RPV2_NGRAMS] = "rpv2-ngrams",
    [TAMIS_FAMILY_SENTENCES] = "sentences",
    [TAMIS_FAMILY_MODEL] = "model",
};

const char *tamis_signal_family_name(tamis_signal_family family)
{
    TAMIS_ASSERT(family < TAMIS_FAMILY_COUNT);
    return family_names[family];
}

size_t tamis_signal_count(void)
{
    return SIGNAL_COUNT;
}

const tamis_signal *tamis_signal_get(size_t index)
{
    TAMIS_ASSERT(index < SIGNAL_COUNT);
    return &signals[index];
}

bool tamis_signal_find(const char *name, size_t *out_index)
{
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        if (strcmp(name, names[i]) == 0) {
            *out_index = i;
            return true;
        }
    }
    return false;
}

const char *tamis_signal_suggest(const char *name)
{
    return tamis_suggest(name, names, SIGNAL_COUNT);
}

void tamis_signal_bits_add_family(uint64_t bits[TAMIS_SIGNAL_WORDS], tamis_signal_family family)
{
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        if (signals[i].family == family) {
            tamis_signal_bits_set(bits, i);
        }
    }
}
