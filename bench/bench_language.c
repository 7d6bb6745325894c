/* SPDX-License-Identifier: Apache-2.0 */
/* Languages and classifiers, from the command line.
 *
 * bench_language speed MODEL FILE [LOOK_BYTES]   bytes looked at a second; the file is cut into
 * texts of LOOK_BYTES (1024) bench_language detect MODEL < LINES            code and score of each
 * line bench_language classify MODEL LABEL < LINES    score of each line
 *
 * MODEL is the path of a fastText model, or cld2. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tamis/classifier.h"
#include "tamis/cpu.h"
#include "tamis/language.h"
#include "tamis/path.h"

#define ROUNDS        5
#define ROUND_SECONDS 0.4

static double now_seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now); /* a valid clock: cannot fail */
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static size_t text_end(tamis_slice all, size_t begin, size_t look)
{
    size_t end = all.size - begin < look ? all.size : begin + look;

    while (end < all.size && end > begin + 1 && (all.data[end] & 0xC0) == 0x80) {
        end--;
    }
    return end;
}

static tamis_status measure(tamis_language_scratch *scratch, tamis_slice all, size_t look,
                            double *out_rate, tamis_err *err)
{
    tamis_language_result result;
    tamis_status status = TAMIS_OK;
    double begin = now_seconds();
    double seconds = 0;
    uint64_t bytes = 0;
    size_t at = 0;

    while (status == TAMIS_OK && seconds < ROUND_SECONDS) {
        for (unsigned i = 0; status == TAMIS_OK && i < 64; i++) {
            size_t end = text_end(all, at, look);

            status = tamis_language_detect(scratch, tamis_slice_of(all.data + at, end - at),
                                           &result, err);
            bytes += end - at;
            at = end == all.size ? 0 : end;
        }
        seconds = now_seconds() - begin;
    }
    *out_rate = (double)bytes / seconds / 1e6;
    return status;
}

static tamis_status speed(tamis_language_scratch *scratch, const char *path, size_t look,
                          tamis_err *err)
{
    tamis_buf all;
    double best = 0;
    tamis_status status = TAMIS_OK;

    tamis_buf_init(&all, 0);
    status = tamis_path_read_file(path, &all, err);
    if (status == TAMIS_OK && all.size == 0) {
        status = tamis_err_set(err, TAMIS_EARG, "%s: empty", path);
    }
    for (unsigned i = 0; status == TAMIS_OK && i < ROUNDS; i++) {
        double rate = 0;

        status = measure(scratch, tamis_buf_slice(&all), look, &rate, err);
        best = rate > best ? rate : best;
    }
    if (status == TAMIS_OK) {
        (void)printf("%.1f MB/s looked at, %s kernel, texts of %zu bytes\n", best,
                     tamis_kernel_name(tamis_kernel_best()), look);
    }
    tamis_buf_fini(&all);
    return status;
}

typedef tamis_status (*line_call)(void *scratch, tamis_slice line, tamis_err *err);

static tamis_status detect_line(void *scratch, tamis_slice line, tamis_err *err)
{
    tamis_language_result result;
    tamis_status status = tamis_language_detect(scratch, line, &result, err);

    if (status == TAMIS_OK) {
        (void)printf("%s\t%.6f\n", result.guesses[0].code, result.guesses[0].score);
    }
    return status;
}

static tamis_status classify_line(void *scratch, tamis_slice line, tamis_err *err)
{
    double score = 0;
    tamis_status status = tamis_classifier_score(scratch, line, &score, err);

    if (status == TAMIS_OK) {
        (void)printf("%.6f\n", score);
    }
    return status;
}

static tamis_status each_line(line_call call, void *scratch, tamis_err *err)
{
    char *line = NULL;
    size_t capacity = 0;
    tamis_status status = TAMIS_OK;

    while (status == TAMIS_OK) {
        ssize_t size = getline(&line, &capacity, stdin);

        if (size < 0) {
            break;
        }
        size -= size > 0 && line[size - 1] == '\n' ? 1 : 0;
        status = call(scratch, tamis_slice_of(line, (size_t)size), err);
    }
    free(line);
    return status;
}

static tamis_status run_language(int argument_count, char **arguments, tamis_err *err)
{
    bool is_speed = strcmp(arguments[1], "speed") == 0;
    size_t look = is_speed && argument_count > 4 ? strtoul(arguments[4], NULL, 10)
                                                 : TAMIS_LANGUAGE_LOOK_DEFAULT;
    tamis_language_options options;
    tamis_language *language = NULL;
    tamis_language_scratch *scratch = NULL;
    tamis_status status = TAMIS_OK;

    tamis_language_options_defaults(&options);
    options.model = arguments[2];
    options.look_bytes = look;
    status = tamis_language_open(&options, &language, err);
    if (status == TAMIS_OK) {
        status = tamis_language_scratch_create(language, &scratch, err);
    }
    if (status == TAMIS_OK) {
        status = is_speed ? speed(scratch, arguments[3], look, err)
                          : each_line(detect_line, scratch, err);
    }
    tamis_language_scratch_destroy(scratch);
    tamis_language_destroy(language);
    return status;
}

static tamis_status run_classifier(char **arguments, tamis_err *err)
{
    tamis_classifier *classifier = NULL;
    tamis_classifier_scratch *scratch = NULL;
    tamis_status status = tamis_classifier_open(arguments[2], arguments[3], &classifier, err);

    if (status == TAMIS_OK) {
        status = tamis_classifier_scratch_create(classifier, &scratch, err);
    }
    if (status == TAMIS_OK) {
        status = each_line(classify_line, scratch, err);
    }
    tamis_classifier_scratch_destroy(scratch);
    tamis_classifier_destroy(classifier);
    return status;
}

int main(int argument_count, char **arguments)
{
    tamis_err err = {0};
    tamis_status status = TAMIS_EARG;

    if (argument_count >= 4 && strcmp(arguments[1], "speed") == 0) {
        status = run_language(argument_count, arguments, &err);
    } else if (argument_count == 3 && strcmp(arguments[1], "detect") == 0) {
        status = run_language(argument_count, arguments, &err);
    } else if (argument_count == 4 && strcmp(arguments[1], "classify") == 0) {
        status = run_classifier(arguments, &err);
    } else {
        (void)fputs("usage: bench_language speed MODEL FILE [LOOK_BYTES] | detect MODEL | classify "
                    "MODEL LABEL\n",
                    stderr);
        return 2;
    }
    if (status != TAMIS_OK) {
        (void)fprintf(stderr, "bench_language: %s\n", err.text);
    }
    return status == TAMIS_OK ? 0 : 1;
}
