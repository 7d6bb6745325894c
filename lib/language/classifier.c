/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/classifier.h"

#include <math.h>
#include <stdlib.h>

#include "tamis/fasttext.h"
#include "tamis/words.h"

#define LABEL_PREFIX "__label__"
#define SHOWN_LABELS 8

struct tamis_classifier {
    tamis_fasttext *model;
    size_t label; /* the good one, or with is_bad the bad one */
    bool is_bad;
};

struct tamis_classifier_scratch {
    const tamis_classifier *classifier;
    tamis_fasttext_scratch *model;
    tamis_fasttext_prediction *best; /* one a label */
    tamis_buf line;
};

/* ---- Opening ---- */

static bool find_label(const tamis_fasttext *model, const char *name, size_t *out_label)
{
    for (size_t i = 0; i < tamis_fasttext_label_count(model); i++) {
        tamis_slice label = tamis_fasttext_label(model, i);
        size_t prefix = strlen(LABEL_PREFIX);

        if (tamis_slice_is_equal(label, tamis_slice_of_string(name)) ||
            (label.size > prefix &&
             tamis_slice_is_equal(tamis_slice_of(label.data + prefix, label.size - prefix),
                                  tamis_slice_of_string(name)))) {
            *out_label = i;
            return true;
        }
    }
    return false;
}

static tamis_status no_label(const tamis_fasttext *model, const char *path, const char *good,
                             tamis_err *err)
{
    char names[256] = "";
    size_t used = 0;
    size_t count = tamis_fasttext_label_count(model);

    for (size_t i = 0; i < count && i < SHOWN_LABELS; i++) {
        tamis_slice label = tamis_fasttext_label(model, i);
        int size = label.size < 64 ? (int)label.size : 64;
        int wrote = snprintf(names + used, sizeof(names) - used, "%s%.*s", i == 0 ? "" : ", ", size,
                             (const char *)label.data);

        used += wrote > 0 ? (size_t)wrote : 0;
        if (used >= sizeof(names)) {
            break;
        }
    }
    if (good == NULL) {
        return tamis_err_set(err, TAMIS_EARG,
                             "%s: which label is the good one? It has %s%s; name one", path, names,
                             count > SHOWN_LABELS ? ", ..." : "");
    }
    return tamis_err_set(err, TAMIS_EARG, "%s: no label '%.64s'; it has %s%s", path, good, names,
                         count > SHOWN_LABELS ? ", ..." : "");
}

static tamis_status choose_label(tamis_classifier *classifier, const char *path, const char *good,
                                 tamis_err *err)
{
    if (find_label(classifier->model, good == NULL ? "hq" : good, &classifier->label)) {
        return TAMIS_OK;
    }
    if (good == NULL && find_label(classifier->model, "cc", &classifier->label)) {
        classifier->is_bad = true;
        return TAMIS_OK;
    }
    return no_label(classifier->model, path, good, err);
}

tamis_status tamis_classifier_open(const char *path, const char *good,
                                   tamis_classifier **out_classifier, tamis_err *err)
{
    tamis_classifier *classifier = calloc(1, sizeof(*classifier));
    tamis_status status = TAMIS_OK;

    if (classifier == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for the classifier", path);
    }
    status = tamis_fasttext_open(path, &classifier->model, err);
    if (status == TAMIS_OK) {
        status = choose_label(classifier, path, good, err);
    }
    if (status == TAMIS_OK) {
        *out_classifier = classifier;
        classifier = NULL;
    }
    tamis_classifier_destroy(classifier);
    return status;
}

void tamis_classifier_destroy(tamis_classifier *classifier)
{
    if (classifier != NULL) {
        tamis_fasttext_destroy(classifier->model);
        free(classifier);
    }
}

tamis_digest tamis_classifier_digest(const tamis_classifier *classifier)
{
    return tamis_fasttext_digest(classifier->model);
}

