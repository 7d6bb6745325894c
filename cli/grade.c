/* SPDX-License-Identifier: Apache-2.0 */
#include "grade.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "grade_parts.h"
#include "shard_writer.h"
#include "tamis/ord.h"
#include "tamis/size.h"
#include "tamis/task_support.h"

#define FLUSH_BYTES      ((size_t)256 << 10)
#define AHEAD_PER_THREAD 4
#define THREADS_MAX      1024
#define REDRAW_MS        100
#define PLAIN_LINE_MS    5000
#define LOOK_EVERY_ROWS  64
#define OUTPUT_LEVEL     1

struct tamis_grade_result {
    tamis_grade_summary summary;
    tamis_grade_fault *faults;
    size_t fault_count;
};

typedef struct output {
    tamis_shard_writer *writer; /* NULL: file */
    int file;
    const char *name;
} output;

typedef struct grading {
    const tamis_grade_options *options;
    tamis_job job; /* for ids */
    tamis_grade_order *order;
    output out;
    tamis_grade_fault *faults; /* one a split; text NULL: none */
    _Atomic uint64_t read_bytes;
    _Atomic uint64_t documents;
    uint64_t stored_bytes;
    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t ended;
    uint32_t running;
    tamis_err first; /* of the threads' errors */
} grading;

typedef struct worker {
    grading *g;
    pthread_t thread;
    tamis_reader *reader;
    tamis_grader *grader;
    tamis_grade_lines *lines;
    tamis_grade_summary summary;
    tamis_buf text;
    tamis_buf id;
    uint64_t counted_bytes; /* of the split in hand */
} worker;

/* ---- Output ---- */

static tamis_status write_fully(const output *out, tamis_slice bytes, tamis_err *err)
{
    size_t done = 0;

    while (done < bytes.size) {
        ssize_t size = write(out->file, bytes.data + done, bytes.size - done);

        if (size < 0 && errno != EINTR) {
            return tamis_err_errno(err, errno, "%s: cannot write", out->name);
        }
        done += size < 0 ? 0 : (size_t)size;
    }
    return TAMIS_OK;
}

static tamis_status sink(void *context, tamis_slice bytes, tamis_err *err)
{
    const output *out = context;

    return out->writer != NULL ? tamis_shard_writer_write(out->writer, bytes, err)
                               : write_fully(out, bytes, err);
}

static bool ends_with(const char *text, const char *ending)
{
    size_t size = strlen(text);
    size_t ending_size = strlen(ending);

    return size > ending_size && strcmp(text + size - ending_size, ending) == 0;
}

static tamis_status open_output(output *out, const char *path, tamis_err *err)
{
    tamis_output_format format = TAMIS_OUTPUT_JSONL;
    struct stat facts;
    tamis_status status = TAMIS_OK;

    *out = (output){.file = STDOUT_FILENO, .name = path == NULL ? "stdout" : path};
    if (path == NULL) {
        return TAMIS_OK;
    }
    if (stat(path, &facts) == 0 && !S_ISREG(facts.st_mode) && !S_ISDIR(facts.st_mode)) {
        out->file = open(path, O_WRONLY | O_CLOEXEC); /* a pipe or device stays what it is */
        return out->file < 0 ? tamis_err_errno(err, errno, "%s: cannot open it", path) : TAMIS_OK;
    }
    if (ends_with(path, ".zst")) {
        format = TAMIS_OUTPUT_JSONL_ZST;
    } else if (ends_with(path, ".gz")) {
        format = TAMIS_OUTPUT_JSONL_GZ;
    }
    status = tamis_shard_writer_create(format, OUTPUT_LEVEL, &out->writer, err);
    return status == TAMIS_OK ? tamis_shard_writer_open(out->writer, path, err) : status;
}

static tamis_status publish_output(output *out, tamis_err *err)
{
    tamis_digest digest;
    uint64_t bytes = 0;
    tamis_status status = TAMIS_OK;

    if (out->writer != NULL) {
        status = tamis_shard_writer_finish(out->writer, &bytes, &digest, err);
        if (status == TAMIS_OK) {
            status = tamis_shard_writer_publish(out->writer, err);
        }
    }
    return status;
}

