/* SPDX-License-Identifier: Apache-2.0 */
/* Repetition over words of `ws`: as Gopher's paper has it, with RedPajama-V2's mask; dolma's. */
#include "engine.h"

#define TOP_ORDER_MAX 4

tamis_status tamis_run_ws_ngrams(tamis_signals *engine, tamis_err *err)
{
    double *gopher = engine->values + SIG_gopher_top_2gram;
    double *dolma = engine->values + SIG_dolma_gopher_fraction_of_characters_in_most_common_2grams;
    tamis_split *split = NULL;
    tamis_status status = tamis_engine_hashes(engine, TAMIS_SPLITTER_WS, &split, err);

    if (status == TAMIS_OK) {
        status = tamis_engine_grams(engine, split, TAMIS_NGRAM_ORDER_MAX, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    for (size_t n = 2; n <= TAMIS_NGRAM_ORDER_MAX; n++) {
        const tamis_ngram_order *order = &split->grams.orders[n];
        uint64_t top = order->top_chars * order->top_count;

        if (n <= TOP_ORDER_MAX) {
            gopher[n - 2] = order->repeated_count == 0 ? 0.0 : tamis_share(top, split->grams.chars);
        } else {
            gopher[n - 2] = tamis_share(order->covered_chars, split->grams.chars);
        }
        if (split->words.count >= n) {
            dolma[n - 2] = n <= TOP_ORDER_MAX
                               ? tamis_ratio(top, split->grams.chars)
                               : tamis_ratio(order->repeated_chars, order->all_chars);
        }
    }
    return TAMIS_OK;
}
