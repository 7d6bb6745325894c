/* SPDX-License-Identifier: Apache-2.0 */
/* Packed jobs from outside: once as they are, once with length and checksum put right, so that the
 * fuzzer gets past them. What unpacks must pack to the same bytes and have look-ups that hold. */
#include "tamis/bytes.h"
#include "tamis/job.h"

#define HEADER_SIZE 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_unpack(const uint8_t *data, size_t size)
{
    tamis_stage stages[TAMIS_STAGES_MAX];
    tamis_job *job = NULL;
    tamis_err err;
    tamis_buf again;

    if (tamis_job_unpack(tamis_slice_of(data, size), &job, &err) != TAMIS_OK) {
        return;
    }
    tamis_buf_init(&again, 0);
    TAMIS_ASSERT(tamis_job_pack(job, &again) == TAMIS_OK);
    TAMIS_ASSERT(tamis_slice_is_equal(tamis_buf_slice(&again), tamis_slice_of(data, size)));
    TAMIS_ASSERT(tamis_job_stages(job, stages) > 4);
    for (uint32_t i = 0; i < job->plan.split_count; i++) {
        TAMIS_ASSERT(tamis_plan_part_of_split(&job->plan, i) < job->plan.part_count);
    }
    tamis_buf_fini(&again);
    tamis_job_destroy(job);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = NULL;

    try_unpack(data, size);
    if (size < HEADER_SIZE) {
        return 0;
    }
    copy = malloc(size);
    if (copy == NULL) {
        return 0;
    }
    memcpy(copy, data, size);
    memcpy(copy, "tamisjob\1\0\0\0\0\0\0\0", 16);
    tamis_put64le(copy + 16, size - HEADER_SIZE);
    tamis_put64le(copy + 24, tamis_hash64(copy + HEADER_SIZE, size - HEADER_SIZE));
    try_unpack(copy, size);
    free(copy);
    return 0;
}
