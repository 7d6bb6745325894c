/* SPDX-License-Identifier: Apache-2.0 */
/* number_text.h - doubles as the shortest text that reads back as the same double.
 *
 * Pure. The text is the same on every machine and needs no locale.
 */
#ifndef TAMIS_NUMBER_TEXT_H
#define TAMIS_NUMBER_TEXT_H

#include <stddef.h>

#define TAMIS_NUMBER_TEXT_SIZE 32 /* with the final zero */

/* Writes a finite value as a JSON number: whole ones below 2^53 as digits alone (minus zero as
 * "-0"), others in the fewest digits that read back as the value, with an exponent below 1e-4 and
 * from 2^53 on. NAN and infinities, which JSON has no numbers for, become "null". Returns the size
 * without the zero. */
size_t tamis_double_to_text(double value, char out_text[TAMIS_NUMBER_TEXT_SIZE]);

#endif
