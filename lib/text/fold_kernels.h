/* SPDX-License-Identifier: Apache-2.0 */
/* fold_kernels.h - folding of text in which only white space changes.
 *
 * Pure. Threads: reentrant.
 */
#ifndef TAMIS_TEXT_FOLD_KERNELS_H
#define TAMIS_TEXT_FOLD_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tamis/cpu.h"

/* Converts bytes from `in` until it meets a code point that NFC may change, or white space that is
 * not ASCII, or a code point above U+FFFF, or `size` bytes are done; returns how many (whole code
 * points, but for one that `size` cuts). Each run of white space becomes one space; none is written
 * while *in_space (white space or the start of the text came before), which is kept up to date.
 * *out_size bytes are written. Loads up to 64 bytes past the end, stores up to 64 past what is
 * reported. */
typedef size_t tamis_fold_plain(const uint8_t *in, size_t size, uint8_t *out, size_t *out_size,
                                bool *in_space);
tamis_fold_plain *tamis_fold_plain_kernel(tamis_kernel kernel);

#endif
