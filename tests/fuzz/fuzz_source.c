/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as gzip or zstd: however they are asked for, the same bytes come out in front of a
 * damage, and a reader of JSON Lines over them ends. */
#include <stdlib.h>

#include "fuzz_reader.h"
#include "tamis/source.h"

#define OUT_MAX ((size_t)1 << 20)

static size_t decode(const tamis_source_options *options, tamis_compression compression,
                     tamis_slice bytes, size_t piece, uint8_t *out)
{
    tamis_source *source = NULL;
    tamis_source_range range = {.compression = compression, .end = bytes.size, .size = bytes.size};
    size_t total = 0;

    TAMIS_ASSERT(tamis_source_create(options, &source, NULL) == TAMIS_OK);
    TAMIS_ASSERT(tamis_source_open_memory(source, bytes, &range, NULL) == TAMIS_OK);
    while (total + piece <= OUT_MAX) {
        size_t size = 0;
        tamis_status status = tamis_source_read(source, out + total, piece, &size, NULL);

        if (status == TAMIS_END) {
            break;
        }
        TAMIS_ASSERT(status == TAMIS_OK && size > 0 && size <= piece);
        total += size;
    }
    TAMIS_ASSERT(tamis_source_look(source)->decoded_bytes == total);
    TAMIS_ASSERT(tamis_source_look(source)->fault_offset == total);
    TAMIS_ASSERT(tamis_source_look(source)->member_offset <= total);
    tamis_source_destroy(source);
    return total;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tamis_source_options options = {.ratio_max = 100, .zstd_window_log_max = 20};
    tamis_settings settings;
    tamis_compression compression = TAMIS_COMPRESSION_GZIP;
    tamis_slice bytes;
    uint8_t *large = malloc(OUT_MAX);
    uint8_t *small = malloc(OUT_MAX);
    size_t large_size = 0;
    size_t small_size = 0;

    TAMIS_ASSERT(large != NULL && small != NULL);
    if (size > 0) {
        compression = (data[0] & 1) != 0 ? TAMIS_COMPRESSION_ZSTD : TAMIS_COMPRESSION_GZIP;
        bytes = tamis_slice_of(data + 1, size - 1);
        large_size = decode(&options, compression, bytes, 65536, large);
        small_size = decode(&options, compression, bytes, 1 + (size_t)(data[0] >> 1) * 8, small);
        if (large_size > small_size) {
            large_size = small_size;
        }
        TAMIS_ASSERT(memcmp(large, small, large_size) == 0);
        tamis_settings_defaults(&settings);
        settings.zstd_window_log_max = 20;
        (void)fuzz_read(&settings, TAMIS_INPUT_JSONL, compression, bytes, 0, bytes.size, NULL);
        (void)fuzz_read(&settings, TAMIS_INPUT_WARC, compression, bytes, 0, bytes.size, NULL);
    }
    free(large);
    free(small);
    return 0;
}
