/* SPDX-License-Identifier: Apache-2.0 */
/* status.h - the one table of outcomes, and the text that goes with a failure.
 *
 * A function that can fail returns tamis_status and describes the failure in the caller's
 * tamis_err (which may be NULL). The module that knows the fault sets the text; callers add
 * context in front of it and never replace it. Numbers go over the wire: never reuse one.
 *
 * Pure:    no I/O, no allocation.
 * Threads: a tamis_err belongs to one thread at a time.
 */
#ifndef TAMIS_STATUS_H
#define TAMIS_STATUS_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define TAMIS_MUST_USE __attribute__((warn_unused_result))

/* X(name, number, text, retryable) */
#define TAMIS_STATUS_TABLE(X)                                                                      \
    X(OK, 0, "ok", false)                                                                          \
    X(END, 1, "end of data", false)                                                                \
    X(EARG, 2, "invalid argument", false)                                                          \
    X(ENOMEM, 3, "out of memory", true)                                                            \
    X(EIO, 4, "input/output error", true)                                                          \
    X(EFORMAT, 5, "malformed data", false)                                                         \
    X(ECORRUPT, 6, "checksum mismatch", false)                                                     \
    X(ELIMIT, 7, "limit exceeded", false)                                                          \
    X(ENOENT, 8, "not found", false)                                                               \
    X(EEXIST, 9, "already exists", false)                                                          \
    X(EHELD, 10, "held by another", true)                                                          \
    X(EFENCED, 11, "refused: a newer attempt holds the task", false)                               \
    X(EVERSION, 12, "version mismatch", false)                                                     \
    X(ETIMEOUT, 13, "timed out", true)                                                             \
    X(EAGAIN, 14, "try again", true)                                                               \
    X(ECANCELED, 15, "canceled", false)                                                            \
    X(ENOSPC, 16, "no space left on device", true)                                                 \
    X(ECHANGED, 17, "input or settings changed", false)                                            \
    X(EUNSUPPORTED, 18, "not supported", false)                                                    \
    X(EPEER, 19, "peer out of reach", true)                                                        \
    X(EDENIED, 20, "permission denied", false)                                                     \
    X(ELOST, 21, "a result of an earlier stage is lost", true)                                     \
    X(EOUTSIDE, 22, "outside the folders that the process may use", false)

typedef enum tamis_status {
#define TAMIS_STATUS_ENUM(name, number, text, retryable) TAMIS_##name = (number),
    TAMIS_STATUS_TABLE(TAMIS_STATUS_ENUM)
#undef TAMIS_STATUS_ENUM
} tamis_status;

#define TAMIS_ERR_TEXT_MAX 1024

/* What went wrong, for a person: names the file, the offset and the remedy; never document text. */
typedef struct tamis_err {
    tamis_status status;
    char text[TAMIS_ERR_TEXT_MAX];
} tamis_err;

/* Name without prefix ("EFORMAT") and one-line meaning; "unknown" for numbers outside the table. */
const char *tamis_status_name(tamis_status status);
const char *tamis_status_text(tamis_status status);
bool tamis_status_is_retryable(tamis_status status);

/* Sets err (when not NULL) to status and the formatted text, and returns status, so that a failing
 * branch reads: status = tamis_err_set(err, TAMIS_EFORMAT, "%s: ...", path). */
tamis_status tamis_err_set(tamis_err *err, tamis_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Like tamis_err_set for a failed system call: maps errno (ENOENT, ENOSPC, ENOMEM, EACCES, ...) and
 * appends strerror. */
tamis_status tamis_err_errno(tamis_err *err, int errno_value, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "context: " in front of the text that is there. */
void tamis_err_context(tamis_err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* States an argument or an invariant of our own; stays on in release builds. Never for outside
 * data nor for the result of malloc. */
#define TAMIS_ASSERT(condition)                                                                    \
    do {                                                                                           \
        if (__builtin_expect(!(condition), 0)) {                                                   \
            tamis_assert_failed(#condition, __FILE__, __LINE__);                                   \
        }                                                                                          \
    } while (0)

_Noreturn void tamis_assert_failed(const char *condition, const char *file, int line);

#endif
