/* SPDX-License-Identifier: Apache-2.0 */
/* REPORT: adds up the results of SCAN and EMIT, checks that no row is lost, and writes
 * OUT/report.json and, last, OUT/manifest.json. Nothing in them depends on workers, memory, folders
 * or time. */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zstd.h>

#include "local_stage_tasks.h"
#include "report_quality.h"
#include "tamis/failpoint.h"
#include "tamis/level.h"
#include "tamis/normalizer.h"
#include "tamis/path.h"
#include "tamis/root.h"
#include "tamis/split_result.h"
#include "tamis/task_support.h"

#define WORK_FOLDER     ".work"
#define REPORT_VERSION  1
#define SWEEP_DEPTH_MAX 64 /* each level holds one descriptor open */

typedef struct tally {
    tamis_scan_result scan; /* sums; of the summary the numbers alone */
    tamis_emit_result emit;
    tamis_quality_sums quality;
    uint64_t quality_bytes; /* text of what quality dropped */
    uint64_t dropped;
    uint64_t streams_cut;
    char fault_text[256]; /* of the first split that ended early */
    uint64_t fault_offset;
    tamis_fault fault;
    tamis_status open_status;
} tally;

typedef struct report {
    const tamis_task_env *env;
    const tamis_job *job;
    tally *inputs;
    tally all;
    tamis_reason_names reasons; /* with quality */
    uint64_t against_rows;
    tamis_buf json;
    tamis_buf manifest;
    tamis_status status; /* of the appends */
    bool has_file;       /* manifest has an entry already */
} report;

/* ---- Adding up ---- */

static void tally_scan(tally *t, const tamis_scan_result *r)
{
    tamis_reader_summary *sum = &t->scan.summary;
    const tamis_reader_summary *s = &r->summary;

    sum->rows += s->rows;
    sum->quarantined += s->quarantined;
    sum->stored_bytes += s->stored_bytes;
    sum->decoded_bytes += s->decoded_bytes;
    sum->skipped.blank_lines += s->skipped.blank_lines;
    sum->skipped.warcinfo += s->skipped.warcinfo;
    sum->skipped.request += s->skipped.request;
    sum->skipped.metadata += s->skipped.metadata;
    sum->skipped.revisit += s->skipped.revisit;
    sum->skipped.resource += s->skipped.resource;
    sum->skipped.response += s->skipped.response;
    sum->skipped.other += s->skipped.other;
    sum->skipped.sampled_out += s->skipped.sampled_out;
    t->scan.text_bytes += r->text_bytes;
    t->scan.repaired += r->repaired;
    t->scan.ids_missing += r->ids_missing;
    for (unsigned i = 0; i < TAMIS_FAULT_COUNT; i++) {
        t->scan.fault_rows[i] += r->fault_rows[i];
    }
    if (s->stream_fault != TAMIS_FAULT_NONE || s->open_status != TAMIS_OK) {
        if (t->streams_cut == 0) {
            t->fault = s->stream_fault;
            t->open_status = s->open_status;
            t->fault_offset = s->stream_fault_offset;
            (void)snprintf(t->fault_text, sizeof(t->fault_text), "%s", s->fault_text);
        }
        t->streams_cut++;
    }
}

static tamis_status tally_quality(const report *r, tally *t, const tamis_emit_result *result)
{
    uint64_t bytes = 0;
    tamis_status status = tamis_quality_sums_add(&t->quality, result->quality);

    t->dropped += tamis_quality_dropped(result->quality, &bytes);
    t->quality_bytes += bytes;
    return status == TAMIS_OK && tamis_quality_sums_reason_max(&t->quality) != 0 &&
                   tamis_quality_sums_reason_max(&t->quality) >= r->reasons.count
               ? TAMIS_EFORMAT
               : status;
}

