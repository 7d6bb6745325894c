/* SPDX-License-Identifier: Apache-2.0 */
/* ARPA text.
 *
 *     \data\            ngram N=COUNT for each order, then for each order
 *     \N-grams:         log10-probability  w1 ... wN  [log10-backoff]
 *     \end\
 *
 * Fields are separated by tabs or spaces. The n-gram without its last word must stand in the
 * section before (that is where its backoff is). One whose n-gram without its first word is
 * missing, as pruning by other tools leaves them, gets that one as KenLM does: with the probability
 * that the model gives it anyway, and backoff 0, so that no score changes and every search may stop
 * at the first order that fails.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "lm_internal.h"

#define NUMBER_MAX       63u
#define LINE_BYTES_LEAST 4u        /* of an n-gram: "0 a\n" */
#define UNKNOWN_MISSING  (-100.0f) /* what KenLM gives <unk> when the model has none */

typedef struct arpa {
    tamis_lm *model;
    const char *name;
    tamis_slice file;
    size_t at;
    uint64_t line_number;
    tamis_slice line;
    bool has_unknown;
} arpa;

static tamis_status fault(const arpa *a, tamis_err *err, const char *what)
{
    return tamis_err_set(err, TAMIS_EFORMAT, "%s: line %" PRIu64 ": %s", a->name, a->line_number,
                         what);
}

/* The next line without its end; false behind the last. */
static bool next_line(arpa *a)
{
    const uint8_t *begin = a->file.data + a->at;
    const uint8_t *end = NULL;
    size_t size = a->file.size - a->at;

    if (size == 0) {
        return false;
    }
    end = memchr(begin, '\n', size);
    a->line_number++;
    a->at += end == NULL ? size : (size_t)(end - begin) + 1;
    size = end == NULL ? size : (size_t)(end - begin);
    if (size != 0 && begin[size - 1] == '\r') {
        size--;
    }
    a->line = tamis_slice_of(begin, size);
    return true;
}

static bool is_blank(tamis_slice line)
{
    for (size_t i = 0; i < line.size; i++) {
        if (line.data[i] != ' ' && line.data[i] != '\t') {
            return false;
        }
    }
    return true;
}

static bool next_full_line(arpa *a)
{
    while (next_line(a)) {
        if (!is_blank(a->line)) {
            return true;
        }
    }
    return false;
}

/* Cuts the next field off the front of *rest; empty when there is none. */
static tamis_slice next_field(tamis_slice *rest)
{
    size_t begin = 0;
    size_t end = 0;

    while (begin < rest->size && (rest->data[begin] == ' ' || rest->data[begin] == '\t')) {
        begin++;
    }
    end = begin;
    while (end < rest->size && rest->data[end] != ' ' && rest->data[end] != '\t') {
        end++;
    }
    tamis_slice field = tamis_slice_of(rest->data + begin, end - begin);

    *rest = tamis_slice_of(rest->data + end, rest->size - end);
    return field;
}

static bool parse_float(tamis_slice field, float *out_value)
{
    char text[NUMBER_MAX + 1];
    char *end = NULL;

    if (field.size == 0 || field.size > NUMBER_MAX) {
        return false;
    }
    memcpy(text, field.data, field.size);
    text[field.size] = '\0';
    *out_value = strtof(text, &end);
    return end == text + field.size && isfinite(*out_value);
}

static bool is_line(const arpa *a, const char *text)
{
    tamis_slice line = a->line;

    while (line.size != 0 &&
           (line.data[line.size - 1] == ' ' || line.data[line.size - 1] == '\t')) {
        line.size--;
    }
    return tamis_slice_is_equal(line, tamis_slice_of_string(text));
}

/* ---- Head --------------------------------------------------------------------------------------
 */

/* "ngram 2=17" */
static tamis_status read_count(arpa *a, tamis_err *err)
{
    char text[NUMBER_MAX + 1];
    unsigned order = 0;
    uint64_t count = 0;
    int used = 0;
    tamis_lm_info *info = &a->model->info;

    if (a->line.size > NUMBER_MAX) {
        return fault(a, err, "this is no count of n-grams (ngram 2=17)");
    }
    memcpy(text, a->line.data, a->line.size);
    text[a->line.size] = '\0';
    if (sscanf(text, "ngram %3u = %15" SCNu64 " %n", &order, &count, &used) != 2 ||
        (size_t)used != a->line.size) {
        return fault(a, err, "this is no count of n-grams (ngram 2=17)");
    }
    if (order > TAMIS_LM_ORDER_MAX) {
        return tamis_err_set(err, TAMIS_EUNSUPPORTED,
                             "%s: line %" PRIu64 ": order %u; up to %d can be read", a->name,
                             a->line_number, order, TAMIS_LM_ORDER_MAX);
    }
    if (order != info->order + 1) {
        return fault(a, err, "the counts are not in the order 1, 2, 3, ...");
    }
    if (count > a->file.size / LINE_BYTES_LEAST || count > TAMIS_LM_ARPA_MAX) {
        return fault(a, err, "more n-grams than the file (or a model) can hold");
    }
    info->counts[order - 1] = count;
    info->order = order;
    return TAMIS_OK;
}

