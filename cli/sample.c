/* SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"

#include <stdlib.h>

#include "sample_parts.h"
#include "tamis/bytes.h"
#include "tamis/hash.h"
#include "tamis/level.h"
#include "tamis/suggest.h"
#include "text_source.h"

#define TEXTS_BYTES_MAX (UINT64_C(128) << 20) /* of all that are held */
#define TEXT_BYTES_MAX  (UINT64_C(4) << 20)   /* of one */

typedef struct sample {
    const tamis_sample_options *options;
    tamis_job *job;
    sample_pick *picks; /* while choosing: a heap, the greatest (hash, ord) first */
    size_t count;
    uint64_t found;
} sample;

tamis_status tamis_sample_check_reason(const char *reason, tamis_err *err)
{
    const char *names[TAMIS_LEVEL_COUNT + TAMIS_FAULT_COUNT];
    const char *near = NULL;
    size_t count = 0;

    for (unsigned i = 0; i < TAMIS_LEVEL_COUNT; i++) {
        names[count++] = tamis_level_names[i];
    }
    for (unsigned i = TAMIS_FAULT_NONE + 1; i < TAMIS_FAULT_COUNT; i++) {
        names[count++] = tamis_fault_code((tamis_fault)i);
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], reason) == 0) {
            return TAMIS_OK;
        }
    }
    near = tamis_suggest(reason, names, count);
    if (near != NULL) {
        return tamis_err_set(err, TAMIS_EARG, "'%.100s' is no reason; did you mean '%s'?", reason,
                             near);
    }
    return tamis_err_set(err, TAMIS_EARG,
                         "'%.100s' is no reason (url, exact, near, or a fault such as %s)", reason,
                         tamis_fault_code(TAMIS_FAULT_INVALID_JSON));
}

/* ---- Choosing ----------------------------------------------------------------------------------
 */

static uint64_t hash_of(uint64_t seed, tamis_ord ord)
{
    uint8_t bytes[16];

    tamis_put64le(bytes, seed);
    tamis_put64le(bytes + 8, ord);
    return tamis_hash64(bytes, sizeof(bytes));
}

static bool is_before(const sample_pick *a, const sample_pick *b)
{
    return a->hash < b->hash || (a->hash == b->hash && a->copy.row.ord < b->copy.row.ord);
}

static void swap_picks(sample_pick *a, sample_pick *b)
{
    sample_pick kept = *a;

    *a = *b;
    *b = kept;
}

static void heap_rise(sample_pick *heap, size_t i)
{
    while (i > 0 && is_before(&heap[(i - 1) / 2], &heap[i])) {
        swap_picks(&heap[(i - 1) / 2], &heap[i]);
        i = (i - 1) / 2;
    }
}

static void heap_sink(sample_pick *heap, size_t count, size_t i)
{
    for (;;) {
        size_t greatest = i;

        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < count; child++) {
            if (is_before(&heap[greatest], &heap[child])) {
                greatest = child;
            }
        }
        if (greatest == i) {
            return;
        }
        swap_picks(&heap[i], &heap[greatest]);
        i = greatest;
    }
}

static bool is_wanted(const sample *s, const tamis_result_row *row)
{
    if (s->options->reason == NULL) {
        return row->verdict == TAMIS_VERDICT_DROP;
    }
    return row->verdict != TAMIS_VERDICT_KEEP &&
           tamis_slice_is_equal(row->reason, tamis_slice_of_string(s->options->reason));
}

static tamis_status choose_row(sample *s, const tamis_result_row *row, tamis_err *err)
{
    sample_pick pick = {.hash = hash_of(s->options->seed, row->ord), .copy = {.row = *row}};
    tamis_status status = TAMIS_OK;

    s->found++;
    if (s->count == s->options->count && !is_before(&pick, &s->picks[0])) {
        return TAMIS_OK;
    }
    status = tamis_row_copy_make(row, &pick.copy, err);
    if (status != TAMIS_OK) {
        return status;
    }
    if (s->count < s->options->count) {
        s->picks[s->count] = pick;
        heap_rise(s->picks, s->count++);
    } else {
        tamis_row_copy_free(&s->picks[0].copy);
        s->picks[0] = pick;
        heap_sink(s->picks, s->count, 0);
    }
    return TAMIS_OK;
}

