/* SPDX-License-Identifier: Apache-2.0 */
/* options_example.h - a table with a row of every type and trait, for tests and fuzzing. */
#ifndef OPTIONS_EXAMPLE_H
#define OPTIONS_EXAMPLE_H

#include "tamis/options.h"

extern const tamis_option_table options_example;

#endif
