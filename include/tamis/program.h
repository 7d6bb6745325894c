/* SPDX-License-Identifier: Apache-2.0 */
/* program.h - what the programs of a cluster have in common: rows of their option tables, what they
 * open before they work, and their exit codes.
 *
 * Threads: one.
 */
#ifndef TAMIS_PROGRAM_H
#define TAMIS_PROGRAM_H

#include "tamis/keys.h"
#include "tamis/log.h"
#include "tamis/options.h"
#include "tamis/root.h"

enum {
    TAMIS_PROGRAM_DONE = 0,
    TAMIS_PROGRAM_FAILED = 1,
    TAMIS_PROGRAM_USAGE = 2,
    TAMIS_PROGRAM_PEER = 4,    /* the coordinator is out of reach */
    TAMIS_PROGRAM_SIGNAL = 128 /* + the signal's number */
};

/* By value of tamis_shuffle_mode. */
extern const char *const tamis_program_shuffle_names[];

/* ---- Rows; `phrase` is the help ---- */

#define TAMIS_PROGRAM_ROOT_OPTION(phrase)                                                          \
    {                                                                                              \
        .name = "root", .type = TAMIS_OPTION_TEXT, .traits = TAMIS_OPTION_LIST,                    \
        .value_name = "FOLDER", .group = "Places",                                                 \
        .default_shown = "anywhere; off loopback one is required", .help = (phrase)                \
    }

#define TAMIS_PROGRAM_DATA_LISTEN_OPTION(shown, phrase)                                            \
    {                                                                                              \
        .name = "data-listen", .type = TAMIS_OPTION_TEXT, .value_name = "URL",                     \
        .default_shown = (shown), .group = "Places",                                               \
        .help = phrase ": tcp://ADDRESS:PORT, PORT * for any"                                      \
    }

#define TAMIS_PROGRAM_SHUFFLE_OPTION(whose)                                                        \
    {                                                                                              \
        .name = "shuffle", .type = TAMIS_OPTION_CHOICE, .default_text = "auto",                    \
        .choices = tamis_program_shuffle_names, .group = "Places",                                 \
        .help = "how results of " whose " are read: auto takes their path where it is shared, "    \
                "else the network; network never looks at paths"                                   \
    }

#define TAMIS_PROGRAM_LOG_OPTIONS                                                                  \
    {.name = "log-level",                                                                          \
     .type = TAMIS_OPTION_CHOICE,                                                                  \
     .default_text = "info",                                                                       \
     .choices = tamis_log_level_names,                                                             \
     .group = "Log",                                                                               \
     .help = "least urgent events that are written to stderr"},                                    \
    {                                                                                              \
        .name = "log-format", .type = TAMIS_OPTION_CHOICE, .default_text = "text",                 \
        .choices = tamis_log_format_names, .group = "Log", .help = "how a line looks"              \
    }

/* ---- What is open while a program works ---- */

typedef struct tamis_program {
    tamis_net *net;
    tamis_log *log;
    tamis_roots *roots;
    tamis_net_security security;
    char allowed_path[TAMIS_PATH_MAX]; /* of a coordinator with keys, else "" */
} tamis_program;

/* Reads the keys of that role, checks with the address in the option `url_option` whether the
 * program may go without keys or roots, opens log, roots and net, and raises the limit of open
 * files to what the system allows: connections and served files need many. The caller calls _close
 * in every case. TAMIS_EARG, TAMIS_EDENIED and others with a text that names the remedy. */
TAMIS_MUST_USE
tamis_status tamis_program_open(const tamis_options *options, const char *url_option, uint32_t role,
                                tamis_program *out_program, tamis_err *err);
/* All that uses the net must have ended. Forgets the secrets. */
void tamis_program_close(tamis_program *program);

/* Prints the failure, if it is one, as "NAME: text", and returns the exit code. */
int tamis_program_exit_code(const char *name, tamis_status status, int signal_number,
                            const tamis_err *err);

#endif
