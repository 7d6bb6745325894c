/* SPDX-License-Identifier: Apache-2.0 */
/* From counts to probabilities, in three passes over sorted records.
 *
 *     adjust     counts of the highest order, sorted by the last word, then the one before, ...:
 *                every n-gram of every order is a run of records that begin alike, and its left
 *                neighbors are what follows in them. Out: (n-gram, adjusted count) of each order.
 *     discount   the same sorted by context: a context's followers stand together. Out, sorted by
 *                the last word again: the discounted probability and the weight of the lower order
 *                for each n-gram, and the weight of each context as backoff of the n-gram that it
 * is. join       all orders side by side: an n-gram comes right behind the one without its first
 *                word, whose probability it is mixed with.
 */
#include <stdlib.h>

#include "train_parts.h"

#define PROGRESS_EVERY (UINT64_C(1) << 16)

/* What stands behind the key in a record of `suffixes`. */
#define TAG_PROBABILITY 0u /* then discounted probability, weight of the lower order */
#define TAG_BACKOFF     1u /* then backoff, 0 */
#define VALUE_WORDS     3u

typedef struct estimate {
    train_model *model;
    uint32_t order;
    uint64_t memory_bytes; /* of each sorter */
    tamis_sorter *contexts[TAMIS_LM_ORDER_MAX];
    tamis_sorter *suffixes[TAMIS_LM_ORDER_MAX];
    uint64_t numbers[TAMIS_LM_ORDER_MAX][5]; /* n-grams by adjusted count */
    uint64_t done;
    /* join */
    train_cursor cursors[TAMIS_LM_ORDER_MAX];
    train_output *output;
    uint64_t total;
} estimate;

