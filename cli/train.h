/* SPDX-License-Identifier: Apache-2.0 */
/* train.h - the kinds of `tamis train`: one file each, cli/cmd_train_<kind>.c. They are given the
 * arguments behind the kind's name and return the exit code. */
#ifndef TAMIS_TRAIN_H
#define TAMIS_TRAIN_H

#include "tamis/options.h"

int tamis_cmd_train_lm(int argument_count, char **arguments);

/* The tables, for man pages and tests. */
extern const tamis_option_table tamis_train_lm_table;

#endif