static void close_output(output *out)
{
    tamis_shard_writer_destroy(out->writer);
    if (out->writer == NULL && out->file > STDERR_FILENO) {
        (void)close(out->file); /* every byte was taken */
    }
}

/* ---- One split ---- */

static void count_bytes(worker *w)
{
    tamis_reader_summary facts;

    tamis_reader_summarize(w->reader, &facts);
    (void)atomic_fetch_add(&w->g->read_bytes, facts.stored_bytes - w->counted_bytes);
    w->counted_bytes = facts.stored_bytes;
}

static tamis_status source_of(const grading *g, const tamis_input *input, const tamis_doc *doc,
                              tamis_slice *out_source)
{
    tamis_scope scope = g->options->settings->scope;

    *out_source = (tamis_slice){0};
    if (scope == TAMIS_SCOPE_INPUT) {
        *out_source = tamis_slice_of_string(input->name);
    } else if (scope == TAMIS_SCOPE_FIELD) {
        *out_source = doc->scope.size == 0 ? tamis_slice_of_string("") : doc->scope;
    }
    return TAMIS_OK;
}

static tamis_status grade_doc(worker *w, uint32_t split, const tamis_doc *doc, tamis_err *err)
{
    grading *g = w->g;
    const tamis_input *input = &g->job.plan.inputs[g->job.plan.splits[split].input];
    tamis_slice id = doc->id;
    tamis_slice source;
    tamis_grade grade;
    tamis_status status = TAMIS_OK;

    if (id.size == 0) {
        status = tamis_task_default_id(input, &g->job, tamis_ord_make(0, split, doc->row), &w->id,
                                       &id, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_grader_run(w->grader, doc->text, doc->url, &grade, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_grade_lines_add(w->lines, id, doc->text, &grade, &w->text, err);
    }
    if (status == TAMIS_OK) {
        status = source_of(g, input, doc, &source);
    }
    return status == TAMIS_OK ? tamis_grade_summary_add(&w->summary, source, &grade, err) : status;
}

static tamis_status note_fault(grading *g, uint32_t split, const tamis_reader *reader,
                               tamis_err *err)
{
    const tamis_input *input = &g->job.plan.inputs[g->job.plan.splits[split].input];
    tamis_grade_fault *fault = &g->faults[split];
    tamis_reader_summary facts;
    char text[512];

    tamis_reader_summarize(reader, &facts);
    if (facts.open_status != TAMIS_OK) {
        (void)snprintf(text, sizeof(text), "%s",
                       facts.fault_text[0] != '\0' ? facts.fault_text
                                                   : tamis_status_text(facts.open_status));
    } else if (facts.stream_fault != TAMIS_FAULT_NONE) {
        (void)snprintf(text, sizeof(text), "%s (from decoded offset %" PRIu64 ")",
                       facts.fault_text[0] != '\0' ? facts.fault_text
                                                   : tamis_fault_text(facts.stream_fault),
                       facts.stream_fault_offset);
    } else {
        return TAMIS_OK;
    }
    fault->input = strdup(input->name);
    fault->text = strdup(text);
    return fault->input != NULL && fault->text != NULL
               ? TAMIS_OK
               : tamis_err_set(err, TAMIS_ENOMEM, "no memory for the name of an input");
}

static tamis_status grade_split(worker *w, uint32_t split, tamis_grade_stage *stage, tamis_err *err)
{
    grading *g = w->g;
    const tamis_split *range = &g->job.plan.splits[split];
    tamis_status status =
        tamis_reader_open(w->reader, &g->job.plan.inputs[range->input], range, split, err);
    uint32_t rows = 0;

    w->counted_bytes = 0;
    while (status == TAMIS_OK) {
        tamis_doc doc;

        status = tamis_reader_next(w->reader, &doc, err);
        if (status == TAMIS_OK && doc.fault != TAMIS_FAULT_NONE) {
            w->summary.faults[doc.fault]++;
        } else if (status == TAMIS_OK) {
            status = grade_doc(w, split, &doc, err);
            (void)atomic_fetch_add(&g->documents, 1);
        }
        if (status == TAMIS_OK && w->text.size >= FLUSH_BYTES) {
            status = tamis_grade_order_write(stage, &w->text, err);
        }
        if (status == TAMIS_OK && ++rows % LOOK_EVERY_ROWS == 0) {
            count_bytes(w);
        }
    }
    if (status != TAMIS_END) {
        tamis_err_context(err, "%s", g->job.plan.inputs[range->input].name);
        return status;
    }
    count_bytes(w);
    status = note_fault(g, split, w->reader, err);
    return status == TAMIS_OK ? tamis_grade_order_write(stage, &w->text, err) : status;
}

/* ---- Threads ---- */

static tamis_status worker_create(worker *w, grading *g, tamis_err *err)
{
    const tamis_grade_options *options = g->options;
    tamis_status status = tamis_grade_summary_init(&w->summary, options->quality, err);

    w->g = g;
    tamis_buf_init(&w->text, 0);
    tamis_buf_init(&w->id, 0);
    if (status == TAMIS_OK) {
        status = tamis_reader_create(options->settings, &w->reader, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_grader_create(options->quality, &w->grader, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_grade_lines_create(options->quality, options->format, options->has_verdict,
                                          &w->lines, err);
    }
    return status;
}

static void worker_destroy(worker *w)
{
    tamis_reader_destroy(w->reader);
    tamis_grader_destroy(w->grader);
    tamis_grade_lines_destroy(w->lines);
    tamis_grade_summary_fini(&w->summary);
    tamis_buf_fini(&w->text);
    tamis_buf_fini(&w->id);
}

static tamis_status work(worker *w, tamis_err *err)
{
    grading *g = w->g;
    tamis_status status = TAMIS_OK;

    while (status == TAMIS_OK) {
        tamis_grade_stage *stage = NULL;
        uint32_t split = 0;

        status = tamis_grade_order_begin(g->order, &split, &stage, err);
        if (status != TAMIS_OK) {
            tamis_grade_order_fail(g->order, NULL);
            break;
        }
        if (split >= g->job.plan.split_count) {
            return tamis_grade_order_end(stage, err);
        }
        status = grade_split(w, split, stage, err);
        if (status == TAMIS_OK) {
            status = tamis_grade_order_end(stage, err);
        } else {
            tamis_grade_order_fail(g->order, stage);
        }
    }
    return status;
}

static void *work_main(void *context)
{
    worker *w = context;
    grading *g = w->g;
    tamis_err err = {0};
    tamis_status status = work(w, &err);

    (void)pthread_mutex_lock(&g->mutex);
    if (status != TAMIS_OK && (g->first.status == TAMIS_OK || g->first.status == TAMIS_ECANCELED)) {
        g->first = err;
        g->first.status = status;
    }
    g->running--;
    (void)pthread_cond_signal(&g->ended);
    (void)pthread_mutex_unlock(&g->mutex);
    return NULL;
}

static void show_progress(const grading *g, bool is_terminal)
{
    char read[TAMIS_SIZE_TEXT_SIZE];
    char stored[TAMIS_SIZE_TEXT_SIZE];

    tamis_bytes_print_short(atomic_load(&g->read_bytes), read);
    tamis_bytes_print_short(g->stored_bytes, stored);
    (void)fprintf(stderr,
                  is_terminal ? "\r\033[Kgrading: %s of %s, %" PRIu64 " documents"
                              : "grading: %s of %s, %" PRIu64 " documents\n",
                  read, stored, (uint64_t)atomic_load(&g->documents));
    (void)fflush(stderr); /* nobody needs it */
}

static void wait_for_workers(grading *g)
{
    const tamis_grade_options *options = g->options;
    int64_t period_ns = (options->is_terminal ? REDRAW_MS : PLAIN_LINE_MS) * INT64_C(1000000);

    (void)pthread_mutex_lock(&g->mutex);
    while (g->running != 0) {
        struct timespec when;

        (void)clock_gettime(CLOCK_REALTIME, &when); /* a valid clock: cannot fail */
        when.tv_nsec += (long)(period_ns % 1000000000);
        when.tv_sec += (time_t)(period_ns / 1000000000) + when.tv_nsec / 1000000000;
        when.tv_nsec %= 1000000000;
        if (pthread_cond_timedwait(&g->ended, &g->mutex, &when) == ETIMEDOUT && options->is_shown) {
            show_progress(g, options->is_terminal);
        }
    }
    (void)pthread_mutex_unlock(&g->mutex);
    if (options->is_shown && options->is_terminal) {
        (void)fputs("\r\033[K", stderr);
    }
}

static tamis_status run_workers(grading *g, worker *workers, uint32_t count, tamis_err *err)
{
    tamis_status status = TAMIS_OK;
    uint32_t started = 0;

    for (uint32_t i = 0; status == TAMIS_OK && i < count; i++) {
        status = worker_create(&workers[i], g, err);
    }
    while (status == TAMIS_OK && started < count) {
        int error = 0;

        (void)pthread_mutex_lock(&g->mutex);
        g->running++;
        (void)pthread_mutex_unlock(&g->mutex);
        error = pthread_create(&workers[started].thread, NULL, work_main, &workers[started]);
        if (error != 0) {
            (void)pthread_mutex_lock(&g->mutex);
            g->running--;
            (void)pthread_mutex_unlock(&g->mutex);
            tamis_grade_order_fail(g->order, NULL);
            status = tamis_err_errno(err, error, "cannot start a thread");
        } else {
            started++;
        }
    }
    wait_for_workers(g);
    for (uint32_t i = 0; i < started; i++) {
        (void)pthread_join(workers[i].thread, NULL);
    }
    if (status == TAMIS_OK && g->first.status != TAMIS_OK) {
        status = tamis_err_set(err, g->first.status, "%s", g->first.text);
    }
    return status;
}

/* ---- The result ---- */

/* Inputs that were never opened come first. */
static tamis_status take_faults(grading *g, tamis_grade_result *result, tamis_err *err)
{
    const tamis_plan *plan = g->options->plan;

    result->faults =
        calloc((size_t)plan->input_count + plan->split_count + 1, sizeof(*result->faults));
    if (result->faults == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the names of inputs");
    }
    for (uint32_t i = 0; i < plan->input_count; i++) {
        const tamis_input *input = &plan->inputs[i];
        tamis_grade_fault *fault = &result->faults[result->fault_count];

        if (input->fault != TAMIS_OK) {
            fault->input = strdup(input->name);
            fault->text = strdup(input->fault_text != NULL ? input->fault_text
                                                           : tamis_status_text(input->fault));
            result->fault_count++;
            if (fault->input == NULL || fault->text == NULL) {
                return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the name of an input");
            }
        }
    }
    for (uint32_t i = 0; i < plan->split_count; i++) {
        if (g->faults[i].text != NULL) {
            result->faults[result->fault_count++] = g->faults[i];
            g->faults[i] = (tamis_grade_fault){0};
        }
    }
    return TAMIS_OK;
}

static tamis_status collect(grading *g, const worker *workers, uint32_t count,
                            tamis_grade_result *result, tamis_err *err)
{
    tamis_status status = tamis_grade_summary_init(&result->summary, g->options->quality, err);

    for (uint32_t i = 0; status == TAMIS_OK && i < count; i++) {
        status = tamis_grade_summary_merge(&result->summary, &workers[i].summary, err);
    }
    return status == TAMIS_OK ? take_faults(g, result, err) : status;
}

static const char *temp_folder(void)
{
    const char *folder = getenv("TMPDIR");

    return folder != NULL && folder[0] != '\0' ? folder : "/tmp";
}

static tamis_status grade_all(grading *g, tamis_grade_result *result, tamis_err *err)
{
    const tamis_grade_options *options = g->options;
    uint32_t count = options->threads < THREADS_MAX ? options->threads : THREADS_MAX;
    worker *workers = NULL;
    tamis_status status = TAMIS_OK;

    if (count > options->plan->split_count) {
        count = options->plan->split_count == 0 ? 1 : options->plan->split_count;
    }
    workers = calloc(count, sizeof(*workers));
    g->faults = calloc((size_t)options->plan->split_count + 1, sizeof(*g->faults));
    if (workers == NULL || g->faults == NULL) {
        status = tamis_err_set(err, TAMIS_ENOMEM, "no memory for threads");
    }
    if (status == TAMIS_OK) {
        status = tamis_grade_order_create(sink, &g->out, count * AHEAD_PER_THREAD, temp_folder(),
                                          &g->order, err);
    }
    if (status == TAMIS_OK) {
        status = run_workers(g, workers, count, err);
    }
    if (status == TAMIS_OK) {
        status = collect(g, workers, count, result, err);
    }
    for (uint32_t i = 0; workers != NULL && i < count; i++) {
        worker_destroy(&workers[i]);
    }
    for (uint32_t i = 0; g->faults != NULL && i < options->plan->split_count; i++) {
        free(g->faults[i].input);
        free(g->faults[i].text);
    }
    free(g->faults);
    free(workers);
    tamis_grade_order_destroy(g->order);
    return status;
}

tamis_status tamis_grade_run(const tamis_grade_options *options, tamis_grade_result **out_result,
                             tamis_err *err)
{
    static char id[] = "0000000000000000";
    grading g = {.options = options,
                 .job = {.id = id, .settings = *options->settings, .plan = *options->plan}};
    tamis_grade_result *result = calloc(1, sizeof(*result));
    tamis_status status = TAMIS_OK;

    if (result == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the result");
    }
    for (uint32_t i = 0; i < options->plan->split_count; i++) {
        g.stored_bytes += options->plan->splits[i].end - options->plan->splits[i].begin;
    }
    (void)pthread_mutex_init(&g.mutex, NULL); /* default attributes: cannot fail */
    (void)pthread_cond_init(&g.ended, NULL);
    status = open_output(&g.out, options->output, err);
    if (status == TAMIS_OK) {
        status = grade_all(&g, result, err);
    }
    if (status == TAMIS_OK) {
        status = publish_output(&g.out, err);
    }
    close_output(&g.out);
    (void)pthread_cond_destroy(&g.ended);
    (void)pthread_mutex_destroy(&g.mutex);
    if (status != TAMIS_OK) {
        tamis_grade_result_destroy(result);
        return status;
    }
    *out_result = result;
    return TAMIS_OK;
}

void tamis_grade_result_destroy(tamis_grade_result *result)
{
    if (result != NULL) {
        for (size_t i = 0; i < result->fault_count; i++) {
            free(result->faults[i].input);
            free(result->faults[i].text);
        }
        free(result->faults);
        tamis_grade_summary_fini(&result->summary);
        free(result);
    }
}

uint64_t tamis_grade_result_set_aside(const tamis_grade_result *result)
{
    return tamis_grade_summary_set_aside(&result->summary) + result->fault_count;
}

void tamis_grade_result_print_faults(const tamis_grade_result *result, FILE *file)
{
    for (unsigned i = 0; i < TAMIS_FAULT_COUNT; i++) {
        if (result->summary.faults[i] != 0) {
            (void)fprintf(file, "tamis grade: set aside: %" PRIu64 " records: %s\n",
                          result->summary.faults[i], tamis_fault_text((tamis_fault)i));
        }
    }
    for (size_t i = 0; i < result->fault_count; i++) {
        (void)fprintf(file, "tamis grade: %s: %s\n", result->faults[i].input,
                      result->faults[i].text);
    }
}

tamis_status tamis_grade_result_print(const tamis_grade_result *result, FILE *file, tamis_err *err)
{
    return tamis_grade_summary_text(&result->summary, file, err);
}

tamis_status tamis_grade_result_write(const tamis_grade_result *result, const char *path,
                                      tamis_err *err)
{
    output out = {.file = -1};
    tamis_buf text;
    tamis_status status = TAMIS_OK;

    tamis_buf_init(&text, 0);
    status =
        tamis_grade_summary_json(&result->summary, result->faults, result->fault_count, &text, err);
    if (status == TAMIS_OK) {
        status = open_output(&out, path, err);
    }
    if (status == TAMIS_OK) {
        status = sink(&out, tamis_buf_slice(&text), err);
    }
    if (status == TAMIS_OK) {
        status = publish_output(&out, err);
    }
    close_output(&out);
    tamis_buf_fini(&text);
    return status;
}
