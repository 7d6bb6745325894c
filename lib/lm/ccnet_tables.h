/* SPDX-License-Identifier: Apache-2.0 */
/* ccnet_tables.h - what each code point becomes in CCNet's normalizing (written at build time by
 * ccnet_tables_generate.c).
 *
 * place = ccnet_index[code point >> 6] * 64 + (code point & 63); ccnet_entries[place] is 0: the
 * code point stays and starts a run; else where its elements begin in ccnet_pool: their number,
 * then each element. Hangul syllables are not in the tables.
 */
#ifndef TAMIS_CCNET_TABLES_H
#define TAMIS_CCNET_TABLES_H

#include <stdint.h>

#define CCNET_BLOCK_BITS  6u
#define CCNET_POINT_MASK  0x1FFFFFu
#define CCNET_CLASS_SHIFT 21u        /* canonical combining class */
#define CCNET_DROPPED     (1u << 29) /* only its class counts */
#define CCNET_LIMIT       0x110000u

extern const uint16_t ccnet_index[CCNET_LIMIT >> CCNET_BLOCK_BITS];
extern const uint16_t ccnet_entries[];
extern const uint32_t ccnet_pool[];

#endif
