/* SPDX-License-Identifier: Apache-2.0 */
/* cli_support.h - small finished runs for the tests of commands that look at one.
 *
 * A case owns a temporary folder with inputs and any number of results; runs go through the stages
 * on the calling thread and keep their work, as `tamis run --keep-work` does.
 */
#ifndef TAMIS_TESTS_CLI_SUPPORT_H
#define TAMIS_TESTS_CLI_SUPPORT_H

/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tamis/buf.h"
#include "tamis/job.h"
#include "tamis/rng.h"

#define CLI_PATH_SIZE 512

typedef struct cli_case {
    char folder[CLI_PATH_SIZE];
    const char *inputs[16]; /* paths; owned */
    size_t input_count;
    const char *against[4]; /* owned */
    size_t against_count;
    char *quality;   /* specification; borrowed; NULL: none */
    char *scan_from; /* of the job; borrowed; NULL: none */
    char *scan_quality;
} cli_case;

void cli_case_make(cli_case *c);
/* Removes the folder and all in it. */
void cli_case_remove(cli_case *c);
/* folder/name. */
void cli_path(const cli_case *c, const char *name, char out_path[CLI_PATH_SIZE]);
/* Writes a JSONL file and makes it an input (or one of --against). */
void cli_input(cli_case *c, const char *name, const tamis_buf *lines);
void cli_input_text(cli_case *c, const char *name, const char *lines);
void cli_against_text(cli_case *c, const char *name, const char *lines);
/* Appends a line with id and text; id NULL: none. */
void cli_line(tamis_buf *lines, const char *id, const char *text);
/* Runs the inputs into folder/out_name. */
void cli_run(const cli_case *c, const tamis_settings *settings, const char *out_name);
tamis_settings cli_settings(void);

/* A corpus with texts of all degrees of similarity: families of documents that descend from one
 * another by small changes. */
void cli_corpus(tamis_buf *lines, tamis_rng *rng, size_t count);

/* What a command printed; zero-terminated, freed by the caller. */
typedef struct cli_output {
    FILE *file;
    char *text;
    size_t size;
} cli_output;
void cli_output_open(cli_output *output);
/* Ends writing; text is complete. */
void cli_output_close(cli_output *output);

#define assert_contains(text, part)                                                                \
    do {                                                                                           \
        if (strstr((text), (part)) == NULL) {                                                      \
            print_error("no '%s' in:\n%s\n", (part), (text));                                      \
            fail();                                                                                \
        }                                                                                          \
    } while (0)
#define assert_lacks(text, part) assert_null(strstr((text), (part)))

#endif
