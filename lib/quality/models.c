/* SPDX-License-Identifier: Apache-2.0 */
#include "models.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "file_map.h"
#include "needs.h"
#include "step_names.h"
#include "tamis/classifier.h"
#include "tamis/keywords.h"
#include "tamis/language.h"
#include "tamis/perplexity.h"
#include "tamis/pii.h"
#include "tamis/url_lists.h"
#include "word_list.h"

struct tamis_models {
    const tamis_profile *profile;
    tamis_file_map maps[ROLE_COUNT]; /* open as long as the models */
    tamis_language *language;
    tamis_classifier *classifier;
    tamis_lm *lm;
    tamis_pieces *pieces;
    tamis_keywords *keywords;
    tamis_url_lists *url_lists;
    tamis_word_set *gopher_stop_words;
    tamis_word_set *stop_words;
    tamis_word_set *flagged_words;
    tamis_signal_lists lists;
};

struct tamis_models_scratch {
    const tamis_models *models;
    tamis_language_scratch *language;
    tamis_classifier_scratch *classifier;
    tamis_perplexity *perplexity;
    tamis_keyword_scan *keywords;
    tamis_pii **pii; /* of each step */
    tamis_buf url;
};

/* ---- Opening ---- */

/* Models are opened by the name of the descriptor whose digest was taken. */
static tamis_status check_file(tamis_models *models, const tamis_profile_file *file,
                               const struct tamis_roots *roots, tamis_err *err)
{
    tamis_file_map *map = &models->maps[file->role];
    char has[TAMIS_DIGEST_HEX_SIZE];
    char wanted[TAMIS_DIGEST_HEX_SIZE];
    tamis_status status = tamis_file_map_open(file->path, roots, map, err);
    tamis_digest digest;

    if (status != TAMIS_OK) {
        return status;
    }
    digest = tamis_hash128(map->bytes.data, map->bytes.size);
    if (!file->has_digest || tamis_digest_is_equal(digest, file->digest)) {
        return TAMIS_OK;
    }
    tamis_digest_to_hex(digest, has);
    tamis_digest_to_hex(file->digest, wanted);
    return tamis_err_set(err, TAMIS_ECHANGED,
                         "%s (%s) has the digest %s here, but %s where the job was made; bring the "
                         "same file to every machine",
                         file->path, tamis_profile_role_names[file->role], has, wanted);
}

static tamis_status open_language(tamis_models *models, const char *path, tamis_err *err)
{
    tamis_language_options options;

    tamis_language_options_defaults(&options);
    options.model = path;
    options.look_bytes = models->profile->language_bytes;
    switch (models->profile->language_text) {
    case LANGUAGE_TEXT_DATATROVE:
        break;
    case LANGUAGE_TEXT_CCNET:
        options.newline = TAMIS_LANGUAGE_NEWLINE_DELETE;
        break;
    case LANGUAGE_TEXT_DOLMA:
        options.is_lowered = true;
        options.is_stripped = true;
        break;
    case LANGUAGE_TEXT_BIGSCIENCE:
        options.is_lowered = true;
        break;
    }
    return tamis_language_open(&options, &models->language, err);
}

static tamis_status open_keywords(tamis_models *models, const tamis_profile_file *file,
                                  tamis_err *err)
{
    tamis_keywords_settings settings = {.rules = TAMIS_KEYWORD_DATATROVE};

    for (size_t i = 0; i < models->profile->step_count; i++) {
        const tamis_profile_step *step = &models->profile->steps[i];

        if (step->kind == STEP_KEYWORDS && step->types[0] != '\0') {
            settings.is_substring = !tamis_keyword_rules_find(step->types, &settings.rules);
        }
    }
    return tamis_keywords_create(&settings, models->maps[file->role].bytes, file->path,
                                 &models->keywords, err);
}

