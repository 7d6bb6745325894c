/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over sorted features. What is kept of the bucket that is open depends on its rule:
 *
 *   near              the first K + 1 documents: K to pair with, one more to give back when the
 *                     cap fires at the document after it
 *   equality, first   the first document
 *   equality, last    those that wait for their witness, as differences of ords: one to five bytes
 *                     a document, one where a bucket is so large that this matters
 */
#include "tamis/level.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FILTER_FEATURES   256
#define OUT_PAIRS         4096
#define OUT_ORDS          4096
#define VARINT_BYTES      10
#define WAITING_BYTES_MAX (UINT64_C(1) << 30)

typedef enum bucket_rule { RULE_NEAR, RULE_FIRST, RULE_LAST } bucket_rule;

struct tamis_bucketer {
    tamis_bucket_options options;
    tamis_bucket_sink sink;
    tamis_bucket_stats stats;
    bucket_rule rule;
    uint32_t words;
    uint64_t cap;
    bool is_finished;

    /* The open bucket; none while count is 0. */
    uint64_t key;
    uint64_t rest;
    uint64_t count;
    tamis_ord last;   /* of its documents so far */
    tamis_ord *heads; /* its first cap + 1 */
    bool has_witness; /* equality: heads[0] is it, the others go at once */
    tamis_buf waiting;
    tamis_ord waiting_last;

    size_t pair_count;
    size_t capped_count;
    uint64_t pairs[2 * OUT_PAIRS];
    tamis_ord capped[OUT_ORDS];
    uint64_t filtered[FILTER_FEATURES * TAMIS_FEATURE_WORDS_MAX];
};

static bucket_rule rule_of(const tamis_bucket_options *options)
{
    if (options->level->verifier == TAMIS_VERIFIER_SIGNATURE) {
        return RULE_NEAR;
    }
    return options->level->id == TAMIS_LEVEL_URL &&
                   options->settings->url_keep == TAMIS_URL_KEEP_LAST
               ? RULE_LAST
               : RULE_FIRST;
}

tamis_status tamis_bucketer_create(const tamis_bucket_options *options,
                                   const tamis_bucket_sink *sink, tamis_bucketer **out_bucketer,
                                   tamis_err *err)
{
    bucket_rule rule = rule_of(options);
    uint64_t cap = rule == RULE_NEAR ? options->settings->bucket_cap : 0;
    tamis_bucketer *bucketer = NULL;

    TAMIS_ASSERT(options->level->words == 2 || options->level->words == 3);
    if (rule == RULE_NEAR && cap == 0) {
        return tamis_err_set(err, TAMIS_EARG, "bucket cap is 0: at least 1 is needed");
    }
    bucketer = calloc(1, sizeof(*bucketer));
    if (bucketer == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "bucketer: out of memory");
    }
    bucketer->heads = calloc((size_t)cap + 1, sizeof(*bucketer->heads));
    if (bucketer->heads == NULL) {
        free(bucketer);
        return tamis_err_set(err, TAMIS_ENOMEM, "bucketer: out of memory");
    }
    bucketer->options = *options;
    bucketer->sink = *sink;
    bucketer->rule = rule;
    bucketer->words = options->level->words;
    bucketer->cap = cap;
    tamis_buf_init(&bucketer->waiting, WAITING_BYTES_MAX);
    *out_bucketer = bucketer;
    return TAMIS_OK;
}

void tamis_bucketer_destroy(tamis_bucketer *bucketer)
{
    if (bucketer != NULL) {
        tamis_buf_fini(&bucketer->waiting);
        free(bucketer->heads);
        free(bucketer);
    }
}

static bool is_against(const tamis_bucketer *bucketer, tamis_ord ord)
{
    return tamis_ord_split(ord) < bucketer->options.against_splits;
}

static tamis_status flush_pairs(tamis_bucketer *bucketer, tamis_err *err)
{
    size_t count = bucketer->pair_count;

    bucketer->pair_count = 0;
    return count == 0 ? TAMIS_OK
                      : bucketer->sink.pairs(bucketer->sink.context, bucketer->pairs, count, err);
}