static void tally_emit(tally *t, const tamis_emit_result *r)
{
    t->emit.kept += r->kept;
    t->emit.kept_bytes += r->kept_bytes;
    t->emit.quarantined += r->quarantined;
    t->emit.copies_exact += r->copies_exact;
    t->emit.copies_near += r->copies_near;
    t->emit.copies_url += r->copies_url;
    t->emit.repointed += r->repointed;
    t->emit.capped += r->capped;
    t->scan.fault_rows[TAMIS_FAULT_POISONED] += r->poisoned;
    for (unsigned i = 0; i < TAMIS_LEVEL_COUNT; i++) {
        t->emit.dropped[i] += r->dropped[i];
        t->emit.dropped_bytes[i] += r->dropped_bytes[i];
        t->dropped += r->dropped[i];
    }
}

static void put(tamis_buf *buf, tamis_status *status, const char *text)
{
    if (*status == TAMIS_OK) {
        *status = tamis_buf_append_string(buf, text);
    }
}

static void put_number(tamis_buf *buf, tamis_status *status, const char *before, uint64_t number)
{
    if (*status == TAMIS_OK) {
        *status = tamis_buf_append_format(buf, "%s%" PRIu64, before, number);
    }
}

static void put_string(tamis_buf *buf, tamis_status *status, const char *before, const char *text)
{
    put(buf, status, before);
    put(buf, status, "\"");
    if (*status == TAMIS_OK) {
        *status = tamis_buf_append_json(buf, tamis_slice_of_string(text));
    }
    put(buf, status, "\"");
}

static void manifest_file(report *r, const char *name, uint64_t size, tamis_digest digest)
{
    char hex[TAMIS_DIGEST_HEX_SIZE];

    tamis_digest_to_hex(digest, hex);
    put_string(&r->manifest, &r->status, r->has_file ? ",\n{\"name\":" : "\n{\"name\":", name);
    put_number(&r->manifest, &r->status, ",\"size\":", size);
    put_string(&r->manifest, &r->status, ",\"xxh3_128\":", hex);
    put(&r->manifest, &r->status, "}");
    r->has_file = true;
}

static tamis_status manifest_split(report *r, const tamis_emit_result *result, tamis_err *err)
{
    for (unsigned kind = 0; kind < TAMIS_OUTPUT_KINDS; kind++) {
        char name[TAMIS_PATH_SIZE];

        if (!result->files[kind].is_present) {
            continue;
        }
        if (tamis_output_name(r->job, result->split, kind, name, sizeof(name)) != TAMIS_OK) {
            return tamis_err_set(err, TAMIS_ELIMIT, "the name of an output file is too long");
        }
        manifest_file(r, name, result->files[kind].size_bytes, result->files[kind].digest);
    }
    return TAMIS_OK;
}

static tamis_status read_scan(report *r, uint32_t stage, uint32_t task, tamis_err *err)
{
    const tamis_plan *plan = &r->job->plan;
    tamis_slice blob;
    size_t position = 0;
    tamis_scan_result result;
    tamis_status status = r->env->blob_of(r->env->context, stage, task, &blob, err);

    if (status != TAMIS_OK) {
        return status;
    }
    while ((status = tamis_scan_result_get(blob, &position, &result)) == TAMIS_OK) {
        uint32_t input = 0;

        if (result.split >= plan->split_count) { /* a ledger of an older version was not checked */
            status = TAMIS_EFORMAT;
            break;
        }
        input = plan->splits[result.split].input;
        tally_scan(&r->inputs[input], &result);
        if (plan->inputs[input].is_against) {
            r->against_rows += result.summary.rows;
        } else {
            tally_scan(&r->all, &result);
        }
    }
    return status == TAMIS_END ? TAMIS_OK
                               : tamis_err_set(err, status, "SCAN task %u: malformed result", task);
}

static tamis_status read_emit(report *r, uint32_t stage, uint32_t task, tamis_err *err)
{
    tamis_slice blob;
    size_t position = 0;
    tamis_emit_result result;
    tamis_status status = r->env->blob_of(r->env->context, stage, task, &blob, err);

    if (status != TAMIS_OK) {
        return status;
    }
    while ((status = tamis_emit_result_get(blob, &position, &result)) == TAMIS_OK) {
        if (result.split >= r->job->plan.split_count) {
            status = TAMIS_EFORMAT;
            break;
        }
        tally_emit(&r->inputs[r->job->plan.splits[result.split].input], &result);
        tally_emit(&r->all, &result);
        status = tally_quality(r, &r->inputs[r->job->plan.splits[result.split].input], &result);
        if (status == TAMIS_OK) {
            status = tally_quality(r, &r->all, &result);
        }
        if (status != TAMIS_OK) {
            break;
        }
        status = manifest_split(r, &result, err);
        if (status != TAMIS_OK) {
            return status;
        }
    }
    return status == TAMIS_END ? TAMIS_OK
                               : tamis_err_set(err, status, "EMIT task %u: malformed result", task);
}

