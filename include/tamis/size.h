/* SPDX-License-Identifier: Apache-2.0 */
/* size.h - quantities as people write them: 64MiB, 30s, 0.8, 10%.
 *
 * Everything is whole numbers inside: bytes, milliseconds, millionths. A text that does not come to
 * a whole number is refused, never rounded. What _print writes, _parse reads back to the same
 * number. Errors are TAMIS_EARG with a text that quotes the input and says what is allowed (without
 * the name of the option, which the caller puts in front).
 *
 * Pure. Threads: reentrant.
 */
#ifndef TAMIS_SIZE_H
#define TAMIS_SIZE_H

#include <stdint.h>

#include "tamis/status.h"

#define TAMIS_SIZE_TEXT_SIZE 32

/* Decimal digits alone, with a sign for int. */
TAMIS_MUST_USE
tamis_status tamis_uint_parse(const char *text, uint64_t *out_value, tamis_err *err);
TAMIS_MUST_USE
tamis_status tamis_int_parse(const char *text, int64_t *out_value, tamis_err *err);

/* A number, with decimals if need be, and a unit: B, kB, MB, GB, TB, PB (powers of 1000), KiB, MiB,
 * GiB, TiB, PiB (of 1024); 0 needs none. Letter case of the unit does not matter; a space may stand
 * before it. */
TAMIS_MUST_USE
tamis_status tamis_bytes_parse(const char *text, uint64_t *out_bytes, tamis_err *err);
/* The largest unit that leaves a whole number. */
void tamis_bytes_print(uint64_t bytes, char out_text[TAMIS_SIZE_TEXT_SIZE]);
/* For people: three digits and a binary unit, rounded ("1.46 GiB"); not to be read back. */
void tamis_bytes_print_short(uint64_t bytes, char out_text[TAMIS_SIZE_TEXT_SIZE]);

/* A number and a unit: ms, s, min (or m), h, d; 0 needs none. */
TAMIS_MUST_USE
tamis_status tamis_duration_parse(const char *text, uint64_t *out_ms, tamis_err *err);
void tamis_duration_print(uint64_t ms, char out_text[TAMIS_SIZE_TEXT_SIZE]);

/* A ratio with up to 6 decimals (0.8), or percent with up to 4 (80%), as millionths. */
TAMIS_MUST_USE
tamis_status tamis_ppm_parse(const char *text, uint64_t *out_ppm, tamis_err *err);
void tamis_ppm_print(uint64_t ppm, char out_text[TAMIS_SIZE_TEXT_SIZE]);
void tamis_ppm_print_percent(uint64_t ppm, char out_text[TAMIS_SIZE_TEXT_SIZE]);

#endif
