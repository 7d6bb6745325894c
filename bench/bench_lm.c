/* SPDX-License-Identifier: Apache-2.0 */
/* Language models: opening, scoring, and whole perplexities.
 *
 *     bench_lm TEXT MODEL [PIECES]
 *
 * TEXT is a file of lines, MODEL any of the three forms. Prints seconds to open; words a second
 * when normalized lines (cut into pieces, if there is a model of them) are scored, best of five;
 * and bytes a second of the whole way from text to perplexity, once per mode. Processor time of one
 * thread. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tamis/path.h"
#include "tamis/perplexity.h"

#define ROUNDS 5

static tamis_err err;

static double now_s(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void must(tamis_status status)
{
    if (status != TAMIS_OK) {
        (void)fprintf(stderr, "bench_lm: %s\n", err.text);
        exit(1);
    }
}

/* Every sentence of the text, one a line. */
static void cut_text(const tamis_pieces *pieces, tamis_slice text, tamis_buf *out)
{
    tamis_sentences *sentences = NULL;
    tamis_slice words;

    must(tamis_sentences_create(pieces, TAMIS_LM_TEXT_PER_LINE, &sentences, &err));
    tamis_sentences_set(sentences, text);
    while (tamis_sentences_next(sentences, true, &words, &err) == TAMIS_OK) {
        must(tamis_buf_append(out, words.data, words.size));
        must(tamis_buf_append_byte(out, '\n'));
    }
    tamis_sentences_destroy(sentences);
}

static void score_all(tamis_lm_scorer *scorer, tamis_slice lines, tamis_lm_total *out_sum)
{
    *out_sum = (tamis_lm_total){.words = 0};
    while (lines.size != 0) {
        const uint8_t *end = memchr(lines.data, '\n', lines.size);
        size_t size = (size_t)(end - lines.data);
        tamis_lm_total total;

        must(tamis_lm_scorer_run(scorer, tamis_slice_of(lines.data, size), &total, &err));
        out_sum->log10 += total.log10;
        out_sum->words += total.words + 1;
        out_sum->unknown += total.unknown;
        lines = tamis_slice_of(end + 1, lines.size - size - 1);
    }
}

static void time_perplexity(const tamis_lm *model, const tamis_pieces *pieces, tamis_lm_text mode,
                            tamis_slice text)
{
    tamis_perplexity *perplexity = NULL;
    tamis_perplexity_value value;
    double begin = 0;

    must(tamis_perplexity_create(model, pieces, mode, &perplexity, &err));
    begin = now_s();
    must(tamis_perplexity_run(perplexity, text, &value, &err));
    (void)printf("%-13s %8.1f MB/s of text, perplexity %.1f\n", tamis_lm_text_names[mode],
                 (double)text.size / 1e6 / (now_s() - begin), value.perplexity);
    tamis_perplexity_destroy(perplexity);
}

int main(int argument_count, char **arguments)
{
    tamis_buf text;
    tamis_buf lines;
    tamis_lm *model = NULL;
    tamis_pieces *pieces = NULL;
    tamis_lm_scorer *scorer = NULL;
    tamis_lm_total total = {.words = 0};
    double begin = 0;
    double best = 1e9;

    if (argument_count < 3) {
        (void)fprintf(stderr, "usage: bench_lm TEXT MODEL [PIECES]\n");
        return 2;
    }
    tamis_buf_init(&text, 0);
    tamis_buf_init(&lines, 0);
    must(tamis_path_read_file(arguments[1], &text, &err));
    if (argument_count > 3) {
        must(tamis_pieces_open(arguments[3], &pieces, &err));
    }
    begin = now_s();
    must(tamis_lm_open(arguments[2], &model, &err));
    (void)printf("open          %8.3f s, order %u, %" PRIu64 " words\n", now_s() - begin,
                 tamis_lm_get_info(model)->order, tamis_lm_get_info(model)->counts[0]);
    cut_text(pieces, tamis_buf_slice(&text), &lines);
    must(tamis_lm_scorer_create(model, &scorer, &err));
    for (unsigned i = 0; i < ROUNDS; i++) {
        begin = now_s();
        score_all(scorer, tamis_buf_slice(&lines), &total);
        best = now_s() - begin < best ? now_s() - begin : best;
    }
    (void)printf("score         %8.2f million words/s (%" PRIu64 " words, %.1f%% unknown)\n",
                 (double)total.words / 1e6 / best, total.words,
                 100.0 * (double)total.unknown / (double)total.words);
    for (unsigned mode = 0; mode < TAMIS_LM_TEXT_COUNT; mode++) {
        time_perplexity(model, pieces, (tamis_lm_text)mode, tamis_buf_slice(&text));
    }
    tamis_lm_scorer_destroy(scorer);
    tamis_lm_destroy(model);
    tamis_pieces_destroy(pieces);
    tamis_buf_fini(&lines);
    tamis_buf_fini(&text);
    return 0;
}