static tamis_status choose(sample *s, tamis_err *err)
{
    tamis_result *result = NULL;
    tamis_result_row row;
    tamis_status status = tamis_result_open(s->options->out_path, s->job, &result, err);

    while (status == TAMIS_OK) {
        status = tamis_result_next(result, &row, err);
        if (status == TAMIS_OK) {
            status = tamis_row_check(result, s->job, &row, err);
        }
        if (status == TAMIS_OK && is_wanted(s, &row)) {
            status = choose_row(s, &row, err);
        }
    }
    tamis_result_close(result);
    return status == TAMIS_END ? TAMIS_OK : status;
}

static int by_ord(const void *a, const void *b)
{
    tamis_ord x = ((const sample_pick *)a)->copy.row.ord;
    tamis_ord y = ((const sample_pick *)b)->copy.row.ord;

    return x < y ? -1 : x > y;
}

/* ---- Texts -------------------------------------------------------------------------------------
 */

typedef struct request {
    tamis_ord ord;
    sample_text *text;
    const tamis_result_row *row; /* whose digest the text must have; NULL: a witness */
} request;

static int request_by_ord(const void *a, const void *b)
{
    tamis_ord x = ((const request *)a)->ord;
    tamis_ord y = ((const request *)b)->ord;

    return x < y ? -1 : x > y;
}

/* The head of the text that is held and compared; ends between characters. */
static tamis_status keep_text(sample_text *text, tamis_slice whole, uint64_t bytes_max,
                              tamis_err *err)
{
    size_t size = whole.size;

    if (size > bytes_max) {
        size = (size_t)bytes_max;
        while (size > 0 && (whole.data[size] & 0xC0) == 0x80) {
            size--;
        }
        text->is_cut = true;
    }
    text->bytes = malloc(size + TAMIS_BUF_SLACK);
    if (text->bytes == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a text of %zu bytes", size);
    }
    if (size != 0) {
        memcpy(text->bytes, whole.data, size);
    }
    memset(text->bytes + size, 0, TAMIS_BUF_SLACK);
    text->size = size;
    text->is_there = true;
    return TAMIS_OK;
}

static tamis_status serve_request(const sample *s, const request *wanted, const tamis_doc *doc,
                                  tamis_err *err)
{
    uint64_t share = TEXTS_BYTES_MAX / (2 * (uint64_t)s->count);

    if (doc->fault != TAMIS_FAULT_NONE) {
        (void)snprintf(wanted->text->note, sizeof(wanted->text->note),
                       "its input has changed since the run: %s", tamis_fault_text(doc->fault));
        return TAMIS_OK;
    }
    if (wanted->row != NULL && !tamis_digest_is_equal(tamis_hash128(doc->text.data, doc->text.size),
                                                      wanted->row->digest)) {
        (void)snprintf(wanted->text->note, sizeof(wanted->text->note),
                       "its input has changed since the run: the text has another digest");
        return TAMIS_OK;
    }
    return keep_text(wanted->text, doc->text, share < TEXT_BYTES_MAX ? share : TEXT_BYTES_MAX, err);
}

