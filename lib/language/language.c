/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/language.h"

#include <stdlib.h>

#include "cld2_shim.h"
#include "language_feed.h"
#include "tamis/fasttext.h"

typedef char language_code[TAMIS_LANGUAGE_CODE_SIZE];

struct tamis_language {
    tamis_language_options options; /* model is not kept */
    tamis_fasttext *model;          /* NULL: CLD2 */
    language_code *codes;           /* by label */
    tamis_digest digest;
};

struct tamis_language_scratch {
    const tamis_language *language;
    tamis_fasttext_scratch *model;
    tamis_buf line;
    tamis_buf spare;
};

void tamis_language_options_defaults(tamis_language_options *out_options)
{
    *out_options = (tamis_language_options){
        .look_bytes = TAMIS_LANGUAGE_LOOK_DEFAULT,
        .newline = TAMIS_LANGUAGE_NEWLINE_SPACE,
    };
}

/* ---- Opening ---- */

/* A classifier given by mistake has labels of other kinds. */
static tamis_status name_labels(tamis_language *language, const char *path, tamis_err *err)
{
    size_t count = tamis_fasttext_label_count(language->model);
    size_t known = 0;

    language->codes = calloc(count, sizeof(*language->codes));
    if (language->codes == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for the labels", path);
    }
    for (size_t i = 0; i < count; i++) {
        tamis_language_code(tamis_fasttext_label(language->model, i), language->codes[i]);
        known += strcmp(language->codes[i], TAMIS_LANGUAGE_UNKNOWN) == 0 ? 0 : 1;
    }
    if (known < (count + 1) / 2) {
        return tamis_err_set(err, TAMIS_EARG,
                             "%s: only %zu of its %zu labels name languages; is it a classifier?",
                             path, known, count);
    }
    return TAMIS_OK;
}

tamis_status tamis_language_open(const tamis_language_options *options,
                                 tamis_language **out_language, tamis_err *err)
{
    tamis_language *language = NULL;
    tamis_status status = TAMIS_OK;
    const char *version = cld2_version();

    if (options->look_bytes > TAMIS_LANGUAGE_LOOK_MAX) {
        return tamis_err_set(err, TAMIS_EARG, "languages are told from 1 GiB of a text at most");
    }
    language = calloc(1, sizeof(*language));
    if (language == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for detecting languages");
    }
    language->options = *options;
    language->options.model = NULL;
    if (language->options.look_bytes == 0) {
        language->options.look_bytes = TAMIS_LANGUAGE_LOOK_MAX;
    }
    if (options->model == NULL || strcmp(options->model, TAMIS_LANGUAGE_CLD2) == 0) {
        language->digest = tamis_hash128(version, strlen(version));
    } else {
        status = tamis_fasttext_open(options->model, &language->model, err);
        if (status == TAMIS_OK) {
            language->digest = tamis_fasttext_digest(language->model);
            status = name_labels(language, options->model, err);
        }
    }
    if (status == TAMIS_OK) {
        *out_language = language;
        language = NULL;
    }
    tamis_language_destroy(language);
    return status;
}

void tamis_language_destroy(tamis_language *language)
{
    if (language != NULL) {
        tamis_fasttext_destroy(language->model);
        free(language->codes);
        free(language);
    }
}

const char *tamis_language_backend(const tamis_language *language)
{
    return language->model == NULL ? TAMIS_LANGUAGE_CLD2 : "fasttext";
}

tamis_digest tamis_language_digest(const tamis_language *language)
{
    return language->digest;
}

tamis_status tamis_language_scratch_create(const tamis_language *language,
                                           tamis_language_scratch **out_scratch, tamis_err *err)
{
    tamis_language_scratch *scratch = calloc(1, sizeof(*scratch));
    tamis_status status = TAMIS_OK;

    if (scratch == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for detecting languages");
    }
    scratch->language = language;
    tamis_buf_init(&scratch->line, 0);
    tamis_buf_init(&scratch->spare, 0);
    if (language->model != NULL) {
        status = tamis_fasttext_scratch_create(language->model, &scratch->model, err);
    }
    if (status == TAMIS_OK) {
        *out_scratch = scratch;
        scratch = NULL;
    }
    tamis_language_scratch_destroy(scratch);
    return status;
}