static tamis_status read_head(arpa *a, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    if (a->file.size >= 2 && a->file.data[0] == 0x1F && a->file.data[1] == 0x8B) {
        return tamis_err_set(err, TAMIS_EFORMAT, "%s: is compressed; unpack it with gzip -d",
                             a->name);
    }
    if (!next_full_line(a) || !is_line(a, "\\data\\")) {
        return tamis_err_set(err, TAMIS_EFORMAT,
                             "%s: is no language model: neither ARPA text (\\data\\ in front), nor "
                             "a KenLM binary, nor a model of 'tamis train lm'",
                             a->name);
    }
    while (status == TAMIS_OK && next_full_line(a) && a->line.data[0] == 'n') {
        status = read_count(a, err);
    }
    if (status == TAMIS_OK && a->model->info.order == 0) {
        status = fault(a, err, "counts of n-grams (ngram 1=...) must follow \\data\\");
    }
    return status;
}

/* ---- N-grams -----------------------------------------------------------------------------------
 */

static bool is_unknown(tamis_slice word)
{
    return tamis_slice_is_equal(word, tamis_slice_of_string("<unk>")) ||
           tamis_slice_is_equal(word, tamis_slice_of_string("<UNK>"));
}

static void put_floats(uint8_t *entry, float probability, float backoff, bool has_backoff)
{
    memcpy(entry, &probability, sizeof(probability));
    if (has_backoff) {
        memcpy(entry + 4, &backoff, sizeof(backoff));
    }
}

static tamis_status add_unigram(arpa *a, tamis_slice word, uint32_t *next_id, float probability,
                                float backoff, tamis_err *err)
{
    tamis_lm *model = a->model;
    uint32_t id = 0;
    bool is_old = false;

    if (is_unknown(word)) {
        is_old = a->has_unknown;
        a->has_unknown = true;
    } else {
        uint8_t *entry = lm_fill_put(&model->owned_words, lm_word_key(word), &is_old);

        id = *next_id;
        if (!is_old) {
            memcpy(entry + 8, &id, sizeof(id));
            (*next_id)++;
        }
    }
    if (is_old) {
        return fault(a, err, "this word stands here for the second time");
    }
    put_floats(model->owned_unigrams + (size_t)id * LM_UNIGRAM_BYTES, probability, backoff, true);
    return TAMIS_OK;
}

/* log10 of p(words[0] | words[1 .. count-1]) by the tables so far. */
static float backed_off(const tamis_lm *model, const uint32_t *words, uint32_t count)
{
    tamis_lm_state state = {.size = 0};
    tamis_lm_state next;

    for (uint32_t i = count; i > 1; i--) {
        (void)tamis_lm_score(model, &state, words[i - 1], &next);
        state = next;
    }
    return tamis_lm_score(model, &state, words[0], &next);
}

static void share_table(tamis_lm *model, uint32_t index)
{
    model->orders[index] = lm_fill_table(&model->owned_orders[index]);
}

