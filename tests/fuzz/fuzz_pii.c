/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes, repaired: spans are in order and inside the text, the work is bounded, and masking
 * gives a text. The first byte chooses rules and style. */
#include "tamis/pii.h"
#include "tamis/utf8.h"

#define STEPS_MAX 1000 /* a byte */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const tamis_pii_span *spans = NULL;
    tamis_pii *pii = NULL;
    tamis_edits edits;
    tamis_buf copy;
    tamis_buf text;
    size_t count = 0;
    size_t done = 0;

    if (size < 1) {
        return 0;
    }
    tamis_pii_settings settings = {.types = TAMIS_PII_ALL,
                                   .rules = (tamis_pii_rules)(data[0] % TAMIS_PII_RULES_COUNT),
                                   .style = (tamis_pii_style)(data[0] / 2 % TAMIS_PII_STYLE_COUNT),
                                   .key = tamis_slice_of_string("key")};

    tamis_edits_init(&edits);
    tamis_buf_init(&copy, 0);
    tamis_buf_init(&text, 0);
    TAMIS_ASSERT(tamis_buf_append(&copy, data + 1, size - 1) == TAMIS_OK);
    TAMIS_ASSERT(tamis_buf_reserve(&copy, 1) == TAMIS_OK);
    TAMIS_ASSERT(tamis_buf_reserve(&text, 1) == TAMIS_OK);
    TAMIS_ASSERT(tamis_utf8_repair(tamis_buf_slice(&copy), &text) == TAMIS_OK);
    TAMIS_ASSERT(tamis_pii_create(&settings, &pii, NULL) == TAMIS_OK);
    TAMIS_ASSERT(tamis_pii_scan(pii, tamis_buf_slice(&text), &spans, &count, NULL) == TAMIS_OK);
    for (size_t i = 0; i < count; i++) {
        TAMIS_ASSERT(spans[i].begin >= done && spans[i].end > spans[i].begin);
        TAMIS_ASSERT(spans[i].type < TAMIS_PII_TYPE_COUNT);
        TAMIS_ASSERT(tamis_pii_detail_name(&spans[i]) != NULL);
        done = spans[i].end;
    }
    TAMIS_ASSERT(done <= text.size);
    TAMIS_ASSERT(tamis_pii_steps(pii) <= (text.size + 1) * STEPS_MAX);
    TAMIS_ASSERT(tamis_pii_mask(pii, tamis_buf_slice(&text), &edits) == TAMIS_OK);
    tamis_buf_reset(&copy);
    TAMIS_ASSERT(tamis_edits_apply(&edits, tamis_buf_slice(&text), &copy) == TAMIS_OK);
    TAMIS_ASSERT(tamis_utf8_valid_prefix(tamis_buf_slice(&copy)) == copy.size);
    tamis_pii_destroy(pii);
    tamis_edits_fini(&edits);
    tamis_buf_fini(&copy);
    tamis_buf_fini(&text);
    return 0;
}
