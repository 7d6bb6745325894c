/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as ARPA text. */
#include "fuzz_lm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_lm_try(tamis_slice_of(data, size));
    return 0;
}
