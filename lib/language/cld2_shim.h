/* SPDX-License-Identifier: Apache-2.0 */
/* cld2_shim.h - CLD2, which is C++, for C.
 *
 * Threads: any.
 */
#ifndef TAMIS_CLD2_SHIM_H
#define TAMIS_CLD2_SHIM_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CLD2_GUESSES    3
#define CLD2_SIZE_MAX   0x7fffffff
#define CLD2_NO_MEMORY  (-1)
#define CLD2_NOT_USABLE (-2)

typedef struct cld2_guess {
    const char *code; /* CLD2's own: "iw", "zh-Hant"; never freed */
    int percent;      /* of the text */
} cld2_guess;

/* Looks at plain text of at most CLD2_SIZE_MAX bytes, which must be "interchange valid": UTF-8
 * without controls (but tab, line feed, carriage return) and without non-characters; otherwise
 * CLD2_NOT_USABLE. Bytes behind the text must be readable (TAMIS_BUF_SLACK). Returns the number of
 * guesses, the summary first; 0: unknown. */
int cld2_detect(const char *text, size_t size, cld2_guess out_guesses[CLD2_GUESSES],
                bool *out_is_reliable);
/* Of code and data. */
const char *cld2_version(void);

#ifdef __cplusplus
}
#endif

#endif
