/* SPDX-License-Identifier: Apache-2.0 */
/* tamis train: one row for each kind of model. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "tamis/suggest.h"
#include "train.h"

typedef struct kind {
    const char *name;
    int (*run)(int argument_count, char **arguments);
} kind;

static const kind kinds[] = {
    {"classifier", tamis_cmd_train_classifier},
    {"lm", tamis_cmd_train_lm},
};

#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

const tamis_option_table tamis_train_table = {
    .program = "tamis train",
    .operands = "KIND [OPTION...] INPUT...",
    .operands_min = 1,
    .operands_max = SIZE_MAX,
    .summary = "make models that grade texts",
    .description =
        "KIND says what model: 'classifier' tells good texts from bad ones, learned from examples "
        "of both; 'lm' is an n-gram language model, whose perplexity tells fluent text from the "
        "rest. 'tamis train KIND --help' lists the options of each.",
    .examples = "tamis train classifier good.jsonl.zst bad.jsonl.zst -o quality.bin\n"
                "tamis train lm wikipedia/*.jsonl.zst -o en.lm\n"
                "tamis train lm --help",
    .exit_codes = "0  done\n"
                  "1  failed\n"
                  "2  usage\n"
                  "3  done, but some input was set aside",
};

static int unknown_kind(const char *name)
{
    const char *names[KIND_COUNT];
    const char *nearest = NULL;

    for (size_t i = 0; i < KIND_COUNT; i++) {
        names[i] = kinds[i].name;
    }
    nearest = tamis_suggest(name, names, KIND_COUNT);
    (void)fprintf(stderr, "tamis train: no kind of model '%s'", name);
    if (nearest != NULL) {
        (void)fprintf(stderr, "; did you mean '%s'?", nearest);
    }
    (void)fputs("\nTry 'tamis train --help'.\n", stderr);
    return TAMIS_EXIT_USAGE;
}

int tamis_cmd_train(int argument_count, char **arguments)
{
    tamis_options *options = NULL;
    int code = TAMIS_EXIT_USAGE;

    if (argument_count > 0 && arguments[0][0] != '-') {
        for (size_t i = 0; i < KIND_COUNT; i++) {
            if (strcmp(arguments[0], kinds[i].name) == 0) {
                return kinds[i].run(argument_count - 1, arguments + 1);
            }
        }
        return unknown_kind(arguments[0]);
    }
    if (tamis_options_start(&tamis_train_table, argument_count, arguments, environ, stdout, stderr,
                            &options, &code)) {
        tamis_options_destroy(options);
        (void)fputs("tamis train: the kind of model comes first\nTry 'tamis train --help'.\n",
                    stderr);
        code = TAMIS_EXIT_USAGE;
    }
    return code;
}
