/* SPDX-License-Identifier: Apache-2.0 */
/* word_list.h - lists of words for signals: one a line, '#' begins a comment line. Pure. */
#ifndef TAMIS_WORD_LIST_H
#define TAMIS_WORD_LIST_H

#include "tamis/signals.h"

/* `name` stands in errors. TAMIS_EFORMAT: a line that is not UTF-8 (named); TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_word_list_parse(tamis_slice bytes, const char *name, tamis_word_set **out_words,
                                   tamis_err *err);

#endif