/* Makes sure that the n-gram of the last `count` words exists (words[0] is the last). */
static tamis_status fill_suffix(tamis_lm *model, const uint32_t *words, uint32_t count,
                                tamis_err *err)
{
    uint64_t key = lm_key(words, count);
    lm_fill *fill = NULL;
    uint8_t *entry = NULL;
    float probability = 0;
    bool is_old = false;
    tamis_status status = TAMIS_OK;

    if (count < 2 || lm_table_find(&model->orders[count - 1], key) != NULL) {
        return TAMIS_OK;
    }
    if (key == 0) {
        return tamis_err_set(err, TAMIS_EFORMAT, "an n-gram has the hash 0");
    }
    status = fill_suffix(model, words, count - 1, err);
    fill = &model->owned_orders[count - 1];
    if (status == TAMIS_OK) {
        status = lm_fill_grow(fill, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    share_table(model, count - 1);
    probability = backed_off(model, words, count);
    entry = lm_fill_put(fill, key, &is_old);
    put_floats(entry + 8, probability, 0.0f, true);
    return TAMIS_OK;
}

static tamis_status add_ngram(arpa *a, const uint32_t *words, uint32_t order, float probability,
                              float backoff, tamis_err *err)
{
    tamis_lm *model = a->model;
    lm_fill *fill = &model->owned_orders[order - 1];
    uint64_t key = lm_key(words, order);
    bool is_old = false;
    uint8_t *entry = NULL;
    tamis_status status = TAMIS_OK;

    if (order > 2 &&
        lm_table_find(&model->orders[order - 2], lm_key(words + 1, order - 1)) == NULL) {
        return fault(a, err, "the n-gram without its last word is missing in the section before");
    }
    if (key == 0) {
        return fault(a, err, "this n-gram has the hash 0, which no table can hold");
    }
    status = fill_suffix(model, words, order - 1, err);
    if (status == TAMIS_OK) {
        status = lm_fill_grow(fill, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    entry = lm_fill_put(fill, key, &is_old);
    if (is_old) {
        return fault(a, err, "this n-gram stands here for the second time");
    }
    put_floats(entry + 8, probability, backoff, order < model->info.order);
    return TAMIS_OK;
}

static tamis_status read_ngram(arpa *a, uint32_t order, uint32_t *next_id, tamis_err *err)
{
    tamis_slice rest = a->line;
    uint32_t words[TAMIS_LM_ORDER_MAX] = {0};
    float probability = 0;
    float backoff = 0;
    tamis_slice word = {0};
    tamis_slice last = {0};

    if (!parse_float(next_field(&rest), &probability) || probability > 0.0f) {
        return fault(a, err, "a log10 probability, at most 0, must stand in front of an n-gram");
    }
    for (uint32_t i = 0; i < order; i++) {
        word = next_field(&rest);
        if (word.size == 0) {
            return fault(a, err, "this n-gram has too few words");
        }
        if (order > 1) {
            uint32_t id = is_unknown(word) ? TAMIS_LM_UNKNOWN : tamis_lm_find(a->model, word);

            if (id == TAMIS_LM_UNKNOWN && !is_unknown(word)) {
                return fault(a, err, "this n-gram has a word that is no unigram");
            }
            words[order - 1 - i] = id;
        }
    }
    last = next_field(&rest);
    if (last.size != 0 && !parse_float(last, &backoff)) {
        return fault(a, err, "a log10 backoff, and nothing else, may follow an n-gram");
    }
    if (next_field(&rest).size != 0) {
        return fault(a, err, "this n-gram has too many fields");
    }
    if (order == 1) {
        return add_unigram(a, word, next_id, probability, backoff, err);
    }
    return add_ngram(a, words, order, probability, backoff, err);
}

static tamis_status make_tables(arpa *a, tamis_err *err)
{
    tamis_lm *model = a->model;
    uint64_t words = model->info.counts[0] + 1;
    float missing[2] = {UNKNOWN_MISSING, 0.0f};
    tamis_status status = TAMIS_OK;

    model->owned_unigrams = calloc((size_t)words, LM_UNIGRAM_BYTES);
    if (model->owned_unigrams == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for %" PRIu64 " words", a->name,
                             words);
    }
    memcpy(model->owned_unigrams, missing, sizeof(missing));
    model->unigrams = model->owned_unigrams;
    model->word_count = words;
    status = lm_fill_create(&model->owned_words, words, LM_WORD_BYTES, err);
    for (uint32_t i = 1; status == TAMIS_OK && i < model->info.order; i++) {
        status =
            lm_fill_create(&model->owned_orders[i], model->info.counts[i],
                           i + 1 < model->info.order ? LM_MIDDLE_BYTES : LM_HIGHEST_BYTES, err);
        share_table(model, i);
    }
    model->words = lm_fill_table(&model->owned_words);
    return status;
}

/* The section of that order; its heading is the line at hand, and the one behind it is then. */
static tamis_status read_section(arpa *a, uint32_t order, tamis_err *err)
{
    char heading[16];
    uint32_t next_id = 1;
    uint64_t count = 0;
    tamis_status status = TAMIS_OK;

    (void)snprintf(heading, sizeof(heading), "\\%u-grams:", order);
    if (!is_line(a, heading)) {
        return fault(a, err, "the heading of the next section (\\N-grams:) must stand here");
    }
    a->line = tamis_slice_of(NULL, 0);
    while (status == TAMIS_OK && next_full_line(a) && a->line.data[0] != '\\') {
        count++;
        if (count > a->model->info.counts[order - 1]) {
            return fault(a, err, "more n-grams than \\data\\ counts");
        }
        status = read_ngram(a, order, &next_id, err);
    }
    if (order > 1) {
        share_table(a->model, order - 1);
    }
    if (status == TAMIS_OK && count != a->model->info.counts[order - 1]) {
        status = fault(a, err, "fewer n-grams than \\data\\ counts; the file may be cut");
    }
    return status;
}

tamis_status lm_read_arpa(tamis_lm *model, tamis_slice file, const char *name, tamis_err *err)
{
    arpa a = {.model = model, .name = name, .file = file};
    tamis_status status = TAMIS_OK;

    model->info.format = TAMIS_LM_FORMAT_ARPA;
    status = read_head(&a, err);
    if (status == TAMIS_OK) {
        status = make_tables(&a, err);
    }
    for (uint32_t order = 1; status == TAMIS_OK && order <= model->info.order; order++) {
        status = read_section(&a, order, err);
    }
    if (status == TAMIS_OK && !is_line(&a, "\\end\\")) {
        status = fault(&a, err, "\\end\\ must stand here; the file may be cut");
    }
    return status == TAMIS_OK ? lm_find_ends(model, name, err) : status;
}
