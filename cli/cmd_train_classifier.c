/* SPDX-License-Identifier: Apache-2.0 */
/* tamis train classifier: a fastText model that tells good texts from bad ones. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "progress.h"
#include "run_options.h"
#include "tamis/json_out.h"
#include "train_classifier.h"

#define JSON_VERSION    1
#define LABEL_SIZE_MAX  64
#define LEARNING_MAX    100000000 /* millionths */
#define KIND_NAME(kind) ((kind) == 0 ? "good" : "bad")

static const char *const loss_choices[] = {"softmax", "hs", "ova", NULL};

static const tamis_option classifier_options[] = {
    {.name = "output",
     .short_name = 'o',
     .type = TAMIS_OPTION_TEXT,
     .traits = TAMIS_OPTION_REQUIRED,
     .value_name = "MODEL",
     .group = "Files",
     .help = "the model's file; what stood there is replaced at the end"},
    {.name = "text-field",
     .type = TAMIS_OPTION_TEXT,
     .value_name = "NAME",
     .default_text = "text",
     .group = "Files",
     .help = "member of a JSON record that holds the text; dots lead into objects"},
    {.name = "limit",
     .type = TAMIS_OPTION_UINT,
     .value_name = "N",
     .default_shown = "all",
     .min = 1,
     .max = INT64_MAX,
     .group = "Files",
     .help = "read the first N documents of each kind"},
    {.name = "test-share",
     .type = TAMIS_OPTION_RATIO,
     .default_text = "0.1",
     .min = 0,
     .max = TAMIS_PPM / 2,
     .group = "Files",
     .help = "share of the documents that are not learned from and tell how good the model is"},
    {.name = "good-label",
     .type = TAMIS_OPTION_TEXT,
     .value_name = "LABEL",
     .default_text = "hq",
     .group = "Model",
     .help = "label of good texts"},
    {.name = "bad-label",
     .type = TAMIS_OPTION_TEXT,
     .value_name = "LABEL",
     .default_text = "cc",
     .group = "Model",
     .help = "label of bad texts"},
    {.name = "dim",
     .type = TAMIS_OPTION_UINT,
     .default_text = "100",
     .min = 1,
     .max = 4096,
     .group = "Model",
     .help = "numbers a word or n-gram is made of"},
    {.name = "word-ngrams",
     .type = TAMIS_OPTION_UINT,
     .default_text = "2",
     .min = 1,
     .max = 10,
     .group = "Model",
     .help = "longest run of words that counts as one feature"},
    {.name = "min-chars",
     .type = TAMIS_OPTION_UINT,
     .default_text = "0",
     .min = 0,
     .max = 20,
     .group = "Model",
     .help = "shortest run of characters within a word that counts as one feature"},
    {.name = "max-chars",
     .type = TAMIS_OPTION_UINT,
     .default_text = "0",
     .min = 0,
     .max = 20,
     .group = "Model",
     .help = "longest one; 0: none"},
    {.name = "buckets",
     .type = TAMIS_OPTION_UINT,
     .default_text = "2000000",
     .min = 1,
     .max = 100000000,
     .group = "Model",
     .help = "rows that all n-grams share, each of --dim x 4 bytes of memory and file"},
    {.name = "min-count",
     .type = TAMIS_OPTION_UINT,
     .default_text = "1",
     .min = 1,
     .max = 1000000000,
     .group = "Model",
     .help = "leave out words that occur less often"},
    {.name = "loss",
     .type = TAMIS_OPTION_CHOICE,
     .default_text = "softmax",
     .choices = loss_choices,
     .group = "Model",
     .help = "how labels compete"},
    {.name = "epochs",
     .type = TAMIS_OPTION_UINT,
     .default_text = "5",
     .min = 1,
     .max = 10000,
     .group = "Training",
     .help = "passes over the documents"},
    {.name = "learning-rate",
     .type = TAMIS_OPTION_RATIO,
     .default_text = "0.1",
     .min = 1,
     .max = LEARNING_MAX,
     .group = "Training",
     .help = "size of the first step; it falls to 0"},
    {.name = "seed",
     .type = TAMIS_OPTION_UINT,
     .default_text = "0",
     .min = 0,
     .max = INT32_MAX,
     .group = "Training",
     .help = "another seed is another model; the same one gives the same bytes"},
    {.name = "quantize",
     .type = TAMIS_OPTION_FLAG,
     .default_text = "false",
     .group = "Smaller model",
     .help = "write codes of 8 bits instead of numbers (.ftz)"},
    {.name = "quantize-cutoff",
     .type = TAMIS_OPTION_UINT,
     .value_name = "ROWS",
     .default_text = "0",
     .min = 0,
     .max = INT32_MAX,
     .group = "Smaller model",
     .help = "keep the most telling words and n-grams only; 0: all"},
    {.name = "quantize-norm",
     .type = TAMIS_OPTION_FLAG,
     .default_text = "false",
     .group = "Smaller model",
     .help = "code the length of a row apart: a byte more, and closer"},
    {.name = "quantize-part",
     .type = TAMIS_OPTION_UINT,
     .value_name = "N",
     .default_text = "2",
     .min = 1,
     .max = 4096,
     .group = "Smaller model",
     .help = "numbers of a row that share a code"},
    {.name = "json",
     .type = TAMIS_OPTION_FLAG,
     .default_text = "false",
     .group = "Messages",
     .help = "print the summary as one JSON object"},
    {.name = "progress",
     .type = TAMIS_OPTION_CHOICE,
     .default_text = "auto",
     .choices = tamis_progress_choices,
     .group = "Messages",
     .help = "show progress on stderr: when it is a terminal, always, never"},
};

