/* SPDX-License-Identifier: Apache-2.0 */
/* reference_words.h - lib/words once more, one character at a time and with nothing shared.
 */
#ifndef TAMIS_TEST_REFERENCE_WORDS_H
#define TAMIS_TEST_REFERENCE_WORDS_H

#include "tamis/words.h"

/* Asserts that words, lines and counts of the view's text are those that a plain reading gives. */
void reference_check(tamis_text_view *view);

#endif
