/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a model of ours. When the first byte is odd they are given checksums that hold, so
 * that what lies behind them is reached. Layout: docs/FORMATS.md, "Language models". */
#include <stdlib.h>

#include "fuzz_lm.h"
#include "tamis/bytes.h"

#define HEADER_BYTES 256u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *file = NULL;
    tamis_digest digest;

    if (size < 1 + HEADER_BYTES || data[0] % 2 == 0) {
        fuzz_lm_try(tamis_slice_of(data, size));
        return 0;
    }
    size--;
    file = malloc(size);
    if (file == NULL) {
        return 0;
    }
    memcpy(file, data + 1, size);
    memcpy(file, "tamislm\n", 8);
    tamis_put32le(file + 8, 1);
    tamis_put64le(file + 16, size);
    digest = tamis_hash128(file + HEADER_BYTES, size - HEADER_BYTES);
    tamis_put64le(file + 128, digest.low);
    tamis_put64le(file + 136, digest.high);
    tamis_put64le(file + 248, tamis_hash64(file, 248));
    fuzz_lm_try(tamis_slice_of(file, size));
    free(file);
    return 0;
}
