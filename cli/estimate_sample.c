/* SPDX-License-Identifier: Apache-2.0 */
/* Facts of a sample: pieces of the inputs go through the work of SCAN and EMIT, timed. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "emit_format.h"
#include "estimate.h"
#include "shard_writer.h"
#include "tamis/analyzer.h"
#include "tamis/level.h"
#include "tamis/path.h"
#include "tamis/reader.h"
#include "tamis/rng.h"
#include "tamis/sorter.h"
#include "tamis/task_support.h"

#define PIECES            12
#define SORT_MEMORY_BYTES (UINT64_C(256) << 20) /* a batch's features without spilling */
#define FEATURES_MAX      512
#define RATIO_SKIP_BYTES  (UINT64_C(512) << 10) /* a decoder's read-ahead counts as stored */
#define OUTPUT_DOCUMENTS  0
#define OUTPUT_ATTRIBUTES 1
#define OUTPUT_KINDS      2

typedef struct seen {
    uint32_t text_bytes; /* saturated */
    uint16_t shared;     /* bands shared with an earlier record */
} seen;

typedef struct measure {
    const tamis_estimate_options *options;
    tamis_job job; /* for the output lines: plan and settings are borrowed */
    tamis_facts *facts;
    tamis_reader *reader;
    tamis_analyzer *analyzer;
    tamis_sorter *sorters[TAMIS_LEVEL_COUNT];
    tamis_shard_writer *writers[OUTPUT_KINDS];
    uint64_t *features; /* of one document and level */
    seen *seen;         /* by number within the sample */
    size_t seen_capacity;
    tamis_buf line;
    tamis_buf id;
    tamis_buf url;
} measure;

static double now_seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now); /* a valid clock: cannot fail */
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* ---- Which places ------------------------------------------------------------------------------
 */

static uint64_t split_bytes(const tamis_plan *plan, uint32_t split)
{
    return plan->splits[split].end - plan->splits[split].begin;
}

static uint64_t plan_bytes(const tamis_plan *plan)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < plan->split_count; i++) {
        bytes += split_bytes(plan, i);
    }
    return bytes;
}

/* Every split that one of PIECES points, equally far apart, falls into; ascending, each once. */
static uint32_t choose_splits(const tamis_estimate_options *options, uint32_t out_splits[PIECES])
{
    const tamis_plan *plan = options->plan;
    uint64_t distance = plan_bytes(plan) / PIECES + 1;
    tamis_rng rng = {.state = options->seed};
    uint64_t point = tamis_rng_below(&rng, distance);
    uint64_t passed = 0;
    uint32_t count = 0;

    for (uint32_t split = 0; split < plan->split_count && count < PIECES; split++) {
        passed += split_bytes(plan, split);
        if (point < passed) {
            out_splits[count++] = split;
            while (point < passed) {
                point += distance;
            }
        }
    }
    return count;
}

/* ---- One document ------------------------------------------------------------------------------
 */

static tamis_status measure_features(measure *m, const tamis_doc *doc,
                                     const tamis_analysis *analysis, tamis_err *err)
{
    const tamis_settings *settings = m->options->settings;
    /* The record's number in the sample serves as ord: `shared` is indexed with it. */
    tamis_feature_source source = {
        .settings = settings, .analysis = analysis, .ord = m->facts->rows - 1};
    tamis_status status = TAMIS_OK;

    if (m->sorters[TAMIS_LEVEL_URL] != NULL && doc->url.size != 0) {
        tamis_buf_reset(&m->url);
        if (tamis_url_normalize(doc->url, &m->url) != TAMIS_OK) {
            return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a URL");
        }
        source.normalized_url = tamis_buf_slice(&m->url);
    }
    for (unsigned i = 0; status == TAMIS_OK && i < TAMIS_LEVEL_COUNT; i++) {
        if (m->sorters[i] != NULL) {
            uint32_t count = tamis_level_get((tamis_level_id)i)->extract(&source, m->features);

            m->facts->features[i] += count;
            status = tamis_sorter_add(m->sorters[i], m->features, count, err);
        }
    }
    return status;
}

/* As EMIT does it for a record that is kept. */
static tamis_status measure_output(measure *m, const tamis_input *input, const tamis_doc *doc,
                                   tamis_ord ord, tamis_err *err)
{
    tamis_emit_row row = {
        .job = &m->job,
        .input = input,
        .ord = ord,
        .id = doc->id,
        .digest = doc->fault != TAMIS_FAULT_NONE ? doc->raw_digest
                                                 : tamis_hash128(doc->text.data, doc->text.size),
        .doc = doc,
    };
    tamis_status status = TAMIS_OK;

    if (doc->id.size == 0) {
        status = tamis_task_default_id(input, &m->job, ord, &m->id, &row.id, err);
    }
    m->facts->id_bytes += row.id.size;
    for (unsigned kind = 0; status == TAMIS_OK && kind < OUTPUT_KINDS; kind++) {
        if (m->writers[kind] == NULL ||
            (kind == OUTPUT_DOCUMENTS && doc->fault != TAMIS_FAULT_NONE)) {
            continue;
        }
        tamis_buf_reset(&m->line);
        status = kind == OUTPUT_DOCUMENTS ? tamis_emit_document(&row, &m->line)
                                          : tamis_emit_attributes(&row, &m->line);
        if (status == TAMIS_OK) {
            status = tamis_shard_writer_write(m->writers[kind], tamis_buf_slice(&m->line), err);
        }
    }
    return status;
}

