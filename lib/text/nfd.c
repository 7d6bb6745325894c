/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/nfd.h"

#include "compose.h"
#include "tables.h"
#include "tamis/utf8.h"

static bool is_decomposed(tamis_slice text);

tamis_status tamis_nfd(tamis_slice text, tamis_buf *points, tamis_buf *out)
{
    tamis_status status = TAMIS_OK;

    if (is_decomposed(text)) {
        return tamis_buf_append(out, text.data, text.size);
    }

    tamis_buf_reset(points);
    for (size_t i = 0; i < text.size && status == TAMIS_OK;) {
        uint32_t code_point = 0;

        i += tamis_utf8_decode(text.data + i, &code_point);
        status = tamis_segment_split(points, code_point, false);
    }
    if (status == TAMIS_OK) {
        status = tamis_segment_order(points);
    }
    if (status == TAMIS_OK) {
        status = tamis_buf_reserve(out, points->size); /* 4 bytes each at most */
    }
    if (status != TAMIS_OK) {
        return status;
    }

    const uint32_t *at = (const uint32_t *)(const void *)points->data;

    for (size_t i = 0; i < points->size / sizeof(uint32_t); i++) {
        out->size += tamis_utf8_encode(at[i], out->data + out->size);
    }
    return TAMIS_OK;
}

/* Nothing to take apart and no mark: sufficient. */
static bool is_decomposed(tamis_slice text)
{
    for (size_t i = 0; i < text.size;) {
        uint32_t code_point = text.data[i];

        if (code_point < 0x80) {
            i++;
            continue;
        }
        i += tamis_utf8_decode(text.data + i, &code_point);
        if ((code_point >= 0xAC00 && code_point < 0xD7A4) ||
            tamis_short_entry(tamis_canonical_split_index, tamis_canonical_split_entries,
                              code_point) != 0 ||
            tamis_raw(code_point) >> TAMIS_RAW_CCC_SHIFT != 0) {
            return false;
        }
    }
    return true;
}