/* kept + dropped + quarantined = read, by input. */
static tamis_status check_sums(const report *r, tamis_err *err)
{
    for (uint32_t i = 0; i < r->job->plan.input_count; i++) {
        const tally *t = &r->inputs[i];
        uint64_t decided = t->emit.kept + t->dropped + t->emit.quarantined;

        if (!r->job->plan.inputs[i].is_against && decided != t->scan.summary.rows) {
            return tamis_err_set(err, TAMIS_ECORRUPT,
                                 "%s: %" PRIu64 " records were read but %" PRIu64
                                 " decided; this is a defect of the program",
                                 r->job->plan.inputs[i].shown, t->scan.summary.rows, decided);
        }
    }
    return TAMIS_OK;
}

/* ---- report.json ---- */

static void report_number(report *r, const char *before, uint64_t number)
{
    put_number(&r->json, &r->status, before, number);
}

static void report_string(report *r, const char *before, const char *text)
{
    put_string(&r->json, &r->status, before, text);
}

static void report_documents(report *r, const tally *t)
{
    report_number(r, "\"read\":", t->scan.summary.rows);
    report_number(r, ",\"kept\":", t->emit.kept);
    report_number(r, ",\"dropped\":", t->dropped);
    report_number(r, ",\"quarantined\":", t->emit.quarantined);
}

static void report_reasons(report *r, const tally *t)
{
    const char *comma = "";
    bool is_first = true;

    put(&r->json, &r->status, "{");
    for (unsigned i = 0; i < TAMIS_LEVEL_COUNT; i++) {
        if ((r->job->settings.levels >> i & 1) != 0) {
            put(&r->json, &r->status, comma);
            report_string(r, "", tamis_level_get((tamis_level_id)i)->name);
            report_number(r, ":{\"documents\":", t->emit.dropped[i]);
            report_number(r, ",\"text_bytes\":", t->emit.dropped_bytes[i]);
            put(&r->json, &r->status, "}");
            comma = ",";
        }
    }
    is_first = comma[0] == '\0';
    if (r->status == TAMIS_OK) {
        r->status = tamis_report_reasons(&t->quality, &r->reasons, &is_first, &r->json);
    }
    comma = is_first ? "" : ",";
    for (unsigned i = 1; i < TAMIS_FAULT_COUNT; i++) {
        if (t->scan.fault_rows[i] != 0) {
            put(&r->json, &r->status, comma);
            report_string(r, "", tamis_fault_code((tamis_fault)i));
            report_number(r, ":{\"documents\":", t->scan.fault_rows[i]);
            put(&r->json, &r->status, "}");
            comma = ",";
        }
    }
    put(&r->json, &r->status, "}");
}

static void report_skipped(report *r, const tamis_skipped *s)
{
    report_number(r, "{\"blank_lines\":", s->blank_lines);
    report_number(r, ",\"warcinfo\":", s->warcinfo);
    report_number(r, ",\"request\":", s->request);
    report_number(r, ",\"metadata\":", s->metadata);
    report_number(r, ",\"revisit\":", s->revisit);
    report_number(r, ",\"resource\":", s->resource);
    report_number(r, ",\"response\":", s->response);
    report_number(r, ",\"other\":", s->other);
    report_number(r, ",\"sampled_out\":", s->sampled_out);
    put(&r->json, &r->status, "}");
}

