/* SPDX-License-Identifier: Apache-2.0 */
/* What signatures and texts say of a candidate (docs/FORMATS.md 1.9). Two machines must come to the
 * same verdict, so fractions are compared by cross-multiplying whole numbers; 128 bits hold every
 * product here. */
#include "tamis/sketch.h"

#include "tamis/bytes.h"

/* J = numerator / denominator of a signature: matches without those that 8 bits give by chance. */
typedef struct estimate {
    uint64_t numerator;
    uint64_t denominator;
} estimate;

static estimate estimate_of_matches(uint32_t matches, uint32_t slots)
{
    uint64_t scaled = (uint64_t)matches * 256;

    TAMIS_ASSERT(slots > 0 && matches <= slots);
    return (estimate){.numerator = scaled > slots ? scaled - slots : 0,
                      .denominator = (uint64_t)slots * 255};
}

/* (J - T)^2 <= 9 T (1 - T) / k: within three standard errors of the threshold. */
static bool is_near_threshold(estimate j, uint32_t threshold_ppm, uint32_t slots)
{
    uint64_t scaled = j.numerator * TAMIS_PPM;
    uint64_t limit = j.denominator * threshold_ppm;
    tamis_uint128 distance = scaled > limit ? scaled - limit : limit - scaled;
    tamis_uint128 variance = (tamis_uint128)threshold_ppm * (TAMIS_PPM - threshold_ppm);

    return distance * distance * slots <= variance * 9 * j.denominator * j.denominator;
}

static bool wants_containment(const tamis_settings *settings)
{
    return settings->min_containment_ppm > settings->threshold_ppm;
}

tamis_decision tamis_decide_signature(const tamis_settings *settings,
                                      const tamis_pair_evidence *evidence, bool may_use_text)
{
    estimate j = estimate_of_matches(evidence->matches, settings->slots);
    uint64_t removed = evidence->removed_distinct;

    TAMIS_ASSERT(settings->threshold_ppm <= TAMIS_PPM);
    TAMIS_ASSERT(settings->slots <= TAMIS_SKETCH_SLOTS_MAX);

    if (may_use_text && (settings->verify == TAMIS_VERIFY_TEXT ||
                         (settings->verify == TAMIS_VERIFY_AUTO &&
                          is_near_threshold(j, settings->threshold_ppm, settings->slots)))) {
        return TAMIS_DECISION_BY_TEXT;
    }
    if (j.numerator * TAMIS_PPM < j.denominator * settings->threshold_ppm) {
        return TAMIS_DECISION_REJECT;
    }
    if (wants_containment(settings) && removed != 0) {
        uint64_t both = removed + evidence->witness_distinct;

        if ((tamis_uint128)j.numerator * both * TAMIS_PPM <
            (tamis_uint128)(j.denominator + j.numerator) * removed *
                settings->min_containment_ppm) {
            return TAMIS_DECISION_REJECT;
        }
    }
    return TAMIS_DECISION_ACCEPT;
}

bool tamis_decide_text(const tamis_settings *settings, uint64_t shared, uint64_t removed_distinct,
                       uint64_t witness_distinct)
{
    tamis_uint128 scaled = (tamis_uint128)shared * TAMIS_PPM;
    tamis_uint128 all = (tamis_uint128)removed_distinct + witness_distinct - shared;

    TAMIS_ASSERT(shared <= removed_distinct && shared <= witness_distinct);
    if (scaled < all * settings->threshold_ppm) {
        return false;
    }
    return !wants_containment(settings) ||
           scaled >= (tamis_uint128)removed_distinct * settings->min_containment_ppm;
}

/* Below 2^96 / 20000 each. */
static uint32_t ten_thousandths(tamis_uint128 numerator, tamis_uint128 denominator)
{
    tamis_uint128 rounded = 0;

    if (denominator == 0) {
        return 0;
    }
    rounded = (numerator * 20000 + denominator) / (denominator * 2);
    return rounded > UINT32_MAX ? UINT32_MAX : (uint32_t)rounded;
}

uint32_t tamis_similarity_of_matches(uint32_t matches, uint32_t slots)
{
    estimate j = estimate_of_matches(matches, slots);

    return ten_thousandths(j.numerator, j.denominator);
}

uint32_t tamis_containment_of_matches(uint32_t matches, uint32_t slots, uint64_t removed_distinct,
                                      uint64_t witness_distinct)
{
    estimate j = estimate_of_matches(matches, slots);
    tamis_uint128 both = (tamis_uint128)removed_distinct + witness_distinct;
    uint32_t ratio = ten_thousandths(both * j.numerator, (tamis_uint128)removed_distinct *
                                                             (j.denominator + j.numerator));

    return ratio > 10000 ? 10000 : ratio;
}

uint32_t tamis_ratio(uint64_t numerator, uint64_t denominator)
{
    return ten_thousandths(numerator, denominator);
}

uint64_t tamis_shared_hashes(tamis_slice a, tamis_slice b)
{
    size_t i = 0;
    size_t j = 0;
    uint64_t shared = 0;

    /* Which list moves on is not to be predicted: both steps are computed, none is a branch. */
    while (i + 8 <= a.size && j + 8 <= b.size) {
        uint64_t x = tamis_get64le(a.data + i);
        uint64_t y = tamis_get64le(b.data + j);

        shared += x == y;
        i += x <= y ? 8 : 0;
        j += y <= x ? 8 : 0;
    }
    return shared;
}
