/* SPDX-License-Identifier: Apache-2.0 */
/* Any text, any profile: all kernels come to the same analysis. The first byte picks the settings.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tamis/analyzer.h"
#include "tamis/cpu.h"
#include "tamis/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t analysis_hash(const tamis_settings *settings, tamis_slice text)
{
    tamis_analyzer *analyzer = NULL;
    tamis_analysis analysis;
    const uint64_t *shingles = NULL;
    size_t count = 0;
    uint64_t hash = 0;

    TAMIS_ASSERT(tamis_analyzer_create(settings, &analyzer, NULL) == TAMIS_OK);
    TAMIS_ASSERT(tamis_analyzer_run(analyzer, text, &analysis, NULL) == TAMIS_OK);
    hash = analysis.digest.low ^ tamis_mum(analysis.exact.low, TAMIS_HASH_K2) ^
           analysis.token_count << 40 ^ (uint64_t)analysis.shingle_count << 20;
    if (analysis.shingle_count > 0) {
        hash ^= tamis_hash64(analysis.sketch, settings->slots * sizeof(analysis.sketch[0]));
    }
    TAMIS_ASSERT(analysis.shingle_count <= analysis.token_count);
    TAMIS_ASSERT(tamis_analyzer_shingles(analyzer, text, &shingles, &count, NULL) == TAMIS_OK);
    TAMIS_ASSERT(analysis.distinct_count == count);
    hash ^= tamis_mum(tamis_hash64(shingles, count * sizeof(shingles[0])), TAMIS_HASH_K3);
    tamis_analyzer_destroy(analyzer);
    return hash;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tamis_settings settings = {.levels = 1u << TAMIS_LEVEL_EXACT | 1u << TAMIS_LEVEL_NEAR,
                               .min_containment_ppm = 1,
                               .slots = 64,
                               .shingle = 5};
    uint8_t slack[TAMIS_BUF_SLACK] = {0};
    tamis_buf text;
    uint64_t first = 0;

    tamis_buf_init(&text, 0);
    if (size > 0) {
        tamis_buf raw;

        settings.profile = (data[0] & 1) != 0 ? TAMIS_PROFILE_CODE : TAMIS_PROFILE_TEXT;
        settings.shingle = 1 + (data[0] >> 1 & 7u);
        settings.slots = 64u << (data[0] >> 4 & 3);
        tamis_buf_init(&raw, 0);
        TAMIS_ASSERT(tamis_buf_append(&raw, data + 1, size - 1) == TAMIS_OK);
        TAMIS_ASSERT(tamis_utf8_repair(tamis_buf_slice(&raw), &text) == TAMIS_OK);
        tamis_buf_fini(&raw);
    }
    TAMIS_ASSERT(tamis_buf_append(&text, slack, sizeof(slack)) == TAMIS_OK);
    text.size -= sizeof(slack);
    for (int kernel = 0; kernel < TAMIS_KERNEL_COUNT; kernel++) {
        if (tamis_kernel_is_available((tamis_kernel)kernel)) {
            uint64_t hash = 0;

            tamis_kernel_set((tamis_kernel)kernel);
            hash = analysis_hash(&settings, tamis_buf_slice(&text));
            first = kernel == TAMIS_KERNEL_SCALAR ? hash : first;
            TAMIS_ASSERT(hash == first);
        }
    }
    tamis_buf_fini(&text);
    return 0;
}
