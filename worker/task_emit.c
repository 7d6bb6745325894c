/* SPDX-License-Identifier: Apache-2.0 */
/* EMIT: reads one batch of splits again, checks every digest, and writes the clean shards. Nothing
 * of a split is published before all of it agreed with what SCAN saw. */
#include <stdio.h>
#include <stdlib.h>

#include "emit_format.h"
#include "shard_writer.h"
#include "stage_tasks.h"
#include "tamis/failpoint.h"
#include "tamis/path.h"
#include "tamis/poison.h"
#include "tamis/root.h"
#include "tamis/row_watch.h"
#include "tamis/task_support.h"

#define CHECK_EVERY   64
#define DOCUMENTS     0
#define ATTRIBUTES    1
#define REMOVED       2
#define SYNC_EACH_MAX 4 /* splits of a batch: with more, one sync serves all files of the batch */

typedef struct emit {
    const tamis_task_env *env;
    const tamis_settings *settings;
    tamis_task_result *result;
    tamis_reader *reader;
    tamis_row_watch watch;
    tamis_doc_cursor *records;
    tamis_emit_quality *quality; /* NULL: not asked for */
    tamis_bits *capped;
    tamis_stream *finals;                            /* by removed */
    tamis_stream *ids;                               /* by removed: id of the witness */
    tamis_stream *copies;                            /* by witness */
    tamis_shard_writer *writers[TAMIS_OUTPUT_KINDS]; /* NULL: not asked for */
    tamis_buf line;
    tamis_buf id;
} emit;

/* ---- Opening ---- */

static tamis_status emit_open_stream(emit *e, tamis_stage_kind stage, uint32_t kind, uint32_t words,
                                     bool has_payload, uint32_t part, tamis_stream **out_stream,
                                     tamis_err *err)
{
    tamis_stream_options options = {
        .kind = kind,
        .first_part = part,
        .end_part = part + 1,
        .words = words,
        .has_payload = has_payload,
        .memory_bytes = e->env->memory_bytes / 4,
        .temp_folder = e->env->folder,
    };
    uint32_t index = tamis_task_stage_before(e->env, stage);

    return tamis_stream_open(e->env, &options, &index, 1, out_stream, err);
}

