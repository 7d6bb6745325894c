/* SPDX-License-Identifier: Apache-2.0 */
/* commands.h - the commands of `tamis`: one file each, cli/cmd_<name>.c.
 *
 * A command is given the arguments behind its name and returns the exit code: 0 done, 1 failed, 2
 * usage, 3 done but some input set aside, 4 peer out of reach, 128 + n by signal n.
 */
#ifndef TAMIS_COMMANDS_H
#define TAMIS_COMMANDS_H

#include "tamis/options.h"

enum {
    TAMIS_EXIT_DONE = 0,
    TAMIS_EXIT_FAILED = 1,
    TAMIS_EXIT_USAGE = 2,
    TAMIS_EXIT_SET_ASIDE = 3,
    TAMIS_EXIT_PEER = 4
};

int tamis_cmd_run(int argument_count, char **arguments);
int tamis_cmd_verify(int argument_count, char **arguments);
int tamis_cmd_explain(int argument_count, char **arguments);
int tamis_cmd_sample(int argument_count, char **arguments);
int tamis_cmd_preview(int argument_count, char **arguments);
int tamis_cmd_refilter(int argument_count, char **arguments);
int tamis_cmd_plan(int argument_count, char **arguments);
int tamis_cmd_grade(int argument_count, char **arguments);
int tamis_cmd_train(int argument_count, char **arguments);
int tamis_cmd_keys(int argument_count, char **arguments);
int tamis_cmd_jobs(int argument_count, char **arguments);
int tamis_cmd_status(int argument_count, char **arguments);
int tamis_cmd_pause(int argument_count, char **arguments);
int tamis_cmd_resume(int argument_count, char **arguments);
int tamis_cmd_cancel(int argument_count, char **arguments);
int tamis_cmd_drain(int argument_count, char **arguments);
int tamis_cmd_submit(int argument_count, char **arguments);
int tamis_cmd_train_classifier(int argument_count, char **arguments);

/* The tables, for man pages and tests. */
extern const tamis_option_table tamis_run_table;
extern const tamis_option_table tamis_verify_table;
extern const tamis_option_table tamis_explain_table;
extern const tamis_option_table tamis_sample_table;
extern const tamis_option_table tamis_preview_table;
extern const tamis_option_table tamis_plan_table;
extern const tamis_option_table tamis_grade_table;
extern const tamis_option_table tamis_train_table;
extern const tamis_option_table tamis_keys_table;
extern const tamis_option_table tamis_refilter_table;
extern const tamis_option_table tamis_jobs_table;
extern const tamis_option_table tamis_status_table;
extern const tamis_option_table tamis_pause_table;
extern const tamis_option_table tamis_resume_table;
extern const tamis_option_table tamis_cancel_table;
extern const tamis_option_table tamis_drain_table;
extern const tamis_option_table tamis_submit_table;
extern const tamis_option_table tamis_train_classifier_table;

#endif