const tamis_option_table tamis_train_classifier_table = {
    .program = "tamis train classifier",
    .operands = "GOOD BAD",
    .operands_min = 2,
    .operands_max = 2,
    .summary = "learn to tell good texts from bad ones",
    .description =
        "Makes a fastText model from documents of both kinds, as DCLM did, for '--classifier' of "
        "'tamis run'. GOOD and BAD are each a file, a folder or a glob of JSONL, WARC, WET or text "
        "files, plain or compressed. About as many of one kind as of the other is best.\n"
        "\n"
        "A document becomes one line: stripped, its lines joined by spaces. Documents are mixed "
        "by a seeded shuffle and learned by one thread, so that the same inputs and options give "
        "the same bytes. Words that begin with '__label__' are left out.\n"
        "\n"
        "The summary says of the documents that were kept back how many were told right at a "
        "score of 0.5. What score to keep (--keep-above) depends on the corpus: choose a "
        "percentile.\n"
        "\n"
        "The default of 2,000,000 buckets makes a model of 800 MB; --buckets and --dim make it "
        "smaller, --quantize ten to a hundred times.",
    .examples = "tamis train classifier good.jsonl.zst bad.jsonl.zst -o quality.bin\n"
                "tamis train classifier good/ 'crawl/*.wet.gz' --limit 200000 --quantize \\\n"
                "    --quantize-cutoff 100000 -o quality.ftz --json",
    .exit_codes = "0  done\n"
                  "1  failed\n"
                  "2  usage\n"
                  "3  done, but some records or inputs could not be read",
    .options = classifier_options,
    .option_count = sizeof(classifier_options) / sizeof(classifier_options[0]),
};

/* ---- Messages ---- */

typedef struct live_line {
    bool is_shown;
    bool is_terminal;
    char stage[32];
    int percent;
} live_line;

/* On a terminal one line is redrawn; elsewhere each tenth is a line. */
static void show_progress(void *context, const char *stage, double share)
{
    live_line *line = context;
    int percent = (int)(share * 100);
    int step = line->is_terminal ? 1 : 10;

    if (!line->is_shown ||
        (strcmp(line->stage, stage) == 0 && percent / step == line->percent / step)) {
        return;
    }
    (void)snprintf(line->stage, sizeof(line->stage), "%s", stage);
    line->percent = percent;
    (void)fprintf(stderr, "%s%s %d%%", line->is_terminal ? "\r\x1b[K" : "", stage, percent);
    (void)fputs(line->is_terminal ? "" : "\n", stderr);
    (void)fflush(stderr);
}

static void end_progress(const live_line *line)
{
    if (line->is_shown && line->is_terminal) {
        (void)fputs("\r\x1b[K", stderr);
    }
}

static uint64_t right_of(const tamis_train_report *report, unsigned kind)
{
    const tamis_train_counts *counts = &report->kinds[kind];

    return kind == 0 ? counts->told_good : counts->tested - counts->told_good;
}

static uint64_t share_of(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0 : (uint64_t)((double)part * 10000 / (double)whole + 0.5);
}

