/* SPDX-License-Identifier: Apache-2.0 */
/* keyword_case.h - lower case and word characters as Python has them.
 *
 * Final sigma is not told from sigma: both sides of a comparison have the latter.
 *
 * Pure. Threads: any.
 */
#ifndef TAMIS_KEYWORD_CASE_H
#define TAMIS_KEYWORD_CASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEYWORD_DOTTED_I 0x130u /* the one character whose lower case is two: i and KEYWORD_DOT */
#define KEYWORD_DOT      0x307u
#define KEYWORD_KELVIN   0x212Au /* with the dotted I, the one whose lower case is ASCII */

/* Lower case of one character; of KEYWORD_DOTTED_I, its first. */
uint32_t keyword_lower(uint32_t code_point);
/* A letter (L*), a number (N*) or '_'. */
bool keyword_is_word(uint32_t code_point);
/* str.isspace(). */
bool keyword_is_space(uint32_t code_point);
/* Ends a line for str.splitlines(). */
bool keyword_is_break(uint32_t code_point);
/* The character that ends before byte `at` (> 0) of well-formed UTF-8, and where it begins. */
uint32_t keyword_before(const uint8_t *text, size_t at, size_t *out_begin);

#endif
