/* SPDX-License-Identifier: Apache-2.0 */
/* tamis train lm: an n-gram language model, and the pieces under it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "corpus.h"
#include "progress.h"
#include "run_options.h"
#include "tamis/json_out.h"
#include "tamis/lm_train.h"
#include "tamis/perplexity.h"
#include "tamis/size.h"
#include "train.h"

#define JSON_VERSION     1
#define REDRAW_MS        100
#define PLAIN_LINE_MS    5000
#define LOOK_EVERY_TEXTS 64

static const tamis_option train_lm_options[] = {
    {.name = "output",
     .short_name = 'o',
     .type = TAMIS_OPTION_TEXT,
     .value_name = "MODEL",
     .group = "Output",
     .help = "write the model here, in the form that --lm opens at once"},
    {.name = "arpa",
     .type = TAMIS_OPTION_TEXT,
     .value_name = "FILE",
     .group = "Output",
     .help = "write it as ARPA text, for other programs; with --output or alone"},
    {.name = "order",
     .type = TAMIS_OPTION_UINT,
     .traits = TAMIS_OPTION_DECIDES,
     .value_name = "N",
     .default_text = "5",
     .min = TAMIS_LM_TRAIN_ORDER_MIN,
     .max = TAMIS_LM_ORDER_MAX,
     .group = "Model",
     .help = "words of the longest n-grams"},
    {.name = "text",
     .type = TAMIS_OPTION_CHOICE,
     .traits = TAMIS_OPTION_DECIDES,
     .default_text = "per_line",
     .choices = tamis_lm_text_names,
     .group = "Model",
     .help = "sentences are lines, normalized as CCNet does (per_line), or as they are (raw); or "
             "whole texts whose lines run together (ccnet_compat)"},
    {.name = "text-field",
     .type = TAMIS_OPTION_TEXT,
     .traits = TAMIS_OPTION_DECIDES,
     .value_name = "NAME",
     .default_text = "text",
     .group = "Model",
     .help = "member of a JSON record with the text; dots lead into objects"},
    {.name = "sentencepiece",
     .type = TAMIS_OPTION_TEXT,
     .traits = TAMIS_OPTION_DECIDES,
     .value_name = "FILE",
     .group = "Pieces",
     .help = "cut words into the pieces of this SentencePiece model; without it words are what "
             "white space separates"},
    {.name = "train-sentencepiece",
     .type = TAMIS_OPTION_TEXT,
     .traits = TAMIS_OPTION_DECIDES,
     .value_name = "FILE",
     .group = "Pieces",
     .help = "first learn a SentencePiece model from the same inputs, and write it here"},
    {.name = "pieces",
     .type = TAMIS_OPTION_UINT,
     .traits = TAMIS_OPTION_DECIDES,
     .value_name = "N",
     .default_text = "65536",
     .min = 100,
     .max = 1 << 20,
     .group = "Pieces",
     .help = "most pieces to learn; fewer where the texts do not give so many"},
    {.name = "coverage",
     .type = TAMIS_OPTION_RATIO,
     .traits = TAMIS_OPTION_DECIDES,
     .default_text = "99.95%",
     .min = 980000,
     .max = TAMIS_PPM,
     .group = "Pieces",
     .help = "share of the characters that must be in a piece"},
    {.name = "piece-lines",
     .type = TAMIS_OPTION_UINT,
     .traits = TAMIS_OPTION_DECIDES,
     .value_name = "N",
     .default_text = "2000000",
     .min = 1,
     .max = INT64_MAX,
     .group = "Pieces",
     .help = "learn pieces from so many sentences at most, the first ones; they are held in "
             "memory"},
    {.name = "memory",
     .short_name = 'm',
     .type = TAMIS_OPTION_BYTES,
     .default_text = "1GiB",
     .min = (int64_t)TAMIS_LM_TRAIN_MEMORY_MIN,
     .max = INT64_MAX,
     .group = "Resources",
     .help = "memory for counts; what does not fit is sorted on disk, and the words come on top"},
    {.name = "temp",
     .type = TAMIS_OPTION_TEXT,
     .value_name = "FOLDER",
     .default_shown = "$TMPDIR or /tmp",
     .group = "Resources",
     .help = "where counts are sorted; nothing is left there"},
    {.name = "json",
     .type = TAMIS_OPTION_FLAG,
     .default_text = "false",
     .group = "Messages",
     .help = "print one JSON object at the end"},
    {.name = "progress",
     .type = TAMIS_OPTION_CHOICE,
     .default_text = "auto",
     .choices = tamis_progress_choices,
     .group = "Messages",
     .help = "show on stderr how far it is; auto: on a terminal"},
    {.name = "quiet",
     .short_name = 'q',
     .type = TAMIS_OPTION_FLAG,
     .default_text = "false",
     .group = "Messages",
     .help = "print nothing but errors"},
};

const tamis_option_table tamis_train_lm_table = {
    .program = "tamis train lm",
    .operands = "INPUT...",
    .operands_min = 1,
    .operands_max = SIZE_MAX,
    .summary = "estimate an n-gram language model",
    .description =
        "Reads texts as `tamis run` does and estimates an interpolated modified Kneser-Ney model "
        "without pruning, the kind that CCNet grades web text with: train it on text that is as "
        "good as what is wanted, an encyclopedia say, and texts of low perplexity are like it.\n"
        "\n"
        "The same inputs and options give the same bytes, however much memory there is. The model "
        "remembers what sentences were and which pieces, so that it is not applied to others.",
    .examples = "tamis train lm wikipedia/*.jsonl.zst -o en.lm\n"
                "tamis train lm --train-sentencepiece en.sp.model dump/ -o en.lm\n"
                "tamis train lm --order 3 --text raw tokens.txt --arpa tokens.arpa",
    .exit_codes = "0  done\n"
                  "1  failed\n"
                  "2  usage\n"
                  "3  done, but records that could not be read were left out",
    .options = train_lm_options,
    .option_count = sizeof(train_lm_options) / sizeof(train_lm_options[0]),
};

typedef struct training {
    const tamis_options *options;
    tamis_corpus *corpus;
    tamis_sentences *sentences; /* without pieces, while these are learned */
    tamis_pieces *pieces;
    tamis_lm_train_stats stats;
    bool has_text; /* that is being cut into sentences */
    bool is_shown;
    bool is_terminal;
    uint64_t shown_ms;
} training;