static tamis_status print_json(const tamis_train_options *train, const tamis_train_report *report)
{
    char digest[TAMIS_DIGEST_HEX_SIZE];
    uint64_t tested = report->kinds[0].tested + report->kinds[1].tested;
    tamis_buf text;
    tamis_json json;
    tamis_status status = TAMIS_OK;

    tamis_digest_to_hex(report->model_digest, digest);
    tamis_buf_init(&text, 0);
    tamis_json_init(&json, &text);
    tamis_json_begin_object(&json, NULL);
    tamis_json_uint(&json, "version", JSON_VERSION);
    tamis_json_begin_object(&json, "model");
    tamis_json_uint(&json, "bytes", report->model_bytes);
    tamis_json_text(&json, "xxh3_128", digest);
    tamis_json_end_object(&json);
    for (unsigned kind = 0; kind < 2; kind++) {
        const tamis_train_counts *counts = &report->kinds[kind];

        tamis_json_begin_object(&json, KIND_NAME(kind));
        tamis_json_text(&json, "label", train->labels[kind]);
        tamis_json_uint(&json, "documents", counts->documents);
        tamis_json_uint(&json, "bytes", counts->bytes);
        tamis_json_uint(&json, "empty", counts->empty);
        tamis_json_uint(&json, "quarantined", counts->quarantined);
        tamis_json_uint(&json, "tested", counts->tested);
        tamis_json_uint(&json, "right", right_of(report, kind));
        tamis_json_end_object(&json);
    }
    tamis_json_uint(&json, "faulty_inputs", report->faulty_inputs);
    tamis_json_ratio(&json, "accuracy",
                     share_of(right_of(report, 0) + right_of(report, 1), tested));
    tamis_json_end_object(&json);
    status = tamis_json_finish(&json);
    if (status == TAMIS_OK) {
        (void)printf("%.*s\n", (int)text.size, (const char *)text.data);
    }
    tamis_buf_fini(&text);
    return status;
}

static void print_text(const tamis_train_options *train, const tamis_train_report *report)
{
    uint64_t tested = report->kinds[0].tested + report->kinds[1].tested;
    uint64_t share = share_of(right_of(report, 0) + right_of(report, 1), tested);

    for (unsigned kind = 0; kind < 2; kind++) {
        const tamis_train_counts *counts = &report->kinds[kind];

        (void)printf("%-4s  %" PRIu64 " documents, %" PRIu64 " bytes of text", KIND_NAME(kind),
                     counts->documents, counts->bytes);
        if (counts->empty + counts->quarantined > 0) {
            (void)printf("; %" PRIu64 " empty, %" PRIu64 " faulty", counts->empty,
                         counts->quarantined);
        }
        (void)printf("; of %" PRIu64 " kept back %" PRIu64 " told right\n", counts->tested,
                     right_of(report, kind));
    }
    if (tested > 0) {
        (void)printf("accuracy %" PRIu64 ".%02" PRIu64 " %%\n", share / 100, share % 100);
    }
    (void)printf("%s  %" PRIu64 " bytes\n", train->output_path, report->model_bytes);
}

/* ---- Running ---- */

static tamis_status check_label(const char *option, const char *label, tamis_err *err)
{
    size_t size = strlen(label);

    for (size_t i = 0; i < size; i++) {
        if (label[i] <= ' ' || label[i] == 0x7F) {
            size = 0;
        }
    }
    if (size == 0 || size > LABEL_SIZE_MAX) {
        return tamis_err_set(err, TAMIS_EARG,
                             "--%s: '%.64s' is not 1 to %d bytes of ASCII without space", option,
                             label, LABEL_SIZE_MAX);
    }
    return TAMIS_OK;
}

