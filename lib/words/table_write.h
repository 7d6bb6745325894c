/* SPDX-License-Identifier: Apache-2.0 */
/* table_write.h - tables of all code points as C source, for programs that run at build time.
 *
 * Memory:  static; one call at a time.
 * Threads: not thread-safe.
 */
#ifndef TAMIS_WORDS_TABLE_WRITE_H
#define TAMIS_WORDS_TABLE_WRITE_H

#include <stdint.h>
#include <stdio.h>

#include "char_tables.h"

/* Writes `values` to `output` as a table of two levels: `uint16_t tamis_NAME_index[]` by block and
 * `TYPE tamis_NAME_entries[]`, in which equal blocks stand once. TYPE begins with "u" or is signed.
 */
void tamis_table_write(FILE *output, const uint32_t values[TAMIS_CHAR_LIMIT], const char *name,
                       const char *type);

#endif