/* ---- Progress ----------------------------------------------------------------------------------
 */

static uint64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* a valid clock: cannot fail */
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool is_time(training *t)
{
    uint64_t now = now_ms();

    if (!t->is_shown || now - t->shown_ms < (t->is_terminal ? REDRAW_MS : PLAIN_LINE_MS)) {
        return false;
    }
    t->shown_ms = now;
    return true;
}

static void show(const training *t, const char *text)
{
    (void)fprintf(stderr, t->is_terminal ? "\r\033[K%s" : "%s\n", text);
    (void)fflush(stderr); /* nobody needs it */
}

static void show_reading(training *t, const char *what)
{
    tamis_corpus_facts facts;
    char read[TAMIS_SIZE_TEXT_SIZE];
    char stored[TAMIS_SIZE_TEXT_SIZE];
    char text[256];

    if (!is_time(t)) {
        return;
    }
    facts = tamis_corpus_look(t->corpus);
    tamis_bytes_print_short(facts.read_bytes, read);
    tamis_bytes_print_short(facts.stored_bytes, stored);
    (void)snprintf(text, sizeof(text), "%s: %s of %s, %" PRIu64 " texts", what, read, stored,
                   facts.texts);
    show(t, text);
}

static void on_progress(void *context, tamis_lm_stage stage, uint64_t done, uint64_t total)
{
    static const char *const texts[] = {"counting", "sorting counts", "estimating", "writing"};
    training *t = context;
    char text[128];

    if (stage == TAMIS_LM_STAGE_COUNT) {
        show_reading(t, texts[stage]);
    } else if (is_time(t)) {
        if (total != 0) {
            (void)snprintf(text, sizeof(text), "%s: %" PRIu64 " of %" PRIu64, texts[stage], done,
                           total);
        } else {
            (void)snprintf(text, sizeof(text), "%s: %" PRIu64, texts[stage], done);
        }
        show(t, text);
    }
}