/* A place for what is seen of record number rows. */
static tamis_status measure_see(measure *m, const tamis_doc *doc, tamis_err *err)
{
    if (m->facts->rows == m->seen_capacity) {
        size_t capacity = m->seen_capacity == 0 ? 4096 : m->seen_capacity * 2;
        seen *grown = realloc(m->seen, capacity * sizeof(*grown));

        if (grown == NULL) {
            return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a sample of %zu records",
                                 capacity);
        }
        m->seen = grown;
        m->seen_capacity = capacity;
    }
    m->seen[m->facts->rows++] = (seen){
        .text_bytes = doc->fault != TAMIS_FAULT_NONE ? 0
                      : doc->text.size > UINT32_MAX  ? UINT32_MAX
                                                     : (uint32_t)doc->text.size,
    };
    return TAMIS_OK;
}

static tamis_status measure_doc(measure *m, const tamis_input *input, const tamis_doc *doc,
                                tamis_ord ord, tamis_err *err)
{
    double start = now_seconds();
    double middle = 0;
    tamis_analysis analysis;
    tamis_status status = measure_see(m, doc, err);

    if (status != TAMIS_OK) {
        return status;
    }
    m->facts->ids += doc->id.size != 0 ? 1 : 0;
    if (doc->fault != TAMIS_FAULT_NONE) {
        m->facts->quarantined++;
    } else {
        m->facts->text_bytes += doc->text.size;
        status = tamis_analyzer_run(m->analyzer, doc->text, &analysis, err);
        if (status == TAMIS_OK) {
            m->facts->shingles += analysis.shingle_count;
            status = measure_features(m, doc, &analysis, err);
        }
    }
    middle = now_seconds();
    m->facts->analyze_seconds += middle - start;
    if (status == TAMIS_OK) {
        status = measure_output(m, input, doc, ord, err);
    }
    m->facts->pack_seconds += now_seconds() - middle;
    return status;
}

/* ---- One place ---------------------------------------------------------------------------------
 *
 * Where a compressed split is read in part, what the decoder read ahead would count as stored. So
 * the ratio comes from two looks at the reader, and the stored bytes of the part from the ratio. */

typedef struct piece {
    uint64_t first_offset;
    bool has_first;
    uint64_t stored_skipped; /* at the first look */
    uint64_t decoded_skipped;
} piece;

static void piece_look(piece *p, const tamis_reader *reader, tamis_reader_summary *out_now)
{
    tamis_reader_summarize(reader, out_now);
    if (p->stored_skipped == 0 && out_now->stored_bytes >= RATIO_SKIP_BYTES) {
        p->stored_skipped = out_now->stored_bytes;
        p->decoded_skipped = out_now->decoded_bytes;
    }
}

/* decoded: bytes of the records that were taken. */
static void piece_end_early(const measure *m, const piece *p, const tamis_reader_summary *now,
                            uint64_t decoded)
{
    double stored = (double)now->stored_bytes;
    double ratio = stored == 0 ? 1 : (double)now->decoded_bytes / stored;

    if (p->stored_skipped != 0 && now->stored_bytes > p->stored_skipped) {
        ratio = (double)(now->decoded_bytes - p->decoded_skipped) /
                (double)(now->stored_bytes - p->stored_skipped);
    }
    m->facts->decoded_bytes += decoded;
    m->facts->stored_bytes += ratio > 0 ? (uint64_t)((double)decoded / ratio) : decoded;
}

