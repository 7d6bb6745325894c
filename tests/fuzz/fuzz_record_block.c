/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of records and of ids, as they are and with a checksum that fits (which a fuzzer would
 * never find). What opens is read row by row, and every row must lie within the block. */
#include <stdlib.h>

#include "tamis/record_block.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECKSUM_BYTES 8

static void view_check(const tamis_block_view *view, tamis_slice bytes, bool is_ids)
{
    volatile uint8_t sink = 0; /* the reads must happen */
    tamis_ord before = 0;

    for (uint32_t i = 0; i < view->row_count; i++) {
        tamis_ord ord = tamis_block_ord(view, i);

        TAMIS_ASSERT(ord >= view->first && ord <= view->last && (i == 0 || ord > before));
        TAMIS_ASSERT(tamis_block_find(view, ord) == i);
        before = ord;
        if (is_ids) {
            tamis_slice id = tamis_block_id(view, i);

            TAMIS_ASSERT(id.size <= bytes.size);
            if (id.size != 0) {
                sink ^= id.data[0] ^ id.data[id.size - 1];
            }
        } else {
            tamis_record record = {0};

            tamis_block_record(view, i, &record);
            if (record.signature != NULL && view->signature_bytes != 0) {
                sink ^= record.signature[0] ^ record.signature[view->signature_bytes - 1];
            }
        }
    }
    (void)sink;
}

static void bytes_check(tamis_slice bytes)
{
    tamis_block_view view = {0};

    if (tamis_record_block_open(bytes, &view, NULL) == TAMIS_OK) {
        view_check(&view, bytes, false);
    }
    if (tamis_id_block_open(bytes, &view, NULL) == TAMIS_OK) {
        view_check(&view, bytes, true);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = NULL;
    uint64_t hash = 0;

    bytes_check(tamis_slice_of(data, size));
    if (size < CHECKSUM_BYTES) {
        return 0;
    }
    copy = malloc(size);
    if (copy == NULL) {
        return 0;
    }
    memcpy(copy, data, size);
    hash = tamis_hash64(copy, size - CHECKSUM_BYTES);
    for (unsigned i = 0; i < CHECKSUM_BYTES; i++) {
        copy[size - CHECKSUM_BYTES + i] = (uint8_t)(hash >> (8 * i));
    }
    bytes_check(tamis_slice_of(copy, size));
    free(copy);
    return 0;
}
