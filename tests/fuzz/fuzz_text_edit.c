/* SPDX-License-Identifier: Apache-2.0 */
/* Packed edits of any content: refused, or read, applied, folded with themselves and packed again
 * to the same list. The first byte is the size of the text. */
#include "tamis/text_edit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const tamis_edits *edits, tamis_slice text)
{
    tamis_edits other;
    tamis_edits both;
    tamis_buf once;
    tamis_buf twice;
    tamis_buf folded;

    tamis_edits_init(&other);
    tamis_edits_init(&both);
    tamis_buf_init(&once, 0);
    tamis_buf_init(&twice, 0);
    tamis_buf_init(&folded, 0);
    TAMIS_ASSERT(tamis_edits_pack(edits, &once) == TAMIS_OK);
    TAMIS_ASSERT(tamis_edits_unpack(tamis_buf_slice(&once), text.size, &other, NULL, NULL) ==
                 TAMIS_OK);
    TAMIS_ASSERT(other.count == edits->count);
    tamis_buf_reset(&once);
    TAMIS_ASSERT(tamis_edits_apply(edits, text, &once) == TAMIS_OK);
    TAMIS_ASSERT(once.size == tamis_edits_size_after(edits, text.size));
    if (edits->count == 0 || edits->items[edits->count - 1].end <= once.size) {
        TAMIS_ASSERT(tamis_edits_apply(&other, tamis_buf_slice(&once), &twice) == TAMIS_OK);
        TAMIS_ASSERT(tamis_edits_compose(edits, &other, &both) == TAMIS_OK);
        TAMIS_ASSERT(tamis_edits_apply(&both, text, &folded) == TAMIS_OK);
        TAMIS_ASSERT(tamis_slice_is_equal(tamis_buf_slice(&twice), tamis_buf_slice(&folded)));
    }
    tamis_edits_fini(&other);
    tamis_edits_fini(&both);
    tamis_buf_fini(&once);
    tamis_buf_fini(&twice);
    tamis_buf_fini(&folded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t text[256] = "a text to cut from";
    tamis_edits edits;

    if (size == 0) {
        return 0;
    }
    tamis_edits_init(&edits);
    if (tamis_edits_unpack(tamis_slice_of(data + 1, size - 1), data[0], &edits, NULL, NULL) ==
        TAMIS_OK) {
        check(&edits, tamis_slice_of(text, data[0]));
    }
    tamis_edits_fini(&edits);
    return 0;
}
