/* SPDX-License-Identifier: Apache-2.0 */
/* cluster_options.h - what all commands share that talk to a coordinator: rows of the table, the
 * connection they make, the lists they ask for, and what they say when nobody answers.
 *
 * Threads: one.
 */
#ifndef TAMIS_CLUSTER_OPTIONS_H
#define TAMIS_CLUSTER_OPTIONS_H

#include "tamis/control.h"
#include "tamis/keys_options.h"
#include "tamis/options.h"

#define TAMIS_CLUSTER_OPTIONS                                                                      \
    {.name = "coordinator",                                                                        \
     .short_name = 'c',                                                                            \
     .type = TAMIS_OPTION_TEXT,                                                                    \
     .default_text = "tcp://127.0.0.1:7600",                                                       \
     .value_name = "URL",                                                                          \
     .group = "Cluster",                                                                           \
     .help = "where the coordinator listens"},                                                     \
        {.name = "give-up",                                                                        \
         .type = TAMIS_OPTION_DURATION,                                                            \
         .default_text = "10s",                                                                    \
         .min = 100,                                                                               \
         .max = INT64_MAX,                                                                         \
         .group = "Cluster",                                                                       \
         .help = "end with exit code 4 when the coordinator does not answer for so long"},         \
        TAMIS_KEYS_OPTIONS("client")

#define TAMIS_JSON_OPTION                                                                          \
    {                                                                                              \
        .name = "json", .type = TAMIS_OPTION_FLAG, .default_text = "false", .group = "Messages",   \
        .help = "print JSON"                                                                       \
    }

#define TAMIS_CLUSTER_EXIT_CODES                                                                   \
    "0  done\n"                                                                                    \
    "1  failed; the message says why\n"                                                            \
    "2  usage, or no such job or worker\n"                                                         \
    "4  the coordinator cannot be reached"

/* The key that the options name, fit for --coordinator. TAMIS_EARG, TAMIS_EDENIED, ...: see
 * keys_options.h. */
TAMIS_MUST_USE
tamis_status tamis_cluster_keys(const tamis_options *options, tamis_net_security *out_security,
                                tamis_err *err);

/* A connection as the options say; is_canceled may be NULL. */
TAMIS_MUST_USE
tamis_status tamis_cluster_connect(const tamis_options *options, const _Atomic bool *is_canceled,
                                   tamis_control **out_control, tamis_err *err);

/* Prints the error, as "PROGRAM: text", and returns the exit code that goes with it. */
int tamis_cluster_fail(const char *program, const tamis_err *err);

/* All jobs that the coordinator knows, in the order of submission; the strings borrow from the
 * messages, which _free lets go. */
typedef struct tamis_job_list {
    tamis_message **messages;
    size_t message_count;
    tamis_job_row *rows;
    size_t row_count;
} tamis_job_list;

TAMIS_MUST_USE
tamis_status tamis_job_list_get(tamis_control *control, tamis_job_list *out_list, tamis_err *err);
void tamis_job_list_free(tamis_job_list *list);

/* Likewise all workers, by name. */
typedef struct tamis_worker_list {
    tamis_message **messages;
    size_t message_count;
    tamis_worker_row *rows;
    size_t row_count;
} tamis_worker_list;

TAMIS_MUST_USE
tamis_status tamis_worker_list_get(tamis_control *control, tamis_worker_list *out_list,
                                   tamis_err *err);
void tamis_worker_list_free(tamis_worker_list *list);

/* The job that a person means: its id, the beginning of the id of one job only, "last" (submitted
 * last), or its OUT folder. TAMIS_ENOENT: none; TAMIS_EARG: several. */
TAMIS_MUST_USE
tamis_status tamis_job_list_find(const tamis_job_list *list, const char *name,
                                 const tamis_job_row **out_row, tamis_err *err);

#endif
