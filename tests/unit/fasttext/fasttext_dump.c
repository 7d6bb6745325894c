/* SPDX-License-Identifier: Apache-2.0 */
/* fasttext_dump MODEL K < LINES: the K best labels of each line, with 9 digits, as JSON Lines. */
#include <stdio.h>
#include <stdlib.h>

#include "tamis/fasttext.h"

#define WANTED_MAX 64

static int print_line(tamis_fasttext *model, tamis_fasttext_scratch *scratch, tamis_slice line,
                      size_t wanted)
{
    tamis_fasttext_prediction best[WANTED_MAX];
    tamis_err err = {0};
    size_t count = 0;

    if (tamis_fasttext_predict(scratch, line, best, wanted, &count, &err) != TAMIS_OK) {
        (void)fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    (void)putchar('[');
    for (size_t i = 0; i < count; i++) {
        tamis_slice label = tamis_fasttext_label(model, best[i].label);

        (void)printf("%s[\"%.*s\",%.9g]", i == 0 ? "" : ",", (int)label.size,
                     (const char *)label.data, best[i].score);
    }
    (void)puts("]");
    return 0;
}

int main(int argument_count, char **arguments)
{
    tamis_fasttext *model = NULL;
    tamis_fasttext_scratch *scratch = NULL;
    tamis_err err = {0};
    char *line = NULL;
    size_t capacity = 0;
    size_t wanted = argument_count == 3 ? strtoul(arguments[2], NULL, 10) : 0;
    int code = 0;

    if (wanted == 0 || wanted > WANTED_MAX) {
        (void)fputs("usage: fasttext_dump MODEL K < LINES\n", stderr);
        return 2;
    }
    if (tamis_fasttext_open(arguments[1], &model, &err) != TAMIS_OK ||
        tamis_fasttext_scratch_create(model, &scratch, &err) != TAMIS_OK) {
        (void)fprintf(stderr, "%s\n", err.text);
        tamis_fasttext_destroy(model);
        return 1;
    }
    while (code == 0) {
        ssize_t size = getline(&line, &capacity, stdin);

        if (size < 0) {
            break;
        }
        code = print_line(model, scratch, tamis_slice_of(line, (size_t)size), wanted);
    }
    free(line);
    tamis_fasttext_scratch_destroy(scratch);
    tamis_fasttext_destroy(model);
    return code;
}
