/* SPDX-License-Identifier: Apache-2.0 */
/* Results of splits of any content: what is read back and put again gives the same bytes. */
#include <stdint.h>
#include <stdlib.h>

#include "tamis/split_result.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_scan(tamis_slice blob)
{
    tamis_scan_result result;
    size_t position = 0;
    size_t before = 0;

    while (tamis_scan_result_get(blob, &position, &result) == TAMIS_OK) {
        tamis_buf again;

        tamis_buf_init(&again, 0);
        if (tamis_scan_result_put(&again, &result) == TAMIS_OK &&
            memchr(blob.data + before, 0, position - before) == NULL) {
            /* A text with a zero in it comes back shorter; all else must be the same. */
            TAMIS_ASSERT(tamis_slice_is_equal(
                tamis_buf_slice(&again), tamis_slice_of(blob.data + before, position - before)));
        }
        tamis_buf_fini(&again);
        before = position;
    }
}

static void check_emit(tamis_slice blob)
{
    tamis_emit_result result;
    size_t position = 0;

    while (tamis_emit_result_get(blob, &position, &result) == TAMIS_OK) {
        tamis_buf again;
        tamis_emit_result back;
        size_t at = 0;

        tamis_buf_init(&again, 0);
        if (tamis_emit_result_put(&again, &result) == TAMIS_OK) {
            TAMIS_ASSERT(tamis_emit_result_get(tamis_buf_slice(&again), &at, &back) == TAMIS_OK);
            TAMIS_ASSERT(back.kept == result.kept && back.split == result.split);
        }
        tamis_buf_fini(&again);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_scan(tamis_slice_of(data, size));
    check_emit(tamis_slice_of(data, size));
    return 0;
}
