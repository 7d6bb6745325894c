/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and replies of the data protocol: no bytes may do harm, and what is taken comes back as
 * it was. The first byte says which of them, and whether the checksum is made to fit. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tamis/bytes.h"
#include "tamis/data_frame.h"
#include "tamis/hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void request(tamis_slice bytes)
{
    static tamis_data_request value;
    uint8_t again[TAMIS_DATA_REQUEST_MAX];

    if (tamis_data_request_decode(bytes, &value) == TAMIS_OK &&
        (tamis_data_request_encode(&value, again) != bytes.size ||
         tamis_get64le(again + 8) != tamis_get64le(bytes.data + 8))) {
        abort();
    }
}

static void reply(tamis_slice bytes)
{
    tamis_data_reply value;

    if (tamis_data_reply_decode(bytes, &value) == TAMIS_OK &&
        (value.length > TAMIS_DATA_CHUNK_MAX || value.offset + value.length > value.total)) {
        abort();
    }
}

static void bundle_index(tamis_slice bytes)
{
    uint64_t sizes[TAMIS_DATA_TASKS_MAX];
    uint32_t count = (uint32_t)(bytes.size / 8);

    if (count >= 2 && count - 2 <= TAMIS_DATA_TASKS_MAX) {
        (void)!tamis_data_index_decode(bytes, count - 2, UINT64_MAX, sizes);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = NULL;

    if (size < 9) {
        return 0;
    }
    copy = malloc(size - 1);
    if (copy == NULL) {
        return 0;
    }
    memcpy(copy, data + 1, size - 1);
    if ((data[0] & 4) != 0) {
        tamis_put64le(copy + size - 9, tamis_hash64(copy, size - 9));
    }
    if ((data[0] & 3) == 0) {
        request(tamis_slice_of(copy, size - 1));
    } else if ((data[0] & 3) == 1) {
        reply(tamis_slice_of(copy, size - 1));
    } else {
        bundle_index(tamis_slice_of(copy, size - 1));
    }
    free(copy);
    return 0;
}
