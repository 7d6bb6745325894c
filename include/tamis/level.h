/* SPDX-License-Identifier: Apache-2.0 */
/* level.h - the kinds of deduplication, as a table: a feature extractor, a verifier, a bucket rule.
 *
 * The engine knows no level by name: a stage looks its row up. Adding a level is adding a row.
 *
 * Pure.
 */
#ifndef TAMIS_LEVEL_H
#define TAMIS_LEVEL_H

#include "tamis/analyzer.h"
#include "tamis/job.h"

#define TAMIS_FEATURE_WORDS_MAX 3

typedef enum tamis_verifier {
    TAMIS_VERIFIER_EQUALITY, /* equal keys and rests are the proof: LINK drops at once */
    TAMIS_VERIFIER_SIGNATURE /* candidates go through PAIR_* and TEXT_* */
} tamis_verifier;

/* What an extractor may look at. */
typedef struct tamis_feature_source {
    const tamis_settings *settings;
    const tamis_analysis *analysis;
    tamis_slice normalized_url; /* empty: none */
    uint64_t scope_hash;        /* 0: one scope */
    tamis_ord ord;
} tamis_feature_source;

typedef struct tamis_level {
    tamis_level_id id;
    const char *name;
    const char *help;
    tamis_verifier verifier;
    uint32_t words; /* of a feature record: key, [rest,] ord */
    /* Number of features of one document at most. */
    uint32_t (*feature_max)(const tamis_settings *settings);
    /* Writes the features of one document (words numbers each, key first, ord last); returns their
     * count. */
    uint32_t (*extract)(const tamis_feature_source *source, uint64_t *out_features);
} tamis_level;

/* TAMIS_LEVEL_COUNT rows, by id, in the order in which levels run. */
const tamis_level *tamis_level_get(tamis_level_id id);
/* By name; NULL: no such level. */
const tamis_level *tamis_level_find(const char *name);

/* ---- Buckets: from features of equal key to candidates or drops (FORMATS 1.8) ---- */

typedef struct tamis_bitmap {
    uint64_t *words;
    uint64_t bits;
} tamis_bitmap;

static inline bool tamis_bitmap_get(const tamis_bitmap *bitmap, uint64_t bit)
{
    return (bitmap->words[bit >> 6] >> (bit & 63)) & 1;
}

static inline void tamis_bitmap_set(tamis_bitmap *bitmap, uint64_t bit)
{
    bitmap->words[bit >> 6] |= UINT64_C(1) << (bit & 63);
}

static inline void tamis_bitmap_clear(tamis_bitmap *bitmap, uint64_t bit)
{
    bitmap->words[bit >> 6] &= ~(UINT64_C(1) << (bit & 63));
}

typedef struct tamis_bucket_options {
    const tamis_level *level;
    const tamis_settings *settings;
    const tamis_bitmap *kept;   /* of the level before; NULL: every document takes part */
    const uint64_t *split_base; /* bit of row 0 of each split; split_count + 1 entries */
    uint32_t against_splits;    /* splits below this number belong to --against */
} tamis_bucket_options;

typedef struct tamis_bucket_stats {
    uint64_t features; /* all that were added */
    uint64_t skipped;  /* of them: of documents that an earlier level dropped */
    uint64_t buckets;  /* of two documents or more */
    uint64_t largest;  /* documents of the largest bucket; 1: none is shared */
    uint64_t capped;   /* buckets */
    uint64_t pairs;
} tamis_bucket_stats;

typedef struct tamis_bucketer tamis_bucketer;

/* Receives pairs as (removed or later, witness or earlier), and documents of capped buckets, some
 * thousand at a time, in no order. Memory is the bucketer's until the call returns. A status other
 * than TAMIS_OK ends the call that led to it with that status. */
typedef struct tamis_bucket_sink {
    void *context;
    tamis_status (*pairs)(void *context, const uint64_t *pairs, size_t count, tamis_err *err);
    tamis_status (*capped)(void *context, const uint64_t *ords, size_t count, tamis_err *err);
} tamis_bucket_sink;

/* Features come in sorted order (key, [rest,] ord) in blocks of any size; a bucket may span blocks
 * and be of any size in bounded memory: K + 1 documents of a candidate bucket are enough (capped
 * buckets give back those that were passed before the cap fired), an equality bucket needs its
 * first alone. url_keep = last must hold all documents of the open bucket, since the last is the
 * witness of each: 1 to 5 bytes a document, 1 GiB at most. */
/* TAMIS_EARG: bucket_cap is 0. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_bucketer_create(const tamis_bucket_options *options,
                                   const tamis_bucket_sink *sink, tamis_bucketer **out_bucketer,
                                   tamis_err *err);
/* TAMIS_ELIMIT: too many documents share a URL, see above. TAMIS_ENOMEM; errors of the sink. */
TAMIS_MUST_USE
tamis_status tamis_bucketer_add(tamis_bucketer *bucketer, const uint64_t *features, size_t count,
                                tamis_err *err);
/* Closes the last bucket and hands over what is left. Nothing may be added afterwards. */
TAMIS_MUST_USE
tamis_status tamis_bucketer_finish(tamis_bucketer *bucketer, tamis_bucket_stats *out_stats,
                                   tamis_err *err);
void tamis_bucketer_destroy(tamis_bucketer *bucketer);

/* ---- Resolver (FORMATS 1.10) ---- */

typedef struct tamis_resolver_options {
    tamis_bitmap *kept; /* in: of the level before; out: of this level */
    const uint64_t *split_base;
    uint32_t against_splits;
} tamis_resolver_options;

typedef struct tamis_resolver tamis_resolver;
/* Bitmap and split_base stay the caller's and must outlive the resolver. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_resolver_create(const tamis_resolver_options *options,
                                   tamis_resolver **out_resolver, tamis_err *err);
/* Verified pairs in ascending order of (later, earlier). words: of one pair record; the first two
 * are later, earlier. For each document that is dropped its pair with the least kept witness is
 * copied to out_drops (room for count records). Returns the number of drops. */
size_t tamis_resolver_add(tamis_resolver *resolver, const uint64_t *pairs, size_t count,
                          uint32_t words, uint64_t *out_drops);
void tamis_resolver_destroy(tamis_resolver *resolver);

#endif
