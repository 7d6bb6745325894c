/* SPDX-License-Identifier: Apache-2.0 */
/* Any text: with every kernel its words, lines and counts are those of a plain reading. */
#include <stdint.h>

#include "reference_words.h"
#include "tamis/cpu.h"
#include "tamis/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tamis_text_view *view = NULL;
    tamis_buf raw;
    tamis_buf text;

    tamis_buf_init(&raw, 0);
    tamis_buf_init(&text, 0);
    TAMIS_ASSERT(tamis_buf_reserve(&raw, size + 1) == TAMIS_OK);
    TAMIS_ASSERT(tamis_buf_append(&raw, data, size) == TAMIS_OK);
    TAMIS_ASSERT(tamis_utf8_repair(tamis_buf_slice(&raw), &text) == TAMIS_OK);
    for (int kernel = 0; kernel < TAMIS_KERNEL_COUNT; kernel++) {
        tamis_slice lower;
        size_t count = 0;

        if (!tamis_kernel_is_available((tamis_kernel)kernel)) {
            continue;
        }
        tamis_kernel_set((tamis_kernel)kernel);
        TAMIS_ASSERT(tamis_text_view_create(&view, NULL) == TAMIS_OK);
        tamis_text_view_set(view, tamis_buf_slice(&text));
        reference_check(view);
        TAMIS_ASSERT(tamis_text_view_lower(view, &lower, NULL) == TAMIS_OK);
        TAMIS_ASSERT(tamis_utf8_valid_prefix(lower) == lower.size);
        TAMIS_ASSERT(tamis_text_view_sentences(view, TAMIS_SENTENCES_END_MARKS, &count, NULL) ==
                     TAMIS_OK);
        TAMIS_ASSERT(count <= text.size);
        tamis_text_view_destroy(view);
    }
    tamis_buf_fini(&raw);
    tamis_buf_fini(&text);
    return 0;
}
