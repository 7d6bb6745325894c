/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a URL: the normal form is bounded, and behind the host holds no byte that a URL may
 * not. */
#include "tamis/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tamis_buf once = {.max = 0};
    bool is_path = false;

    TAMIS_ASSERT(tamis_url_normalize(tamis_slice_of(data, size), &once) == TAMIS_OK);
    TAMIS_ASSERT(once.size <= size * 4 + 512); /* %XX, and what IDNA makes of a host */
    for (size_t i = 0; i < once.size; i++) {
        is_path = is_path || once.data[i] == '/' || once.data[i] == '?';
        TAMIS_ASSERT(!is_path || (once.data[i] > 0x20 && once.data[i] < 0x7f));
    }
    tamis_buf_fini(&once);
    return 0;
}
