/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as WARC; the first byte picks limits. */
#include "fuzz_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tamis_settings settings;
    tamis_slice bytes;

    if (size < 1) {
        return 0;
    }
    tamis_settings_defaults(&settings);
    settings.record_bytes_max = (data[0] & 1) != 0 ? 50 : 1u << 20;
    settings.sample_ppm = (data[0] & 2) != 0 ? TAMIS_PPM / 2 : TAMIS_PPM;
    settings.limit = (data[0] & 4) != 0 ? 2 : 0;
    bytes = tamis_slice_of(data + 1, size - 1);
    (void)fuzz_read(&settings, TAMIS_INPUT_WARC, TAMIS_COMPRESSION_NONE, bytes, 0, bytes.size,
                    NULL);
    return 0;
}
