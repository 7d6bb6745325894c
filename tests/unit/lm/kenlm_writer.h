/* SPDX-License-Identifier: Apache-2.0 */
/* kenlm_writer.h - builds KenLM probing binaries from ARPA text, by the layout that
 * lib/lm/lm_kenlm.c states and with code of its own, so that the reader has something to read.
 * Small and trusting: the text must be sound and closed, with tabs and single spaces.
 */
#ifndef TAMIS_TEST_KENLM_WRITER_H
#define TAMIS_TEST_KENLM_WRITER_H

#include "tamis/buf.h"

/* Appends the binary; ends the process when the text is not what it takes. */
void kenlm_write(const char *arpa, float multiplier, tamis_buf *out);

#endif