tamis_status tamis_classifier_scratch_create(const tamis_classifier *classifier,
                                             tamis_classifier_scratch **out_scratch, tamis_err *err)
{
    tamis_classifier_scratch *scratch = calloc(1, sizeof(*scratch));
    tamis_status status = TAMIS_OK;

    if (scratch == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the classifier");
    }
    scratch->classifier = classifier;
    tamis_buf_init(&scratch->line, 0);
    scratch->best = malloc(tamis_fasttext_label_count(classifier->model) * sizeof(*scratch->best));
    if (scratch->best == NULL) {
        status = tamis_err_set(err, TAMIS_ENOMEM, "no memory for the classifier");
    }
    if (status == TAMIS_OK) {
        status = tamis_fasttext_scratch_create(classifier->model, &scratch->model, err);
    }
    if (status == TAMIS_OK) {
        *out_scratch = scratch;
        scratch = NULL;
    }
    tamis_classifier_scratch_destroy(scratch);
    return status;
}

void tamis_classifier_scratch_destroy(tamis_classifier_scratch *scratch)
{
    if (scratch != NULL) {
        tamis_fasttext_scratch_destroy(scratch->model);
        tamis_buf_fini(&scratch->line);
        free(scratch->best);
        free(scratch);
    }
}

/* ---- Scoring ---- */

/* Bytes of the line break at `at`, 0: none. Those of str.splitlines: ASCII ones, U+0085, U+2028 and
 * U+2029; \r\n is one. */
static size_t break_at(tamis_slice text, size_t at)
{
    const uint8_t *c = text.data + at;
    size_t rest = text.size - at;

    if (c[0] == '\r' && rest > 1 && c[1] == '\n') {
        return 2;
    }
    if ((c[0] >= '\n' && c[0] <= '\r') || (c[0] >= 0x1C && c[0] <= 0x1E)) {
        return 1;
    }
    if (c[0] == 0xC2 && rest > 1 && c[1] == 0x85) {
        return 2;
    }
    return c[0] == 0xE2 && rest > 2 && c[1] == 0x80 && (c[2] == 0xA8 || c[2] == 0xA9) ? 3 : 0;
}

/* Each break is replaced by a space; none is left at the end, which was stripped. */
tamis_status tamis_classifier_line(tamis_slice text, tamis_buf *out)
{
    tamis_slice stripped = tamis_text_strip(text);
    tamis_status status = tamis_buf_reserve(out, stripped.size + 1);
    size_t at = 0;

    while (status == TAMIS_OK && at < stripped.size) {
        size_t size = break_at(stripped, at);

        out->data[out->size++] = size == 0 ? stripped.data[at] : ' ';
        at += size == 0 ? 1 : size;
    }
    return status;
}

tamis_status tamis_classifier_score(tamis_classifier_scratch *scratch, tamis_slice text,
                                    double *out_score, tamis_err *err)
{
    const tamis_classifier *classifier = scratch->classifier;
    size_t labels = tamis_fasttext_label_count(classifier->model);
    size_t count = 0;
    double score = 0; /* of classifier->label */
    tamis_status status = TAMIS_OK;

    tamis_buf_reset(&scratch->line);
    status = tamis_classifier_line(text, &scratch->line);
    if (status != TAMIS_OK) {
        return tamis_err_set(err, status, "no memory for %zu bytes of text", text.size);
    }
    status = tamis_fasttext_predict(scratch->model, tamis_buf_slice(&scratch->line), scratch->best,
                                    labels == 2 ? 1 : labels, &count, err);
    if (status != TAMIS_OK) {
        return status;
    }
    if (count == 0) {
        *out_score = (double)NAN;
        return TAMIS_OK;
    }
    for (size_t i = 0; i < count; i++) {
        if (scratch->best[i].label == classifier->label) {
            score = scratch->best[i].score;
        } else if (labels == 2) {
            score = 1.0 - scratch->best[i].score;
        }
    }
    *out_score = classifier->is_bad ? 1.0 - score : score;
    return TAMIS_OK;
}
