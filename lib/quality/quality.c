/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/quality.h"

#include <stdlib.h>

#include "quality_internal.h"

tamis_status tamis_quality_open(tamis_slice spec, const struct tamis_roots *roots,
                                tamis_quality **out_quality, tamis_err *err)
{
    tamis_quality *quality = calloc(1, sizeof(*quality));
    tamis_status status = TAMIS_OK;

    if (quality == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a profile");
    }
    status = tamis_profile_parse(spec, "specification of quality", &quality->profile, err);
    if (status == TAMIS_OK) {
        status = tamis_models_open(quality->profile, roots, &quality->models, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_quality_plan(quality, err);
    }
    if (status != TAMIS_OK) {
        tamis_quality_close(quality);
        return status;
    }
    *out_quality = quality;
    return TAMIS_OK;
}

void tamis_quality_close(tamis_quality *quality)
{
    if (quality == NULL) {
        return;
    }
    tamis_models_close(quality->models);
    tamis_profile_destroy(quality->profile);
    free(quality->columns);
    free(quality->reasons);
    free(quality->steps);
    free(quality->stages);
    free(quality);
}

const char *tamis_quality_name(const tamis_quality *quality)
{
    return quality->profile->name;
}

bool tamis_quality_edits_text(const tamis_quality *quality)
{
    return quality->edits_text;
}

bool tamis_quality_finds_language(const tamis_quality *quality)
{
    return quality->needs_language;
}

size_t tamis_quality_column_count(const tamis_quality *quality)
{
    return quality->column_count;
}

const char *tamis_quality_column(const tamis_quality *quality, size_t column)
{
    TAMIS_ASSERT(column < quality->column_count);
    return quality->columns[column].name;
}

size_t tamis_quality_reason_count(const tamis_quality *quality)
{
    return quality->reason_count;
}

const char *tamis_quality_reason(const tamis_quality *quality, size_t reason)
{
    TAMIS_ASSERT(reason < quality->reason_count);
    return quality->reasons[reason];
}
