/* SPDX-License-Identifier: Apache-2.0 */
/* log.h - one line an event.
 *
 *   2024-05-01T12:00:00.000Z info lease.expired worker=3 task=12 path="a b"
 *   {"ts":"2024-05-01T12:00:00.000Z","level":"info","event":"lease.expired","worker":3,...}
 *
 * Event names are stable ("lease.expired"). Never put document text into a field: ids, hashes,
 * offsets and lengths only. A line is written by one system call, so that processes that append to
 * one file do not mix theirs. A line that cannot be written is counted and dropped: logging never
 * stops the work.
 *
 * Threads: any number may write to one log (guarded by a mutex that is held for one write).
 */
#ifndef TAMIS_LOG_H
#define TAMIS_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tamis/status.h"

typedef enum tamis_log_level {
    TAMIS_LOG_ERROR, /* someone must act */
    TAMIS_LOG_WARN,  /* handled; the event says how */
    TAMIS_LOG_INFO,  /* life cycle */
    TAMIS_LOG_DEBUG, /* the rest */
    TAMIS_LOG_LEVEL_COUNT
} tamis_log_level;

typedef enum tamis_log_format { TAMIS_LOG_TEXT, TAMIS_LOG_JSON } tamis_log_format;

/* By value of the enum; NULL ends each list: what options take. */
extern const char *const tamis_log_level_names[];  /* "error", "warn", "info", "debug" */
extern const char *const tamis_log_format_names[]; /* "text", "json" */

typedef struct tamis_log_options {
    int file;              /* descriptor; borrowed */
    tamis_log_level level; /* the least urgent one that is written */
    tamis_log_format format;
    int64_t (*now_ms)(void); /* since 1970, for tests; NULL: the system's clock */
} tamis_log_options;

typedef struct tamis_log tamis_log;

/* One key=value. Keys are lower case ASCII with underscores. */
typedef enum tamis_log_kind {
    TAMIS_LOG_KIND_TEXT,
    TAMIS_LOG_KIND_UINT,
    TAMIS_LOG_KIND_INT,
    TAMIS_LOG_KIND_HEX
} tamis_log_kind;

typedef struct tamis_log_field {
    const char *key;
    tamis_log_kind kind;
    const char *text; /* any bytes; what is not UTF-8 becomes U+FFFD; NULL: the field is left out */
    uint64_t number;
} tamis_log_field;

static inline tamis_log_field tamis_log_text(const char *key, const char *text)
{
    return (tamis_log_field){.key = key, .kind = TAMIS_LOG_KIND_TEXT, .text = text};
}

static inline tamis_log_field tamis_log_uint(const char *key, uint64_t number)
{
    return (tamis_log_field){.key = key, .kind = TAMIS_LOG_KIND_UINT, .number = number};
}

static inline tamis_log_field tamis_log_int(const char *key, int64_t number)
{
    return (tamis_log_field){.key = key, .kind = TAMIS_LOG_KIND_INT, .number = (uint64_t)number};
}

/* 16 hex digits. */
static inline tamis_log_field tamis_log_hex(const char *key, uint64_t number)
{
    return (tamis_log_field){.key = key, .kind = TAMIS_LOG_KIND_HEX, .number = number};
}

/* Makes a log over an open descriptor. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_log_create(const tamis_log_options *options, tamis_log **out_log);
/* Opens (makes, appends to) a file of its own; options->file is not looked at. */
TAMIS_MUST_USE
tamis_status tamis_log_open(const tamis_log_options *options, const char *path, tamis_log **out_log,
                            tamis_err *err);
void tamis_log_destroy(tamis_log *log); /* closes a file that it opened; NULL is allowed */

/* Whether an event of that level would be written. NULL log: never. */
bool tamis_log_is_on(const tamis_log *log, tamis_log_level level);

/* Writes one event; a NULL log is silent. */
void tamis_log_write(tamis_log *log, tamis_log_level level, const char *event,
                     const tamis_log_field *fields, size_t field_count);

/* tamis_log_event(log, TAMIS_LOG_INFO, "lease.expired", tamis_log_uint("task", 12)); one field at
 * least. */
#define tamis_log_event(log, level, event, ...)                                                    \
    tamis_log_write((log), (level), (event), (const tamis_log_field[]){__VA_ARGS__},               \
                    sizeof((const tamis_log_field[]){__VA_ARGS__}) / sizeof(tamis_log_field))

/* Lines that could not be written. */
uint64_t tamis_log_dropped(tamis_log *log);

#endif
