/* SPDX-License-Identifier: Apache-2.0 */
#include "job_example.h"

#define INPUTS 4
#define SPLITS 5

static char *copy_of(const char *text)
{
    return text == NULL ? NULL : strdup(text);
}

static tamis_input input_of(const char *path, const char *shown, const char *name)
{
    return (tamis_input){.path = copy_of(path), .shown = copy_of(shown), .name = copy_of(name)};
}

static void fill(tamis_plan *plan)
{
    plan->inputs[0] = input_of("/data/kept.jsonl", "kept.jsonl", "kept");
    plan->inputs[0].is_against = true;
    plan->inputs[0].size_bytes = 1000;
    plan->inputs[0].split_count = 1;
    plan->inputs[1] = input_of("/data/crawl.jsonl", "./crawl.jsonl", "crawl");
    plan->inputs[1].size_bytes = 150u << 20;
    plan->inputs[1].mtime_ns = -1;
    plan->inputs[1].first_split = 2;
    plan->inputs[1].split_count = 3;
    plan->inputs[2] = input_of("/data/gone.warc.gz", "gone.warc.gz", "gone");
    plan->inputs[2].format = TAMIS_INPUT_WARC;
    plan->inputs[2].compression = TAMIS_COMPRESSION_GZIP;
    plan->inputs[2].fault = TAMIS_ENOENT;
    plan->inputs[2].fault_text = copy_of("No such file or directory");
    plan->inputs[3] = input_of("/data/best.txt.zst", "best.txt.zst", "");
    plan->inputs[3].format = TAMIS_INPUT_TEXT;
    plan->inputs[3].compression = TAMIS_COMPRESSION_ZSTD;
    plan->inputs[3].size_bytes = 5;
    plan->inputs[3].mtime_ns = 1700000000123456789;
    plan->inputs[3].first_split = 1;
    plan->inputs[3].split_count = 1;
    plan->input_count = INPUTS;
    plan->splits[0] = (tamis_split){.input = 0, .end = 1000};
    plan->splits[1] = (tamis_split){.input = 3, .end = 5};
    plan->splits[2] = (tamis_split){.input = 1, .end = 64u << 20};
    plan->splits[3] = (tamis_split){.input = 1, .part = 1, .begin = 64u << 20, .end = 128u << 20};
    plan->splits[4] = (tamis_split){.input = 1, .part = 2, .begin = 128u << 20, .end = 150u << 20};
    plan->split_count = SPLITS;
}

tamis_job *job_example(void)
{
    tamis_job *job = calloc(1, sizeof(*job));

    if (job == NULL) {
        return NULL;
    }
    job->id = copy_of("0123456789abcdef");
    job->out_path = copy_of("/data/out");
    tamis_settings_defaults(&job->settings);
    job->settings.verify = TAMIS_VERIFY_TEXT;
    job->settings.scope = TAMIS_SCOPE_FIELD;
    (void)snprintf(job->settings.scope_field, sizeof(job->settings.scope_field), "meta.source");
    job->settings.output_level = -5;
    job->settings.limit = UINT64_C(1) << 40;
    job->plan.inputs = calloc(INPUTS, sizeof(*job->plan.inputs));
    job->plan.splits = calloc(SPLITS, sizeof(*job->plan.splits));
    if (job->plan.inputs == NULL || job->plan.splits == NULL) {
        tamis_job_destroy(job);
        return NULL;
    }
    fill(&job->plan);
    if (tamis_plan_layout(&job->plan, NULL) != TAMIS_OK) {
        tamis_job_destroy(job);
        return NULL;
    }
    return job;
}
