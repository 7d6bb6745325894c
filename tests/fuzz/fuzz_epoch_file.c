/* SPDX-License-Identifier: Apache-2.0 */
/* Epoch files of any content: what is read is within its limits and packs to the same bytes. */
#include <stdint.h>
#include <stdlib.h>

#include "tamis/bytes.h"
#include "tamis/epoch_file.h"
#include "tamis/hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(tamis_slice bytes)
{
    tamis_epochs epochs;
    uint8_t again[TAMIS_EPOCHS_BYTES_MAX];

    if (tamis_epochs_unpack(bytes, &epochs) == TAMIS_OK) {
        TAMIS_ASSERT(epochs.count <= TAMIS_EPOCH_CLUSTERS_MAX);
        TAMIS_ASSERT(tamis_epochs_pack(&epochs, again) == bytes.size);
        TAMIS_ASSERT(memcmp(again, bytes.data, bytes.size) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check(tamis_slice_of(data, size));
    if (size <= TAMIS_EPOCHS_BYTES_MAX - 8) { /* behind the checksum too */
        uint8_t sealed[TAMIS_EPOCHS_BYTES_MAX];

        memcpy(sealed, data, size);
        tamis_put64le(sealed + size, tamis_hash64(sealed, size));
        check(tamis_slice_of(sealed, size + 8));
    }
    return 0;
}