static void report_bytes(report *r, const tally *t)
{
    uint64_t dropped = t->quality_bytes;

    for (unsigned i = 0; i < TAMIS_LEVEL_COUNT; i++) {
        dropped += t->emit.dropped_bytes[i];
    }
    report_number(r, "{\"stored\":", t->scan.summary.stored_bytes);
    report_number(r, ",\"decoded\":", t->scan.summary.decoded_bytes);
    report_number(r, ",\"text\":", t->scan.text_bytes);
    report_number(r, ",\"kept_text\":", t->emit.kept_bytes);
    report_number(r, ",\"dropped_text\":", dropped);
    put(&r->json, &r->status, "}");
}

/* Counters of a stage of a level; zeros where the run has none. */
static uint64_t level_counter(const report *r, tamis_stage_kind kind, tamis_level_id level,
                              tamis_counter counter)
{
    uint32_t stage = tamis_stage_find(r->env->stages, r->env->stage_count, kind, level);

    return stage == UINT32_MAX ? 0 : r->env->counters_of(r->env->context, stage)[counter];
}

static void report_level(report *r, tamis_level_id level)
{
    static const struct {
        const char *before;
        tamis_stage_kind stage;
        tamis_counter counter;
    } rows[] = {
        {",\"features\":", TAMIS_STAGE_LINK, TAMIS_COUNTER_FEATURES},
        {",\"buckets\":", TAMIS_STAGE_LINK, TAMIS_COUNTER_BUCKETS},
        {",\"largest_bucket\":", TAMIS_STAGE_LINK, TAMIS_COUNTER_LARGEST_BUCKET},
        {",\"capped_buckets\":", TAMIS_STAGE_LINK, TAMIS_COUNTER_CAPPED_BUCKETS},
        {",\"pairs\":", TAMIS_STAGE_LINK, TAMIS_COUNTER_PAIRS},
    };
    static const struct {
        const char *before;
        tamis_stage_kind stage;
        tamis_counter counter;
    } verify_rows[] = {
        {",\"candidates\":", TAMIS_STAGE_PAIR_LATER, TAMIS_COUNTER_CANDIDATES},
        {",\"accepted_by_text\":", TAMIS_STAGE_TEXT_EARLIER, TAMIS_COUNTER_ACCEPTED_BY_TEXT},
        {",\"rejected_by_text\":", TAMIS_STAGE_TEXT_EARLIER, TAMIS_COUNTER_REJECTED_BY_TEXT},
        {",\"undecided\":", TAMIS_STAGE_PAIR_EARLIER, TAMIS_COUNTER_UNDECIDED},
        {",\"spool_documents\":", TAMIS_STAGE_SPOOL_PLAN, TAMIS_COUNTER_SPOOL_DOCUMENTS},
        {",\"spool_bytes\":", TAMIS_STAGE_SPOOL_PLAN, TAMIS_COUNTER_SPOOL_BYTES},
        {",\"spool_refused\":", TAMIS_STAGE_SPOOL_PLAN, TAMIS_COUNTER_SPOOL_REFUSED},
    };

    report_string(r, "{\"level\":", tamis_level_get(level)->name);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        report_number(r, rows[i].before, level_counter(r, rows[i].stage, level, rows[i].counter));
    }
    if (tamis_level_get(level)->verifier != TAMIS_VERIFIER_EQUALITY) {
        for (size_t i = 0; i < sizeof(verify_rows) / sizeof(verify_rows[0]); i++) {
            report_number(r, verify_rows[i].before,
                          level_counter(r, verify_rows[i].stage, level, verify_rows[i].counter));
        }
        report_number(
            r, ",\"accepted_by_signature\":",
            level_counter(r, TAMIS_STAGE_PAIR_EARLIER, level, TAMIS_COUNTER_ACCEPTED_BY_SIGNATURE) +
                level_counter(r, TAMIS_STAGE_RESOLVE, level, TAMIS_COUNTER_ACCEPTED_BY_SIGNATURE));
        report_number(
            r, ",\"rejected_by_signature\":",
            level_counter(r, TAMIS_STAGE_PAIR_EARLIER, level, TAMIS_COUNTER_REJECTED_BY_SIGNATURE) +
                level_counter(r, TAMIS_STAGE_RESOLVE, level, TAMIS_COUNTER_REJECTED_BY_SIGNATURE));
    }
    report_number(
        r, ",\"dropped\":", level_counter(r, TAMIS_STAGE_RESOLVE, level, TAMIS_COUNTER_DROPPED));
    put(&r->json, &r->status, "}");
}