static tamis_status take_options(const tamis_options *options, tamis_train_options *out,
                                 tamis_err *err)
{
    const char *field = tamis_options_text(options, "text-field");
    const char *const *operands = NULL;
    tamis_fasttext_train_options *model = &out->model;
    tamis_status status = TAMIS_OK;

    (void)tamis_options_operands(options, &operands);
    tamis_settings_defaults(&out->settings);
    for (unsigned kind = 0; kind < 2; kind++) {
        out->paths[kind] = operands[kind];
        if (strcmp(operands[kind], "-") == 0) {
            return tamis_err_set(err, TAMIS_EARG, "documents are not read from stdin; name files");
        }
    }
    out->labels[0] = tamis_options_text(options, "good-label");
    out->labels[1] = tamis_options_text(options, "bad-label");
    out->output_path = tamis_options_text(options, "output");
    out->limit = tamis_options_uint(options, "limit");
    out->test_ppm = (uint32_t)tamis_options_uint(options, "test-share");
    model->dim = (uint32_t)tamis_options_uint(options, "dim");
    model->epochs = (uint32_t)tamis_options_uint(options, "epochs");
    model->word_ngrams = (uint32_t)tamis_options_uint(options, "word-ngrams");
    model->ngram_min = (uint32_t)tamis_options_uint(options, "min-chars");
    model->ngram_max = (uint32_t)tamis_options_uint(options, "max-chars");
    model->buckets = (uint32_t)tamis_options_uint(options, "buckets");
    model->min_count = (uint32_t)tamis_options_uint(options, "min-count");
    model->learning_rate = (double)tamis_options_uint(options, "learning-rate") / TAMIS_PPM;
    model->loss = (tamis_fasttext_loss)tamis_options_choice(options, "loss");
    model->seed = (uint32_t)tamis_options_uint(options, "seed");
    model->is_quantized = tamis_options_flag(options, "quantize");
    model->cutoff = (uint32_t)tamis_options_uint(options, "quantize-cutoff");
    model->has_norms = tamis_options_flag(options, "quantize-norm");
    model->part_cols = (uint32_t)tamis_options_uint(options, "quantize-part");
    if (strlen(field) >= sizeof(out->settings.text_field)) {
        return tamis_err_set(err, TAMIS_EARG, "--text-field: longer than %zu bytes",
                             sizeof(out->settings.text_field) - 1);
    }
    (void)snprintf(out->settings.text_field, sizeof(out->settings.text_field), "%s", field);
    status = check_label("good-label", out->labels[0], err);
    if (status == TAMIS_OK) {
        status = check_label("bad-label", out->labels[1], err);
    }
    if (status == TAMIS_OK && strcmp(out->labels[0], out->labels[1]) == 0) {
        status = tamis_err_set(err, TAMIS_EARG, "--good-label and --bad-label are the same");
    }
    if (status == TAMIS_OK && model->ngram_min > model->ngram_max) {
        status = tamis_err_set(err, TAMIS_EARG, "--min-chars is above --max-chars");
    }
    if (status == TAMIS_OK && model->is_quantized && model->part_cols > model->dim) {
        status = tamis_err_set(err, TAMIS_EARG, "--quantize-part is above --dim");
    }
    return status;
}

static int train(const tamis_options *options)
{
    tamis_progress_mode mode = (tamis_progress_mode)tamis_options_choice(options, "progress");
    live_line line = {.is_terminal = isatty(STDERR_FILENO) != 0, .percent = -1};
    tamis_train_options what = {.progress = show_progress, .progress_context = &line};
    tamis_train_report report;
    tamis_err err = {0};
    tamis_status status = take_options(options, &what, &err);
    uint64_t set_aside = 0;

    line.is_shown =
        mode == TAMIS_PROGRESS_ALWAYS || (mode == TAMIS_PROGRESS_AUTO && line.is_terminal);
    if (status != TAMIS_OK) {
        (void)fprintf(stderr, "tamis train classifier: %s\nTry 'tamis train classifier --help'.\n",
                      err.text);
        return TAMIS_EXIT_USAGE;
    }
    status = tamis_train_classifier(&what, &report, &err);
    end_progress(&line);
    if (status == TAMIS_OK && tamis_options_flag(options, "json")) {
        status = print_json(&what, &report);
    } else if (status == TAMIS_OK) {
        print_text(&what, &report);
    }
    if (status == TAMIS_OK && fflush(stdout) != 0) {
        status = tamis_err_set(&err, TAMIS_EIO, "cannot write to stdout");
    }
    if (status != TAMIS_OK) {
        (void)fprintf(stderr, "tamis train classifier: %s\n", err.text);
        return TAMIS_EXIT_FAILED;
    }
    set_aside = report.faulty_inputs + report.kinds[0].quarantined + report.kinds[1].quarantined;
    if (set_aside > 0) {
        (void)fprintf(stderr,
                      "tamis train classifier: %" PRIu64 " faulty records and %" PRIu32
                      " inputs that end early were left out\n",
                      report.kinds[0].quarantined + report.kinds[1].quarantined,
                      report.faulty_inputs);
    }
    return set_aside > 0 ? TAMIS_EXIT_SET_ASIDE : TAMIS_EXIT_DONE;
}

int tamis_cmd_train_classifier(int argument_count, char **arguments)
{
    tamis_options *options = NULL;
    int code = TAMIS_EXIT_FAILED;

    if (!tamis_options_start(&tamis_train_classifier_table, argument_count, arguments, environ,
                             stdout, stderr, &options, &code)) {
        return code;
    }
    code = train(options);
    tamis_options_destroy(options);
    return code;
}
