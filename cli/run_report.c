/* SPDX-License-Identifier: Apache-2.0 */
#include "run_report.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "progress.h"
#include "tamis/json_out.h"
#include "tamis/level.h"
#include "tamis/path.h"

#define TIMING_VERSION 1
#define FAULTS_TOLD    20

static uint64_t number(const json_t *object, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(object, key));
}

static void percent(uint64_t part, uint64_t whole, char *out, size_t size)
{
    (void)snprintf(out, size, "%5.1f %%", whole == 0 ? 0.0 : 100.0 * (double)part / (double)whole);
}

static void show_row(FILE *out, const char *name, uint64_t count, uint64_t of, uint64_t bytes)
{
    char share[16];
    char size[32];

    percent(count, of, share, sizeof(share));
    tamis_format_bytes(bytes, size, sizeof(size));
    (void)fprintf(out, "  %-22s %12" PRIu64 "  %s  %10s\n", name, count, share,
                  bytes == 0 ? "" : size);
}

static void show_reasons(FILE *out, const json_t *reasons, uint64_t read)
{
    void *iterator = NULL;
    json_t *all = json_deep_copy(reasons);

    for (iterator = json_object_iter(all); iterator != NULL;
         iterator = json_object_iter_next(all, iterator)) {
        const json_t *value = json_object_iter_value(iterator);
        char name[64];

        (void)snprintf(name, sizeof(name), "  %s", json_object_iter_key(iterator));
        show_row(out, name, number(value, "documents"), read, number(value, "text_bytes"));
    }
    json_decref(all);
}

/* Inputs that were set aside are errors, so they go to stderr however quiet the run is. */
static void tell_faults(const json_t *inputs)
{
    size_t index = 0;
    size_t told = 0;
    json_t *input = NULL;

    json_array_foreach(inputs, index, input)
    {
        const json_t *fault = json_object_get(input, "fault");

        if (fault != NULL && ++told <= FAULTS_TOLD) {
            (void)fprintf(stderr, "tamis run: set aside: %s: %s, %s\n",
                          json_string_value(json_object_get(input, "input")),
                          json_string_value(json_object_get(fault, "reason")),
                          json_string_value(json_object_get(fault, "text")));
        }
    }
    if (told > FAULTS_TOLD) {
        (void)fprintf(stderr, "tamis run: set aside: %zu more inputs, see report.json\n",
                      told - FAULTS_TOLD);
    }
}

static void show_level_notes(FILE *out, const json_t *levels)
{
    size_t index = 0;
    json_t *level = NULL;

    json_array_foreach(levels, index, level)
    {
        const char *name = json_string_value(json_object_get(level, "level"));

        if (number(level, "capped_buckets") != 0) {
            (void)fprintf(out, "  %s: %" PRIu64 " buckets were capped (--bucket-cap)\n", name,
                          number(level, "capped_buckets"));
        }
        if (number(level, "spool_refused") != 0) {
            (void)fprintf(out,
                          "  %s: %" PRIu64
                          " pairs near the threshold were decided by signature: their texts' "
                          "shingles (%" PRIu64 " MB) exceed --verify-spool\n",
                          name, number(level, "undecided"), number(level, "spool_bytes") / 1000000);
        }
    }
}

static void show_table(const json_t *report, const char *out_path, double seconds, FILE *out)
{
    const json_t *documents = json_object_get(report, "documents");
    const json_t *bytes = json_object_get(report, "bytes");
    uint64_t read = number(documents, "read");
    uint64_t decoded = number(bytes, "decoded");
    char duration[32];
    char rate[32];

    tamis_format_duration((uint64_t)(seconds + 0.5), duration, sizeof(duration));
    (void)fprintf(out, "                            documents    share        text\n");
    show_row(out, "read", read, read, number(bytes, "text"));
    show_row(out, "kept", number(documents, "kept"), read, number(bytes, "kept_text"));
    show_row(out, "dropped", number(documents, "dropped"), read, number(bytes, "dropped_text"));
    show_row(out, "quarantined", number(documents, "quarantined"), read, 0);
    (void)fprintf(out, "  of these\n");
    show_reasons(out, json_object_get(report, "reasons"), read);
    show_level_notes(out, json_object_get(report, "levels"));
    if (seconds > 0) {
        tamis_format_bytes((uint64_t)((double)decoded / seconds), rate, sizeof(rate));
        (void)fprintf(out, "  %s in %s (%.1f s, %s/s)\n", out_path, duration, seconds, rate);
    }
}