/* Entries are domains until a line "[kind]" says otherwise. */
static tamis_status open_url_lists(tamis_models *models, const tamis_profile_file *file,
                                   tamis_err *err)
{
    tamis_status status = tamis_url_lists_create(&models->url_lists, err);

    if (status == TAMIS_OK) {
        status = tamis_url_lists_add(models->url_lists, TAMIS_URL_DOMAIN,
                                     models->maps[file->role].bytes, file->path, err);
    }
    return status == TAMIS_OK ? tamis_url_lists_finish(models->url_lists, err) : status;
}

static tamis_status open_model(tamis_models *models, const tamis_profile_file *file, tamis_err *err)
{
    const tamis_file_map *map = &models->maps[file->role];

    switch (file->role) {
    case ROLE_LANGUAGE_MODEL:
        return open_language(models, map->name, err);
    case ROLE_CLASSIFIER:
        return tamis_classifier_open(map->name, NULL, &models->classifier, err);
    case ROLE_LM:
        return tamis_lm_open_memory(map->bytes, file->path, &models->lm, err);
    case ROLE_SENTENCEPIECE:
        return tamis_pieces_open(map->name, &models->pieces, err);
    case ROLE_KEYWORDS:
        return open_keywords(models, file, err);
    case ROLE_STOP_WORDS:
        return tamis_word_list_parse(map->bytes, file->path, &models->stop_words, err);
    case ROLE_FLAGGED_WORDS:
        return tamis_word_list_parse(map->bytes, file->path, &models->flagged_words, err);
    case ROLE_BLOCKLIST:
        return open_url_lists(models, file, err);
    case ROLE_COUNT:
        break;
    }
    return TAMIS_OK;
}

static tamis_status open_gopher_words(tamis_models *models, tamis_err *err)
{
    const tamis_profile *profile = models->profile;
    tamis_slice words[PROFILE_WORDS_MAX];

    if (profile->stop_word_count == 0) {
        return TAMIS_OK;
    }
    for (size_t i = 0; i < profile->stop_word_count; i++) {
        words[i] = tamis_slice_of_string(profile->stop_words[i]);
    }
    return tamis_word_set_create(words, profile->stop_word_count, &models->gopher_stop_words, err);
}

static tamis_status open_all(tamis_models *models, const struct tamis_roots *roots, tamis_err *err)
{
    const tamis_profile *profile = models->profile;
    tamis_status status = open_gopher_words(models, err);

    for (size_t i = 0; status == TAMIS_OK && i < profile->file_count; i++) {
        status = check_file(models, &profile->files[i], roots, err);
        if (status == TAMIS_OK) {
            status = open_model(models, &profile->files[i], err);
            if (status != TAMIS_OK && models->maps[profile->files[i].role].name[0] != '\0') {
                tamis_err_context(err, "%s", profile->files[i].path);
            }
        }
    }
    if (status == TAMIS_OK && models->language == NULL) {
        status = open_language(models, NULL, err);
    }
    models->lists = (tamis_signal_lists){.gopher_stop_words = models->gopher_stop_words,
                                         .stop_words = models->stop_words,
                                         .flagged_words = models->flagged_words};
    return status;
}

tamis_status tamis_models_open(const tamis_profile *profile, const struct tamis_roots *roots,
                               tamis_models **out_models, tamis_err *err)
{
    tamis_models *models = calloc(1, sizeof(*models));
    tamis_status status = TAMIS_OK;

    if (models == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for models");
    }
    models->profile = profile;
    for (size_t i = 0; i < ROLE_COUNT; i++) {
        tamis_file_map_init(&models->maps[i]);
    }
    status = open_all(models, roots, err);
    if (status != TAMIS_OK) {
        tamis_models_close(models);
        return status;
    }
    *out_models = models;
    return TAMIS_OK;
}

void tamis_models_close(tamis_models *models)
{
    if (models == NULL) {
        return;
    }
    tamis_language_destroy(models->language);
    tamis_classifier_destroy(models->classifier);
    tamis_lm_destroy(models->lm);
    tamis_pieces_destroy(models->pieces);
    tamis_keywords_destroy(models->keywords);
    tamis_url_lists_destroy(models->url_lists);
    tamis_word_set_destroy(models->gopher_stop_words);
    tamis_word_set_destroy(models->stop_words);
    tamis_word_set_destroy(models->flagged_words);
    for (size_t i = 0; i < ROLE_COUNT; i++) {
        tamis_file_map_close(&models->maps[i]);
    }
    free(models);
}

