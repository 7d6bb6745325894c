/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_job.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tamis/path.h"

#define SPLIT_BYTES (UINT64_C(64) << 20)

static char *path_below(const char *folder)
{
    char buffer[TAMIS_PATH_MAX];

    (void)snprintf(buffer, sizeof(buffer), "%s/in.jsonl", folder);
    return strdup(buffer);
}

tamis_job *fake_job_create(const char *id, const char *out_path, uint32_t batches)
{
    tamis_job *job = calloc(1, sizeof(*job));
    tamis_status status = TAMIS_ENOMEM;

    if (job == NULL) {
        return NULL;
    }
    tamis_settings_defaults(&job->settings);
    job->settings.split_bytes = SPLIT_BYTES;
    job->id = strdup(id);
    job->out_path = strdup(out_path);
    job->plan.inputs = calloc(1, sizeof(*job->plan.inputs));
    job->plan.splits = calloc((size_t)batches + 1, sizeof(*job->plan.splits));
    if (job->plan.inputs != NULL && job->plan.splits != NULL) {
        job->plan.input_count = 1;
        job->plan.split_count = batches;
        job->plan.inputs[0] = (tamis_input){
            .path = path_below(out_path),
            .shown = strdup("in.jsonl"),
            .name = strdup("in"),
            .size_bytes = SPLIT_BYTES * batches,
            .split_count = batches,
        };
        for (uint32_t i = 0; i < batches; i++) {
            job->plan.splits[i] =
                (tamis_split){.part = i, .begin = SPLIT_BYTES * i, .end = SPLIT_BYTES * (i + 1)};
        }
        status = tamis_plan_layout(&job->plan, NULL);
    }
    if (status != TAMIS_OK) {
        tamis_job_destroy(job);
        return NULL;
    }
    return job;
}

/* ---- Tasks ----------------------------------------------------------------------------------- */

static bool is_named(const char *variable, const tamis_task_env *env, long *out_times)
{
    const char *text = getenv(variable);
    const char *kind = tamis_stage_kind_name(env->stages[env->stage].kind);
    char name[64];
    unsigned task = 0;

    *out_times = 1;
    return text != NULL && sscanf(text, "%63[^:]:%u:%ld", name, &task, out_times) >= 2 &&
           strcmp(name, kind) == 0 && task == env->task;
}

/* Takes its time, looking for cancellation as real tasks do. */
static tamis_status take_time(const tamis_task_env *env, tamis_err *err)
{
    const char *text = getenv("FAKE_TASK_MS");
    long left_ms = text == NULL ? 0 : strtol(text, NULL, 10);

    for (; left_ms > 0; left_ms--) {
        const struct timespec pause = {.tv_nsec = 1000000};

        if (atomic_load_explicit(&env->progress->is_canceled, memory_order_relaxed)) {
            return tamis_err_set(err, TAMIS_ECANCELED, "canceled");
        }
        (void)nanosleep(&pause, NULL);
        atomic_fetch_add_explicit(&env->progress->bytes, 1, memory_order_relaxed);
    }
    return TAMIS_OK;
}

static tamis_status read_number(const char *path, uint64_t *out_number, tamis_err *err)
{
    tamis_buf bytes;
    tamis_status status = TAMIS_OK;

    tamis_buf_init(&bytes, 64);
    status = tamis_path_read_file(path, &bytes, err);
    if (status == TAMIS_OK) {
        status = tamis_buf_append_byte(&bytes, 0);
    }
    if (status == TAMIS_OK && sscanf((const char *)bytes.data, "%" SCNx64, out_number) != 1) {
        status = tamis_err_set(err, TAMIS_EFORMAT, "%s: no number", path);
    }
    tamis_buf_fini(&bytes);
    return status;
}

static tamis_status mix_inputs(const tamis_task_env *env, uint64_t *hash, tamis_err *err)
{
    for (uint32_t s = 0; s < env->stage; s++) {
        for (uint32_t t = 0; t < env->stages[s].task_count; t++) {
            char path[TAMIS_PATH_MAX];
            uint64_t number = 0;
            tamis_status status =
                env->open_file(env->context, s, t, TAMIS_RESULT_SPLITS, path, err);

            if (status == TAMIS_ENOENT) { /* skipped */
                *hash = tamis_mum(*hash ^ TAMIS_HASH_K2, TAMIS_HASH_K1);
                continue;
            }
            if (status == TAMIS_OK) {
                status = read_number(path, &number, err);
            }
            if (status != TAMIS_OK) {
                env->mark_lost(env->context, s, t);
                return status;
            }
            *hash = tamis_mum(*hash ^ number, TAMIS_HASH_K1);
        }
    }
    return TAMIS_OK;
}