static void report_levels(report *r)
{
    const char *comma = "\n";

    put(&r->json, &r->status, ",\n\"levels\":[");
    for (unsigned i = 0; i < TAMIS_LEVEL_COUNT; i++) {
        if ((r->job->settings.levels >> i & 1) != 0) {
            put(&r->json, &r->status, comma);
            report_level(r, (tamis_level_id)i);
            comma = ",\n";
        }
    }
    put(&r->json, &r->status, "]");
}

static void report_input_fault(report *r, const tamis_input *input, const tally *t)
{
    if (input->fault != TAMIS_OK) {
        report_string(r, ",\"fault\":{\"reason\":\"unreadable\",\"text\":",
                      input->fault_text == NULL ? "" : input->fault_text);
        put(&r->json, &r->status, "}");
    } else if (t->streams_cut != 0) {
        report_string(r, ",\"fault\":{\"reason\":",
                      t->open_status != TAMIS_OK ? "unreadable" : tamis_fault_code(t->fault));
        report_number(r, ",\"offset\":", t->fault_offset);
        report_string(r, ",\"text\":", t->fault_text);
        put(&r->json, &r->status, "}");
    }
}

/* With quality alone. */
static void report_languages(report *r, const tally *t)
{
    if (r->job->quality != NULL && r->status == TAMIS_OK) {
        r->status = tamis_report_languages(&t->quality, &r->reasons, &r->json);
    }
}

static void report_quality(report *r)
{
    if (r->job->quality != NULL && r->status == TAMIS_OK) {
        r->status = tamis_report_profile(r->job, &r->all.quality, &r->json);
        report_languages(r, &r->all);
    }
}

static void report_inputs(report *r)
{
    for (uint32_t i = 0; i < r->job->plan.input_count; i++) {
        const tamis_input *input = &r->job->plan.inputs[i];
        const tally *t = &r->inputs[i];

        put(&r->json, &r->status, i == 0 ? ",\n\"inputs\":[\n" : ",\n");
        report_string(r, "{\"input\":", input->shown);
        report_string(r, ",\"name\":", input->name);
        if (input->is_against) {
            report_number(r, ",\"against\":true,\"documents\":{\"read\":", t->scan.summary.rows);
        } else {
            put(&r->json, &r->status, ",\"documents\":{");
            report_documents(r, t);
        }
        put(&r->json, &r->status, "},\"bytes\":");
        report_bytes(r, t);
        put(&r->json, &r->status, ",\"reasons\":");
        report_reasons(r, t);
        report_languages(r, t);
        put(&r->json, &r->status, ",\"skipped\":");
        report_skipped(r, &t->scan.summary.skipped);
        report_input_fault(r, input, t);
        put(&r->json, &r->status, "}");
    }
    put(&r->json, &r->status, r->job->plan.input_count == 0 ? ",\n\"inputs\":[]" : "]");
}

static uint64_t unreadable_inputs(const report *r)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < r->job->plan.input_count; i++) {
        count += r->job->plan.inputs[i].fault != TAMIS_OK || r->inputs[i].streams_cut != 0 ? 1 : 0;
    }
    return count;
}

static void put_settings(report *r, tamis_buf *buf)
{
    tamis_digest digest = {0};
    char hex[TAMIS_DIGEST_HEX_SIZE];

    put(buf, &r->status, ",\n\"settings\":");
    if (r->status == TAMIS_OK) {
        r->status = tamis_settings_to_json(&r->job->settings, buf);
    }
    if (r->status == TAMIS_OK) {
        r->status = tamis_job_settings_digest(r->job, tamis_normalizer_unicode_version(), &digest);
    }
    tamis_digest_to_hex(digest, hex);
    put_string(buf, &r->status, ",\n\"settings_digest\":", hex);
    put(buf, &r->status, "\n}\n");
}