static tamis_status flush_capped(tamis_bucketer *bucketer, tamis_err *err)
{
    size_t count = bucketer->capped_count;

    bucketer->capped_count = 0;
    return count == 0 ? TAMIS_OK
                      : bucketer->sink.capped(bucketer->sink.context, bucketer->capped, count, err);
}

static tamis_status put_pair(tamis_bucketer *bucketer, tamis_ord removed, tamis_ord witness,
                             tamis_err *err)
{
    bucketer->pairs[2 * bucketer->pair_count] = removed;
    bucketer->pairs[2 * bucketer->pair_count + 1] = witness;
    bucketer->pair_count++;
    bucketer->stats.pairs++;
    return bucketer->pair_count < OUT_PAIRS ? TAMIS_OK : flush_pairs(bucketer, err);
}

static tamis_status put_capped(tamis_bucketer *bucketer, tamis_ord ord, tamis_err *err)
{
    bucketer->capped[bucketer->capped_count++] = ord;
    return bucketer->capped_count < OUT_ORDS ? TAMIS_OK : flush_capped(bucketer, err);
}

/* The document at position bucketer->count, from 1, of a bucket of candidates. */
static tamis_status add_near(tamis_bucketer *bucketer, tamis_ord ord, tamis_err *err)
{
    uint64_t position = bucketer->count;
    uint64_t partners = position < bucketer->cap ? position : bucketer->cap;
    tamis_status status = TAMIS_OK;

    if (position <= bucketer->cap) {
        bucketer->heads[position] = ord;
    }
    for (uint64_t i = 0; i < partners && !is_against(bucketer, ord) && status == TAMIS_OK; i++) {
        status = put_pair(bucketer, ord, bucketer->heads[i], err);
    }
    if (position == bucketer->cap + 1) { /* one more than K + 1: the cap fires */
        bucketer->stats.capped++;
        for (uint64_t i = 0; i <= bucketer->cap && status == TAMIS_OK; i++) {
            status = put_capped(bucketer, bucketer->heads[i], err);
        }
    }
    if (position > bucketer->cap && status == TAMIS_OK) {
        status = put_capped(bucketer, ord, err);
    }
    return status;
}

/* Lets a document wait for the last of its bucket. */
static tamis_status add_waiting(tamis_bucketer *bucketer, tamis_ord ord, tamis_err *err)
{
    uint8_t bytes[VARINT_BYTES];
    uint64_t step = ord - bucketer->waiting_last;
    size_t size = 0;
    tamis_status status = TAMIS_OK;

    while (step >= 0x80) {
        bytes[size++] = (uint8_t)(step | 0x80);
        step >>= 7;
    }
    bytes[size++] = (uint8_t)step;
    bucketer->waiting_last = ord;

    status = tamis_buf_append(&bucketer->waiting, bytes, size);
    if (status != TAMIS_OK) {
        (void)tamis_err_set(err, status,
                            "level url: %" PRIu64
                            " records share one URL, more than --url-keep last can hold; "
                            "use --url-keep first",
                            bucketer->count);
    }
    return status;
}

/* Drops all that wait, with the last document of the bucket as witness. */
static tamis_status drop_waiting(tamis_bucketer *bucketer, tamis_err *err)
{
    const uint8_t *bytes = bucketer->waiting.data;
    size_t size = bucketer->waiting.size;
    tamis_ord ord = 0;
    tamis_status status = TAMIS_OK;

    for (size_t at = 0; at < size && status == TAMIS_OK;) {
        uint64_t step = 0;
        unsigned shift = 0;

        for (; bytes[at] >= 0x80; at++, shift += 7) {
            step |= (uint64_t)(bytes[at] & 0x7f) << shift;
        }
        step |= (uint64_t)bytes[at++] << shift;
        ord += step;
        status = put_pair(bucketer, ord, bucketer->last, err);
    }
    tamis_buf_reset(&bucketer->waiting);
    bucketer->waiting_last = 0;
    return status;
}