static tamis_status write_number(const char *folder, const char *name, uint64_t number,
                                 tamis_err *err)
{
    char path[TAMIS_PATH_MAX];
    char text[32];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    (void)snprintf(text, sizeof(text), "%016" PRIx64 "\n", number);
    return tamis_path_write_file(path, tamis_slice_of_string(text), err);
}

static void trace(const tamis_task_env *env)
{
    const char *path = getenv("FAKE_TRACE");
    int file = path == NULL ? -1 : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);

    if (file >= 0) {
        (void)dprintf(file, "%u %u\n", env->stage, env->task);
        (void)close(file);
    }
}

/* What REPORT is given: one blob a SCAN task, and counters that were summed. */
static tamis_status check_report(const tamis_task_env *env, tamis_err *err)
{
    const uint64_t *counters = env->counters_of(env->context, 0);

    if (counters[TAMIS_COUNTER_ROWS] != (uint64_t)env->stages[0].task_count * 3) {
        return tamis_err_set(err, TAMIS_EFORMAT, "counters were not summed");
    }
    for (uint32_t t = 0; t < env->stages[0].task_count; t++) {
        tamis_slice blob = {.data = NULL};
        char text[32];
        tamis_status status = env->blob_of(env->context, 0, t, &blob, err);

        (void)snprintf(text, sizeof(text), "blob %u", t);
        if (status != TAMIS_OK || !tamis_slice_is_equal(blob, tamis_slice_of_string(text))) {
            return tamis_err_set(err, TAMIS_EFORMAT, "blob %u is another", t);
        }
    }
    return TAMIS_OK;
}

static tamis_status finish(const tamis_task_env *env, uint64_t hash, tamis_task_result *result,
                           tamis_err *err)
{
    tamis_stage_kind kind = env->stages[env->stage].kind;
    tamis_status status = TAMIS_OK;

    result->counters[TAMIS_COUNTER_ROWS] = 3;
    result->counters[TAMIS_COUNTER_LARGEST_BUCKET] = env->task;
    if (kind == TAMIS_STAGE_SCAN) {
        status = tamis_buf_append_format(&result->blob, "blob %u", env->task);
    } else if (kind == TAMIS_STAGE_SPOOL_PLAN && getenv("FAKE_SKIP") != NULL) {
        result->skip_stages = 3;
    } else if (kind == TAMIS_STAGE_REPORT) {
        status = check_report(env, err);
        if (status == TAMIS_OK) {
            status = tamis_path_make_folder(env->job->out_path, err);
        }
        if (status == TAMIS_OK) {
            status = write_number(env->job->out_path, "result", hash, err);
        }
    }
    return status;
}

static tamis_status fake_task(const tamis_task_env *env, tamis_task_result *result, tamis_err *err)
{
    static _Atomic long failures;
    uint64_t hash = ((uint64_t)env->stage << 32 | env->task) * TAMIS_HASH_K3;
    long times = 0;
    tamis_status status = TAMIS_OK;

    if (is_named("FAKE_FATAL", env, &times)) {
        return tamis_err_set(err, TAMIS_EFORMAT, "as the test wanted");
    }
    if (is_named("FAKE_FAIL", env, &times) && atomic_fetch_add(&failures, 1) < times) {
        return tamis_err_set(err, TAMIS_EIO, "as the test wanted, for now");
    }
    status = take_time(env, err);
    if (status == TAMIS_OK) {
        status = mix_inputs(env, &hash, err);
    }
    if (status == TAMIS_OK) {
        status = write_number(env->folder, TAMIS_SPLITS_NAME, hash, err);
    }
    if (status == TAMIS_OK) {
        status = finish(env, hash, result, err);
    }
    if (status == TAMIS_OK) {
        atomic_fetch_add_explicit(&env->progress->documents, 1, memory_order_relaxed);
        trace(env);
    }
    return status;
}

const tamis_task_table *fake_tasks(void)
{
    static const tamis_task_table table = {
        .run = {fake_task, fake_task, fake_task, fake_task, fake_task, fake_task, fake_task,
                fake_task, fake_task, fake_task, fake_task, fake_task, fake_task, fake_task}};

    static_assert(TAMIS_STAGE_KIND_COUNT == 14, "one function a kind");
    return &table;
}

uint64_t fake_result(const char *out_path)
{
    char path[TAMIS_PATH_MAX];
    uint64_t number = 0;

    (void)snprintf(path, sizeof(path), "%s/result", out_path);
    return read_number(path, &number, NULL) == TAMIS_OK ? number : 0;
}
