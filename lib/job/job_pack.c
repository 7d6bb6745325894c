/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/job.h"

#include "job_format.h"
#include "tamis/bytes.h"

/* Appends to a buffer; the first error stays and later calls do nothing. */
typedef struct job_packer {
    tamis_buf *out;
    tamis_status status;
} job_packer;

static void pack_bytes(job_packer *packer, const void *data, size_t size)
{
    if (packer->status == TAMIS_OK) {
        packer->status = tamis_buf_append(packer->out, data, size);
    }
}

static void pack_u32(job_packer *packer, uint32_t value)
{
    uint8_t bytes[4];

    tamis_put32le(bytes, value);
    pack_bytes(packer, bytes, sizeof(bytes));
}

static void pack_u64(job_packer *packer, uint64_t value)
{
    uint8_t bytes[8];

    tamis_put64le(bytes, value);
    pack_bytes(packer, bytes, sizeof(bytes));
}

static void pack_string(job_packer *packer, const char *text)
{
    size_t size = text == NULL ? 0 : strlen(text);

    TAMIS_ASSERT(size < JOB_STRING_NONE);
    pack_u32(packer, text == NULL ? JOB_STRING_NONE : (uint32_t)size);
    pack_bytes(packer, text, size);
}

static void pack_settings(job_packer *packer, const tamis_settings *settings)
{
    pack_u32(packer, settings->levels);
    pack_u32(packer, settings->threshold_ppm);
    pack_u32(packer, settings->min_containment_ppm);
    pack_u32(packer, settings->bands);
    pack_u32(packer, settings->rows);
    pack_u32(packer, settings->slots);
    pack_u32(packer, settings->shingle);
    pack_u32(packer, settings->bucket_cap);
    pack_u32(packer, (uint32_t)settings->verify);
    pack_u32(packer, settings->verify_spool_ppm);
    pack_u32(packer, (uint32_t)settings->exact);
    pack_u32(packer, (uint32_t)settings->profile);
    pack_u32(packer, (uint32_t)settings->url_keep);
    pack_u32(packer, (uint32_t)settings->scope);
    pack_string(packer, settings->scope_field);
    pack_string(packer, settings->text_field);
    pack_string(packer, settings->id_field);
    pack_string(packer, settings->url_field);
    pack_u64(packer, settings->record_bytes_max);
    pack_u32(packer, settings->nesting_max);
    pack_u32(packer, settings->ratio_max);
    pack_u32(packer, settings->zstd_window_log_max);
    pack_u64(packer, settings->split_bytes);
    pack_u32(packer, settings->sample_ppm);
    pack_u64(packer, settings->limit);
    pack_u32(packer, settings->emit);
    pack_u32(packer, (uint32_t)settings->output_format);
    pack_u32(packer, (uint32_t)settings->output_level);
}

static void pack_input(job_packer *packer, const tamis_input *input)
{
    pack_string(packer, input->path);
    pack_string(packer, input->shown);
    pack_string(packer, input->name);
    pack_u32(packer, (uint32_t)input->format);
    pack_u32(packer, (uint32_t)input->compression);
    pack_u32(packer, input->is_against ? 1 : 0);
    pack_u64(packer, input->size_bytes);
    pack_u64(packer, (uint64_t)input->mtime_ns);
    pack_u32(packer, input->first_split);
    pack_u32(packer, input->split_count);
    pack_u32(packer, (uint32_t)input->fault);
    pack_string(packer, input->fault_text);
}

static void pack_ranges(job_packer *packer, const uint32_t *first, uint32_t count)
{
    pack_u32(packer, count);
    for (uint32_t i = 0; i <= count; i++) {
        pack_u32(packer, first[i]);
    }
}

static void pack_plan(job_packer *packer, const tamis_plan *plan)
{
    pack_u32(packer, plan->input_count);
    for (uint32_t i = 0; i < plan->input_count; i++) {
        pack_input(packer, &plan->inputs[i]);
    }
    pack_u32(packer, plan->split_count);
    for (uint32_t i = 0; i < plan->split_count; i++) {
        uint8_t bytes[JOB_SPLIT_BYTES];

        tamis_put32le(bytes, plan->splits[i].input);
        tamis_put32le(bytes + 4, plan->splits[i].part);
        tamis_put64le(bytes + 8, plan->splits[i].begin);
        tamis_put64le(bytes + 16, plan->splits[i].end);
        pack_bytes(packer, bytes, sizeof(bytes));
    }
    pack_ranges(packer, plan->batch_first_split, plan->batch_count);
    pack_ranges(packer, plan->part_first_batch, plan->part_count);
    pack_u32(packer, plan->slot_bits);
}

tamis_status tamis_job_pack(const tamis_job *job, tamis_buf *out)
{
    static const uint8_t empty_header[JOB_HEADER_SIZE];
    job_packer packer = {.out = out};
    size_t start = out->size;
    uint8_t *header = NULL;
    const uint8_t *body = NULL;
    size_t body_size = 0;

    TAMIS_ASSERT(job->plan.batch_first_split != NULL);
    TAMIS_ASSERT(job->plan.part_first_batch != NULL);

    pack_bytes(&packer, empty_header, sizeof(empty_header));
    pack_string(&packer, job->id);
    pack_string(&packer, job->out_path);
    pack_settings(&packer, &job->settings);
    pack_plan(&packer, &job->plan);
    if (job->quality != NULL) {
        pack_string(&packer, job->quality);
        pack_string(&packer, job->quality_skipped == NULL ? "" : job->quality_skipped);
        pack_string(&packer, job->scan_from);
        pack_string(&packer, job->scan_quality);
    }
    if (packer.status != TAMIS_OK) {
        out->size = start;
        return packer.status;
    }
    header = out->data + start;
    body = header + JOB_HEADER_SIZE;
    body_size = out->size - start - JOB_HEADER_SIZE;
    memcpy(header, JOB_MAGIC, JOB_MAGIC_SIZE);
    tamis_put32le(header + 8, job->quality == NULL ? JOB_VERSION : JOB_VERSION_QUALITY);
    tamis_put64le(header + 16, body_size);
    tamis_put64le(header + 24, tamis_hash64(body, body_size));
    return TAMIS_OK;
}