const tamis_signal_lists *tamis_models_lists(const tamis_models *models)
{
    return &models->lists;
}

/* ---- One thread ---- */

static tamis_status create_pii(tamis_models_scratch *scratch, tamis_err *err)
{
    const tamis_profile *profile = scratch->models->profile;

    scratch->pii = calloc(profile->step_count + 1, sizeof(tamis_pii *));
    if (scratch->pii == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for models");
    }
    for (size_t i = 0; i < profile->step_count; i++) {
        const tamis_profile_step *step = &profile->steps[i];
        tamis_pii_settings settings = {.style = TAMIS_PII_STYLE_DATATROVE,
                                       .key = tamis_slice_of_string(step->key)};
        tamis_status status = TAMIS_OK;

        if (step->kind != STEP_PII) {
            continue;
        }
        if (step->key[0] != '\0') {
            settings.style = TAMIS_PII_STYLE_PSEUDONYM;
        }
        status = tamis_needs_pii_types(step->types, &settings.types, err);
        if (status == TAMIS_OK) {
            status = tamis_pii_create(&settings, &scratch->pii[i], err);
        }
        if (status != TAMIS_OK) {
            return status;
        }
    }
    return TAMIS_OK;
}

static tamis_lm_text lm_text_of(const tamis_lm *lm)
{
    const tamis_lm_info *info = tamis_lm_get_info(lm);

    return info->format == TAMIS_LM_FORMAT_TAMIS ? info->text : TAMIS_LM_TEXT_CCNET;
}

tamis_status tamis_models_scratch_create(const tamis_models *models,
                                         tamis_models_scratch **out_scratch, tamis_err *err)
{
    tamis_models_scratch *scratch = calloc(1, sizeof(*scratch));
    tamis_status status = TAMIS_OK;

    if (scratch == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for models");
    }
    scratch->models = models;
    tamis_buf_init(&scratch->url, 0);
    status = tamis_language_scratch_create(models->language, &scratch->language, err);
    if (status == TAMIS_OK && models->classifier != NULL) {
        status = tamis_classifier_scratch_create(models->classifier, &scratch->classifier, err);
    }
    if (status == TAMIS_OK && models->lm != NULL) {
        status = tamis_perplexity_create(models->lm, models->pieces, lm_text_of(models->lm),
                                         &scratch->perplexity, err);
    }
    if (status == TAMIS_OK && models->keywords != NULL) {
        status = tamis_keyword_scan_create(models->keywords, &scratch->keywords, err);
    }
    if (status == TAMIS_OK) {
        status = create_pii(scratch, err);
    }
    if (status != TAMIS_OK) {
        tamis_models_scratch_destroy(scratch);
        return status;
    }
    *out_scratch = scratch;
    return TAMIS_OK;
}

void tamis_models_scratch_destroy(tamis_models_scratch *scratch)
{
    if (scratch == NULL) {
        return;
    }
    for (size_t i = 0; scratch->pii != NULL && i < scratch->models->profile->step_count; i++) {
        tamis_pii_destroy(scratch->pii[i]);
    }
    free((void *)scratch->pii);
    tamis_buf_fini(&scratch->url);
    tamis_keyword_scan_destroy(scratch->keywords);
    tamis_perplexity_destroy(scratch->perplexity);
    tamis_classifier_scratch_destroy(scratch->classifier);
    tamis_language_scratch_destroy(scratch->language);
    free(scratch);
}

/* ---- One text ---- */

tamis_status tamis_models_language(tamis_models_scratch *scratch, tamis_slice text,
                                   char out_code[TAMIS_QUALITY_LANGUAGE_SIZE], double *out_score,
                                   tamis_err *err)
{
    tamis_language_result result;
    tamis_status status = tamis_language_detect(scratch->language, text, &result, err);

    if (status == TAMIS_OK) {
        (void)snprintf(out_code, TAMIS_QUALITY_LANGUAGE_SIZE, "%s", result.guesses[0].code);
        *out_score = result.guesses[0].score;
    }
    return status;
}

