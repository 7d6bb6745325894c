/* SPDX-License-Identifier: Apache-2.0 */
/* From facts of a sample to figures of a run. What scales with the inputs is the sample's, times
 * the inputs; the rest are the coefficients below, fitted to runs over two mixed corpora (0.45 GB
 * and 2.0 GB of JSONL: manual pages, help texts, dictionaries and fortunes in some 70 languages; 10
 * and 15 % of the documents and a quarter of the text are duplicates). With six kinds of settings
 * disk came out within 14 %, memory within 25 %, processor time within 20 %. */
#include "estimate.h"

#define MIB(n) ((double)(n)*1048576.0)

/* ---- Coefficients ------------------------------------------------------------------------------
 */

/* Bits that the widest of 4096 consecutive differences of random keys needs above the mean one. */
#define KEY_SPREAD_BITS 3.2

/* Document records: digest; columns text, shingles and the ends of ids; ids as LZ4 leaves them. */
#define RECORD_FIXED_BYTES   16.0
#define RECORD_COLUMN_BYTES  5.0
#define RECORD_ID_BYTES      2.5
#define RECORD_ID_SHARE      0.42
#define RECORD_COUNTED_BYTES 2.0 /* distinct shingles, with --min-containment */

/* Of two copies both must fall into the sample to be seen, so what the sample shows grows with what
 * it leaves out: with the whole of it where copies lie far apart, not at all where they lie side by
 * side. The root lies between; the two corpora had exponents of 0.4 and 0.9. The bound keeps a tiny
 * sample from promising too much. */
#define GROWTH_MAX          8.0
#define PAIRS_PER_CANDIDATE 3.5   /* bands that offer the same pair: 2.7 and 5.3 */
#define PAIR_BYTES          5.2   /* packed: two ords that differ little from their neighbors */
#define HALF_FIXED_BYTES    7.0   /* a candidate beside its signature */
#define VERIFIED_BYTES      10.0  /* verified and undecided pairs, wanted documents */
#define DROPPED_BYTES       140.0 /* drop, final witness, its id */

/* --verify=auto: the signature left 49 and 34 % of the candidates open. Their documents were 12 and
 * 14 % of all, and 1.6 and 2.1 times as long as the mean. A pair carries the shingles of one side.
 */
#define OPEN_CANDIDATES      0.4
#define OPEN_DOCUMENTS_SHARE 0.13
#define OPEN_LENGTH          1.8
#define SHINGLE_BYTES        8.0
#define SPOOL_FREE_BYTES     MIB(64)

#define TASK_BYTES 9000.0 /* folder, empty pieces, ledger entry */
#define WORK_FIXED MIB(1) /* ledger */

/* Seconds of one processor. A sample pays for cold caches and memory touched first: a run does the
 * same work in four fifths of the time. */
#define WARM                   0.8
#define SCAN_DOCUMENT_SECONDS  0.8e-6 /* record block, result of a row */
#define SCAN_WRITE_SECONDS     12e-9  /* pack and write one feature */
#define LINK_FEATURE_SECONDS   35e-9
#define PAIR_SECONDS           1.2e-6 /* a candidate through both PAIR stages */
#define SHINGLE_SECONDS        12e-9  /* a spooled hash: sorted, written, read, compared */
#define LOCAL_DOCUMENT_SECONDS 0.12e-6
#define TASK_SECONDS           3e-3 /* files made, synced, named */
#define FIXED_SECONDS          0.15

/* Tasks of unequal size leave processors idle at the end of a stage. */
#define EFFICIENCY 0.9

/* Memory. */
#define MEMORY_FIXED       MIB(29) /* program, libraries, store */
#define MEMORY_TASK        MIB(6)  /* reader, analyzer, compressors, usual records */
#define MEMORY_TASK_SHARED MIB(40) /* of --memory, not given to tasks */
#define SORT_COPIES        2.0     /* records and scratch */
#define TEXT_COPIES        1.4     /* parts are unequal; streams hold payloads besides */

/* ---- Model -------------------------------------------------------------------------------------
 */

