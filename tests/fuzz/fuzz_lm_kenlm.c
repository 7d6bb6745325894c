/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a KenLM binary: the first 88 bytes, which are always the same, are put in front when
 * the first byte is odd, so that what lies behind them is reached. */
#include <stdlib.h>

#include "fuzz_lm.h"

#define HEAD_BYTES 88u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char magic[] = "mmap lm http://kheafield.com/code format version 5\n";
    const float floats[3] = {0.0f, 1.0f, -0.5f};
    const uint32_t numbers[3] = {1, UINT32_MAX, 0};
    uint8_t *file = NULL;

    if (size == 0 || data[0] % 2 == 0) {
        fuzz_lm_try(tamis_slice_of(data, size));
        return 0;
    }
    file = calloc(1, HEAD_BYTES + size); /* no slack: reading past the end is seen */
    if (file == NULL) {
        return 0;
    }
    memcpy(file, magic, sizeof(magic) - 1);
    memcpy(file + 56, floats, sizeof(floats));
    memcpy(file + 68, numbers, sizeof(numbers));
    file[80] = 1;
    memcpy(file + HEAD_BYTES, data + 1, size - 1);
    fuzz_lm_try(tamis_slice_of(file, HEAD_BYTES + size - 1));
    free(file);
    return 0;
}