/* values[signal] where it is wanted. */
static void put(const uint64_t wanted[TAMIS_SIGNAL_WORDS], double *values, const char *name,
                double value)
{
    size_t signal = 0;

    if (tamis_signal_find(name, &signal) && tamis_signal_bits_has(wanted, signal)) {
        values[signal] = value;
    }
}

static bool is_wanted(const uint64_t wanted[TAMIS_SIGNAL_WORDS], const char *name)
{
    size_t signal = 0;

    return tamis_signal_find(name, &signal) && tamis_signal_bits_has(wanted, signal);
}

static double bucket_of(double perplexity, const char *language)
{
    tamis_cutoffs cutoffs;

    if (isnan(perplexity) || !tamis_cutoffs_find(language, &cutoffs)) {
        return (double)NAN;
    }
    return (double)tamis_bucket_of(perplexity, &cutoffs);
}

static tamis_status put_perplexity(tamis_models_scratch *scratch, tamis_slice text,
                                   const char *language, const uint64_t wanted[TAMIS_SIGNAL_WORDS],
                                   double *values, tamis_err *err)
{
    tamis_perplexity_value value;
    tamis_status status = TAMIS_OK;

    if (scratch->perplexity == NULL ||
        !(is_wanted(wanted, "perplexity") || is_wanted(wanted, "ccnet_perplexity") ||
          is_wanted(wanted, "ccnet_bucket"))) {
        return TAMIS_OK;
    }
    status = tamis_perplexity_run(scratch->perplexity, text, &value, err);
    if (status == TAMIS_OK) {
        put(wanted, values, "perplexity", value.perplexity);
        put(wanted, values, "ccnet_perplexity", value.perplexity);
        put(wanted, values, "ccnet_bucket", bucket_of(value.perplexity, language));
    }
    return status;
}

tamis_status tamis_models_signals(tamis_models_scratch *scratch, tamis_slice text,
                                  const char *language, double language_score,
                                  const uint64_t wanted[TAMIS_SIGNAL_WORDS], double *values,
                                  tamis_err *err)
{
    static const uint64_t none[TAMIS_SIGNAL_WORDS] = {0};
    double score = (double)NAN;
    tamis_status status = TAMIS_OK;

    if (memcmp(wanted, none, sizeof(none)) == 0) {
        return TAMIS_OK;
    }
    put(wanted, values, "language_score", language_score);
    put(wanted, values, "ccnet_language_score", language_score);
    if (scratch->classifier != NULL && is_wanted(wanted, "classifier_score")) {
        status = tamis_classifier_score(scratch->classifier, text, &score, err);
        put(wanted, values, "classifier_score", score);
    }
    return status == TAMIS_OK ? put_perplexity(scratch, text, language, wanted, values, err)
                              : status;
}

/* ---- Steps ---- */

static void set(double *values, const char *name, double value)
{
    size_t signal = 0;

    if (tamis_signal_find(name, &signal)) {
        values[signal] = value;
    }
}

static tamis_status run_keywords(tamis_models_scratch *scratch, const tamis_profile_step *step,
                                 tamis_slice text, tamis_edits *edits, double *values,
                                 unsigned *out_reason, tamis_err *err)
{
    tamis_keyword_result result;
    tamis_status status = tamis_keyword_scan_run(scratch->keywords, text, &result, err);

    if (status != TAMIS_OK) {
        return status;
    }
    set(values, "keyword_matches", (double)result.match_count);
    if (tamis_needs_step_changes_text(step)) {
        status = tamis_keyword_cut_lines(text, &result, TAMIS_EDIT_REASON_KEYWORDS, edits);
        return status == TAMIS_OK ? status
                                  : tamis_err_set(err, status, "lines with keywords: %s",
                                                  tamis_status_text(status));
    }
    if (strcmp(step->name, tamis_keyword_action_names[TAMIS_KEYWORDS_DROP]) == 0 &&
        (double)result.match_count > step->limit) {
        *out_reason = 1;
    }
    return TAMIS_OK;
}

