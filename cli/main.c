/* SPDX-License-Identifier: Apache-2.0 */
/* tamis: the operator's tool. One file a command, cli/cmd_<name>.c. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "json_memory.h"
#include "tamis/failpoint.h"
#include "tamis/isolate.h"
#include "tamis/suggest.h"
#include "worker_tasks.h"

typedef struct command {
    const char *name;
    const char *help;
    int (*run)(int argument_count, char **arguments);
} command;

static const command commands[] = {
    {"run", "remove exact duplicates and near-duplicates from shards", tamis_cmd_run},
    {"plan", "estimate disk, memory and time of a run from a sample", tamis_cmd_plan},
    {"verify", "check that a result is sound", tamis_cmd_verify},
    {"explain", "tell the story of one document", tamis_cmd_explain},
    {"sample", "show removed documents beside their witnesses", tamis_cmd_sample},
    {"preview", "count what a stricter threshold would keep", tamis_cmd_preview},
    {"refilter", "give new verdicts from stored signals", tamis_cmd_refilter},
    {"grade", "print quality signals of documents", tamis_cmd_grade},
    {"train", "make models that grade texts", tamis_cmd_train},
    {"keys", "make, list and revoke keys of a cluster", tamis_cmd_keys},
    {"submit", "hand a run to a coordinator and return", tamis_cmd_submit},
    {"jobs", "list the jobs of a coordinator", tamis_cmd_jobs},
    {"status", "show jobs, stages and workers of a coordinator", tamis_cmd_status},
    {"pause", "let a job rest", tamis_cmd_pause},
    {"resume", "go on with a job that rests", tamis_cmd_resume},
    {"cancel", "stop a job", tamis_cmd_cancel},
    {"drain", "let a worker end without loss", tamis_cmd_drain},
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void print_help(FILE *out)
{
    (void)fputs(
        "tamis - removes duplicates from the text corpora that language models are trained on\n"
        "\n"
        "usage: tamis COMMAND [OPTION...] [ARGUMENT...]\n"
        "\n"
        "commands:\n",
        out);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        (void)fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].help);
    }
    (void)fputs(
        "\n"
        "Start here:\n"
        "  tamis run -o OUT shards/*.jsonl.zst    clean shards in OUT/documents, why in "
        "OUT/attributes\n"
        "  tamis verify OUT                       check the result\n"
        "  tamis sample OUT --reason near -n 20   look at what was removed\n"
        "\n"
        "'tamis COMMAND --help' says more of each command, 'man tamis-COMMAND' too.\n"
        "The programs tamis-coordinator and tamis-worker run the same jobs on many machines.\n",
        out);
}

static int unknown_command(const char *name)
{
    const char *names[COMMAND_COUNT];
    const char *nearest = NULL;

    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        names[i] = commands[i].name;
    }
    nearest = tamis_suggest(name, names, COMMAND_COUNT);
    (void)fprintf(stderr, "tamis: no command '%s'", name);
    if (nearest != NULL) {
        (void)fprintf(stderr, "; did you mean '%s'?", nearest);
    }
    (void)fputs("\nTry 'tamis --help'.\n", stderr);
    return TAMIS_EXIT_USAGE;
}

int main(int argument_count, char **arguments)
{
    if (tamis_failpoint_list(argument_count, arguments)) {
        return 0;
    }
    if (tamis_isolate_is_asked(argument_count, arguments)) {
        return tamis_isolate_main(tamis_worker_tasks());
    }
    tamis_json_memory_init();
    if (argument_count < 2) {
        print_help(stderr);
        return TAMIS_EXIT_USAGE;
    }
    if (strcmp(arguments[1], "--help") == 0 || strcmp(arguments[1], "-h") == 0 ||
        strcmp(arguments[1], "help") == 0) {
        print_help(stdout);
        return TAMIS_EXIT_DONE;
    }
    if (strcmp(arguments[1], "--version") == 0) {
        (void)printf("tamis %s\n", TAMIS_VERSION);
        return TAMIS_EXIT_DONE;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(arguments[1], commands[i].name) == 0) {
            return commands[i].run(argument_count - 2, arguments + 2);
        }
    }
    return unknown_command(arguments[1]);
}
