/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/hash.h"

#include <stdio.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wcast-align"
#pragma GCC diagnostic ignored "-Wcast-qual"
#pragma GCC diagnostic ignored "-Wundef"
#pragma GCC diagnostic ignored "-Wshadow"
#include <xxhash.h>
#pragma GCC diagnostic pop

struct tamis_hasher {
    XXH3_state_t *state;
};

uint64_t tamis_hash64(const void *data, size_t size)
{
    return XXH3_64bits(data, size);
}

tamis_digest tamis_hash128(const void *data, size_t size)
{
    XXH128_hash_t hash = XXH3_128bits(data, size);

    return (tamis_digest){.low = hash.low64, .high = hash.high64};
}

void tamis_digest_to_hex(tamis_digest digest, char out_hex[TAMIS_DIGEST_HEX_SIZE])
{
    static const char hex[] = "0123456789abcdef";

    for (unsigned i = 0; i < 16; i++) {
        unsigned shift = 60 - 4 * i;

        out_hex[i] = hex[(digest.high >> shift) & 15];
        out_hex[16 + i] = hex[(digest.low >> shift) & 15];
    }
    out_hex[32] = '\0';
}

tamis_hasher *tamis_hasher_create(void)
{
    tamis_hasher *hasher = calloc(1, sizeof(*hasher));

    if (hasher == NULL) {
        return NULL;
    }
    hasher->state = XXH3_createState();
    if (hasher->state == NULL) {
        free(hasher);
        return NULL;
    }
    (void)XXH3_128bits_reset(hasher->state); /* fails for NULL only */
    return hasher;
}

void tamis_hasher_destroy(tamis_hasher *hasher)
{
    if (hasher != NULL) {
        (void)XXH3_freeState(hasher->state); /* always XXH_OK */
        free(hasher);
    }
}

void tamis_hasher_reset(tamis_hasher *hasher)
{
    (void)XXH3_128bits_reset(hasher->state); /* fails for NULL only */
}

void tamis_hasher_update(tamis_hasher *hasher, const void *data, size_t size)
{
    if (size != 0) {
        (void)XXH3_128bits_update(hasher->state, data, size); /* fails for NULL only */
    }
}

tamis_digest tamis_hasher_digest(const tamis_hasher *hasher)
{
    XXH128_hash_t hash = XXH3_128bits_digest(hasher->state);

    return (tamis_digest){.low = hash.low64, .high = hash.high64};
}