static double count_of(const tamis_pii *pii, unsigned types)
{
    double count = 0;

    for (int i = 0; i < TAMIS_PII_TYPE_COUNT; i++) {
        count += (types >> i & 1) != 0 ? (double)tamis_pii_count(pii, (tamis_pii_type)i) : 0;
    }
    return count;
}

static void put_pii_counts(const tamis_pii *pii, double *values)
{
    set(values, "pii_email", count_of(pii, 1u << TAMIS_PII_EMAIL));
    set(values, "pii_phone", count_of(pii, 1u << TAMIS_PII_PHONE));
    set(values, "pii_ip", count_of(pii, 1u << TAMIS_PII_IPV4 | 1u << TAMIS_PII_IPV6));
    set(values, "pii_card", count_of(pii, 1u << TAMIS_PII_CREDIT_CARD));
    set(values, "pii_iban", count_of(pii, 1u << TAMIS_PII_IBAN));
    set(values, "pii_key", count_of(pii, 1u << TAMIS_PII_KEY));
    set(values, "pii_national_id", count_of(pii, 1u << TAMIS_PII_NATIONAL_ID));
    set(values, "pii_count", count_of(pii, TAMIS_PII_ALL));
}

static tamis_status run_pii(tamis_pii *pii, const tamis_profile_step *step, tamis_slice text,
                            tamis_edits *edits, double *values, unsigned *out_reason,
                            tamis_err *err)
{
    const tamis_pii_span *spans = NULL;
    size_t count = 0;
    tamis_status status = tamis_pii_scan(pii, text, &spans, &count, err);

    if (status != TAMIS_OK) {
        return status;
    }
    put_pii_counts(pii, values);
    if (strcmp(step->name, tamis_pii_action_names[TAMIS_PII_DROP]) == 0) {
        *out_reason = (double)count > step->limit ? 1 : 0;
        return TAMIS_OK;
    }
    if (tamis_needs_step_changes_text(step)) {
        status = tamis_pii_mask(pii, text, edits);
    }
    for (size_t i = 0; status == TAMIS_OK && !tamis_needs_step_changes_text(step) && i < count;
         i++) {
        status = tamis_edits_cut(edits, spans[i].begin, spans[i].end,
                                 (uint16_t)(TAMIS_EDIT_REASON_PII + spans[i].type));
    }
    return status == TAMIS_OK
               ? status
               : tamis_err_set(err, status, "personal data: %s", tamis_status_text(status));
}

static tamis_status run_url(tamis_models_scratch *scratch, tamis_slice url, unsigned *out_reason,
                            tamis_err *err)
{
    const char *reason = NULL;
    tamis_status status = TAMIS_OK;

    if (url.size == 0) {
        return TAMIS_OK;
    }
    status = tamis_url_lists_match(scratch->models->url_lists, url, &scratch->url, &reason, err);
    for (unsigned i = 0; status == TAMIS_OK && reason != NULL && *out_reason == 0; i++) {
        TAMIS_ASSERT(tamis_url_reasons[i] != NULL);
        *out_reason = strcmp(tamis_url_reasons[i], reason) == 0 ? i + 1 : 0;
    }
    return status;
}

tamis_status tamis_models_step(tamis_models_scratch *scratch, size_t index, tamis_slice text,
                               tamis_slice url, tamis_edits *edits, double *values,
                               unsigned *out_reason, tamis_err *err)
{
    const tamis_profile_step *step = &scratch->models->profile->steps[index];

    tamis_edits_reset(edits);
    *out_reason = 0;
    switch (step->kind) {
    case STEP_KEYWORDS:
        return run_keywords(scratch, step, text, edits, values, out_reason, err);
    case STEP_PII:
        return run_pii(scratch->pii[index], step, text, edits, values, out_reason, err);
    case STEP_URL:
        return run_url(scratch, url, out_reason, err);
    case STEP_RULE:
    case STEP_EDIT:
    case STEP_LANGUAGE:
    case STEP_KIND_COUNT:
        break;
    }
    return TAMIS_OK;
}
