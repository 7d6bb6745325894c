/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/level.h"

#include <stdlib.h>
#include <string.h>

/* Pairs ahead of which the earlier document's bit is fetched: it lies anywhere in a bitmap that is
 * larger than the caches. */
#define PREFETCH_PAIRS 24

struct tamis_resolver {
    tamis_resolver_options options;
};

tamis_status tamis_resolver_create(const tamis_resolver_options *options,
                                   tamis_resolver **out_resolver, tamis_err *err)
{
    tamis_resolver *resolver = calloc(1, sizeof(*resolver));

    if (resolver == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "resolver: out of memory");
    }
    resolver->options = *options;
    *out_resolver = resolver;
    return TAMIS_OK;
}

void tamis_resolver_destroy(tamis_resolver *resolver)
{
    free(resolver);
}

static uint64_t bit_of(const tamis_resolver_options *options, tamis_ord ord)
{
    return options->split_base[tamis_ord_split(ord)] + tamis_ord_row(ord);
}

/* What is decided of all smaller ords stands in the bitmap, and so does whether `later` was dropped
 * by a pair before this one: no state is carried from pair to pair, nor from block to block. */
size_t tamis_resolver_add(tamis_resolver *resolver, const uint64_t *pairs, size_t count,
                          uint32_t words, uint64_t *out_drops)
{
    const tamis_resolver_options *options = &resolver->options;
    tamis_bitmap *kept = options->kept;
    size_t drops = 0;

    TAMIS_ASSERT(words >= 2);
    for (size_t i = 0; i < count; i++) {
        const uint64_t *pair = pairs + i * words;
        uint64_t later = 0;

        if (count - i > PREFETCH_PAIRS) {
            uint64_t ahead = bit_of(options, pair[(size_t)PREFETCH_PAIRS * words + 1]);

            __builtin_prefetch(&kept->words[ahead >> 6]);
        }
        TAMIS_ASSERT(pair[1] < pair[0]);
        later = bit_of(options, pair[0]);
        if (tamis_ord_split(pair[0]) >= options->against_splits && tamis_bitmap_get(kept, later) &&
            tamis_bitmap_get(kept, bit_of(options, pair[1]))) {
            tamis_bitmap_clear(kept, later);
            memcpy(out_drops + drops * words, pair, words * sizeof(*pair));
            drops++;
        }
    }
    return drops;
}
