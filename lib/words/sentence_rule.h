/* SPDX-License-Identifier: Apache-2.0 */
/* sentence_rule.h - ends of sentences: UAX #29, rules SB1 to SB998, for English, without breaks
 * behind the abbreviations of CLDR's list "standard": those of ICU's "en@ss=standard".
 *
 * CR and LF are spaces here: in UAX #29 each ends a sentence, in Punkt, which these sentences stand
 * for, none does.
 *
 * Pure. Memory: `ends` grows by 4 bytes a sentence.
 */
#ifndef TAMIS_WORDS_SENTENCE_RULE_H
#define TAMIS_WORDS_SENTENCE_RULE_H

#include "tamis/buf.h"
#include "tamis/slice.h"

/* Appends the end of each sentence (uint32_t, bytes from the begin of the text; the last is its
 * size) of valid UTF-8 below 4 GiB; TAMIS_BUF_SLACK readable bytes must follow it. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_sentence_ends(tamis_slice text, tamis_buf *ends);

#endif
