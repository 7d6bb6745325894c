/* SPDX-License-Identifier: Apache-2.0 */
/* A stand-in for the library of quality: a specification is "least=N"; a text of fewer words (split
 * at spaces) fails with `fake_short`, one with the word FORBIDDEN with `fake_word`. The word CUTME
 * is cut out of the text before, SECRET becomes "***". Columns: words, bytes, null, and whether the
 * word is there. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tamis/quality.h"
#include "tamis/text_edit.h"

#define COLUMNS 4

struct tamis_quality {
    unsigned long least;
};

struct tamis_grader {
    const tamis_quality *quality;
    tamis_edits edits;
    tamis_buf text;
    double values[COLUMNS];
};

static const char *const columns[COLUMNS] = {"words", "bytes", "nothing", "word.drop"};
static const char *const reasons[] = {"", "fake_short", "fake_word"};

tamis_status tamis_quality_resolve(const tamis_quality_request *request, tamis_buf *out_spec,
                                   tamis_buf *out_skipped, tamis_err *err)
{
    tamis_buf_reset(out_spec);
    tamis_buf_reset(out_skipped);
    if (tamis_buf_append_format(out_spec, "name: fake\nleast=%s\n", request->profile) != TAMIS_OK) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory");
    }
    return TAMIS_OK;
}

tamis_status tamis_quality_open(tamis_slice spec, const struct tamis_roots *roots,
                                tamis_quality **out_quality, tamis_err *err)
{
    const char *least = NULL;

    (void)roots;
    least = strstr((const char *)spec.data, "least="); /* callers pass texts */
    if (least == NULL) {
        return tamis_err_set(err, TAMIS_EFORMAT, "no specification");
    }
    *out_quality = calloc(1, sizeof(**out_quality));
    if (*out_quality == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory");
    }
    (*out_quality)->least = strtoul(least + 6, NULL, 10);
    return TAMIS_OK;
}

void tamis_quality_close(tamis_quality *quality)
{
    free(quality);
}

bool tamis_quality_finds_language(const tamis_quality *quality)
{
    (void)quality;
    return true;
}

size_t tamis_quality_column_count(const tamis_quality *quality)
{
    (void)quality;
    return COLUMNS;
}

const char *tamis_quality_column(const tamis_quality *quality, size_t column)
{
    (void)quality;
    return columns[column];
}

size_t tamis_quality_reason_count(const tamis_quality *quality)
{
    (void)quality;
    return sizeof(reasons) / sizeof(reasons[0]);
}

const char *tamis_quality_reason(const tamis_quality *quality, size_t reason)
{
    (void)quality;
    return reasons[reason];
}

tamis_status tamis_grader_create(const tamis_quality *quality, tamis_grader **out_grader,
                                 tamis_err *err)
{
    tamis_grader *grader = calloc(1, sizeof(*grader));

    if (grader == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory");
    }
    grader->quality = quality;
    tamis_edits_init(&grader->edits);
    tamis_buf_init(&grader->text, 0);
    *out_grader = grader;
    return TAMIS_OK;
}

void tamis_grader_destroy(tamis_grader *grader)
{
    if (grader != NULL) {
        tamis_edits_fini(&grader->edits);
        tamis_buf_fini(&grader->text);
        free(grader);
    }
}

static tamis_status take_word(tamis_grader *grader, tamis_slice text, size_t begin, size_t end,
                              bool *has_forbidden)
{
    tamis_slice word = tamis_slice_of(text.data + begin, end - begin);

    if (tamis_slice_is_equal(word, tamis_slice_of_string("CUTME"))) {
        return tamis_edits_cut(&grader->edits, (uint32_t)begin, (uint32_t)end, 1);
    }
    if (tamis_slice_is_equal(word, tamis_slice_of_string("SECRET"))) {
        return tamis_edits_replace(&grader->edits, (uint32_t)begin, (uint32_t)end, 2,
                                   tamis_slice_of_string("***"));
    }
    *has_forbidden |= tamis_slice_is_equal(word, tamis_slice_of_string("FORBIDDEN"));
    return TAMIS_OK;
}

uint16_t tamis_quality_judge(const tamis_quality *quality, const double *values,
                             const char *language, double language_score)
{
    (void)language;
    (void)language_score;
    if (values[3] >= 1) {
        return 2;
    }
    return values[0] < (double)quality->least ? 1 : 0;
}

tamis_status tamis_quality_map(const tamis_quality *quality, const tamis_quality *stored,
                               uint16_t *out_map, tamis_err *err)
{
    (void)quality;
    (void)stored;
    (void)err;
    for (uint16_t i = 0; i < COLUMNS; i++) {
        out_map[i] = i;
    }
    return TAMIS_OK;
}

tamis_status tamis_grader_run(tamis_grader *grader, tamis_slice text, tamis_slice url,
                              tamis_grade *out_grade, tamis_err *err)
{
    size_t words = 0;
    bool has_forbidden = false;
    tamis_status status = TAMIS_OK;

    (void)url;
    tamis_edits_reset(&grader->edits);
    tamis_buf_reset(&grader->text);
    for (size_t at = 0; status == TAMIS_OK && at < text.size;) {
        size_t end = at;

        while (end < text.size && text.data[end] != ' ') {
            end++;
        }
        words += end > at ? 1 : 0;
        status = take_word(grader, text, at, end, &has_forbidden);
        at = end + 1;
    }
    if (status == TAMIS_OK) {
        status = tamis_edits_apply(&grader->edits, text, &grader->text);
    }
    if (status != TAMIS_OK) {
        return tamis_err_set(err, status, "no memory");
    }
    grader->values[0] = (double)words;
    grader->values[1] = (double)text.size / 3;
    grader->values[2] = (double)NAN;
    grader->values[3] = has_forbidden ? 1 : 0;
    *out_grade = (tamis_grade){
        .language = "en",
        .language_score = 0.75,
        .values = grader->values,
        .text = grader->edits.count == 0 ? text : tamis_buf_slice(&grader->text),
        .edits = grader->edits.count == 0 ? NULL : &grader->edits,
    };
    out_grade->reason = tamis_quality_judge(grader->quality, grader->values, "en", 0.75);
    return TAMIS_OK;
}
