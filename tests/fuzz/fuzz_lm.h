/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_lm.h - opens bytes as a model and, where they are one, scores a few sentences with it. */
#ifndef TAMIS_FUZZ_LM_H
#define TAMIS_FUZZ_LM_H

#include "tamis/lm.h"

/* What was scored goes here, so that scoring is not left out. */
static volatile double sink;

static inline void fuzz_lm_try(tamis_slice bytes)
{
    static const char *const sentences[] = {"", "a", "a b a b", "b a zz <unk> <s> a </s> b a a"};
    tamis_lm *model = NULL;
    tamis_lm_scorer *scorer = NULL;
    tamis_err err;

    if (tamis_lm_open_memory(bytes, "fuzz", &model, &err) != TAMIS_OK) {
        return;
    }
    if (tamis_lm_scorer_create(model, &scorer, &err) == TAMIS_OK) {
        for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++) {
            tamis_lm_total total;

            if (tamis_lm_scorer_run(scorer, tamis_slice_of_string(sentences[i]), &total, &err) ==
                TAMIS_OK) {
                sink = total.log10;
            }
        }
    }
    tamis_lm_scorer_destroy(scorer);
    tamis_lm_destroy(model);
}

#endif