static tamis_status serve_requests(const sample *s, const request *requests, size_t count,
                                   tamis_err *err)
{
    tamis_text_source *source = NULL;
    tamis_doc doc;
    tamis_err missing = {.status = TAMIS_OK};
    tamis_status status = tamis_text_source_create(s->job, &source, err);

    for (size_t i = 0; status == TAMIS_OK && i < count; i++) {
        /* Of equal ords the first one reads. */
        if (i == 0 || requests[i].ord != requests[i - 1].ord) {
            missing.status = TAMIS_OK;
            status = tamis_text_source_get(source, requests[i].ord, &doc, &missing);
            if (status != TAMIS_OK && status != TAMIS_ENOENT) {
                (void)tamis_err_set(err, status, "%s", missing.text);
                break;
            }
        }
        if (missing.status == TAMIS_ENOENT) {
            (void)snprintf(requests[i].text->note, sizeof(requests[i].text->note), "%.255s",
                           missing.text);
            status = TAMIS_OK;
        } else {
            status = serve_request(s, &requests[i], &doc, err);
        }
    }
    tamis_text_source_destroy(source);
    return status;
}

static tamis_status read_texts(sample *s, tamis_err *err)
{
    request *requests = calloc(2 * s->count + 1, sizeof(*requests));
    size_t count = 0;
    tamis_status status = TAMIS_OK;

    if (requests == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for %zu texts", 2 * s->count);
    }
    for (size_t i = 0; i < s->count; i++) {
        sample_pick *pick = &s->picks[i];

        if (pick->copy.row.verdict == TAMIS_VERDICT_DROP) {
            requests[count++] = (request){pick->copy.row.ord, &pick->removed, &pick->copy.row};
            if (!pick->copy.row.is_of_quality) {
                requests[count++] = (request){pick->copy.row.witness, &pick->witness, NULL};
            }
        }
    }
    qsort(requests, count, sizeof(*requests), request_by_ord);
    status = serve_requests(s, requests, count, err);
    free(requests);
    return status;
}

/* ------------------------------------------------------------------------------------------------
 */

tamis_status tamis_sample(const tamis_sample_options *options, FILE *out, uint64_t *out_shown,
                          uint64_t *out_found, tamis_err *err)
{
    sample s = {.options = options};
    tamis_text_out text = {0};
    tamis_status written = TAMIS_OK;
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(options->count >= 1 && options->count <= TAMIS_SAMPLE_COUNT_MAX);
    TAMIS_ASSERT(options->shown_bytes >= 1 && options->shown_bytes <= TAMIS_SAMPLE_BYTES_MAX);
    tamis_text_out_init(&text, out);
    status = tamis_result_job(options->out_path, &s.job, err);
    if (status == TAMIS_OK && options->reason != NULL && s.job->quality == NULL) {
        /* A profile has reasons of its own. */
        status = tamis_sample_check_reason(options->reason, err);
    }
    s.picks = calloc((size_t)options->count, sizeof(*s.picks));
    if (status == TAMIS_OK && s.picks == NULL) {
        status = tamis_err_set(err, TAMIS_ENOMEM, "no memory for a sample");
    }
    if (status == TAMIS_OK) {
        status = choose(&s, err);
    }
    if (status == TAMIS_OK) {
        qsort(s.picks, s.count, sizeof(*s.picks), by_ord);
        status = read_texts(&s, err);
    }
    for (size_t i = 0; status == TAMIS_OK && i < s.count; i++) {
        status = sample_print(options, s.job, &s.picks[i], i + 1, s.count, &text);
        if (status != TAMIS_OK) {
            (void)tamis_err_set(err, status, "no memory to compare two texts");
        }
    }
    written = tamis_text_out_finish(&text, status == TAMIS_OK ? err : NULL);
    if (status == TAMIS_OK && out_shown != NULL) {
        *out_shown = s.count;
    }
    if (status == TAMIS_OK && out_found != NULL) {
        *out_found = s.found;
    }
    for (size_t i = 0; i < s.count; i++) {
        tamis_row_copy_free(&s.picks[i].copy);
        free(s.picks[i].removed.bytes);
        free(s.picks[i].witness.bytes);
    }
    free(s.picks);
    tamis_job_destroy(s.job);
    return status == TAMIS_OK ? written : status;
}