static void start_progress(training *t)
{
    unsigned mode = tamis_options_choice(t->options, "progress");

    t->is_terminal = isatty(STDERR_FILENO) != 0;
    t->is_shown =
        !tamis_options_flag(t->options, "quiet") &&
        (mode == TAMIS_PROGRESS_ALWAYS || (mode == TAMIS_PROGRESS_AUTO && t->is_terminal));
}

static void end_progress(const training *t)
{
    if (t->is_shown && t->is_terminal) {
        (void)fputs("\r\033[K", stderr);
    }
}

/* ---- Sentences ---------------------------------------------------------------------------------
 */

static tamis_status next_sentence(training *t, bool is_cut, tamis_slice *out_sentence,
                                  tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    while (status == TAMIS_OK) {
        tamis_slice text = {0};

        if (t->has_text) {
            status = tamis_sentences_next(t->sentences, is_cut, out_sentence, err);
            if (status != TAMIS_END) {
                return status;
            }
            t->has_text = false;
        }
        status = tamis_corpus_next(t->corpus, &text, err);
        if (status == TAMIS_OK) {
            tamis_sentences_set(t->sentences, text);
            t->has_text = true;
        }
    }
    return status;
}

static tamis_status next_line(void *context, tamis_slice *out_line, tamis_err *err)
{
    training *t = context;

    show_reading(t, "reading for pieces");
    return next_sentence(t, false, out_line, err);
}

static tamis_status learn_pieces(training *t, const char *path, tamis_err *err)
{
    tamis_pieces_train_options options = {
        .vocabulary = (uint32_t)tamis_options_uint(t->options, "pieces"),
        .coverage = (double)tamis_options_uint(t->options, "coverage") / TAMIS_PPM,
        .lines_max = tamis_options_uint(t->options, "piece-lines")};
    tamis_status status = tamis_pieces_train(&options, next_line, t, path, err);

    tamis_corpus_rewind(t->corpus);
    t->has_text = false;
    return status;
}

static tamis_status make_sentences(training *t, tamis_err *err)
{
    tamis_sentences_destroy(t->sentences);
    t->sentences = NULL;
    return tamis_sentences_create(
        t->pieces, (tamis_lm_text)tamis_options_choice(t->options, "text"), &t->sentences, err);
}

static tamis_status open_pieces(training *t, tamis_err *err)
{
    const char *path = tamis_options_text(t->options, "sentencepiece");
    const char *learned = tamis_options_text(t->options, "train-sentencepiece");
    tamis_status status = make_sentences(t, err);

    if (status == TAMIS_OK && learned != NULL) {
        status = learn_pieces(t, learned, err);
        path = learned;
    }
    if (status == TAMIS_OK && path != NULL) {
        status = tamis_pieces_open(path, &t->pieces, err);
    }
    return status == TAMIS_OK ? make_sentences(t, err) : status;
}

/* ---- The model ---------------------------------------------------------------------------------
 */

static const char *temp_folder(const tamis_options *options)
{
    const char *given = tamis_options_text(options, "temp");
    const char *environment = getenv("TMPDIR");

    if (given != NULL) {
        return given;
    }
    return environment != NULL && environment[0] != '\0' ? environment : "/tmp";
}

