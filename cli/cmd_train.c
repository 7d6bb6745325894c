/* SPDX-License-Identifier: Apache-2.0 */
/* tamis train: models that quality signals need, from texts of the user's own. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "tamis/suggest.h"

typedef struct training {
    const char *name;
    int (*run)(int argument_count, char **arguments);
} training;

static const training trainings[] = {
    {"classifier", tamis_cmd_train_classifier},
};

#define TRAINING_COUNT (sizeof(trainings) / sizeof(trainings[0]))

const tamis_option_table tamis_train_table = {
    .program = "tamis train",
    .operands = "KIND ...",
    .operands_min = 1,
    .operands_max = SIZE_MAX,
    .summary = "make models for quality signals from texts",
    .description = "KIND is:\n"
                   "\n"
                   "classifier: tells good texts from bad ones, learned from examples of both; see "
                   "tamis-train-classifier(1) and 'tamis train classifier --help'.",
    .examples = "tamis train classifier good.jsonl.zst bad.jsonl.zst -o quality.bin",
};

int tamis_cmd_train(int argument_count, char **arguments)
{
    const char *names[TRAINING_COUNT];
    const char *nearest = NULL;
    tamis_options *options = NULL;
    int code = TAMIS_EXIT_USAGE;

    for (size_t i = 0; i < TRAINING_COUNT; i++) {
        names[i] = trainings[i].name;
        if (argument_count > 0 && strcmp(arguments[0], names[i]) == 0) {
            return trainings[i].run(argument_count - 1, arguments + 1);
        }
    }
    if (argument_count > 0 && arguments[0][0] != '-') {
        nearest = tamis_suggest(arguments[0], names, TRAINING_COUNT);
        (void)fprintf(stderr, "tamis train: no kind of model '%s'", arguments[0]);
        if (nearest != NULL) {
            (void)fprintf(stderr, "; did you mean '%s'?", nearest);
        }
        (void)fputs("\nTry 'tamis train --help'.\n", stderr);
        return code;
    }
    if (tamis_options_start(&tamis_train_table, argument_count, arguments, environ, stdout, stderr,
                            &options, &code)) {
        /* Options in front of the kind. */
        (void)fputs("tamis train: name the kind of model first\nTry 'tamis train --help'.\n",
                    stderr);
        tamis_options_destroy(options);
        code = TAMIS_EXIT_USAGE;
    }
    return code;
}
