/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/level.h"

#include <string.h>

#include "scope.h"
#include "tamis/sketch.h"

static uint32_t one_feature(const tamis_settings *settings)
{
    (void)settings;
    return 1;
}

static uint32_t band_features(const tamis_settings *settings)
{
    return settings->bands;
}

static uint32_t put_digest(const tamis_feature_source *source, tamis_digest digest,
                           uint64_t *out_features)
{
    bool has_scope = source->settings->scope != TAMIS_SCOPE_ALL;

    out_features[0] = has_scope ? scope_fold(digest.low, source->scope_hash) : digest.low;
    out_features[1] = has_scope ? scope_fold(digest.high, source->scope_hash) : digest.high;
    out_features[2] = source->ord;
    return 1;
}

static uint32_t extract_url(const tamis_feature_source *source, uint64_t *out_features)
{
    tamis_slice url = source->normalized_url;

    return url.size == 0 ? 0 : put_digest(source, tamis_hash128(url.data, url.size), out_features);
}

static uint32_t extract_exact(const tamis_feature_source *source, uint64_t *out_features)
{
    return put_digest(source, source->analysis->exact, out_features);
}

static uint32_t extract_near(const tamis_feature_source *source, uint64_t *out_features)
{
    const tamis_settings *settings = source->settings;
    bool has_scope = settings->scope != TAMIS_SCOPE_ALL;
    uint64_t keys[TAMIS_BANDS_MAX];

    TAMIS_ASSERT(settings->bands <= TAMIS_BANDS_MAX);
    if (source->analysis->shingle_count == 0) {
        return 0;
    }
    /* A missing field is scope 0, which is folded too: without scope here. */
    tamis_band_keys(source->analysis->sketch, settings->bands, settings->rows, 0, keys);
    for (uint32_t band = 0; band < settings->bands; band++) {
        uint64_t key = keys[band];

        out_features[2 * (size_t)band] = has_scope ? scope_fold(key, source->scope_hash) : key;
        out_features[2 * (size_t)band + 1] = source->ord;
    }
    return settings->bands;
}

static const tamis_level levels[TAMIS_LEVEL_COUNT] = {
    [TAMIS_LEVEL_URL] = {.id = TAMIS_LEVEL_URL,
                         .name = "url",
                         .help = "records of the same normalized URL",
                         .verifier = TAMIS_VERIFIER_EQUALITY,
                         .words = 3,
                         .feature_max = one_feature,
                         .extract = extract_url},
    [TAMIS_LEVEL_EXACT] = {.id = TAMIS_LEVEL_EXACT,
                           .name = "exact",
                           .help = "texts that are equal, white space and Unicode form aside",
                           .verifier = TAMIS_VERIFIER_EQUALITY,
                           .words = 3,
                           .feature_max = one_feature,
                           .extract = extract_exact},
    [TAMIS_LEVEL_NEAR] = {.id = TAMIS_LEVEL_NEAR,
                          .name = "near",
                          .help = "texts that share most of their runs of words",
                          .verifier = TAMIS_VERIFIER_SIGNATURE,
                          .words = 2,
                          .feature_max = band_features,
                          .extract = extract_near},
};

const tamis_level *tamis_level_get(tamis_level_id id)
{
    TAMIS_ASSERT((unsigned)id < TAMIS_LEVEL_COUNT);
    return &levels[id];
}

const tamis_level *tamis_level_find(const char *name)
{
    for (size_t i = 0; i < TAMIS_LEVEL_COUNT; i++) {
        if (strcmp(levels[i].name, name) == 0) {
            return &levels[i];
        }
    }
    return NULL;
}