static tamis_status measure_piece(measure *m, uint32_t number, uint64_t quota, tamis_err *err)
{
    const tamis_plan *plan = m->options->plan;
    const tamis_input *input = &plan->inputs[plan->splits[number].input];
    tamis_split split = plan->splits[number];
    piece p = {0};
    tamis_reader_summary now;
    tamis_status status = TAMIS_OK;

    if (input->compression == TAMIS_COMPRESSION_NONE && input->format == TAMIS_INPUT_JSONL &&
        split.end - split.begin > quota) {
        split.end = split.begin + quota; /* as if the file had been cut finer */
    }
    status = tamis_reader_open(m->reader, input, &split, number, err);
    while (status == TAMIS_OK) {
        double start = now_seconds();
        tamis_doc doc;

        status = tamis_reader_next(m->reader, &doc, err);
        m->facts->read_seconds += now_seconds() - start;
        piece_look(&p, m->reader, &now);
        if (status == TAMIS_OK && !p.has_first) {
            p.first_offset = doc.offset;
            p.has_first = true;
        }
        /* The record behind the last one tells where that ended. */
        if (status == TAMIS_OK && input->compression != TAMIS_COMPRESSION_NONE &&
            now.stored_bytes >= quota + RATIO_SKIP_BYTES) {
            piece_end_early(m, &p, &now, doc.offset - p.first_offset);
            m->facts->pieces++;
            return TAMIS_OK;
        }
        if (status == TAMIS_OK) {
            status = measure_doc(m, input, &doc, tamis_ord_make(0, number, doc.row), err);
        }
    }
    if (status != TAMIS_END) {
        tamis_err_context(err, "%s", input->shown);
        return status;
    }
    if (now.open_status == TAMIS_OK) {
        m->facts->stored_bytes += split.end - split.begin;
        m->facts->decoded_bytes += input->compression == TAMIS_COMPRESSION_NONE
                                       ? split.end - split.begin
                                       : now.decoded_bytes;
        m->facts->pieces++;
    }
    return TAMIS_OK;
}

/* ---- All of it ---------------------------------------------------------------------------------
 */

static tamis_status measure_create_sorters(measure *m, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    for (unsigned i = 0; status == TAMIS_OK && i < TAMIS_LEVEL_COUNT; i++) {
        tamis_sorter_options options = {
            .words = tamis_level_get((tamis_level_id)i)->words,
            .memory_bytes = SORT_MEMORY_BYTES,
            .temp_folder = m->options->temp_folder,
        };

        if ((m->options->settings->levels >> i & 1) != 0) {
            status = tamis_sorter_create(&options, &m->sorters[i], err);
        }
    }
    return status;
}

static tamis_status measure_create_writers(measure *m, tamis_err *err)
{
    static const uint32_t asked[OUTPUT_KINDS] = {TAMIS_EMIT_DOCUMENTS, TAMIS_EMIT_ATTRIBUTES};
    static const char *const names[OUTPUT_KINDS] = {"documents", "attributes"};
    const tamis_settings *settings = m->options->settings;
    tamis_status status = TAMIS_OK;

    for (unsigned kind = 0; status == TAMIS_OK && kind < OUTPUT_KINDS; kind++) {
        char path[TAMIS_PATH_MAX];

        if ((settings->emit & asked[kind]) == 0) {
            continue;
        }
        status = tamis_path_join(path, m->options->temp_folder, names[kind], err);
        if (status == TAMIS_OK) {
            status = tamis_shard_writer_create(settings->output_format, settings->output_level,
                                               &m->writers[kind], err);
        }
        if (status == TAMIS_OK) {
            status = tamis_shard_writer_open(m->writers[kind], path, err);
        }
    }
    return status;
}

static tamis_status measure_create(measure *m, tamis_err *err)
{
    tamis_status status = tamis_reader_create(m->options->settings, &m->reader, err);

    tamis_buf_init(&m->line, 0);
    tamis_buf_init(&m->id, 0);
    tamis_buf_init(&m->url, 0);
    m->features = calloc((size_t)FEATURES_MAX * TAMIS_FEATURE_WORDS_MAX, sizeof(*m->features));
    if (status == TAMIS_OK && m->features == NULL) {
        status = tamis_err_set(err, TAMIS_ENOMEM, "no memory for the features of a document");
    }
    if (status == TAMIS_OK) {
        status = tamis_analyzer_create(m->options->settings, &m->analyzer, err);
    }
    if (status == TAMIS_OK) {
        status = measure_create_sorters(m, err);
    }
    return status == TAMIS_OK ? measure_create_writers(m, err) : status;
}

#define REPEATS_EXACTLY UINT16_MAX

/* Features of one level in order: what repeats, and what LINK would offer. */
static void count_repeats(measure *m, tamis_level_id level, const uint64_t *block, size_t count,
                          uint64_t last[2], uint64_t *position)
{
    bool is_near = level == TAMIS_LEVEL_NEAR;
    size_t words = tamis_level_get(level)->words;

    for (size_t i = 0; i < count; i++) {
        const uint64_t *feature = block + i * words;
        uint64_t rest = is_near ? 0 : feature[1];
        uint64_t ord = feature[words - 1];

        if (is_near && m->seen[ord].shared == REPEATS_EXACTLY) {
            continue; /* passed over, as by LINK */
        }
        if (feature[0] != last[0] || rest != last[1]) {
            *position = 0;
            last[0] = feature[0];
            last[1] = rest;
            continue;
        }
        (*position)++;
        if (is_near) {
            uint64_t cap = m->options->settings->bucket_cap;

            m->facts->pairs += *position < cap ? *position : cap;
            m->seen[ord].shared++;
        } else {
            m->facts->exact_repeats += m->seen[ord].shared == REPEATS_EXACTLY ? 0 : 1;
            m->seen[ord].shared = REPEATS_EXACTLY;
        }
    }
}