static void report_build(report *r)
{
    tamis_level_id first = TAMIS_LEVEL_URL;

    while (first + 1 < TAMIS_LEVEL_COUNT && (r->job->settings.levels >> first & 1) == 0) {
        first = (tamis_level_id)(first + 1);
    }
    report_number(r, "{\"version\":", REPORT_VERSION);
    report_string(r, ",\n\"program\":{\"name\":\"tamis\",\"version\":", TAMIS_VERSION);
    report_number(r, ",\"definition\":", TAMIS_DEFINITION_VERSION);
    report_string(r, ",\"zstd\":", ZSTD_versionString());
    put(&r->json, &r->status, "},\n\"documents\":{");
    report_documents(r, &r->all);
    put(&r->json, &r->status, "},\n\"bytes\":");
    report_bytes(r, &r->all);
    put(&r->json, &r->status, ",\n\"reasons\":");
    report_reasons(r, &r->all);
    report_number(r, ",\n\"copies\":{\"exact\":", r->all.emit.copies_exact);
    report_number(r, ",\"near\":", r->all.emit.copies_near);
    report_number(r, ",\"url\":", r->all.emit.copies_url);
    report_number(r, "},\n\"repointed\":", r->all.emit.repointed);
    report_number(r, ",\n\"bucket_cap\":", r->all.emit.capped);
    report_number(r, ",\n\"repaired\":", r->all.scan.repaired);
    report_number(r, ",\n\"ids\":{\"missing\":", r->all.scan.ids_missing);
    report_number(r, ",\"repeated\":",
                  level_counter(r, TAMIS_STAGE_LINK, first, TAMIS_COUNTER_DUPLICATE_IDS));
    report_number(r, "},\n\"set_aside\":{\"records\":", r->all.emit.quarantined);
    report_number(r, ",\"inputs\":", unreadable_inputs(r));
    report_number(r, "},\n\"against\":{\"read\":", r->against_rows);
    put(&r->json, &r->status, "},\n\"skipped\":");
    report_skipped(r, &r->all.scan.summary.skipped);
    report_levels(r);
    report_quality(r);
    report_inputs(r);
    put_settings(r, &r->json);
}

static tamis_status report_write(report *r, const char *name, const tamis_buf *bytes,
                                 tamis_err *err)
{
    char path[TAMIS_PATH_SIZE];
    int length = snprintf(path, sizeof(path), "%s/%s", r->job->out_path, name);

    if (length < 0 || (size_t)length >= sizeof(path)) {
        return tamis_err_set(err, TAMIS_ELIMIT, "%s: path is too long", r->job->out_path);
    }
    return tamis_roots_write_file(r->env->roots, path, tamis_buf_slice(bytes), err);
}

/* ---- What attempts left that died ---- */

/* Whether a name ends in .tmp-NUMBER-NUMBER, as those of files that are being written do; a
 * result's name ends otherwise. */
static bool is_temporary(const char *name)
{
    size_t end = strlen(name);

    for (int i = 0; i < 2; i++) {
        size_t digits = 0;

        while (end > 0 && name[end - 1] >= '0' && name[end - 1] <= '9') {
            end--;
            digits++;
        }
        if (digits == 0 || end == 0 || name[end - 1] != '-') {
            return false;
        }
        end--;
    }
    return end > 4 && strncmp(name + end - 4, ".tmp", 4) == 0;
}

/* Every EMIT task is done: whoever still writes such a file is late, and refused. Best effort,
 * since the result is complete with them too. Takes the descriptor `file`; links are not followed.
 * depth: levels of folders below it that are swept too. */
