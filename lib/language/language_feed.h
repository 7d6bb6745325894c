/* SPDX-License-Identifier: Apache-2.0 */
/* language_feed.h - the form in which a text is handed to a detector.
 *
 * Pure.
 */
#ifndef TAMIS_LANGUAGE_FEED_H
#define TAMIS_LANGUAGE_FEED_H

#include "tamis/buf.h"
#include "tamis/language.h"

/* The head of a text: at most `bytes_max` bytes (0: all), without a cut character at its end. */
tamis_slice language_feed_head(tamis_slice text, uint64_t bytes_max);

/* Writes the text as the options say into `out`; `spare` is used between. *out_line is within one
 * of them. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status language_feed(const tamis_language_options *options, tamis_slice text, tamis_buf *out,
                           tamis_buf *spare, tamis_slice *out_line);

/* Puts spaces in the place of what CLD2 refuses: controls but tab, line feed and carriage return,
 * and code points that are no characters. */
void language_feed_clean(uint8_t *text, size_t size);

#endif