static tamis_status emit_open_inputs(emit *e, uint32_t part, tamis_err *err)
{
    const tamis_plan *plan = &e->env->job->plan;
    uint32_t first = plan->batch_first_split[e->env->task];
    uint32_t end = plan->batch_first_split[e->env->task + 1];
    uint32_t resolve = tamis_task_resolve_before(e->env);
    tamis_status status = tamis_doc_cursor_create(e->env, first, end, false, &e->records, err);

    if (status == TAMIS_OK && resolve != UINT32_MAX) {
        status = tamis_task_load_bits(e->env, resolve, 0, TAMIS_RESULT_CAPPED, first, end,
                                      &e->capped, err);
    }
    if (status == TAMIS_OK) {
        status = emit_open_stream(e, TAMIS_STAGE_REPOINT, TAMIS_PIECE_FINAL, TAMIS_FINAL_WORDS,
                                  false, part, &e->finals, err);
    }
    if (status == TAMIS_OK) {
        status =
            emit_open_stream(e, TAMIS_STAGE_WITNESS, TAMIS_PIECE_IDS, 1, true, part, &e->ids, err);
    }
    if (status == TAMIS_OK) {
        status = emit_open_stream(e, TAMIS_STAGE_WITNESS, TAMIS_PIECE_COPIES, TAMIS_COPIES_WORDS,
                                  false, part, &e->copies, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_emit_quality_create(e->env, &e->quality, err);
    }
    return status;
}

/* Thousands of small inputs would wait for the disk four times each. No file counts before the task
 * is reported, so one sync in front of that is enough: a crash before it repeats the task. */
static bool emit_syncs_at_end(const tamis_task_env *env)
{
    const uint32_t *first = &env->job->plan.batch_first_split[env->task];

    return first[1] - first[0] > SYNC_EACH_MAX;
}

static tamis_status emit_create(emit *e, tamis_err *err)
{
    static const uint32_t asked[TAMIS_OUTPUT_KINDS] = {TAMIS_EMIT_DOCUMENTS, TAMIS_EMIT_ATTRIBUTES,
                                                       TAMIS_EMIT_REMOVED};
    const tamis_plan *plan = &e->env->job->plan;
    uint32_t part = tamis_plan_part_of_split(plan, plan->batch_first_split[e->env->task]);
    tamis_status status = TAMIS_OK;

    tamis_buf_init(&e->line, 0);
    tamis_buf_init(&e->id, 0);
    status = tamis_reader_create(e->settings, &e->reader, err);
    tamis_row_watch_init(&e->watch, e->env, e->reader, true);
    if (status == TAMIS_OK) {
        tamis_reader_confine(e->reader, e->env->roots);
        status = emit_open_inputs(e, part, err);
    }
    for (unsigned kind = 0; status == TAMIS_OK && kind < TAMIS_OUTPUT_KINDS; kind++) {
        if ((e->settings->emit & asked[kind]) != 0) {
            status = tamis_shard_writer_create(e->settings->output_format,
                                               e->settings->output_level, &e->writers[kind], err);
        }
        if (status == TAMIS_OK && e->writers[kind] != NULL) {
            /* What a trial writes lies in the task's own folder. */
            tamis_shard_writer_confine(e->writers[kind],
                                       tamis_row_watch_is_trial(&e->watch) ? NULL : e->env->roots);
            if (emit_syncs_at_end(e->env)) {
                tamis_shard_writer_defer_sync(e->writers[kind]);
            }
        }
    }
    return status;
}

static void emit_destroy(emit *e)
{
    tamis_row_watch_fini(&e->watch);
    tamis_reader_destroy(e->reader);
    tamis_doc_cursor_destroy(e->records);
    tamis_emit_quality_destroy(e->quality);
    tamis_bits_destroy(e->capped);
    tamis_stream_close(e->finals);
    tamis_stream_close(e->ids);
    tamis_stream_close(e->copies);
    for (unsigned kind = 0; kind < TAMIS_OUTPUT_KINDS; kind++) {
        tamis_shard_writer_destroy(e->writers[kind]);
    }
    tamis_buf_fini(&e->line);
    tamis_buf_fini(&e->id);
}

/* ---- Rows
 * ----------------------------------------------------------------------------------------- */

/* Moves a stream to the record of that ord; *out_record is NULL where there is none. */
static tamis_status emit_find(tamis_stream *stream, tamis_ord ord, const uint64_t **out_record,
                              tamis_err *err)
{
    const uint64_t *record = tamis_stream_peek(stream);

    while (record != NULL && record[0] < ord) {
        tamis_status status = tamis_stream_advance(stream, err);

        if (status != TAMIS_OK) {
            return status;
        }
        record = tamis_stream_peek(stream);
    }
    *out_record = record != NULL && record[0] == ord ? record : NULL;
    return TAMIS_OK;
}

static tamis_status emit_changed(const tamis_input *input, tamis_err *err)
{
    return tamis_err_set(
        err, TAMIS_ECHANGED,
        "%s: the input has changed since it was scanned; nothing of this split was "
        "published; start again with an empty output folder",
        input->shown);
}

/* The digest that the verdict was made for must be that of the text in hand. */
static tamis_status emit_check_digest(emit *e, tamis_emit_row *row, uint64_t *out_text_bytes,
                                      tamis_err *err)
{
    tamis_record record;
    tamis_status status = tamis_doc_cursor_get(e->records, row->ord, &record, err);
    bool has_fault = row->doc->fault != TAMIS_FAULT_NONE;

    if (status == TAMIS_ENOENT) {
        return emit_changed(row->input, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    if (record.fault == TAMIS_FAULT_NONE && tamis_row_watch_is_new(&e->watch, row->ord)) {
        row->digest = row->doc->raw_digest; /* that of the text is not looked at again */
        return TAMIS_OK;
    }
    if (!has_fault) {
        tamis_poison(TAMIS_POISON_EMIT, row->doc->text.data, row->doc->text.size);
    }
    row->digest =
        has_fault ? row->doc->raw_digest : tamis_hash128(row->doc->text.data, row->doc->text.size);
    if (!tamis_digest_is_equal(row->digest, record.digest) ||
        record.fault != (uint16_t)row->doc->fault) {
        return emit_changed(row->input, err);
    }
    *out_text_bytes = row->doc->text.size;
    return TAMIS_OK;
}

static tamis_status emit_decide(emit *e, tamis_emit_row *row, tamis_err *err)
{
    const uint64_t *record = NULL;
    tamis_status status = TAMIS_OK;

    if (e->quality != NULL && row->doc->fault == TAMIS_FAULT_NONE) {
        status = tamis_emit_quality_find(e->quality, row->ord, row->doc->text, &row->grade, err);
        if (status != TAMIS_OK) {
            tamis_err_context(err, "%s", row->input->shown);
            return status;
        }
    }
    status = emit_find(e->finals, row->ord, &row->final_record, err);

    row->is_capped = e->capped != NULL && tamis_bits_get(e->capped, row->ord);
    if (status != TAMIS_OK) {
        return status;
    }
    if (row->final_record != NULL) {
        status = emit_find(e->ids, row->ord, &record, err);
        if (status == TAMIS_OK && record == NULL) {
            char text[TAMIS_ORD_TEXT_SIZE];

            tamis_ord_to_text(row->ord, text);
            return tamis_err_set(err, TAMIS_ECORRUPT, "no id of the witness of %s", text);
        }
        if (status == TAMIS_OK) {
            row->witness_id = tamis_stream_payload(e->ids);
        }
        return status;
    }
    status = emit_find(e->copies, row->ord, &record, err);
    if (status == TAMIS_OK && record != NULL) {
        row->copies_exact = record[1 + TAMIS_COPY_EXACT];
        row->copies_near = record[1 + TAMIS_COPY_NEAR];
        row->copies_url = record[1 + TAMIS_COPY_URL];
    }
    return status;
}

/* A record that SCAN could read kills the program here. It can be set aside only where no document
 * was removed for it. */
static tamis_status emit_give_up(emit *e, tamis_emit_row *row, tamis_emit_result *counts,
                                 tamis_err *err)
{
    char hex[TAMIS_DIGEST_HEX_SIZE];
    tamis_status status = emit_decide(e, row, err);
    uint64_t copies = row->copies_exact + row->copies_near + row->copies_url;

    if (status == TAMIS_OK && copies != 0) {
        tamis_digest_to_hex(row->doc->raw_digest, hex);
        return tamis_err_set(err, TAMIS_EUNSUPPORTED,
                             "%s: the record at offset %llu (digest %s) kills the program when it "
                             "is written, and %llu documents were removed for it; take it out of "
                             "the input and start again with an empty output folder",
                             row->input->shown, (unsigned long long)row->doc->offset, hex,
                             (unsigned long long)copies);
    }
    row->final_record = NULL;
    row->is_capped = false;
    counts->poisoned++;
    e->result->counters[TAMIS_COUNTER_POISONED]++;
    return status;
}

static void emit_count(const tamis_emit_row *row, uint64_t text_bytes, tamis_emit_result *counts)
{
    counts->capped += row->is_capped ? 1 : 0;
    if (row->doc->fault != TAMIS_FAULT_NONE) {
        counts->quarantined++;
    } else if (row->grade != NULL && row->grade->reason != 0) {
        return; /* counted by reason and language */
    } else if (row->final_record != NULL) {
        counts->dropped[row->final_record[2]]++;
        counts->dropped_bytes[row->final_record[2]] += text_bytes;
        counts->repointed += row->final_record[5] != TAMIS_NO_ORD ? 1 : 0;
    } else {
        counts->kept++;
        counts->kept_bytes += text_bytes;
        counts->copies_exact += row->copies_exact;
        counts->copies_near += row->copies_near;
        counts->copies_url += row->copies_url;
    }
}

static tamis_status emit_write(emit *e, const tamis_emit_row *row, unsigned kind, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    if (e->writers[kind] == NULL) {
        return TAMIS_OK;
    }
    tamis_buf_reset(&e->line);
    status = kind == ATTRIBUTES ? tamis_emit_attributes(row, &e->line)
                                : tamis_emit_document(row, &e->line);
    if (status != TAMIS_OK) {
        return tamis_err_set(err, status, "no memory for a line of output");
    }
    return tamis_shard_writer_write(e->writers[kind], tamis_buf_slice(&e->line), err);
}

static tamis_status emit_row(emit *e, const tamis_input *input, const tamis_doc *doc,
                             tamis_emit_result *counts, tamis_err *err)
{
    uint64_t text_bytes = 0;
    bool is_kept = false;
    tamis_emit_row row = {
        .job = e->env->job,
        .input = input,
        .ord = tamis_ord_make(0, counts->split, doc->row),
        .id = doc->id,
        .doc = doc,
    };
    tamis_status status = emit_check_digest(e, &row, &text_bytes, err);

    if (status == TAMIS_OK && doc->id.size == 0) {
        status = tamis_task_default_id(input, e->env->job, row.ord, &e->id, &row.id, err);
    }
    if (status == TAMIS_OK && doc->fault == TAMIS_FAULT_NONE) {
        status = emit_decide(e, &row, err);
    } else if (status == TAMIS_OK && tamis_row_watch_is_new(&e->watch, row.ord)) {
        status = emit_give_up(e, &row, counts, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    is_kept = row.final_record == NULL && (row.grade == NULL || row.grade->reason == 0);
    emit_count(&row, text_bytes, counts);
    if (row.grade != NULL) {
        status = tamis_emit_quality_count(e->quality, row.grade, text_bytes, is_kept, err);
    }
    if (status == TAMIS_OK) {
        status = emit_write(e, &row, ATTRIBUTES, err);
    }
    if (status == TAMIS_OK && doc->fault == TAMIS_FAULT_NONE) {
        status = emit_write(e, &row, is_kept ? DOCUMENTS : REMOVED, err);
    }
    return status;
}

/* ---- Splits
 * --------------------------------------------------------------------------------------- */

static tamis_status emit_rows(emit *e, const tamis_input *input, tamis_emit_result *counts,
                              tamis_err *err)
{
    for (;;) {
        tamis_doc doc;
        tamis_status status = tamis_row_watch_next(&e->watch, &doc, err);

        if (status == TAMIS_END) {
            return TAMIS_OK;
        }
        if (status == TAMIS_OK) {
            status = emit_row(e, input, &doc, counts, err);
        }
        if (status == TAMIS_OK && doc.row % CHECK_EVERY == 0) {
            tamis_reader_summary now;

            tamis_reader_summarize(e->reader, &now);
            if (e->env->progress != NULL) {
                atomic_store_explicit(&e->env->progress->bytes,
                                      e->result->counters[TAMIS_COUNTER_STORED_BYTES] +
                                          now.stored_bytes,
                                      memory_order_relaxed);
                atomic_store_explicit(&e->env->progress->documents,
                                      e->result->counters[TAMIS_COUNTER_ROWS] + now.rows,
                                      memory_order_relaxed);
            }
            status = tamis_task_check(e->env, err);
        }
        if (status != TAMIS_OK) {
            return status;
        }
    }
}

/* What a trial writes is thrown away with its folder. */
static tamis_status emit_open_files(emit *e, uint32_t split, tamis_err *err)
{
    const char *folder =
        tamis_row_watch_is_trial(&e->watch) ? e->env->folder : e->env->job->out_path;

    for (unsigned kind = 0; kind < TAMIS_OUTPUT_KINDS; kind++) {
        char name[TAMIS_PATH_SIZE];
        char path[TAMIS_PATH_SIZE];
        tamis_status status = TAMIS_OK;
        int length = 0;

        if (e->writers[kind] == NULL) {
            continue;
        }
        status = tamis_output_name(e->env->job, split, kind, name, sizeof(name));
        if (status == TAMIS_OK) {
            length = snprintf(path, sizeof(path), "%s/%s", folder, name);
            status = length > 0 && (size_t)length < sizeof(path) ? TAMIS_OK : TAMIS_ELIMIT;
        }
        if (status != TAMIS_OK) {
            return tamis_err_set(err, status, "%s: path of the output is too long", folder);
        }
        status = tamis_shard_writer_open(e->writers[kind], path, err);
        if (status != TAMIS_OK) {
            return status;
        }
    }
    return TAMIS_OK;
}

/* What SCAN saw of this split: rows and the digest of the stored bytes. */
static tamis_status emit_check_split(emit *e, const tamis_input *input, tamis_err *err)
{
    const tamis_reader_summary *scanned = &e->watch.scanned.summary;
    tamis_reader_summary now;

    tamis_reader_summarize(e->reader, &now);
    e->result->counters[TAMIS_COUNTER_SPLITS_READ]++;
    e->result->counters[TAMIS_COUNTER_STORED_BYTES] += now.stored_bytes;
    e->result->counters[TAMIS_COUNTER_DECODED_BYTES] += now.decoded_bytes;
    e->result->counters[TAMIS_COUNTER_ROWS] += now.rows;
    if (now.rows != scanned->rows || now.stored_bytes != scanned->stored_bytes ||
        !tamis_digest_is_equal(now.stored_digest, scanned->stored_digest)) {
        return emit_changed(input, err);
    }
    return TAMIS_OK;
}

static tamis_status emit_publish(emit *e, tamis_emit_result *counts, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    for (unsigned kind = 0; status == TAMIS_OK && kind < TAMIS_OUTPUT_KINDS; kind++) {
        tamis_output_file *file = &counts->files[kind];

        if (e->writers[kind] != NULL) {
            file->is_present = true;
            status =
                tamis_shard_writer_finish(e->writers[kind], &file->size_bytes, &file->digest, err);
            e->result->counters[TAMIS_COUNTER_WRITTEN_BYTES] += file->size_bytes;
        }
    }
    tamis_failpoint(TAMIS_FAILPOINT_EMIT_BEFORE_PUBLISH);
    for (unsigned kind = 0; status == TAMIS_OK && kind < TAMIS_OUTPUT_KINDS; kind++) {
        if (e->writers[kind] == NULL) {
            continue;
        }
        if (e->env->await_publish != NULL) {
            status = e->env->await_publish(e->env->context, err);
        }
        if (status == TAMIS_OK) {
            status = tamis_shard_writer_publish(e->writers[kind], err);
        }
    }
    tamis_failpoint(TAMIS_FAILPOINT_EMIT_AFTER_PUBLISH);
    return status;
}

static tamis_status emit_split(emit *e, uint32_t split, tamis_err *err)
{
    const tamis_plan *plan = &e->env->job->plan;
    const tamis_input *input = &plan->inputs[plan->splits[split].input];
    tamis_emit_result counts = {.split = split};
    tamis_status status = TAMIS_OK;

    if (input->is_against) {
        return TAMIS_OK; /* never written */
    }
    status = tamis_row_watch_open(&e->watch, split, err);
    if (status == TAMIS_OK) {
        status = emit_open_files(e, split, err);
    }
    if (status == TAMIS_OK) {
        status = emit_rows(e, input, &counts, err);
    }
    if (status == TAMIS_OK && tamis_row_watch_is_trial(&e->watch)) {
        return TAMIS_OK; /* nothing of it is wanted */
    }
    if (status == TAMIS_OK) {
        status = emit_check_split(e, input, err);
    }
    if (status == TAMIS_OK) {
        status = emit_publish(e, &counts, err);
    }
    if (status == TAMIS_OK && e->quality != NULL) {
        counts.has_quality = true;
        status = tamis_emit_quality_take(e->quality, &counts.quality, err);
    }
    if (status == TAMIS_OK) {
        e->result->counters[TAMIS_COUNTER_KEPT] += counts.kept;
        e->result->counters[TAMIS_COUNTER_DROPPED] += tamis_quality_dropped(counts.quality, NULL);
        for (unsigned level = 0; level < TAMIS_LEVEL_COUNT; level++) {
            e->result->counters[TAMIS_COUNTER_DROPPED] += counts.dropped[level];
        }
        e->result->counters[TAMIS_COUNTER_QUARANTINED] += counts.quarantined;
        if (tamis_emit_result_put(&e->result->blob, &counts) != TAMIS_OK) {
            status = tamis_err_set(err, TAMIS_ENOMEM, "no memory for the result of a split");
        }
    }
    return status;
}

tamis_status tamis_task_emit(const tamis_task_env *env, tamis_task_result *result, tamis_err *err)
{
    const tamis_plan *plan = &env->job->plan;
    emit e = {.env = env, .settings = &env->job->settings, .result = result};
    tamis_status status = emit_create(&e, err);

    for (uint32_t split = plan->batch_first_split[env->task];
         status == TAMIS_OK && split < plan->batch_first_split[env->task + 1]; split++) {
        if (tamis_row_watch_wants(&e.watch, split)) {
            status = emit_split(&e, split, err);
        }
    }
    if (status == TAMIS_OK && !tamis_row_watch_is_trial(&e.watch) && emit_syncs_at_end(env)) {
        status = tamis_roots_sync_filesystem(env->roots, env->job->out_path, err);
    }
    emit_destroy(&e);
    return status;
}
