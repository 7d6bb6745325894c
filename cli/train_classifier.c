/* SPDX-License-Identifier: Apache-2.0 */
#include "train_classifier.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tamis/bytes.h"
#include "tamis/classifier.h"
#include "tamis/path.h"
#include "tamis/reader.h"
#include "tamis/rng.h"

#define SPOOL_BUFFER_BYTES (1u << 20)
#define LABEL_PREFIX       "__label__"
#define END_OF_LINE        "</s>"

/* One document in the spool. */
typedef struct example {
    uint64_t offset;
    uint32_t size;
    uint8_t kind; /* 0 good, 1 bad */
    bool is_test;
} example;

/* A file without a name, written front to back. */
typedef struct spool {
    int file;
    uint64_t size;
    tamis_buf pending;
} spool;

typedef struct training {
    const tamis_train_options *options;
    tamis_train_report *report;
    spool texts; /* as they were read */
    spool lines; /* what the trainer reads: mixed, labelled */
    example *examples;
    size_t count;
    size_t capacity;
    tamis_buf line;
    tamis_buf words;
    char folder[TAMIS_PATH_MAX];
} training;

/* ---- Spools ---- */

static tamis_status spool_open(spool *s, const char *folder, tamis_err *err)
{
    tamis_buf_init(&s->pending, 0);
    s->file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (s->file < 0) {
        return tamis_err_errno(err, errno, "%s: cannot make a temporary file", folder);
    }
    return TAMIS_OK;
}

static void spool_close(spool *s)
{
    if (s->file >= 0) {
        (void)close(s->file); /* it goes away with that */
    }
    tamis_buf_fini(&s->pending);
}

static tamis_status spool_flush(spool *s, tamis_err *err)
{
    size_t done = 0;

    while (done < s->pending.size) {
        ssize_t wrote = write(s->file, s->pending.data + done, s->pending.size - done);

        if (wrote < 0 && errno != EINTR) {
            return tamis_err_errno(err, errno, "cannot write a temporary file");
        }
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    tamis_buf_reset(&s->pending);
    return TAMIS_OK;
}

static tamis_status spool_append(spool *s, const void *data, size_t size, tamis_err *err)
{
    tamis_status status = tamis_buf_append(&s->pending, data, size);

    if (status != TAMIS_OK) {
        return tamis_err_set(err, status, "no memory for a text of %zu bytes", size);
    }
    s->size += size;
    return s->pending.size >= SPOOL_BUFFER_BYTES ? spool_flush(s, err) : TAMIS_OK;
}

static tamis_status spool_read(const spool *s, uint64_t offset, size_t size, tamis_buf *out,
                               tamis_err *err)
{
    size_t done = 0;

    tamis_buf_reset(out);
    if (tamis_buf_reserve(out, size) != TAMIS_OK) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a text of %zu bytes", size);
    }
    while (done < size) {
        ssize_t got = pread(s->file, out->data + done, size - done, (off_t)(offset + done));

        if (got == 0 || (got < 0 && errno != EINTR)) {
            return tamis_err_errno(err, got == 0 ? EIO : errno, "cannot read a temporary file");
        }
        done += got > 0 ? (size_t)got : 0;
    }
    out->size = size;
    return TAMIS_OK;
}

/* ---- Reading ---- */

static bool is_space(uint8_t byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r') || byte == 0;
}

/* The words of a line, with one space between, without those that mean something to the trainer: a
 * text must not give itself a label, nor end its line. */
static tamis_status take_words(tamis_slice line, tamis_buf *out)
{
    tamis_status status = tamis_buf_reserve(out, line.size + 1);
    size_t at = 0;

    while (status == TAMIS_OK && at < line.size) {
        size_t begin = at;
        size_t size = 0;

        while (at < line.size && !is_space(line.data[at])) {
            at++;
        }
        size = at - begin;
        at += at < line.size ? 1 : 0;
        if (size == 0 ||
            (size >= strlen(LABEL_PREFIX) &&
             memcmp(line.data + begin, LABEL_PREFIX, strlen(LABEL_PREFIX)) == 0) ||
            tamis_slice_is_equal(tamis_slice_of(line.data + begin, size),
                                 tamis_slice_of_string(END_OF_LINE))) {
            continue;
        }
        if (out->size > 0) {
            out->data[out->size++] = ' ';
        }
        memcpy(out->data + out->size, line.data + begin, size);
        out->size += size;
    }
    return status;
}

/* By number alone, so that the choice hangs on nothing else. */
static bool is_kept_back(const training *t, uint8_t kind, uint64_t number)
{
    tamis_rng rng = {.state = (uint64_t)t->options->model.seed << 1 | kind};

    rng.state += number * TAMIS_HASH_K1;
    return tamis_rng_below(&rng, TAMIS_PPM) < t->options->test_ppm;
}

