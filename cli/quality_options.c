/* SPDX-License-Identifier: Apache-2.0 */
#include "quality_options.h"

#include <stdlib.h>

#define PPM           1e6
#define LANGUAGES_MAX 256

const char *const tamis_quality_signal_choices[] = {"profile", "all", "none", NULL};
const char *const tamis_keyword_action_choices[] = {"drop", "drop-line", "tag", NULL};
const char *const tamis_pii_action_choices[] = {"report", "mask", "drop", NULL};

/* Options that make a profile of their own where none is named. */
static const char *const alone[] = {"languages", "classifier", "lm", "keywords",
                                    "blocklist", "pii",        NULL};
static const char *const others[] = {
    "require-models", "min-language-score", "language-model", "keep-above", "sentencepiece",
    "keyword-action", "pii-types",          "pii-key",        "signals",    NULL};

static const char *first_given(const tamis_options *options, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (tamis_options_is_given(options, *names)) {
            return *names;
        }
    }
    return NULL;
}

static const char *choice_text(const tamis_options *options, const char *name,
                               const char *const *choices)
{
    return tamis_options_is_given(options, name) ? choices[tamis_options_choice(options, name)]
                                                 : NULL;
}

static double ratio(const tamis_options *options, const char *name)
{
    return tamis_options_is_given(options, name) ? (double)tamis_options_uint(options, name) / PPM
                                                 : -1;
}

/* Cuts `text` at its commas; the parts point into it. */
static tamis_status split_languages(char *text, const char **out_codes, size_t *out_count,
                                    tamis_err *err)
{
    char *next = text;

    *out_count = 0;
    while (next != NULL) {
        char *code = next;

        next = strchr(code, ',');
        if (next != NULL) {
            *next++ = '\0';
        }
        if (code[0] == '\0' || *out_count == LANGUAGES_MAX) {
            return tamis_err_set(err, TAMIS_EARG,
                                 "--languages: give 1 to %d codes separated by commas",
                                 LANGUAGES_MAX);
        }
        out_codes[(*out_count)++] = code;
    }
    return TAMIS_OK;
}

static void fill_request(const tamis_options *options, tamis_quality_request *out_request)
{
    *out_request = (tamis_quality_request){
        .profile = tamis_options_text(options, "quality"),
        .mode = (tamis_quality_mode)tamis_options_choice(options, "signals"),
        .requires_models = tamis_options_flag(options, "require-models"),
        .language_score_min = ratio(options, "min-language-score"),
        .language_model = tamis_options_text(options, "language-model"),
        .classifier = tamis_options_text(options, "classifier"),
        .keep_above = ratio(options, "keep-above"),
        .lm = tamis_options_text(options, "lm"),
        .sentencepiece = tamis_options_text(options, "sentencepiece"),
        .keywords = tamis_options_text(options, "keywords"),
        .keyword_action = choice_text(options, "keyword-action", tamis_keyword_action_choices),
        .blocklist = tamis_options_text(options, "blocklist"),
        .pii_action = choice_text(options, "pii", tamis_pii_action_choices),
        .pii_types = tamis_options_text(options, "pii-types"),
        .pii_key = tamis_options_text(options, "pii-key"),
    };
    if (out_request->language_model != NULL && strcmp(out_request->language_model, "cld2") == 0) {
        out_request->language_model = NULL;
    }
}

/* As a text with a final zero, freed by the caller. */
static char *text_of(const tamis_buf *bytes)
{
    char *text = malloc(bytes->size + 1);

    if (text != NULL) {
        if (bytes->size != 0) {
            memcpy(text, bytes->data, bytes->size);
        }
        text[bytes->size] = '\0';
    }
    return text;
}

static tamis_status resolve(const tamis_quality_request *request, char **out_spec,
                            char **out_skipped, tamis_err *err)
{
    tamis_buf spec;
    tamis_buf skipped;
    tamis_status status = TAMIS_OK;

    tamis_buf_init(&spec, TAMIS_QUALITY_SPEC_MAX);
    tamis_buf_init(&skipped, TAMIS_QUALITY_SPEC_MAX);
    status = tamis_quality_resolve(request, &spec, &skipped, err);
    if (status == TAMIS_OK) {
        *out_spec = text_of(&spec);
        *out_skipped = text_of(&skipped);
        if (*out_spec == NULL || *out_skipped == NULL) {
            free(*out_spec);
            free(*out_skipped);
            *out_spec = NULL;
            *out_skipped = NULL;
            status = tamis_err_set(err, TAMIS_ENOMEM, "no memory for the specification of quality");
        }
    }
    tamis_buf_fini(&spec);
    tamis_buf_fini(&skipped);
    return status;
}

static tamis_status resolve_options(const tamis_options *options, bool is_all, char **out_spec,
                                    char **out_skipped, tamis_err *err)
{
    const char *codes[LANGUAGES_MAX];
    char *languages = NULL;
    const char *given = tamis_options_text(options, "languages");
    tamis_quality_request request;
    tamis_status status = TAMIS_OK;

    fill_request(options, &request);
    request.finds_language = is_all;
    if (is_all && request.profile == NULL && !tamis_options_is_given(options, "signals")) {
        request.mode = TAMIS_QUALITY_ALL;
    }
    if (given != NULL) {
        languages = strdup(given);
        if (languages == NULL) {
            return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the names of languages");
        }
        request.languages = codes;
        status = split_languages(languages, codes, &request.language_count, err);
    }
    if (status == TAMIS_OK) {
        status = resolve(&request, out_spec, out_skipped, err);
    }
    free(languages);
    return status;
}

bool tamis_quality_options_ask(const tamis_options *options)
{
    return tamis_options_text(options, "quality") != NULL || first_given(options, alone) != NULL;
}

tamis_status tamis_quality_options_resolve(const tamis_options *options, char **out_spec,
                                           char **out_skipped, tamis_err *err)
{
    const char *lonely = first_given(options, others);

    *out_spec = NULL;
    *out_skipped = NULL;
    if (tamis_quality_options_ask(options)) {
        return resolve_options(options, false, out_spec, out_skipped, err);
    }
    return lonely == NULL ? TAMIS_OK
                          : tamis_err_set(err, TAMIS_EARG,
                                          "--%s: give --quality too, or an option that looks at "
                                          "documents (--languages, --classifier, --lm, "
                                          "--keywords, --blocklist, --pii)",
                                          lonely);
}

tamis_status tamis_quality_options_resolve_all(const tamis_options *options, char **out_spec,
                                               char **out_skipped, tamis_err *err)
{
    *out_spec = NULL;
    *out_skipped = NULL;
    return resolve_options(options, true, out_spec, out_skipped, err);
}

void tamis_quality_print_skipped(const char *command, const char *skipped, FILE *file)
{
    while (skipped != NULL && *skipped != '\0') {
        size_t size = strcspn(skipped, "\n");

        (void)fprintf(file, "%s: left out: %.*s\n", command, (int)size, skipped);
        skipped += size + (skipped[size] != '\0' ? 1 : 0);
    }
}
