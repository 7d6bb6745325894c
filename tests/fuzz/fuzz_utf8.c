/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes: all kernels see the same valid prefix, and a repaired text needs no repair. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tamis/cpu.h"
#include "tamis/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + TAMIS_BUF_SLACK);
    tamis_slice text;
    size_t prefix = 0;
    tamis_buf out;

    TAMIS_ASSERT(copy != NULL);
    if (size > 0) {
        memcpy(copy, data, size);
    }
    memset(copy + size, 0x80, TAMIS_BUF_SLACK);
    text = tamis_slice_of(copy, size);
    for (int kernel = 0; kernel < TAMIS_KERNEL_COUNT; kernel++) {
        if (!tamis_kernel_is_available((tamis_kernel)kernel)) {
            continue;
        }
        tamis_kernel_set((tamis_kernel)kernel);
        if (kernel == TAMIS_KERNEL_SCALAR) {
            prefix = tamis_utf8_valid_prefix(text);
        }
        TAMIS_ASSERT(prefix == tamis_utf8_valid_prefix(text));
        tamis_buf_init(&out, 0);
        TAMIS_ASSERT(tamis_utf8_repair(text, &out) == TAMIS_OK);
        TAMIS_ASSERT(out.size >= size || prefix < size);
        TAMIS_ASSERT(tamis_utf8_valid_prefix(tamis_buf_slice(&out)) == out.size);
        tamis_buf_fini(&out);
    }
    free(copy);
    return 0;
}