/* So many bands two documents at the threshold share on average. */
static uint32_t bands_of_duplicates(const tamis_settings *settings)
{
    double expected = settings->bands;

    for (uint32_t i = 0; i < settings->rows; i++) {
        expected = expected * (double)settings->threshold_ppm / TAMIS_PPM;
    }
    return expected < 1 ? 1 : (uint32_t)expected;
}

static tamis_status measure_sort(measure *m, tamis_err *err)
{
    uint32_t bands = bands_of_duplicates(m->options->settings);
    double start = now_seconds();
    tamis_status status = TAMIS_OK;

    for (unsigned i = 0; status == TAMIS_OK && i < TAMIS_LEVEL_COUNT; i++) {
        const uint64_t *block = NULL;
        size_t count = 0;
        uint64_t last[2] = {0, 0};
        uint64_t position = 0;
        bool is_first = true;

        if (m->sorters[i] == NULL) {
            continue;
        }
        status = tamis_sorter_sort(m->sorters[i], err);
        while (status == TAMIS_OK) {
            status = tamis_sorter_next(m->sorters[i], &block, &count, err);
            if (status == TAMIS_OK) {
                if (is_first) {
                    last[0] = ~block[0]; /* no feature yet */
                    is_first = false;
                }
                count_repeats(m, (tamis_level_id)i, block, count, last, &position);
            }
        }
        status = status == TAMIS_END ? TAMIS_OK : status;
    }
    for (uint64_t i = 0; i < m->facts->rows; i++) {
        bool is_near = m->seen[i].shared != REPEATS_EXACTLY && m->seen[i].shared >= bands;

        m->facts->near_repeats += is_near ? 1 : 0;
        m->facts->repeated_bytes +=
            is_near || m->seen[i].shared == REPEATS_EXACTLY ? m->seen[i].text_bytes : 0;
    }
    m->facts->sort_seconds = now_seconds() - start;
    return status;
}

static tamis_status measure_finish(measure *m, tamis_err *err)
{
    uint64_t *const sizes[OUTPUT_KINDS] = {&m->facts->documents_packed,
                                           &m->facts->attributes_packed};
    tamis_status status = measure_sort(m, err);
    double start = now_seconds();

    for (unsigned kind = 0; status == TAMIS_OK && kind < OUTPUT_KINDS; kind++) {
        tamis_digest digest;

        if (m->writers[kind] != NULL) {
            status = tamis_shard_writer_finish(m->writers[kind], sizes[kind], &digest, err);
        }
    }
    m->facts->pack_seconds += now_seconds() - start;
    return status;
}

static void measure_destroy(measure *m)
{
    tamis_reader_destroy(m->reader);
    tamis_analyzer_destroy(m->analyzer);
    for (unsigned i = 0; i < TAMIS_LEVEL_COUNT; i++) {
        tamis_sorter_destroy(m->sorters[i]);
    }
    for (unsigned kind = 0; kind < OUTPUT_KINDS; kind++) {
        tamis_shard_writer_destroy(m->writers[kind]); /* removes its file */
    }
    free(m->features);
    free(m->seen);
    tamis_buf_fini(&m->line);
    tamis_buf_fini(&m->id);
    tamis_buf_fini(&m->url);
}

tamis_status tamis_estimate_measure(const tamis_estimate_options *options, tamis_facts *out_facts,
                                    tamis_err *err)
{
    static char id[] = "0000000000000000";
    measure m = {
        .options = options,
        .job = {.id = id, .settings = *options->settings, .plan = *options->plan},
        .facts = out_facts,
    };
    uint64_t bytes =
        options->sample_bytes == 0 ? TAMIS_ESTIMATE_SAMPLE_BYTES : options->sample_bytes;
    uint32_t splits[PIECES];
    uint32_t count = choose_splits(options, splits);
    tamis_status status = TAMIS_OK;

    *out_facts = (tamis_facts){0};
    status = measure_create(&m, err);
    for (uint32_t i = 0; status == TAMIS_OK && i < count; i++) {
        status = measure_piece(&m, splits[i], bytes / count + 1, err);
    }
    if (status == TAMIS_OK) {
        status = measure_finish(&m, err);
    }
    if (status == TAMIS_OK && out_facts->rows == 0) {
        status = tamis_err_set(err, TAMIS_ENOENT,
                               "no record could be read from the inputs: nothing to estimate from");
    }
    measure_destroy(&m);
    return status;
}
