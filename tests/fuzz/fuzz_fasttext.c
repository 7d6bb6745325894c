/* SPDX-License-Identifier: Apache-2.0 */
/* Models of fastText: what opens predicts a line, made of the file's own bytes too, with
 * probabilities between 0 and 1. */
#include "tamis/fasttext.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void predict(const tamis_fasttext *model, tamis_slice text)
{
    tamis_fasttext_scratch *scratch = NULL;
    tamis_fasttext_prediction best[3];
    size_t count = 0;

    if (tamis_fasttext_scratch_create(model, &scratch, NULL) != TAMIS_OK) {
        return;
    }
    if (tamis_fasttext_predict(scratch, text, best, 3, &count, NULL) == TAMIS_OK) {
        TAMIS_ASSERT(count <= 3);
        for (size_t i = 0; i < count; i++) {
            TAMIS_ASSERT(best[i].label < tamis_fasttext_label_count(model));
            TAMIS_ASSERT(best[i].score >= 0 && best[i].score <= 1);
        }
    }
    tamis_fasttext_scratch_destroy(scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tamis_fasttext *model = NULL;

    if (tamis_fasttext_open_memory(tamis_slice_of(data, size), "fuzz", &model, NULL) == TAMIS_OK) {
        predict(model, tamis_slice_of_string("aa bb \xC3\xA9\xE4\xB8\xAD __label__x a </s> bb"));
        predict(model, tamis_slice_of(data, size < 2000 ? size : 2000));
        tamis_fasttext_destroy(model);
    }
    return 0;
}