static tamis_status add_example(training *t, uint8_t kind, tamis_slice text, tamis_err *err)
{
    tamis_train_counts *counts = &t->report->kinds[kind];
    tamis_status status = TAMIS_OK;

    tamis_buf_reset(&t->line);
    tamis_buf_reset(&t->words);
    status = tamis_classifier_line(text, &t->line);
    if (status == TAMIS_OK) {
        status = take_words(tamis_buf_slice(&t->line), &t->words);
    }
    if (status != TAMIS_OK) {
        return tamis_err_set(err, status, "no memory for a text of %zu bytes", text.size);
    }
    if (t->words.size == 0) {
        counts->empty++;
        return TAMIS_OK;
    }
    if (t->count == t->capacity) {
        size_t capacity = t->capacity == 0 ? 4096 : 2 * t->capacity;
        example *larger = realloc(t->examples, capacity * sizeof(*larger));

        if (larger == NULL) {
            return tamis_err_set(err, TAMIS_ENOMEM, "no memory for %zu documents", capacity);
        }
        t->examples = larger;
        t->capacity = capacity;
    }
    t->examples[t->count++] = (example){
        .offset = t->texts.size,
        .size = (uint32_t)t->words.size, /* records are 1 GiB at most */
        .kind = kind,
        .is_test = is_kept_back(t, kind, counts->documents),
    };
    counts->documents++;
    counts->bytes += t->words.size;
    return spool_append(&t->texts, t->words.data, t->words.size, err);
}

static bool is_full(const training *t, uint8_t kind)
{
    return t->options->limit != 0 && t->report->kinds[kind].documents >= t->options->limit;
}

static tamis_status read_split(training *t, uint8_t kind, tamis_reader *reader,
                               const tamis_plan *plan, uint32_t split, tamis_err *err)
{
    const tamis_input *input = &plan->inputs[plan->splits[split].input];
    tamis_reader_summary summary;
    tamis_doc doc;
    tamis_status status = tamis_reader_open(reader, input, &plan->splits[split], split, err);

    while (status == TAMIS_OK && !is_full(t, kind)) {
        status = tamis_reader_next(reader, &doc, err);
        if (status == TAMIS_OK && doc.fault != TAMIS_FAULT_NONE) {
            t->report->kinds[kind].quarantined++;
        } else if (status == TAMIS_OK) {
            status = add_example(t, kind, doc.text, err);
        }
    }
    tamis_reader_summarize(reader, &summary);
    if (summary.open_status != TAMIS_OK || summary.stream_fault != TAMIS_FAULT_NONE) {
        t->report->faulty_inputs++;
    }
    return status == TAMIS_END ? TAMIS_OK : status;
}

static tamis_status read_kind(training *t, uint8_t kind, tamis_reader *reader, tamis_err *err)
{
    const tamis_discover_options discover = {.paths = &t->options->paths[kind], .path_count = 1};
    tamis_plan plan = {0};
    tamis_status status = tamis_discover(&t->options->settings, &discover, &plan, err);

    for (uint32_t i = 0; status == TAMIS_OK && i < plan.input_count; i++) {
        t->report->faulty_inputs += plan.inputs[i].fault == TAMIS_OK ? 0 : 1;
    }
    for (uint32_t i = 0; status == TAMIS_OK && i < plan.split_count && !is_full(t, kind); i++) {
        double done = (double)i / (double)plan.split_count;

        t->options->progress(t->options->progress_context,
                             kind == 0 ? "reading good" : "reading bad", done);
        status = read_split(t, kind, reader, &plan, i, err);
    }
    tamis_plan_fini(&plan);
    return status;
}

static tamis_status read_all(training *t, tamis_err *err)
{
    tamis_reader *reader = NULL;
    tamis_status status = tamis_reader_create(&t->options->settings, &reader, err);

    for (uint8_t kind = 0; status == TAMIS_OK && kind < 2; kind++) {
        status = read_kind(t, kind, reader, err);
    }
    tamis_reader_destroy(reader);
    return status == TAMIS_OK ? spool_flush(&t->texts, err) : status;
}

/* ---- Mixing ---- */

static void shuffle(example *examples, size_t count, uint32_t seed)
{
    tamis_rng rng = {.state = seed};

    for (size_t i = count; i > 1; i--) {
        size_t other = (size_t)tamis_rng_below(&rng, i);
        example kept = examples[i - 1];

        examples[i - 1] = examples[other];
        examples[other] = kept;
    }
}

static tamis_status write_lines(training *t, tamis_err *err)
{
    uint64_t written[2] = {0};
    tamis_status status = TAMIS_OK;

    shuffle(t->examples, t->count, t->options->model.seed);
    for (size_t i = 0; status == TAMIS_OK && i < t->count; i++) {
        const example *e = &t->examples[i];
        const char *label = t->options->labels[e->kind];

        if (e->is_test) {
            continue;
        }
        written[e->kind]++;
        status = spool_read(&t->texts, e->offset, e->size, &t->line, err);
        if (status == TAMIS_OK) {
            status = spool_append(&t->lines, LABEL_PREFIX, strlen(LABEL_PREFIX), err);
        }
        if (status == TAMIS_OK) {
            status = spool_append(&t->lines, label, strlen(label), err);
        }
        if (status == TAMIS_OK) {
            status = spool_append(&t->lines, " ", 1, err);
        }
        if (status == TAMIS_OK) {
            status = spool_append(&t->lines, t->line.data, t->line.size, err);
        }
        if (status == TAMIS_OK) {
            status = spool_append(&t->lines, "\n", 1, err);
        }
    }
    for (unsigned kind = 0; status == TAMIS_OK && kind < 2; kind++) {
        if (written[kind] == 0) {
            return tamis_err_set(err, TAMIS_EARG, "%s: holds no document with a word to train on",
                                 t->options->paths[kind]);
        }
    }
    return status == TAMIS_OK ? spool_flush(&t->lines, err) : status;
}

