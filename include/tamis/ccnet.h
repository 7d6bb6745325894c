/* SPDX-License-Identifier: Apache-2.0 */
/* ccnet.h - text as CCNet's language models see it (Wenzek et al., LREC 2020).
 *
 * In this order: white space at both ends goes; lower case; canonical decomposition, of which marks
 * (Mn) are dropped; each decimal digit is 0; 34 characters of punctuation become ASCII; controls
 * (U+0000 to U+001F, U+007F to U+009F) are dropped. Line breaks are controls: the words at both
 * sides of one run together, as they do in CCNet.
 *
 * Pure.
 * Memory:  two buffers, kept; the longest run of combining marks.
 * Threads: one object a thread.
 */
#ifndef TAMIS_CCNET_H
#define TAMIS_CCNET_H

#include "tamis/buf.h"

typedef struct tamis_ccnet tamis_ccnet;

/* TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_ccnet_create(tamis_ccnet **out_ccnet);
void tamis_ccnet_destroy(tamis_ccnet *ccnet);

/* Appends the normalized text (well-formed UTF-8, as the text must be) to out. TAMIS_ELIMIT past
 * out->max, TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_ccnet_normalize(tamis_ccnet *ccnet, tamis_slice text, tamis_buf *out);

#endif