static double bits_of(double value)
{
    double bits = 0;

    for (; value >= 2; value /= 2) {
        bits++;
    }
    return value > 1 ? bits + (value - 1) : bits; /* between powers of two: linear */
}

static double whole_bytes(double bits)
{
    double bytes = (double)(uint64_t)(bits / 8);

    if (bytes * 8 < bits) {
        bytes++;
    }
    return bytes > 8 ? 8 : bytes < 0 ? 0 : bytes;
}

typedef struct scaled {
    double documents;
    double factor; /* run over sample */
    double features;
    double feature_bytes;        /* on disk */
    double feature_memory_bytes; /* of one batch, as it is sorted */
    double candidates;
    double dropped;       /* documents */
    double kept_share;    /* of the text */
    double open_pairs;    /* left to the texts */
    double open_shingles; /* of the documents in them */
    double spool_bytes;
    double half_bytes; /* pairs with the shingles of one side */
    bool is_spool_refused;
    double emitted; /* run's output over sample's, if all were kept */
} scaled;

static bool has_level(const tamis_settings *settings, unsigned level)
{
    return (settings->levels >> level & 1) != 0;
}

/* A feature on disk: the difference of keys, the rest, the ord within its batch. */
static void scale_features(const tamis_estimate_shape *shape, const tamis_facts *facts, scaled *s)
{
    double batches = shape->batches == 0 ? 1 : shape->batches;
    double rows = s->documents / batches;
    double ord_bytes = shape->splits > shape->batches
                           ? whole_bytes(26 + bits_of((double)shape->splits / batches))
                           : whole_bytes(bits_of(rows) + 0.01);

    for (unsigned i = 0; i < TAMIS_LEVEL_COUNT; i++) {
        double count = (double)facts->features[i] * s->factor;
        double key_bytes = whole_bytes(64 - bits_of(count / batches + 1) + KEY_SPREAD_BITS);
        double rest_bytes = i == TAMIS_LEVEL_NEAR ? 0 : 8;
        double words = i == TAMIS_LEVEL_NEAR ? 2 : 3;

        if (has_level(shape->settings, i)) {
            s->features += count;
            s->feature_bytes += count * (key_bytes + rest_bytes + ord_bytes);
            s->feature_memory_bytes += count / batches * words * 8 * SORT_COPIES;
        }
    }
    s->feature_bytes +=
        (double)facts->ids * s->factor *
        (whole_bytes(64 - bits_of((double)facts->ids * s->factor / batches + 1) + KEY_SPREAD_BITS) +
         ord_bytes);
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

/* What is duplicated, as far as a sample can tell. */
static void scale_pairs(const tamis_estimate_shape *shape, const tamis_facts *facts, scaled *s)
{
    const tamis_settings *settings = shape->settings;
    double growth = 1;
    double repeats = (double)(facts->exact_repeats + facts->near_repeats) * s->factor;

    while (growth * growth < s->factor && growth < GROWTH_MAX) {
        growth *= 1.0905; /* an eighth of a doubling */
    }
    s->kept_share = facts->text_bytes == 0
                        ? 1
                        : 1 - least((double)facts->repeated_bytes / (double)facts->text_bytes, 1);
    s->dropped = least(repeats * growth, s->documents / 2);
    s->candidates = (double)facts->pairs * s->factor * growth / PAIRS_PER_CANDIDATE;
    if (has_level(settings, TAMIS_LEVEL_NEAR) && settings->verify != TAMIS_VERIFY_SIGNATURE) {
        double open = settings->verify == TAMIS_VERIFY_TEXT ? 1 : OPEN_CANDIDATES;
        double share =
            settings->verify == TAMIS_VERIFY_TEXT ? 2 * OPEN_DOCUMENTS_SHARE : OPEN_DOCUMENTS_SHARE;

        s->open_pairs = s->candidates * open;
        s->open_shingles = least(s->documents * share, 2 * s->open_pairs) * OPEN_LENGTH *
                           (double)facts->shingles / (double)facts->rows;
    }
}

static double records_bytes(const tamis_estimate_shape *shape, const tamis_facts *facts,
                            const scaled *s)
{
    const tamis_settings *settings = shape->settings;
    double bytes = RECORD_FIXED_BYTES + RECORD_COLUMN_BYTES + RECORD_ID_BYTES;

    bytes += has_level(settings, TAMIS_LEVEL_NEAR) ? settings->slots : 0;
    bytes += settings->min_containment_ppm > settings->threshold_ppm ? RECORD_COUNTED_BYTES : 0;
    return s->documents * bytes + (double)facts->id_bytes * s->factor * RECORD_ID_SHARE;
}

/* What the TEXT stages write: nothing where --verify-spool forbids the spool. */
static void scale_texts(const tamis_estimate_shape *shape, const tamis_facts *facts, scaled *s)
{
    double limit = (double)facts->decoded_bytes * s->factor *
                   (double)shape->settings->verify_spool_ppm / TAMIS_PPM;
    double spool = s->open_shingles * SHINGLE_BYTES;

    limit = limit < SPOOL_FREE_BYTES ? SPOOL_FREE_BYTES : limit;
    s->is_spool_refused = spool > limit;
    if (!s->is_spool_refused) {
        s->spool_bytes = spool;
        s->half_bytes = s->open_pairs * OPEN_LENGTH * SHINGLE_BYTES * (double)facts->shingles /
                        (double)facts->rows;
    }
}

static void model_disk(const tamis_estimate_shape *shape, const tamis_facts *facts, const scaled *s,
                       tamis_estimate *e)
{
    double tasks = 3.0 * shape->batches + 2.0 * shape->slots + 6.0 * shape->parts;
    double pairs = s->candidates * (PAIRS_PER_CANDIDATE * PAIR_BYTES + shape->settings->slots +
                                    HALF_FIXED_BYTES + VERIFIED_BYTES);

    e->output_bytes = (uint64_t)(((double)facts->documents_packed * s->kept_share +
                                  (double)facts->attributes_packed) *
                                 s->emitted);
    e->features_bytes = (uint64_t)s->feature_bytes;
    e->spool_bytes = (uint64_t)s->spool_bytes;
    e->is_spool_refused = s->is_spool_refused;
    e->records_bytes = (uint64_t)records_bytes(shape, facts, s);
    e->pairs_bytes =
        (uint64_t)(pairs + s->spool_bytes + s->half_bytes + s->dropped * DROPPED_BYTES);
    e->work_bytes = e->features_bytes + e->records_bytes + e->pairs_bytes +
                    (uint64_t)(tasks * TASK_BYTES + WORK_FIXED);
    e->disk_bytes = e->work_bytes + e->output_bytes;
}

/* With `tasks` tasks on the run's workers. */
static double spread(const tamis_estimate_shape *shape, double seconds, double tasks)
{
    double side_by_side = tasks < shape->workers ? tasks : shape->workers;

    return side_by_side <= 1 ? seconds : seconds / (side_by_side * EFFICIENCY);
}

static void model_time(const tamis_estimate_shape *shape, const tamis_facts *facts, const scaled *s,
                       tamis_estimate *e)
{
    double read = facts->read_seconds * WARM;
    double analyze = facts->analyze_seconds * WARM;
    double text = 0;

    e->scan_seconds = (read + analyze + facts->sort_seconds * WARM) * s->factor +
                      s->documents * SCAN_DOCUMENT_SECONDS + s->features * SCAN_WRITE_SECONDS +
                      shape->batches * TASK_SECONDS;
    e->link_seconds = s->features * LINK_FEATURE_SECONDS + shape->slots * TASK_SECONDS;
    if (s->spool_bytes > 0) {
        double written = s->spool_bytes / SHINGLE_BYTES;

        /* Almost every split has a wanted document: all are read again. */
        text = read * s->factor +
               analyze * s->factor * written / ((double)facts->shingles * s->factor + 1) +
               (written + 2 * s->half_bytes / SHINGLE_BYTES) * SHINGLE_SECONDS;
    }
    e->verify_seconds = s->candidates * PAIR_SECONDS + text + 3.0 * shape->parts * TASK_SECONDS;
    e->emit_seconds = (read + facts->pack_seconds * WARM * s->kept_share) * s->emitted +
                      2.0 * shape->splits * TASK_SECONDS;
    e->local_seconds = s->documents * LOCAL_DOCUMENT_SECONDS + FIXED_SECONDS;
    e->processor_seconds =
        e->scan_seconds + e->link_seconds + e->verify_seconds + e->emit_seconds + e->local_seconds;
    e->wall_seconds = spread(shape, e->scan_seconds, shape->batches) +
                      spread(shape, e->link_seconds, shape->slots) +
                      spread(shape, e->verify_seconds, shape->parts) +
                      spread(shape, e->emit_seconds, shape->batches) + e->local_seconds;
}

/* Tasks take what they need, at most their share: SCAN sorts the features of a batch, TEXT_LATER
 * the shingles of a part's pairs. */
static void model_memory(const tamis_estimate_shape *shape, const scaled *s, tamis_estimate *e)
{
    double limit = (double)shape->memory_bytes;
    double bits = s->documents / 8 * 3; /* kept, capped, wanted */
    double workers = shape->batches < shape->workers ? shape->batches : shape->workers;
    double share = 0;
    double parts = shape->parts < 1 ? 1 : shape->parts;
    double need = s->feature_memory_bytes;
    double bytes = 0;

    if (s->half_bytes / parts * TEXT_COPIES > need) {
        need = s->half_bytes / parts * TEXT_COPIES;
    }
    need += MEMORY_TASK;
    workers = workers < 1 ? 1 : workers;
    share = (limit > 2 * MEMORY_TASK_SHARED ? limit - MEMORY_TASK_SHARED : limit / 2) / workers;
    bytes = MEMORY_FIXED + bits + workers * (need < share ? need : share);
    e->memory_bytes = (uint64_t)bytes;
}

void tamis_estimate_model(const tamis_estimate_shape *shape, const tamis_facts *facts,
                          tamis_estimate *out_estimate)
{
    tamis_estimate e = {0};
    scaled s = {0};

    TAMIS_ASSERT(facts->rows > 0);
    s.factor =
        facts->stored_bytes == 0 ? 0 : (double)shape->scan_bytes / (double)facts->stored_bytes;
    s.documents = (double)facts->rows * s.factor;
    s.emitted = shape->scan_bytes == 0
                    ? 0
                    : (double)shape->emit_bytes / (double)shape->scan_bytes * s.factor;
    scale_features(shape, facts, &s);
    scale_pairs(shape, facts, &s);
    scale_texts(shape, facts, &s);
    e.documents = (uint64_t)s.documents;
    e.stored_bytes = shape->scan_bytes;
    e.decoded_bytes = (uint64_t)((double)facts->decoded_bytes * s.factor);
    model_disk(shape, facts, &s, &e);
    model_time(shape, facts, &s, &e);
    model_memory(shape, &s, &e);
    *out_estimate = e;
}

/* With --limit an input gives at most so many records: as if it were shorter. */
void tamis_estimate_shape_of(const tamis_estimate_options *options, const tamis_facts *facts,
                             tamis_estimate_shape *out_shape)
{
    const tamis_plan *plan = options->plan;
    double rows_per_byte =
        facts->stored_bytes == 0 ? 0 : (double)facts->rows / (double)facts->stored_bytes;
    tamis_estimate_shape shape = {
        .settings = options->settings,
        .splits = plan->split_count,
        .batches = plan->batch_count,
        .parts = plan->part_count,
        .slots = UINT32_C(1) << plan->slot_bits,
        .workers = options->workers,
        .memory_bytes = options->memory_bytes,
    };

    for (uint32_t i = 0; i < plan->input_count; i++) {
        const tamis_input *input = &plan->inputs[i];
        uint64_t bytes = 0;

        for (uint32_t split = 0; split < input->split_count; split++) {
            bytes += plan->splits[input->first_split + split].end -
                     plan->splits[input->first_split + split].begin;
        }
        if (options->settings->limit != 0 &&
            (double)bytes * rows_per_byte > (double)options->settings->limit) {
            bytes = (uint64_t)((double)options->settings->limit / rows_per_byte);
        }
        shape.scan_bytes += bytes;
        shape.emit_bytes += input->is_against ? 0 : bytes;
    }
    *out_shape = shape;
}
