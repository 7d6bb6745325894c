/* SPDX-License-Identifier: Apache-2.0 */
/* nfd.h - canonical decomposition (Unicode Standard Annex 15).
 *
 * Pure. Threads: reentrant.
 */
#ifndef TAMIS_NFD_H
#define TAMIS_NFD_H

#include "tamis/buf.h"

/* Appends the NFD of well-formed UTF-8 to out; points is scratch whose content is lost. Linear
 * time. TAMIS_ELIMIT past out->max, TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_nfd(tamis_slice text, tamis_buf *points, tamis_buf *out);

#endif