static tamis_status add_sentences(training *t, tamis_lm_trainer *trainer, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    while (status == TAMIS_OK) {
        tamis_slice sentence = {0};

        status = next_sentence(t, true, &sentence, err);
        if (status == TAMIS_OK) {
            status = tamis_lm_trainer_add(trainer, sentence, err);
        }
    }
    return status == TAMIS_END ? TAMIS_OK : status;
}

static tamis_status train_model(training *t, tamis_err *err)
{
    tamis_lm_train_options options = {
        .order = (uint32_t)tamis_options_uint(t->options, "order"),
        .memory_bytes = tamis_options_uint(t->options, "memory"),
        .temp_folder = temp_folder(t->options),
        .model_path = tamis_options_text(t->options, "output"),
        .arpa_path = tamis_options_text(t->options, "arpa"),
        .text = (tamis_lm_text)tamis_options_choice(t->options, "text"),
        .has_pieces = t->pieces != NULL,
        .progress = on_progress,
        .context = t,
    };
    tamis_lm_trainer *trainer = NULL;
    tamis_status status = TAMIS_OK;

    if (t->pieces != NULL) {
        options.pieces_digest = tamis_pieces_digest(t->pieces);
    }
    status = tamis_lm_trainer_create(&options, &trainer, err);
    if (status == TAMIS_OK) {
        status = add_sentences(t, trainer, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_lm_trainer_finish(trainer, &t->stats, err);
    }
    tamis_lm_trainer_destroy(trainer);
    return status;
}

/* ---- What is said at the end -------------------------------------------------------------------
 */

static tamis_status print_json(const training *t)
{
    tamis_corpus_facts facts = tamis_corpus_look(t->corpus);
    uint32_t order = (uint32_t)tamis_options_uint(t->options, "order");
    tamis_buf text;
    tamis_json json;
    tamis_status status = TAMIS_OK;

    tamis_buf_init(&text, 0);
    tamis_json_init(&json, &text);
    tamis_json_begin_object(&json, NULL);
    tamis_json_uint(&json, "version", JSON_VERSION);
    tamis_json_uint(&json, "texts", facts.texts);
    tamis_json_uint(&json, "set_aside", facts.set_aside);
    tamis_json_uint(&json, "sentences", t->stats.sentences);
    tamis_json_uint(&json, "words", t->stats.words);
    tamis_json_uint(&json, "skipped_tokens", t->stats.skipped_tokens);
    tamis_json_uint(&json, "cut_words", t->stats.cut_words);
    tamis_json_uint(&json, "pieces", t->pieces == NULL ? 0 : tamis_pieces_count(t->pieces));
    tamis_json_begin_array(&json, "orders");
    for (uint32_t i = 0; i < order; i++) {
        char number[64];

        tamis_json_begin_object(&json, NULL);
        tamis_json_uint(&json, "order", i + 1);
        tamis_json_uint(&json, "ngrams", t->stats.counts[i]);
        tamis_json_begin_array(&json, "discounts");
        for (unsigned j = 0; j < 3; j++) {
            (void)snprintf(number, sizeof(number), "%.6f", t->stats.discounts[i][j]);
            tamis_json_raw(&json, NULL, tamis_slice_of_string(number));
        }
        tamis_json_end_array(&json);
        tamis_json_bool(&json, "fallback", t->stats.is_fallback[i]);
        tamis_json_end_object(&json);
    }
    tamis_json_end_array(&json);
    tamis_json_uint(&json, "model_bytes", t->stats.model_bytes);
    tamis_json_uint(&json, "arpa_bytes", t->stats.arpa_bytes);
    tamis_json_uint(&json, "spilled_bytes", t->stats.spilled_bytes);
    tamis_json_end_object(&json);
    status = tamis_json_finish(&json);
    if (status == TAMIS_OK) {
        (void)printf("%.*s\n", (int)text.size, (const char *)text.data);
    }
    tamis_buf_fini(&text);
    return status;
}

static void print_text(const training *t)
{
    uint32_t order = (uint32_t)tamis_options_uint(t->options, "order");

    (void)printf("%" PRIu64 " sentences, %" PRIu64 " words, %" PRIu64 " different\n",
                 t->stats.sentences, t->stats.words, t->stats.counts[0]);
    (void)printf("ORDER      N-GRAMS      D1      D2     D3+\n");
    for (uint32_t i = 0; i < order; i++) {
        (void)printf("%5u %12" PRIu64 " %7.4f %7.4f %7.4f%s\n", i + 1, t->stats.counts[i],
                     t->stats.discounts[i][0], t->stats.discounts[i][1], t->stats.discounts[i][2],
                     t->stats.is_fallback[i] ? "  (fallback: too little text)" : "");
    }
}

static int finish(const training *t, tamis_status status, const tamis_err *err)
{
    tamis_corpus_facts facts = {.texts = 0};

    end_progress(t);
    if (t->corpus != NULL) {
        facts = tamis_corpus_look(t->corpus);
    }
    if (status != TAMIS_OK) {
        (void)fprintf(stderr, "tamis train lm: %s\n", err->text);
        if (facts.set_aside != 0) {
            (void)fprintf(stderr,
                          "tamis train lm: %" PRIu64 " records or inputs could not be read\n",
                          facts.set_aside);
        }
        return TAMIS_EXIT_FAILED;
    }
    if (tamis_options_flag(t->options, "json")) {
        if (print_json(t) != TAMIS_OK) {
            (void)fputs("tamis train lm: no memory\n", stderr);
            return TAMIS_EXIT_FAILED;
        }
    } else if (!tamis_options_flag(t->options, "quiet")) {
        print_text(t);
    }
    if (facts.set_aside != 0) {
        (void)fprintf(stderr,
                      "tamis train lm: %" PRIu64 " records or inputs could not be read and were "
                      "left out\n",
                      facts.set_aside);
        return TAMIS_EXIT_SET_ASIDE;
    }
    return TAMIS_EXIT_DONE;
}

static int train_lm(const tamis_options *options)
{
    const char *const *operands = NULL;
    size_t count = tamis_options_operands(options, &operands);
    training t = {.options = options};
    tamis_err err = {0};
    tamis_status status = TAMIS_OK;
    int code = TAMIS_EXIT_USAGE;

    if (tamis_options_text(options, "output") == NULL &&
        tamis_options_text(options, "arpa") == NULL) {
        (void)fputs("tamis train lm: --output: say where the model goes (or give --arpa)\n"
                    "Try 'tamis train lm --help'.\n",
                    stderr);
        return code;
    }
    if (tamis_options_text(options, "sentencepiece") != NULL &&
        tamis_options_text(options, "train-sentencepiece") != NULL) {
        (void)fputs("tamis train lm: --sentencepiece: pieces are given or learned, not both\n"
                    "Try 'tamis train lm --help'.\n",
                    stderr);
        return code;
    }
    start_progress(&t);
    status = tamis_corpus_open(operands, count, tamis_options_text(options, "text-field"),
                               &t.corpus, &err);
    if (status == TAMIS_OK) {
        status = open_pieces(&t, &err);
    }
    if (status == TAMIS_OK) {
        status = train_model(&t, &err);
    }
    code = finish(&t, status, &err);
    tamis_sentences_destroy(t.sentences);
    tamis_pieces_destroy(t.pieces);
    tamis_corpus_close(t.corpus);
    return code;
}

int tamis_cmd_train_lm(int argument_count, char **arguments)
{
    tamis_options *options = NULL;
    int code = TAMIS_EXIT_FAILED;

    if (!tamis_options_start(&tamis_train_lm_table, argument_count, arguments, environ, stdout,
                             stderr, &options, &code)) {
        return code;
    }
    code = train_lm(options);
    tamis_options_destroy(options);
    return code;
}