static uint64_t bits_of(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static double double_of(uint64_t bits)
{
    double value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

static void tell(estimate *e, tamis_lm_stage stage, uint64_t done, uint64_t total)
{
    const tamis_lm_train_options *options = e->model->options;

    if (options->progress != NULL) {
        options->progress(options->context, stage, done, total);
    }
}

void train_discounts_compute(const uint64_t numbers[5], train_discounts *out_discounts)
{
    double y = 0;
    bool is_sound = numbers[1] != 0 && numbers[2] != 0 && numbers[3] != 0;

    *out_discounts = (train_discounts){.amounts = {0, 0.5, 1, 1.5}, .is_fallback = true};
    if (!is_sound) {
        return;
    }
    y = (double)numbers[1] / ((double)numbers[1] + 2.0 * (double)numbers[2]);
    for (unsigned i = 1; i <= 3; i++) {
        double amount =
            (double)i - (double)(i + 1) * y * (double)numbers[i + 1] / (double)numbers[i];

        if (amount < 0 || amount > (double)i) {
            *out_discounts = (train_discounts){.amounts = {0, 0.5, 1, 1.5}, .is_fallback = true};
            return;
        }
        out_discounts->amounts[i] = amount;
    }
    out_discounts->is_fallback = false;
}

static tamis_status make_sorter(const estimate *e, uint32_t words, tamis_sorter **out_sorter,
                                tamis_err *err)
{
    tamis_sorter_options options = {.words = words,
                                    .memory_bytes = e->memory_bytes,
                                    .temp_folder = e->model->options->temp_folder};

    return tamis_sorter_create(&options, out_sorter, err);
}

static void drop_sorter(estimate *e, tamis_sorter **sorter)
{
    tamis_sort_stats stats = {.records = 0};

    if (*sorter != NULL) {
        tamis_sorter_stats(*sorter, &stats);
        e->model->spilled_bytes += stats.spilled_bytes;
        tamis_sorter_destroy(*sorter);
        *sorter = NULL;
    }
}

/* ---- Adjust ------------------------------------------------------------------------------------
 */

/* The run of records that is being read: its n-grams of each order so far. */
typedef struct runs {
    uint32_t words[TAMIS_LM_ORDER_MAX];
    uint64_t counts[TAMIS_LM_ORDER_MAX]; /* adjusted */
    uint32_t size;                       /* orders that are n-grams; 0: nothing was read */
} runs;

static tamis_status emit_adjusted(estimate *e, const runs *r, uint32_t count, tamis_err *err)
{
    uint32_t by_context[TAMIS_LM_ORDER_MAX];
    uint64_t record[TRAIN_KEY_WORDS + 1];
    uint64_t adjusted = r->counts[count - 1];

    for (uint32_t i = 1; i < count; i++) {
        by_context[i - 1] = r->words[i];
    }
    by_context[count - 1] = r->words[0];
    train_pack(by_context, count, record);
    record[train_key_words(count)] = adjusted;
    if (adjusted < 5) {
        e->numbers[count - 1][adjusted]++;
    }
    e->model->counts[count - 1]++;
    return tamis_sorter_add(e->contexts[count - 1], record, 1, err);
}

/* Ends the n-grams that are longer than `common` words, and starts those of the next record. */
static tamis_status turn_run(estimate *e, runs *r, const uint32_t *words, uint64_t count,
                             tamis_err *err)
{
    uint32_t common = 0;
    tamis_status status = TAMIS_OK;

    while (common < r->size && words != NULL && words[common] == r->words[common]) {
        common++;
    }
    for (uint32_t i = r->size; status == TAMIS_OK && i > common; i--) {
        status = emit_adjusted(e, r, i, err);
    }
    if (words == NULL || status != TAMIS_OK) {
        return status;
    }
    memcpy(r->words, words, e->order * sizeof(*words));
    if (common != 0) {
        r->counts[common - 1]++; /* another word in front of it */
    }
    for (r->size = common; r->size < e->order;) {
        r->counts[r->size++] = 1;
        if (r->words[r->size - 1] == TRAIN_BEGIN) {
            break; /* what follows is padding */
        }
    }
    if (r->size == e->order || r->words[r->size - 1] == TRAIN_BEGIN) {
        r->counts[r->size - 1] = count;
    }
    return TAMIS_OK;
}

static tamis_status adjust(estimate *e, train_counts *counts, tamis_err *err)
{
    uint32_t key_words = train_key_words(e->order);
    train_cursor cursor;
    runs r = {.size = 0};
    tamis_status status = train_cursor_start(&cursor, counts->sorter, key_words + 1, err);

    while (status == TAMIS_OK && cursor.record != NULL) {
        uint64_t key[TRAIN_KEY_WORDS];
        uint32_t words[TAMIS_LM_ORDER_MAX];
        uint64_t count = 0;

        memcpy(key, cursor.record, key_words * sizeof(*key));
        while (status == TAMIS_OK && cursor.record != NULL &&
               memcmp(key, cursor.record, key_words * sizeof(*key)) == 0) {
            count += cursor.record[key_words];
            status = train_cursor_next(&cursor, err);
        }
        train_unpack(key, e->order, words);
        if (status == TAMIS_OK) {
            status = turn_run(e, &r, words, count, err);
        }
        if (e->done++ % PROGRESS_EVERY == 0) {
            tell(e, TAMIS_LM_STAGE_ADJUST, e->done, 0);
        }
    }
    return status == TAMIS_OK ? turn_run(e, &r, NULL, 0, err) : status;
}

/* ---- Discount ----------------------------------------------------------------------------------
 */

typedef struct follower {
    uint32_t word;
    uint64_t count;
} follower;

/* One context and what follows it. */
typedef struct group {
    uint32_t words[TAMIS_LM_ORDER_MAX]; /* the last place is free for the follower */
    follower *followers;
    size_t count;
    size_t capacity;
} group;

static tamis_status group_add(group *g, uint32_t word, uint64_t count, tamis_err *err)
{
    if (g->count == g->capacity) {
        size_t capacity = g->capacity == 0 ? 1024 : g->capacity * 2;
        follower *followers = realloc(g->followers, capacity * sizeof(*followers));

        if (followers == NULL) {
            return tamis_err_set(err, TAMIS_ENOMEM, "no memory for %zu followers of a context",
                                 capacity);
        }
        g->followers = followers;
        g->capacity = capacity;
    }
    g->followers[g->count++] = (follower){.word = word, .count = count};
    return TAMIS_OK;
}

static tamis_status emit_suffix(estimate *e, const uint32_t *words, uint32_t count, uint64_t tag,
                                double first, double second, tamis_err *err)
{
    uint64_t record[TRAIN_KEY_WORDS + VALUE_WORDS];
    uint32_t key_words = train_key_words(count);

    train_pack(words, count, record);
    record[key_words] = tag;
    record[key_words + 1] = bits_of(first);
    record[key_words + 2] = bits_of(second);
    return tamis_sorter_add(e->suffixes[count - 1], record, 1, err);
}

/* Writes a whole context of `count` - 1 words. */
static tamis_status emit_group(estimate *e, const group *g, uint32_t count, tamis_err *err)
{
    const train_discounts *discounts = &e->model->discounts[count - 1];
    uint64_t numbers[4] = {0};
    uint32_t words[TAMIS_LM_ORDER_MAX];
    double sum = 0;
    double weight = 0;
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i < g->count; i++) {
        uint64_t adjusted = g->followers[i].count;

        sum += (double)adjusted; /* exact below 2^53 */
        numbers[adjusted < 3 ? adjusted : 3]++;
    }
    for (unsigned i = 1; i <= 3; i++) {
        weight += discounts->amounts[i] * (double)numbers[i];
    }
    weight /= sum;
    memcpy(words + 1, g->words, (count - 1) * sizeof(*words));
    for (size_t i = 0; status == TAMIS_OK && i < g->count; i++) {
        uint64_t adjusted = g->followers[i].count;
        double discount = discounts->amounts[adjusted < 3 ? adjusted : 3];

        words[0] = g->followers[i].word;
        status = emit_suffix(e, words, count, TAG_PROBABILITY, ((double)adjusted - discount) / sum,
                             weight, err);
    }
    if (status == TAMIS_OK && count == 1) {
        words[0] = TRAIN_UNKNOWN;
        status = emit_suffix(e, words, 1, TAG_PROBABILITY, 0, weight, err);
    } else if (status == TAMIS_OK) {
        status = emit_suffix(e, g->words, count - 1, TAG_BACKOFF, weight, 0, err);
    }
    return status;
}

static tamis_status discount_order(estimate *e, uint32_t count, tamis_err *err)
{
    uint32_t key_words = train_key_words(count);
    train_cursor cursor;
    group g = {.count = 0};
    uint32_t words[TAMIS_LM_ORDER_MAX];
    tamis_status status = train_cursor_start(&cursor, e->contexts[count - 1], key_words + 1, err);

    while (status == TAMIS_OK && cursor.record != NULL) {
        train_unpack(cursor.record, count, words);
        if (g.count != 0 && memcmp(words, g.words, (count - 1) * sizeof(*words)) != 0) {
            status = emit_group(e, &g, count, err);
            g.count = 0;
        }
        memcpy(g.words, words, (count - 1) * sizeof(*words));
        if (status == TAMIS_OK) {
            status = group_add(&g, words[count - 1], cursor.record[key_words], err);
        }
        if (status == TAMIS_OK) {
            status = train_cursor_next(&cursor, err);
        }
    }
    if (status == TAMIS_OK && g.count != 0) {
        status = emit_group(e, &g, count, err);
    }
    free(g.followers);
    return status;
}

static tamis_status discount(estimate *e, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    for (uint32_t count = 1; status == TAMIS_OK && count <= e->order; count++) {
        train_discounts_compute(e->numbers[count - 1], &e->model->discounts[count - 1]);
        status = make_sorter(e, train_key_words(count) + VALUE_WORDS, &e->suffixes[count - 1], err);
        if (status == TAMIS_OK) {
            status = discount_order(e, count, err);
        }
        drop_sorter(e, &e->contexts[count - 1]);
        tell(e, TAMIS_LM_STAGE_ESTIMATE, count, e->order);
    }
    return status;
}

/* ---- Join --------------------------------------------------------------------------------------
 */

typedef struct joined {
    uint32_t words[TAMIS_LM_ORDER_MAX];
    double discounted;
    double weight;
    double backoff;
} joined;

/* Takes the n-gram at the cursor, from the one or two records that it has. */
static tamis_status take_ngram(estimate *e, uint32_t count, joined *out, tamis_err *err)
{
    train_cursor *cursor = &e->cursors[count - 1];
    uint32_t key_words = train_key_words(count);
    uint64_t key[TRAIN_KEY_WORDS];
    tamis_status status = TAMIS_OK;

    memcpy(key, cursor->record, key_words * sizeof(*key));
    train_unpack(key, count, out->words);
    out->discounted = 0;
    out->weight = 0;
    out->backoff = 1;
    while (status == TAMIS_OK && cursor->record != NULL &&
           memcmp(key, cursor->record, key_words * sizeof(*key)) == 0) {
        const uint64_t *values = cursor->record + key_words;

        if (values[0] == TAG_PROBABILITY) {
            out->discounted = double_of(values[1]);
            out->weight = double_of(values[2]);
        } else {
            out->backoff = double_of(values[1]);
        }
        status = train_cursor_next(cursor, err);
    }
    return status;
}

/* Writes the n-grams of `count` words that end with the count - 1 words of `lower`, and below each
 * the longer ones. At most TAMIS_LM_ORDER_MAX deep. */
static tamis_status join_below(estimate *e, const uint32_t *lower, double probability,
                               uint32_t count, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(count <= TAMIS_LM_ORDER_MAX);
    while (status == TAMIS_OK && e->cursors[count - 1].record != NULL) {
        joined ngram;
        uint32_t words[TAMIS_LM_ORDER_MAX];
        double mixed = 0;

        train_unpack(e->cursors[count - 1].record, count, words);
        if (memcmp(words, lower, (count - 1) * sizeof(*words)) != 0) {
            break;
        }
        status = take_ngram(e, count, &ngram, err);
        mixed = ngram.discounted + ngram.weight * probability;
        if (status == TAMIS_OK) {
            status = train_output_add(e->output, ngram.words, count, mixed, ngram.backoff, err);
        }
        if (e->done++ % PROGRESS_EVERY == 0) {
            tell(e, TAMIS_LM_STAGE_WRITE, e->done, e->total);
        }
        if (status == TAMIS_OK && count < e->order) {
            status = join_below(e, ngram.words, mixed, count + 1, err);
        }
    }
    return status;
}

static tamis_status join(estimate *e, tamis_err *err)
{
    uint32_t none[TAMIS_LM_ORDER_MAX] = {0};
    tamis_status status = train_output_open(e->model, &e->output, err);

    e->done = 0;
    for (uint32_t i = 0; i < e->order; i++) {
        e->total += e->model->counts[i];
    }
    for (uint32_t i = 0; status == TAMIS_OK && i < e->order; i++) {
        status = train_cursor_start(&e->cursors[i], e->suffixes[i],
                                    train_key_words(i + 1) + VALUE_WORDS, err);
    }
    if (status == TAMIS_OK) {
        /* Every word but <s> can follow. */
        status = join_below(e, none, 1.0 / (double)(e->model->counts[0] - 1), 1, err);
    }
    if (status == TAMIS_OK) {
        tell(e, TAMIS_LM_STAGE_WRITE, e->total, e->total);
        for (uint32_t i = 0; i < e->order; i++) {
            TAMIS_ASSERT(e->cursors[i].record == NULL);
        }
    }
    return status;
}

tamis_status train_estimate(train_model *model, train_counts *counts, uint64_t memory_bytes,
                            tamis_lm_train_stats *stats, tamis_err *err)
{
    estimate e = {.model = model,
                  .order = model->options->order,
                  .memory_bytes = memory_bytes / (model->options->order + 1)};
    tamis_status status = TAMIS_OK;

    for (uint32_t i = 0; status == TAMIS_OK && i < e.order; i++) {
        status = make_sorter(&e, train_key_words(i + 1) + 1, &e.contexts[i], err);
    }
    if (status == TAMIS_OK) {
        status = adjust(&e, counts, err);
    }
    drop_sorter(&e, &counts->sorter);
    model->counts[0] += 2; /* <unk> and <s>, which nothing precedes */
    if (status == TAMIS_OK) {
        status = discount(&e, err);
    }
    if (status == TAMIS_OK) {
        status = join(&e, err);
    }
    for (uint32_t i = 0; i < e.order; i++) {
        drop_sorter(&e, &e.contexts[i]);
        drop_sorter(&e, &e.suffixes[i]);
        stats->counts[i] = model->counts[i];
        stats->is_fallback[i] = model->discounts[i].is_fallback;
        memcpy(stats->discounts[i], model->discounts[i].amounts + 1, sizeof(stats->discounts[i]));
    }
    if (status == TAMIS_OK) {
        status = train_output_finish(e.output, stats, err);
    }
    stats->spilled_bytes = model->spilled_bytes;
    train_output_close(e.output);
    return status;
}