static void sweep_folder(int file, unsigned depth)
{
    DIR *folder = fdopendir(file);
    const struct dirent *entry = NULL;

    if (folder == NULL) {
        (void)close(file); /* was read only */
        return;
    }
    while ((entry = readdir(folder)) != NULL) {
        bool is_folder = entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 &&
                         strcmp(entry->d_name, "..") != 0;

        if (is_folder && depth != 0) {
            int inner =
                openat(file, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

            if (inner >= 0) {
                sweep_folder(inner, depth - 1);
            }
        } else if (!is_folder && is_temporary(entry->d_name)) {
            (void)unlinkat(file, entry->d_name, 0);
        }
    }
    (void)closedir(folder); /* was read only */
}

static void sweep_output(const tamis_task_env *env)
{
    static const char *const folders[] = {"", "/documents", "/attributes", "/removed"};
    char path[TAMIS_PATH_SIZE];

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        int length = snprintf(path, sizeof(path), "%s%s", env->job->out_path, folders[i]);
        int folder = -1;

        if (length > 0 && (size_t)length < sizeof(path) &&
            tamis_roots_open_folder(env->roots, path, false, &folder, NULL) == TAMIS_OK) {
            if (i == 0) { /* left by a client that did not wait; one that does has files there */
                (void)unlinkat(folder, WORK_FOLDER, AT_REMOVEDIR);
            }
            sweep_folder(folder, i == 0 ? 0 : SWEEP_DEPTH_MAX);
        }
    }
}

static tamis_status report_read_all(report *r, tamis_err *err)
{
    const tamis_plan *plan = &r->job->plan;
    uint32_t scan = tamis_task_stage_before(r->env, TAMIS_STAGE_SCAN);
    uint32_t emit = tamis_task_stage_before(r->env, TAMIS_STAGE_EMIT);
    tamis_status status = TAMIS_OK;

    for (uint32_t task = 0; status == TAMIS_OK && task < plan->batch_count; task++) {
        status = read_scan(r, scan, task, err);
    }
    for (uint32_t task = 0; status == TAMIS_OK && task < plan->batch_count; task++) {
        status = read_emit(r, emit, task, err);
    }
    return status == TAMIS_OK ? check_sums(r, err) : status;
}

tamis_status tamis_task_report(const tamis_task_env *env, tamis_task_result *result, tamis_err *err)
{
    report r = {.env = env, .job = env->job};
    tamis_status status = TAMIS_OK;

    tamis_buf_init(&r.json, 0);
    tamis_buf_init(&r.manifest, 0);
    r.inputs = calloc((size_t)env->job->plan.input_count + 1, sizeof(*r.inputs));
    if (r.inputs == NULL) {
        status = tamis_err_set(err, TAMIS_ENOMEM, "no memory for the sums of the inputs");
        goto out;
    }
    put(&r.manifest, &r.status, "{\"version\":1,\n\"files\":[");
    if (env->job->quality != NULL) {
        status = tamis_reason_names_read(env, &r.reasons, err);
    }
    if (status == TAMIS_OK) {
        status = report_read_all(&r, err);
    }
    if (status != TAMIS_OK) {
        goto out;
    }
    report_build(&r);
    manifest_file(&r, "report.json", r.json.size, tamis_hash128(r.json.data, r.json.size));
    put(&r.manifest, &r.status, "]");
    put_settings(&r, &r.manifest);
    if (r.status != TAMIS_OK) {
        status = tamis_err_set(err, r.status, "no memory for the report");
        goto out;
    }
    sweep_output(env);
    status = report_write(&r, "report.json", &r.json, err);
    tamis_failpoint(TAMIS_FAILPOINT_REPORT_BEFORE_MANIFEST);
    if (status == TAMIS_OK) {
        status = report_write(&r, "manifest.json", &r.manifest, err);
    }
    result->counters[TAMIS_COUNTER_KEPT] = r.all.emit.kept;
    result->counters[TAMIS_COUNTER_DROPPED] = r.all.dropped;
    result->counters[TAMIS_COUNTER_QUARANTINED] = r.all.emit.quarantined;
    result->counters[TAMIS_COUNTER_ROWS] = r.all.scan.summary.rows;
out:
    tamis_buf_fini(&r.json);
    tamis_buf_fini(&r.manifest);
    for (uint32_t i = 0; r.inputs != NULL && i < env->job->plan.input_count; i++) {
        tamis_quality_sums_fini(&r.inputs[i].quality);
    }
    tamis_quality_sums_fini(&r.all.quality);
    tamis_reason_names_fini(&r.reasons);
    free(r.inputs);
    return status;
}