void tamis_language_scratch_destroy(tamis_language_scratch *scratch)
{
    if (scratch != NULL) {
        tamis_fasttext_scratch_destroy(scratch->model);
        tamis_buf_fini(&scratch->line);
        tamis_buf_fini(&scratch->spare);
        free(scratch);
    }
}

/* ---- Detecting ---- */

/* Adds a guess; one of a code that is there already adds to its score. */
static void add_guess(tamis_language_result *result, const char *code, double score)
{
    if (strcmp(code, TAMIS_LANGUAGE_UNKNOWN) == 0) {
        return;
    }
    for (size_t i = 0; i < result->count; i++) {
        if (strcmp(result->guesses[i].code, code) == 0) {
            double sum = result->guesses[i].score + score;

            result->guesses[i].score = sum > 1.0 ? 1.0 : sum;
            return;
        }
    }
    TAMIS_ASSERT(result->count < TAMIS_LANGUAGE_GUESSES);
    memcpy(result->guesses[result->count].code, code, TAMIS_LANGUAGE_CODE_SIZE);
    result->guesses[result->count++].score = score;
}

/* Two labels of one code may together pass the one before. */
static void sort_guesses(tamis_language_result *result)
{
    for (size_t i = 1; i < result->count; i++) {
        for (size_t j = i; j > 0 && result->guesses[j].score > result->guesses[j - 1].score; j--) {
            tamis_language_guess kept = result->guesses[j];

            result->guesses[j] = result->guesses[j - 1];
            result->guesses[j - 1] = kept;
        }
    }
}

static tamis_status detect_fasttext(tamis_language_scratch *scratch, tamis_slice line,
                                    tamis_language_result *result, tamis_err *err)
{
    tamis_fasttext_prediction best[TAMIS_LANGUAGE_GUESSES];
    size_t count = 0;
    tamis_status status =
        tamis_fasttext_predict(scratch->model, line, best, TAMIS_LANGUAGE_GUESSES, &count, err);

    for (size_t i = 0; status == TAMIS_OK && i < count; i++) {
        add_guess(result, scratch->language->codes[best[i].label], best[i].score);
    }
    sort_guesses(result);
    result->is_reliable = result->count > 0;
    return status;
}

static tamis_status detect_cld2(tamis_slice line, tamis_language_result *result, tamis_err *err)
{
    cld2_guess guesses[CLD2_GUESSES];
    bool is_reliable = false;
    int count = cld2_detect((const char *)line.data, line.size, guesses, &is_reliable);

    if (count == CLD2_NO_MEMORY) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for detecting languages");
    }
    for (int i = 0; i < count; i++) {
        char code[TAMIS_LANGUAGE_CODE_SIZE];

        tamis_language_code(tamis_slice_of_string(guesses[i].code), code);
        add_guess(result, code, guesses[i].percent / 100.0);
    }
    result->is_reliable = is_reliable && result->count > 0;
    return TAMIS_OK;
}

tamis_status tamis_language_detect(tamis_language_scratch *scratch, tamis_slice text,
                                   tamis_language_result *out_result, tamis_err *err)
{
    const tamis_language *language = scratch->language;
    tamis_language_result result = {.count = 0};
    tamis_slice line = {0};
    tamis_status status =
        language_feed(&language->options, language_feed_head(text, language->options.look_bytes),
                      &scratch->line, &scratch->spare, &line);

    if (status != TAMIS_OK) {
        return tamis_err_set(err, status, "no memory for %zu bytes of text", text.size);
    }
    if (language->model != NULL) {
        status = detect_fasttext(scratch, line, &result, err);
    } else {
        /* The line lies in a buffer of ours. */
        tamis_buf *owner = language->options.is_lowered ? &scratch->spare : &scratch->line;

        language_feed_clean(owner->data, owner->size);
        status = detect_cld2(line, &result, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    if (result.count == 0) {
        result.guesses[0] = (tamis_language_guess){.code = TAMIS_LANGUAGE_UNKNOWN, .score = 0};
        result.count = 1;
    }
    *out_result = result;
    return TAMIS_OK;
}