tamis_status tamis_run_show(const char *out_path, bool as_json, bool is_quiet, double seconds,
                            FILE *out, tamis_run_sums *out_sums, tamis_err *err)
{
    char path[TAMIS_PATH_MAX];
    tamis_buf bytes;
    json_t *report = NULL;
    const json_t *documents = NULL;
    tamis_status status = TAMIS_OK;

    tamis_buf_init(&bytes, 0);
    (void)snprintf(path, sizeof(path), "%s/report.json", out_path);
    status = tamis_path_read_file(path, &bytes, err);
    if (status != TAMIS_OK) {
        goto out;
    }
    report = json_loadb((const char *)bytes.data, bytes.size, 0, NULL);
    if (report == NULL) {
        status = tamis_err_set(err, TAMIS_EFORMAT, "%s: is no JSON", path);
        goto out;
    }
    documents = json_object_get(report, "documents");
    *out_sums = (tamis_run_sums){
        .read = number(documents, "read"),
        .kept = number(documents, "kept"),
        .dropped = number(documents, "dropped"),
        .quarantined = number(documents, "quarantined"),
        .set_aside_inputs = number(json_object_get(report, "set_aside"), "inputs"),
    };
    tell_faults(json_object_get(report, "inputs"));
    if (as_json) {
        (void)fwrite(bytes.data, 1, bytes.size, out);
    } else if (!is_quiet) {
        show_table(report, out_path, seconds, out);
    }
    if (fflush(out) != 0) {
        status = tamis_err_set(err, TAMIS_EIO, "standard output: cannot write");
    }
out:
    json_decref(report);
    tamis_buf_fini(&bytes);
    return status;
}

/* Peak resident set of this process, in bytes. */
static uint64_t peak_bytes(void)
{
    FILE *file = fopen("/proc/self/status", "re");
    char line[256];
    uint64_t kib = 0;

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "VmHWM: %" SCNu64, &kib) == 1) {
            break;
        }
    }
    if (file != NULL) {
        (void)fclose(file); /* read only */
    }
    return kib * 1024;
}

static void timing_stage(tamis_json *json, const tamis_stage_status *s)
{
    bool has_level = s->stage.kind >= TAMIS_STAGE_LINK && s->stage.kind <= TAMIS_STAGE_RESOLVE;

    tamis_json_begin_object(json, NULL);
    tamis_json_text(json, "stage", tamis_stage_kind_name(s->stage.kind));
    if (has_level) {
        tamis_json_text(json, "level", tamis_level_get(s->stage.level)->name);
    }
    tamis_json_uint(json, "tasks", s->stage.task_count);
    tamis_json_bool(json, "skipped", s->is_skipped);
    tamis_json_seconds(json, "seconds", s->elapsed_ms);
    tamis_json_begin_object(json, "counters");
    for (unsigned i = 0; i < TAMIS_COUNTER_COUNT; i++) {
        if (s->counters[i] != 0) {
            tamis_json_uint(json, tamis_counter_name((tamis_counter)i), s->counters[i]);
        }
    }
    tamis_json_end_object(json);
    tamis_json_end_object(json);
}

tamis_status tamis_run_write_timing(const char *out_path, const tamis_run_status *status,
                                    double seconds, uint32_t threads, uint64_t memory_bytes,
                                    tamis_err *err)
{
    char path[TAMIS_PATH_MAX];
    tamis_buf bytes;
    tamis_json json;
    struct rusage usage = {0};
    tamis_status result = TAMIS_OK;

    tamis_buf_init(&bytes, 0);
    (void)getrusage(RUSAGE_SELF, &usage); /* fails for other arguments only */
    tamis_json_init(&json, &bytes);
    tamis_json_begin_object(&json, NULL);
    tamis_json_uint(&json, "version", TIMING_VERSION);
    tamis_json_seconds(&json, "seconds", (uint64_t)(seconds * 1000));
    tamis_json_seconds(&json, "user_seconds",
                       (uint64_t)usage.ru_utime.tv_sec * 1000 +
                           (uint64_t)usage.ru_utime.tv_usec / 1000);
    tamis_json_seconds(&json, "system_seconds",
                       (uint64_t)usage.ru_stime.tv_sec * 1000 +
                           (uint64_t)usage.ru_stime.tv_usec / 1000);
    tamis_json_uint(&json, "peak_memory_bytes", peak_bytes());
    tamis_json_uint(&json, "memory_bytes", memory_bytes);
    tamis_json_uint(&json, "threads", threads);
    tamis_json_uint(&json, "tasks_executed", status->tasks_executed);
    tamis_json_uint(&json, "tasks_lost", status->tasks_lost);
    tamis_json_uint(&json, "tasks_rescued", status->tasks_rescued);
    tamis_json_begin_array(&json, "stages");
    for (uint32_t i = 0; i < status->stage_count; i++) {
        timing_stage(&json, &status->stages[i]);
    }
    tamis_json_end_array(&json);
    tamis_json_end_object(&json);
    result = tamis_json_finish(&json);
    if (result == TAMIS_OK) {
        result = tamis_buf_append_byte(&bytes, '\n');
    }
    if (result != TAMIS_OK) {
        (void)tamis_err_set(err, result, "no memory for timing.json");
    } else {
        result = tamis_path_join(path, out_path, TAMIS_TIMING_NAME, err);
        if (result == TAMIS_OK) {
            result = tamis_path_write_file(path, tamis_buf_slice(&bytes), err);
        }
    }
    tamis_buf_fini(&bytes);
    return result;
}
