/* SPDX-License-Identifier: Apache-2.0 */
/* quality_print PROFILE - the verdict of a profile on texts, for golden_verdicts.py. Standard
 * input: each text as its size in decimal, a newline, its bytes. Standard output, a line a text:
 * the reason (empty: kept), a tab, the text after all edits in hexadecimal. Every signal of the
 * profile is computed; no language model, so languages are not decided by score. */
#include <stdio.h>
#include <stdlib.h>

#include "tamis/quality.h"

static void must(tamis_status status, const tamis_err *err)
{
    if (status != TAMIS_OK) {
        (void)fprintf(stderr, "quality_print: %s\n", err->text);
        exit(1);
    }
}

static bool read_text(tamis_buf *text)
{
    size_t size = 0;
    uint8_t *bytes = NULL;

    if (scanf("%zu", &size) != 1 || getchar() != '\n') {
        return false;
    }
    bytes = malloc(size + 1);
    if (bytes == NULL || fread(bytes, 1, size, stdin) != size) {
        (void)fprintf(stderr, "quality_print: standard input ends inside a text\n");
        exit(1);
    }
    tamis_buf_reset(text);
    if (tamis_buf_reserve(text, 1) != TAMIS_OK || tamis_buf_append(text, bytes, size) != TAMIS_OK) {
        (void)fprintf(stderr, "quality_print: out of memory\n");
        exit(1);
    }
    free(bytes);
    return true;
}

int main(int argument_count, char **arguments)
{
    tamis_quality_request request = {.language_score_min = -1, .keep_above = -1};
    tamis_quality *quality = NULL;
    tamis_grader *grader = NULL;
    tamis_grade grade;
    tamis_err err = {0};
    tamis_buf spec;
    tamis_buf skipped;
    tamis_buf text;

    if (argument_count != 2) {
        (void)fprintf(stderr, "usage: quality_print PROFILE < texts\n");
        return 2;
    }
    request.profile = arguments[1];
    tamis_buf_init(&spec, 0);
    tamis_buf_init(&skipped, 0);
    tamis_buf_init(&text, 0);
    must(tamis_quality_resolve(&request, &spec, &skipped, &err), &err);
    must(tamis_quality_open(tamis_buf_slice(&spec), NULL, &quality, &err), &err);
    must(tamis_grader_create(quality, &grader, &err), &err);
    while (read_text(&text)) {
        must(
            tamis_grader_run(grader, tamis_buf_slice(&text), tamis_slice_of(NULL, 0), &grade, &err),
            &err);
        (void)printf("%s\t", tamis_quality_reason(quality, grade.reason));
        for (size_t i = 0; i < grade.text.size; i++) {
            (void)printf("%02x", grade.text.data[i]);
        }
        (void)putchar('\n');
    }
    tamis_grader_destroy(grader);
    tamis_quality_close(quality);
    tamis_buf_fini(&text);
    tamis_buf_fini(&skipped);
    tamis_buf_fini(&spec);
    return 0;
}
