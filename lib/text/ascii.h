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
 * to three bytes out for each in; *out_size says how many. */
size_t tamis_ascii_code(const uint8_t *in, size_t size, uint8_t *out, size_t *out_size);

/* Folding: each run of white space becomes one space; none is written while *in_space (white space
 * or the start of the text came before), which is kept up to date. *out_size bytes are written. */
typedef size_t tamis_ascii_fold(const uint8_t *in, size_t size, uint8_t *out, size_t *out_size,
                                bool *in_space);
tamis_ascii_fold *tamis_ascii_fold_kernel(tamis_kernel kernel);

#endif