/* ---- Training and testing ---- */

static void tell_training(void *context, double share)
{
    const training *t = context;

    t->options->progress(t->options->progress_context, "training", share);
}

static tamis_status test_model(training *t, const char *path, tamis_err *err)
{
    tamis_classifier *classifier = NULL;
    tamis_classifier_scratch *scratch = NULL;
    tamis_status status = tamis_classifier_open(path, t->options->labels[0], &classifier, err);

    if (status == TAMIS_OK) {
        t->report->model_digest = tamis_classifier_digest(classifier);
        status = tamis_classifier_scratch_create(classifier, &scratch, err);
    }
    for (size_t i = 0; status == TAMIS_OK && i < t->count; i++) {
        const example *e = &t->examples[i];
        double score = 0;

        if (!e->is_test) {
            continue;
        }
        status = spool_read(&t->texts, e->offset, e->size, &t->line, err);
        if (status == TAMIS_OK) {
            status = tamis_classifier_score(scratch, tamis_buf_slice(&t->line), &score, err);
        }
        t->report->kinds[e->kind].tested++;
        t->report->kinds[e->kind].told_good += score >= 0.5 ? 1 : 0;
    }
    tamis_classifier_scratch_destroy(scratch);
    tamis_classifier_destroy(classifier);
    return status;
}

static tamis_status sync_file(const char *path, uint64_t *out_size, tamis_err *err)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat stat;
    bool is_done = file >= 0 && fsync(file) == 0 && fstat(file, &stat) == 0;
    int fault = errno;

    if (file >= 0) {
        (void)close(file); /* only read */
    }
    if (!is_done) {
        return tamis_err_errno(err, fault, "%s: cannot write the model", path);
    }
    *out_size = (uint64_t)stat.st_size;
    return TAMIS_OK;
}

/* The trainer does not say when the disk is full: the model is read again, every byte checked. */
static tamis_status make_model(training *t, tamis_err *err)
{
    char input[64];
    char temp[TAMIS_PATH_MAX];
    tamis_fasttext_train_options model = t->options->model;
    tamis_status status = tamis_path_temp_name(temp, t->options->output_path, err);

    if (status != TAMIS_OK) {
        return status;
    }
    (void)snprintf(input, sizeof(input), "/proc/self/fd/%d", t->lines.file);
    model.input_path = input;
    model.output_path = temp;
    status = tamis_fasttext_train(&model, tell_training, t, err);
    if (status == TAMIS_OK) {
        status = sync_file(temp, &t->report->model_bytes, err);
    }
    if (status == TAMIS_OK) {
        t->options->progress(t->options->progress_context, "testing", 0);
        status = test_model(t, temp, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_path_rename(temp, t->options->output_path, err);
    }
    if (status != TAMIS_OK) {
        (void)unlink(temp); /* the first error counts */
    }
    return status;
}

static tamis_status find_folder(training *t, tamis_err *err)
{
    tamis_status status = tamis_path_absolute(t->folder, t->options->output_path, err);
    char *slash = strrchr(t->folder, '/');

    if (status == TAMIS_OK && slash != NULL) {
        slash[slash == t->folder ? 1 : 0] = '\0';
    }
    return status;
}

tamis_status tamis_train_classifier(const tamis_train_options *options,
                                    tamis_train_report *out_report, tamis_err *err)
{
    tamis_train_report report = {.faulty_inputs = 0};
    training t = {
        .options = options, .report = &report, .texts = {.file = -1}, .lines = {.file = -1}};
    tamis_status status = find_folder(&t, err);

    tamis_buf_init(&t.line, 0);
    tamis_buf_init(&t.words, 0);
    if (status == TAMIS_OK) {
        status = tamis_path_make_parents(options->output_path, err);
    }
    if (status == TAMIS_OK) {
        status = spool_open(&t.texts, t.folder, err);
    }
    if (status == TAMIS_OK) {
        status = spool_open(&t.lines, t.folder, err);
    }
    if (status == TAMIS_OK) {
        status = read_all(&t, err);
    }
    if (status == TAMIS_OK) {
        status = write_lines(&t, err);
    }
    if (status == TAMIS_OK) {
        status = make_model(&t, err);
    }
    if (status == TAMIS_OK) {
        *out_report = report;
    }
    spool_close(&t.texts);
    spool_close(&t.lines);
    tamis_buf_fini(&t.line);
    tamis_buf_fini(&t.words);
    free(t.examples);
    return status;
}
