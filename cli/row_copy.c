/* SPDX-License-Identifier: Apache-2.0 */
#include "row_copy.h"

#include <stdlib.h>

static void take(tamis_slice *slice, uint8_t *bytes, size_t *position)
{
    if (slice->size != 0) {
        memcpy(bytes + *position, slice->data, slice->size);
    }
    slice->data = bytes + *position;
    *position += slice->size;
}

tamis_status tamis_row_copy_make(const tamis_result_row *row, tamis_row_copy *out_copy,
                                 tamis_err *err)
{
    size_t size = row->text.size + row->id.size + row->reason.size + row->witness_id.size +
                  row->witness_input.size;
    uint8_t *bytes = malloc(size + 1);
    size_t position = 0;

    if (bytes == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a row of %zu bytes", size);
    }
    *out_copy = (tamis_row_copy){.row = *row, .bytes = bytes};
    take(&out_copy->row.text, bytes, &position);
    take(&out_copy->row.id, bytes, &position);
    take(&out_copy->row.reason, bytes, &position);
    take(&out_copy->row.witness_id, bytes, &position);
    take(&out_copy->row.witness_input, bytes, &position);
    return TAMIS_OK;
}

void tamis_row_copy_free(tamis_row_copy *copy)
{
    free(copy->bytes);
    *copy = (tamis_row_copy){0};
}

const char *tamis_verdict_name(tamis_verdict verdict)
{
    switch (verdict) {
    case TAMIS_VERDICT_KEEP:
        return "keep";
    case TAMIS_VERDICT_DROP:
        return "drop";
    case TAMIS_VERDICT_QUARANTINE:
        return "quarantine";
    }
    return "unknown";
}

static bool is_in_plan(const tamis_job *job, tamis_ord ord)
{
    return tamis_ord_split(ord) < job->plan.split_count;
}

tamis_status tamis_row_check(const tamis_result *result, const tamis_job *job,
                             const tamis_result_row *row, tamis_err *err)
{
    bool is_sound = is_in_plan(job, row->ord);

    if (row->verdict == TAMIS_VERDICT_DROP && !row->is_of_quality) {
        is_sound = is_sound && is_in_plan(job, row->witness);
        for (uint32_t i = 0; i < row->via_count; i++) {
            is_sound = is_sound && is_in_plan(job, row->via[i]);
        }
    }
    return is_sound ? TAMIS_OK
                    : tamis_err_set(err, TAMIS_EFORMAT,
                                    "%s: line %llu names a document that the run does not have; "
                                    "`tamis verify` checks the whole result",
                                    tamis_result_path(result), (unsigned long long)row->line);
}

const tamis_input *tamis_job_input_of(const tamis_job *job, tamis_ord ord)
{
    return &job->plan.inputs[job->plan.splits[tamis_ord_split(ord)].input];
}
