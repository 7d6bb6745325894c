/* SPDX-License-Identifier: Apache-2.0 */
/* Which rows of the input matrix a line adds up. The order is the reference's, since sums of floats
 * depend on it: word by word its own row and those of its character n-grams (by first character,
 * then by length), at last all word n-grams. */
#include "fasttext_model.h"

#define WORD_NGRAM_FACTOR 116049371u

static const uint8_t end_of_line[] = {'<', '/', 's', '>'};
static const uint8_t label_prefix[] = {'_', '_', 'l', 'a', 'b', 'e', 'l', '_', '_'};

static void add_up(ft_rows *rows)
{
    tamis_fasttext_scratch *scratch = rows->scratch;
    const tamis_fasttext *model = scratch->model;

    if (model->input_expanded != NULL || model->input.dense != NULL) {
        const uint8_t *base = model->input_expanded != NULL ? (const uint8_t *)model->input_expanded
                                                            : model->input.dense;

        model->kernels->add_rows(scratch->hidden, base, model->input_stride * sizeof(float),
                                 model->dim, rows->rows, rows->count);
    } else {
        for (size_t i = 0; i < rows->count; i++) {
            ft_matrix_add(&model->input, rows->rows[i], scratch->hidden);
        }
    }
    scratch->row_total += rows->count;
    rows->count = 0;
}

/* Makes room for one more; false: it is left out. */
static inline bool has_room(ft_rows *rows)
{
    if (rows->count < rows->capacity) {
        return true;
    }
    if (rows->scratch == NULL) {
        rows->is_full = true;
        return false;
    }
    add_up(rows);
    return true;
}

static inline void push_row(const tamis_fasttext *model, ft_rows *rows, uint32_t row)
{
    if (!has_room(rows)) {
        return;
    }
    if (rows->scratch != NULL) {
        const uint8_t *base = model->input_expanded != NULL ? (const uint8_t *)model->input_expanded
                                                            : model->input.dense;

        if (base != NULL) {
            __builtin_prefetch(base + model->input_stride * sizeof(float) * row);
        }
    }
    rows->rows[rows->count++] = row;
}

/* The row of a bucket, where it has one. */
static inline void push_bucket(const tamis_fasttext *model, ft_rows *rows, uint32_t bucket)
{
    if (!model->is_pruned) {
        push_row(model, rows, model->word_count + bucket);
        return;
    }
    if (model->pruned_blocks != NULL) {
        const ft_pruned_block *block = &model->pruned_blocks[bucket / 64];
        uint64_t bit = UINT64_C(1) << (bucket % 64);

        if ((block->bits & bit) != 0) {
            uint64_t rank = block->before + (uint64_t)__builtin_popcountll(block->bits & (bit - 1));

            push_row(model, rows, model->pruned_rows[rank]);
        }
    }
}

/* hash mod buckets (D. Lemire, O. Kaser, N. Kurz, "Faster remainder by direct computation"). */
static inline uint32_t bucket_of(const tamis_fasttext *model, uint32_t hash)
{
    uint64_t fraction = model->buckets_reciprocal * hash;

    return (uint32_t)(((tamis_uint128)fraction * model->buckets) >> 64);
}

static inline bool is_continuation(uint8_t byte)
{
    return (byte & 0xC0) == 0x80;
}

void ft_features_subwords(const tamis_fasttext *model, const uint8_t *word, size_t size,
                          ft_rows *rows)
{
    const uint32_t min = model->ngram_min;
    const uint32_t max = model->ngram_max;
    const size_t end = size + 2; /* with < and > */

    if (size == sizeof(end_of_line) && memcmp(word, end_of_line, size) == 0) {
        return;
    }
    for (size_t first = 0; first < end; first++) {
        uint32_t hash = FT_HASH_START;
        size_t at = first;

        if (first > 0 && first <= size && is_continuation(word[first - 1])) {
            continue;
        }
        for (uint32_t count = 1; count <= max && at < end; count++) {
            do {
                uint8_t byte = at == 0 ? '<' : (at > size ? '>' : word[at - 1]);

                hash = ft_hash_byte(hash, byte);
                at++;
            } while (at <= size && is_continuation(word[at - 1]));
            if (count >= min && !(count == 1 && (first == 0 || at == end))) {
                push_bucket(model, rows, bucket_of(model, hash));
            }
        }
    }
}

