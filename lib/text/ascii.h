/* SPDX-License-Identifier: Apache-2.0 */
/* ascii.h - the vector paths for runs of ASCII.
 *
 * Each function converts bytes from `in` until it meets a byte from 80 on, or `size` bytes are
 * done, and returns how many. Kernels load up to 64 bytes past the end and store up to 64 past what
 * they report.
 *
 * Pure. Threads: reentrant.
 */
#ifndef TAMIS_TEXT_ASCII_H
#define TAMIS_TEXT_ASCII_H

#include <stddef.h>
#include <stdint.h>

#include "tamis/cpu.h"

/* Profile text: letters in lower case, digits; all else becomes a space. One byte out for each in.
 */
typedef size_t tamis_ascii_text(const uint8_t *in, size_t size, uint8_t *out);
tamis_ascii_text *tamis_ascii_text_kernel(tamis_kernel kernel);

/* Profile code: letters, digits and '_' as they are, operators between spaces, all else a space. Up
 * to three bytes out for each in; *out_size says how many; an operator at the end is followed by
 * its space. low: what each character writes, as in walk.h. */
typedef size_t tamis_ascii_code(const uint8_t *in, size_t size, const uint32_t *low, uint8_t *out,
                                size_t *out_size);
tamis_ascii_code *tamis_ascii_code_kernel(tamis_kernel kernel);

#endif