/* A document behind the first of the open bucket. */
static tamis_status add_member(tamis_bucketer *bucketer, tamis_ord ord, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    /* Two bands may, if hardly ever, give one document the same key: a bucket is a set. */
    if (ord == bucketer->last) {
        return TAMIS_OK;
    }
    TAMIS_ASSERT(ord > bucketer->last);
    if (bucketer->rule == RULE_NEAR) {
        status = add_near(bucketer, ord, err);
    } else if (!bucketer->has_witness) {
        status = add_waiting(bucketer, bucketer->last, err);
    } else if (!is_against(bucketer, ord)) {
        status = put_pair(bucketer, ord, bucketer->heads[0], err);
    }
    bucketer->last = ord;
    bucketer->count++;
    return status;
}

/* Ends the open bucket, if there is one. */
static tamis_status close_bucket(tamis_bucketer *bucketer, tamis_err *err)
{
    if (bucketer->count > bucketer->stats.largest) {
        bucketer->stats.largest = bucketer->count;
    }
    bucketer->stats.buckets += bucketer->count >= 2;
    bucketer->count = 0;
    return bucketer->waiting.size == 0 ? TAMIS_OK : drop_waiting(bucketer, err);
}

static tamis_status group(tamis_bucketer *bucketer, const uint64_t *features, size_t count,
                          tamis_err *err)
{
    uint32_t words = bucketer->words;
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i < count && status == TAMIS_OK; i++) {
        const uint64_t *feature = features + i * words;
        uint64_t key = feature[0];
        uint64_t rest = words == 3 ? feature[1] : 0;
        tamis_ord ord = feature[words - 1];

        if (key == bucketer->key && rest == bucketer->rest && bucketer->count != 0) {
            status = add_member(bucketer, ord, err);
            continue;
        }
        TAMIS_ASSERT(key > bucketer->key || (key == bucketer->key && rest >= bucketer->rest));
        status = close_bucket(bucketer, err);
        bucketer->key = key;
        bucketer->rest = rest;
        bucketer->count = 1;
        bucketer->last = ord;
        bucketer->heads[0] = ord;
        /* Documents of --against come first in a bucket: if its first is none, no other is. */
        bucketer->has_witness = bucketer->rule == RULE_FIRST || is_against(bucketer, ord);
    }
    return status;
}

/* Copies the features of documents that take part; returns their count. Without a branch: which
 * ones do cannot be predicted, and the reads of the bitmap overlap. */
static size_t filter(tamis_bucketer *bucketer, const uint64_t *features, size_t count)
{
    const tamis_bucket_options *options = &bucketer->options;
    uint32_t words = bucketer->words;
    uint64_t *out = bucketer->filtered;
    size_t filtered = 0;

    for (size_t i = 0; i < count; i++) {
        const uint64_t *feature = features + i * words;
        tamis_ord ord = feature[words - 1];
        uint64_t bit = options->split_base[tamis_ord_split(ord)] + tamis_ord_row(ord);

        out[filtered * words] = feature[0];
        out[filtered * words + 1] = feature[1];
        out[filtered * words + words - 1] = ord;
        filtered += tamis_bitmap_get(options->kept, bit);
    }
    return filtered;
}

tamis_status tamis_bucketer_add(tamis_bucketer *bucketer, const uint64_t *features, size_t count,
                                tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(!bucketer->is_finished);
    bucketer->stats.features += count;
    if (bucketer->options.kept == NULL) {
        return group(bucketer, features, count, err);
    }
    for (size_t first = 0; first < count && status == TAMIS_OK; first += FILTER_FEATURES) {
        size_t block = count - first < FILTER_FEATURES ? count - first : FILTER_FEATURES;
        size_t filtered = filter(bucketer, features + first * bucketer->words, block);

        bucketer->stats.skipped += block - filtered;
        status = group(bucketer, bucketer->filtered, filtered, err);
    }
    return status;
}

tamis_status tamis_bucketer_finish(tamis_bucketer *bucketer, tamis_bucket_stats *out_stats,
                                   tamis_err *err)
{
    tamis_status status = close_bucket(bucketer, err);

    bucketer->is_finished = true;
    if (status == TAMIS_OK) {
        status = flush_pairs(bucketer, err);
    }
    if (status == TAMIS_OK) {
        status = flush_capped(bucketer, err);
    }
    if (status == TAMIS_OK) {
        *out_stats = bucketer->stats;
    }
    return status;
}