static void push_word(const tamis_fasttext *model, ft_rows *rows, const uint8_t *word, size_t size,
                      uint32_t id)
{
    if (id != UINT32_MAX) {
        push_row(model, rows, id);
    }
    if (model->ngram_max == 0) {
        return;
    }
    if (id >= model->known_count) {
        ft_features_subwords(model, word, size, rows);
        return;
    }
    for (uint32_t i = model->known_first[id]; i < model->known_first[id + 1]; i++) {
        push_row(model, rows, model->known_rows[i]);
    }
}

static tamis_status keep_hash(tamis_fasttext_scratch *scratch, uint32_t hash, tamis_err *err)
{
    if (scratch->hash_count == scratch->hash_capacity) {
        size_t capacity = scratch->hash_capacity == 0 ? 1024 : 2 * scratch->hash_capacity;
        uint32_t *larger = realloc(scratch->hashes, capacity * sizeof(*larger));

        if (larger == NULL) {
            return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a line of %zu words",
                                 scratch->hash_count);
        }
        scratch->hashes = larger;
        scratch->hash_capacity = capacity;
    }
    scratch->hashes[scratch->hash_count++] = hash;
    return TAMIS_OK;
}

static void push_word_ngrams(tamis_fasttext_scratch *scratch, ft_rows *rows)
{
    const tamis_fasttext *model = scratch->model;

    for (size_t i = 0; i < scratch->hash_count; i++) {
        uint64_t hash = (uint64_t)(int64_t)(int32_t)scratch->hashes[i];

        for (size_t j = i + 1; j < scratch->hash_count && j - i < model->word_ngrams; j++) {
            hash = hash * WORD_NGRAM_FACTOR + (uint64_t)(int64_t)(int32_t)scratch->hashes[j];
            push_bucket(model, rows, (uint32_t)(hash % model->buckets));
        }
    }
}

static inline bool is_space(uint8_t byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r') || byte == 0;
}

/* Takes one word of the line; *out_is_end: it is the one that ends a line. */
static tamis_status take_word(tamis_fasttext_scratch *scratch, ft_rows *rows, const uint8_t *word,
                              size_t size, uint32_t hash, bool *out_is_end, tamis_err *err)
{
    const tamis_fasttext *model = scratch->model;
    uint32_t id = ft_words_find(model, word, size, hash);
    bool is_label = id != UINT32_MAX ? id >= model->word_count
                                     : size >= sizeof(label_prefix) &&
                                           memcmp(word, label_prefix, sizeof(label_prefix)) == 0;

    *out_is_end = size == sizeof(end_of_line) && memcmp(word, end_of_line, size) == 0;
    if (is_label) {
        return TAMIS_OK;
    }
    push_word(model, rows, word, size, id);
    return model->word_ngrams > 1 ? keep_hash(scratch, hash, err) : TAMIS_OK;
}

tamis_status ft_features_line(tamis_fasttext_scratch *scratch, tamis_slice text, bool *out_any,
                              tamis_err *err)
{
    const tamis_fasttext *model = scratch->model;
    ft_rows rows = {.rows = scratch->rows, .capacity = FT_ROWS_BATCH, .scratch = scratch};
    tamis_status status = TAMIS_OK;
    bool is_end = false;
    size_t at = 0;

    memset(scratch->hidden, 0, model->dim * sizeof(float));
    scratch->row_total = 0;
    scratch->hash_count = 0;
    while (status == TAMIS_OK && !is_end && at < text.size && text.data[at] != '\n') {
        size_t begin = at;
        uint32_t hash = FT_HASH_START;

        if (is_space(text.data[at])) {
            at++;
            continue;
        }
        for (; at < text.size && !is_space(text.data[at]); at++) {
            hash = ft_hash_byte(hash, text.data[at]);
        }
        status = take_word(scratch, &rows, text.data + begin, at - begin, hash, &is_end, err);
    }
    if (status == TAMIS_OK && !is_end) {
        uint32_t hash = FT_HASH_START;

        for (size_t i = 0; i < sizeof(end_of_line); i++) {
            hash = ft_hash_byte(hash, end_of_line[i]);
        }
        status = take_word(scratch, &rows, end_of_line, sizeof(end_of_line), hash, &is_end, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    if (model->word_ngrams > 1) {
        push_word_ngrams(scratch, &rows);
    }
    add_up(&rows);
    *out_any = scratch->row_total != 0;
    if (*out_any) {
        float share = (float)(1.0 / (double)scratch->row_total);

        for (uint32_t i = 0; i < model->dim; i++) {
            scratch->hidden[i] *= share;
        }
    }
    return TAMIS_OK;
}
