/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/lm_train.h"

#include <stdlib.h>

#include "train_parts.h"

#define PROGRESS_EVERY 4096u

struct tamis_lm_trainer {
    tamis_lm_train_options options;
    train_words words;
    train_counts counts;
    uint32_t *sentence; /* order - 1 times <s>, the words, </s> */
    size_t capacity;
    tamis_lm_train_stats stats;
};

/* A copy; NULL stays NULL. */
static bool copy_text(const char **text)
{
    if (*text != NULL) {
        *text = strdup(*text);
        return *text != NULL;
    }
    return true;
}

tamis_status tamis_lm_trainer_create(const tamis_lm_train_options *options,
                                     tamis_lm_trainer **out_trainer, tamis_err *err)
{
    tamis_lm_trainer *trainer = NULL;
    bool is_copied = false;
    tamis_status status = TAMIS_OK;

    if (options->order < TAMIS_LM_TRAIN_ORDER_MIN || options->order > TAMIS_LM_ORDER_MAX ||
        options->memory_bytes < TAMIS_LM_TRAIN_MEMORY_MIN ||
        (options->model_path == NULL && options->arpa_path == NULL)) {
        return tamis_err_set(err, TAMIS_EARG,
                             "a model takes an order of %u to %d, %llu MiB of memory at least and "
                             "a place to be written to",
                             TAMIS_LM_TRAIN_ORDER_MIN, TAMIS_LM_ORDER_MAX,
                             (unsigned long long)TAMIS_LM_TRAIN_MEMORY_MIN >> 20);
    }
    trainer = calloc(1, sizeof(*trainer));
    if (trainer == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory to train");
    }
    trainer->options = *options;
    is_copied = copy_text(&trainer->options.temp_folder);
    is_copied = copy_text(&trainer->options.model_path) && is_copied;
    is_copied = copy_text(&trainer->options.arpa_path) && is_copied;
    status = is_copied ? train_words_init(&trainer->words, err)
                       : tamis_err_set(err, TAMIS_ENOMEM, "no memory to train");
    if (status == TAMIS_OK) {
        status = train_counts_init(&trainer->counts, options->order, options->memory_bytes / 2,
                                   options->temp_folder, err);
    }
    if (status != TAMIS_OK) {
        tamis_lm_trainer_destroy(trainer);
        return status;
    }
    *out_trainer = trainer;
    return TAMIS_OK;
}

void tamis_lm_trainer_destroy(tamis_lm_trainer *trainer)
{
    if (trainer == NULL) {
        return;
    }
    train_words_fini(&trainer->words);
    train_counts_fini(&trainer->counts);
    free((char *)(uintptr_t)trainer->options.temp_folder);
    free((char *)(uintptr_t)trainer->options.model_path);
    free((char *)(uintptr_t)trainer->options.arpa_path);
    free(trainer->sentence);
    free(trainer);
}

static bool is_space(uint8_t byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static bool is_marker(tamis_slice word)
{
    return word.data[0] == '<' && (tamis_slice_is_equal(word, tamis_slice_of_string("<s>")) ||
                                   tamis_slice_is_equal(word, tamis_slice_of_string("</s>")) ||
                                   tamis_slice_is_equal(word, tamis_slice_of_string("<unk>")));
}

static tamis_status push(tamis_lm_trainer *trainer, size_t *count, uint32_t id, tamis_err *err)
{
    if (*count == trainer->capacity) {
        size_t capacity = trainer->capacity == 0 ? 1024 : trainer->capacity * 2;
        uint32_t *sentence = realloc(trainer->sentence, capacity * sizeof(*sentence));

        if (sentence == NULL) {
            return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a sentence of %zu words",
                                 capacity);
        }
        trainer->sentence = sentence;
        trainer->capacity = capacity;
    }
    trainer->sentence[(*count)++] = id;
    return TAMIS_OK;
}

static tamis_status push_word(tamis_lm_trainer *trainer, size_t *count, tamis_slice word,
                              tamis_err *err)
{
    uint32_t id = 0;
    tamis_status status = TAMIS_OK;

    if (is_marker(word)) {
        trainer->stats.skipped_tokens++;
        return TAMIS_OK;
    }
    if (word.size > TAMIS_LM_WORD_MAX) {
        trainer->stats.cut_words++;
        word.size = TAMIS_LM_WORD_MAX;
    }
    status = train_words_put(&trainer->words, word, &id, err);
    if (status == TAMIS_OK) {
        trainer->stats.words++;
        status = push(trainer, count, id, err);
    }
    return status;
}

/* Counts every n-gram that ends with a word or </s>. */
static tamis_status count_ngrams(tamis_lm_trainer *trainer, size_t count, tamis_err *err)
{
    uint32_t order = trainer->options.order;
    uint32_t words[TAMIS_LM_ORDER_MAX];
    tamis_status status = TAMIS_OK;

    for (size_t last = order - 1; status == TAMIS_OK && last < count; last++) {
        for (uint32_t i = 0; i < order; i++) {
            words[i] = trainer->sentence[last - i];
        }
        status = train_counts_add(&trainer->counts, words, err);
    }
    return status;
}

tamis_status tamis_lm_trainer_add(tamis_lm_trainer *trainer, tamis_slice sentence, tamis_err *err)
{
    size_t count = 0;
    size_t at = 0;
    tamis_status status = TAMIS_OK;

    for (uint32_t i = 1; status == TAMIS_OK && i < trainer->options.order; i++) {
        status = push(trainer, &count, TRAIN_BEGIN, err);
    }
    while (status == TAMIS_OK && at < sentence.size) {
        size_t begin = 0;

        while (at < sentence.size && is_space(sentence.data[at])) {
            at++;
        }
        begin = at;
        while (at < sentence.size && !is_space(sentence.data[at])) {
            at++;
        }
        if (at != begin) {
            status =
                push_word(trainer, &count, tamis_slice_of(sentence.data + begin, at - begin), err);
        }
    }
    if (status == TAMIS_OK) {
        status = push(trainer, &count, TRAIN_END, err);
    }
    if (status == TAMIS_OK) {
        status = count_ngrams(trainer, count, err);
    }
    if (trainer->stats.sentences++ % PROGRESS_EVERY == 0 && trainer->options.progress != NULL) {
        trainer->options.progress(trainer->options.context, TAMIS_LM_STAGE_COUNT,
                                  trainer->stats.sentences, 0);
    }
    return status;
}

tamis_status tamis_lm_trainer_finish(tamis_lm_trainer *trainer, tamis_lm_train_stats *out_stats,
                                     tamis_err *err)
{
    train_model model = {.options = &trainer->options, .words = &trainer->words};
    tamis_status status = TAMIS_OK;

    if (trainer->stats.sentences == 0) {
        return tamis_err_set(err, TAMIS_EARG, "there is no sentence to learn from");
    }
    status = train_counts_sort(&trainer->counts, err);
    if (status == TAMIS_OK) {
        status = train_estimate(&model, &trainer->counts, trainer->options.memory_bytes / 2,
                                &trainer->stats, err);
    }
    if (status == TAMIS_OK) {
        *out_stats = trainer->stats;
    }
    return status;
}
