/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/quantiles.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tamis/hash.h"

#define KEY_SHIFT    44 /* of the 52 bits of a mantissa 8 stay */
#define KEY_ZERO     (UINT32_C(1) << 19)
#define CAPACITY_MIN 16

struct tamis_quantile_bucket {
    uint64_t count; /* 0: free */
    uint32_t key;   /* ascends with the value */
};

void tamis_quantiles_init(tamis_quantiles *quantiles)
{
    *quantiles = (tamis_quantiles){.buckets = NULL};
}

void tamis_quantiles_fini(tamis_quantiles *quantiles)
{
    free(quantiles->buckets);
    tamis_quantiles_init(quantiles);
}

/* Ascends with the value; both zeros have one key. */
static uint32_t key_of(double value)
{
    double size = fabs(value);
    uint64_t bits = 0;
    uint32_t key = 0;

    memcpy(&bits, &size, sizeof(bits));
    key = (uint32_t)(bits >> KEY_SHIFT);
    if (bits == 0) {
        return KEY_ZERO;
    }
    return value < 0 ? KEY_ZERO - 1 - key : KEY_ZERO + 1 + key;
}

/* The bucket's value that is nearest to zero: whole numbers come back as they were. */
static double value_of(uint32_t key)
{
    uint64_t bits = 0;
    double size = 0;

    if (key == KEY_ZERO) {
        return 0;
    }
    bits = (uint64_t)(key > KEY_ZERO ? key - KEY_ZERO - 1 : KEY_ZERO - 1 - key) << KEY_SHIFT;
    memcpy(&size, &bits, sizeof(size));
    return key > KEY_ZERO ? size : -size;
}

static struct tamis_quantile_bucket *find(const tamis_quantiles *quantiles, uint32_t key)
{
    size_t mask = quantiles->capacity - 1;
    size_t at = (size_t)((key * TAMIS_HASH_K3) >> 32) & mask;

    while (quantiles->buckets[at].count != 0 && quantiles->buckets[at].key != key) {
        at = (at + 1) & mask;
    }
    return &quantiles->buckets[at];
}

static tamis_status grow(tamis_quantiles *quantiles)
{
    tamis_quantiles larger = *quantiles;

    larger.capacity = quantiles->capacity == 0 ? CAPACITY_MIN : 2 * quantiles->capacity;
    larger.buckets = calloc(larger.capacity, sizeof(*larger.buckets));
    if (larger.buckets == NULL) {
        return TAMIS_ENOMEM;
    }
    for (size_t i = 0; i < quantiles->capacity; i++) {
        if (quantiles->buckets[i].count != 0) {
            *find(&larger, quantiles->buckets[i].key) = quantiles->buckets[i];
        }
    }
    free(quantiles->buckets);
    *quantiles = larger;
    return TAMIS_OK;
}

static tamis_status add_bucket(tamis_quantiles *quantiles, uint32_t key, uint64_t count)
{
    struct tamis_quantile_bucket *bucket = NULL;

    if (2 * (quantiles->bucket_count + 1) > quantiles->capacity) {
        tamis_status status = grow(quantiles);

        if (status != TAMIS_OK) {
            return status;
        }
    }
    bucket = find(quantiles, key);
    quantiles->bucket_count += bucket->count == 0 ? 1 : 0;
    bucket->key = key;
    bucket->count += count;
    return TAMIS_OK;
}

tamis_status tamis_quantiles_add(tamis_quantiles *quantiles, double value)
{
    tamis_status status = TAMIS_OK;

    if (isnan(value)) {
        quantiles->null_count++;
        return TAMIS_OK;
    }
    if (isinf(value)) {
        value = value > 0 ? DBL_MAX : -DBL_MAX;
    }
    status = add_bucket(quantiles, key_of(value), 1);
    if (status == TAMIS_OK) {
        quantiles->min = quantiles->count == 0 || value < quantiles->min ? value : quantiles->min;
        quantiles->max = quantiles->count == 0 || value > quantiles->max ? value : quantiles->max;
        quantiles->count++;
    }
    return status;
}

tamis_status tamis_quantiles_merge(tamis_quantiles *quantiles, const tamis_quantiles *other)
{
    for (size_t i = 0; i < other->capacity; i++) {
        tamis_status status = TAMIS_OK;

        if (other->buckets[i].count != 0) {
            status = add_bucket(quantiles, other->buckets[i].key, other->buckets[i].count);
        }
        if (status != TAMIS_OK) {
            return status;
        }
    }
    if (other->count != 0) {
        bool is_empty = quantiles->count == 0;

        quantiles->min = is_empty || other->min < quantiles->min ? other->min : quantiles->min;
        quantiles->max = is_empty || other->max > quantiles->max ? other->max : quantiles->max;
    }
    quantiles->count += other->count;
    quantiles->null_count += other->null_count;
    return TAMIS_OK;
}

static int by_key(const void *a, const void *b)
{
    const struct tamis_quantile_bucket *x = a;
    const struct tamis_quantile_bucket *y = b;

    return x->key < y->key ? -1 : x->key > y->key;
}

/* The bucket's value, but never outside what was seen. */
static double shown_value(const tamis_quantiles *quantiles, uint32_t key)
{
    double value = value_of(key);

    value = value < quantiles->min ? quantiles->min : value;
    return value > quantiles->max ? quantiles->max : value;
}

tamis_status tamis_quantiles_get(const tamis_quantiles *quantiles, const double *shares,
                                 size_t count, double *out_values)
{
    struct tamis_quantile_bucket *sorted = calloc(quantiles->bucket_count + 1, sizeof(*sorted));
    size_t used = 0;
    size_t at = 0;
    uint64_t passed = 0;

    if (sorted == NULL) {
        return TAMIS_ENOMEM;
    }
    for (size_t i = 0; i < quantiles->capacity; i++) {
        if (quantiles->buckets[i].count != 0) {
            sorted[used++] = quantiles->buckets[i];
        }
    }
    qsort(sorted, used, sizeof(*sorted), by_key);
    for (size_t i = 0; i < count; i++) {
        double exact = ceil(shares[i] * (double)quantiles->count);
        uint64_t rank = exact < 1 ? 1 : (uint64_t)exact;

        while (at < used && passed + sorted[at].count < rank) {
            passed += sorted[at++].count;
        }
        out_values[i] =
            used == 0 ? (double)NAN : shown_value(quantiles, sorted[at < used ? at : used - 1].key);
    }
    free(sorted);
    return TAMIS_OK;
}
