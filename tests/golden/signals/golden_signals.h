/* SPDX-License-Identifier: Apache-2.0 */
/* golden_signals.h - compares signals with a table of reference values (bench/golden_signals.py).
 */
#ifndef TAMIS_GOLDEN_SIGNALS_H
#define TAMIS_GOLDEN_SIGNALS_H

#include "tamis/signals.h"

typedef struct tamis_agreement {
    size_t compared;
    size_t equal;
    char first_text[256]; /* id of the first text that differs */
    char wanted[64];
    char got[64];
} tamis_agreement;

/* Computes all signals of all texts of a table (plain or zstd) and compares each cell. Agreements
 * are by index of the signal; *out_texts is how many texts there were. */
TAMIS_MUST_USE
tamis_status tamis_golden_compare(const char *path, tamis_agreement agreements[TAMIS_SIGNALS_MAX],
                                  size_t *out_texts, tamis_err *err);

#endif
