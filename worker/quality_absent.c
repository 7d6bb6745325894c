/* SPDX-License-Identifier: Apache-2.0 */
/* What a build without the library of quality answers: that it has none. */
#include "tamis/quality.h"

static tamis_status absent(tamis_err *err)
{
    return tamis_err_set(err, TAMIS_EUNSUPPORTED, "this build of tamis cannot grade documents");
}

tamis_status tamis_quality_resolve(const tamis_quality_request *request, tamis_buf *out_spec,
                                   tamis_buf *out_skipped, tamis_err *err)
{
    (void)request;
    (void)out_spec;
    (void)out_skipped;
    return absent(err);
}

tamis_status tamis_quality_open(tamis_slice spec, const struct tamis_roots *roots,
                                tamis_quality **out_quality, tamis_err *err)
{
    (void)spec;
    (void)roots;
    (void)out_quality;
    return absent(err);
}

void tamis_quality_close(tamis_quality *quality)
{
    (void)quality;
}

size_t tamis_quality_column_count(const tamis_quality *quality)
{
    (void)quality;
    return 0;
}

const char *tamis_quality_column(const tamis_quality *quality, size_t column)
{
    (void)quality;
    (void)column;
    return "";
}

size_t tamis_quality_reason_count(const tamis_quality *quality)
{
    (void)quality;
    return 0;
}

const char *tamis_quality_reason(const tamis_quality *quality, size_t reason)
{
    (void)quality;
    (void)reason;
    return "";
}

tamis_status tamis_grader_create(const tamis_quality *quality, tamis_grader **out_grader,
                                 tamis_err *err)
{
    (void)quality;
    (void)out_grader;
    return absent(err);
}

void tamis_grader_destroy(tamis_grader *grader)
{
    (void)grader;
}

tamis_status tamis_grader_run(tamis_grader *grader, tamis_slice text, tamis_slice url,
                              tamis_grade *out_grade, tamis_err *err)
{
    (void)grader;
    (void)text;
    (void)url;
    (void)out_grade;
    return absent(err);
}

tamis_status tamis_quality_map(const tamis_quality *quality, const tamis_quality *stored,
                               uint16_t *out_map, tamis_err *err)
{
    (void)quality;
    (void)stored;
    (void)out_map;
    return absent(err);
}

uint16_t tamis_quality_judge(const tamis_quality *quality, const double *values,
                             const char *language, double language_score, uint16_t stored_reason)
{
    (void)quality;
    (void)values;
    (void)language;
    (void)language_score;
    return stored_reason;
}
