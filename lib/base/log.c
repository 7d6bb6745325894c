/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tamis/buf.h"

#define LOG_FILE_MODE  0666
#define LINE_BYTES_MAX 8192 /* longer lines lose their last fields */
#define TIME_TEXT_SIZE 32

struct tamis_log {
    tamis_log_options options;
    bool owns_file;
    pthread_mutex_t mutex;
    tamis_buf line;   /* guarded by: mutex */
    uint64_t dropped; /* guarded by: mutex */
};

const char *const tamis_log_level_names[] = {"error", "warn", "info", "debug", NULL};
const char *const tamis_log_format_names[] = {"text", "json", NULL};

static int64_t system_now_ms(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_REALTIME, &now); /* fails for unknown clocks only */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* 2024-05-01T12:00:00.000Z */
static void time_print(int64_t now_ms, char out_text[TIME_TEXT_SIZE])
{
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm parts = {0};
    char day[TIME_TEXT_SIZE - 8];

    (void)gmtime_r(&seconds, &parts); /* fails for years that do not fit an int only */
    (void)strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &parts);
    (void)snprintf(out_text, TIME_TEXT_SIZE, "%s.%03dZ", day, (int)(now_ms % 1000));
}

/* Bytes of the well-formed UTF-8 sequence at text, or 0. The final zero ends every sequence. */
static size_t utf8_step(const uint8_t *text)
{
    uint8_t lead = text[0];
    size_t size = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

    if (lead > 0xf4) {
        return 0;
    }
    for (size_t i = 1; i < size; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    if ((lead == 0xe0 && text[1] < 0xa0) || (lead == 0xed && text[1] > 0x9f) ||
        (lead == 0xf0 && text[1] < 0x90) || (lead == 0xf4 && text[1] > 0x8f)) {
        return 0;
    }
    return size;
}

/* Text in quotes, escaped as in JSON. */
static tamis_status quoted_append(tamis_buf *line, const char *text)
{
    const uint8_t *p = (const uint8_t *)text;
    tamis_status status = tamis_buf_append_byte(line, '"');

    while (status == TAMIS_OK && *p != '\0') {
        size_t size = utf8_step(p);

        if (size == 0) {
            status = tamis_buf_append_string(line, "\xef\xbf\xbd");
            size = 1;
        } else {
            status = tamis_buf_append_json(line, tamis_slice_of(p, size));
        }
        p += size;
    }
    return status == TAMIS_OK ? tamis_buf_append_byte(line, '"') : status;
}

/* Whether the text can stand in a line of text without quotes. */
static bool is_bare(const char *text)
{
    if (*text == '\0') {
        return false;
    }
    for (const char *p = text; *p != '\0'; p++) {
        if (*p <= ' ' || *p > '~' || *p == '"' || *p == '\\' || *p == '=') {
            return false;
        }
    }
    return true;
}

static tamis_status value_append(tamis_buf *line, const tamis_log_field *field, bool is_json)
{
    switch (field->kind) {
    case TAMIS_LOG_KIND_UINT:
        return tamis_buf_append_format(line, "%" PRIu64, field->number);
    case TAMIS_LOG_KIND_INT:
        return tamis_buf_append_format(line, "%" PRId64, (int64_t)field->number);
    case TAMIS_LOG_KIND_HEX:
        return tamis_buf_append_format(line, is_json ? "\"%016" PRIx64 "\"" : "%016" PRIx64,
                                       field->number);
    case TAMIS_LOG_KIND_TEXT:
        break;
    }
    return is_json || !is_bare(field->text) ? quoted_append(line, field->text)
                                            : tamis_buf_append_string(line, field->text);
}

static tamis_status field_append(tamis_buf *line, const tamis_log_field *field, bool is_json)
{
    tamis_status status = tamis_buf_append_format(line, is_json ? ",\"%s\":" : " %s=", field->key);

    return status == TAMIS_OK ? value_append(line, field, is_json) : status;
}

/* Builds the line without its end; a field that does not fit is left out whole. */
static tamis_status line_build(tamis_log *log, tamis_log_level level, const char *event,
                               const tamis_log_field *fields, size_t field_count)
{
    bool is_json = log->options.format == TAMIS_LOG_JSON;
    char time_text[TIME_TEXT_SIZE];
    tamis_status status = TAMIS_OK;

    time_print(log->options.now_ms(), time_text);
    tamis_buf_reset(&log->line);
    status = tamis_buf_append_format(
        &log->line, is_json ? "{\"ts\":\"%s\",\"level\":\"%s\",\"event\":\"%s\"" : "%s %s %s",
        time_text, tamis_log_level_names[level], event);
    for (size_t i = 0; i < field_count && status == TAMIS_OK; i++) {
        size_t size = log->line.size;
        bool is_left_out = fields[i].kind == TAMIS_LOG_KIND_TEXT && fields[i].text == NULL;

        if (!is_left_out && field_append(&log->line, &fields[i], is_json) != TAMIS_OK) {
            log->line.size = size;
        }
    }
    return status;
}

tamis_status tamis_log_create(const tamis_log_options *options, tamis_log **out_log)
{
    tamis_log *log = calloc(1, sizeof(*log));

    if (log == NULL) {
        return TAMIS_ENOMEM;
    }
    log->options = *options;
    if (log->options.now_ms == NULL) {
        log->options.now_ms = system_now_ms;
    }
    tamis_buf_init(&log->line, LINE_BYTES_MAX);
    /* The room for a whole line is taken now: an event must not fail for lack of memory. Two bytes
     * are kept back for the end of the line. */
    if (tamis_buf_reserve(&log->line, LINE_BYTES_MAX) != TAMIS_OK ||
        pthread_mutex_init(&log->mutex, NULL) != 0) {
        tamis_buf_fini(&log->line);
        free(log);
        return TAMIS_ENOMEM;
    }
    log->line.max = LINE_BYTES_MAX - 2;
    log->line.capacity = LINE_BYTES_MAX - 2;
    *out_log = log;
    return TAMIS_OK;
}

tamis_status tamis_log_open(const tamis_log_options *options, const char *path, tamis_log **out_log,
                            tamis_err *err)
{
    tamis_log_options with_file = *options;
    tamis_status status = TAMIS_OK;

    with_file.file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, LOG_FILE_MODE);
    if (with_file.file < 0) {
        return tamis_err_errno(err, errno, "%s: cannot open the log", path);
    }
    status = tamis_log_create(&with_file, out_log);
    if (status != TAMIS_OK) {
        (void)close(with_file.file); /* nothing was written */
        return tamis_err_set(err, status, "%s: out of memory", path);
    }
    (*out_log)->owns_file = true;
    return TAMIS_OK;
}

void tamis_log_destroy(tamis_log *log)
{
    if (log == NULL) {
        return;
    }
    if (log->owns_file) {
        (void)close(log->options.file); /* lines that were lost were counted */
    }
    (void)pthread_mutex_destroy(&log->mutex); /* not held by anyone */
    tamis_buf_fini(&log->line);
    free(log);
}

bool tamis_log_is_on(const tamis_log *log, tamis_log_level level)
{
    return log != NULL && level <= log->options.level;
}

static bool write_line(int file, const uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t written = write(file, data, size);

        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return false;
        }
        data += written;
        size -= (size_t)written;
    }
    return true;
}

void tamis_log_write(tamis_log *log, tamis_log_level level, const char *event,
                     const tamis_log_field *fields, size_t field_count)
{
    if (!tamis_log_is_on(log, level)) {
        return;
    }
    (void)pthread_mutex_lock(&log->mutex); /* fails for a broken mutex only */
    if (line_build(log, level, event, fields, field_count) == TAMIS_OK) {
        if (log->options.format == TAMIS_LOG_JSON) {
            log->line.data[log->line.size++] = '}';
        }
        log->line.data[log->line.size++] = '\n';
        if (!write_line(log->options.file, log->line.data, log->line.size)) {
            log->dropped++;
        }
    } else {
        log->dropped++;
    }
    (void)pthread_mutex_unlock(&log->mutex); /* held by this thread */
}

uint64_t tamis_log_dropped(tamis_log *log)
{
    uint64_t dropped = 0;

    (void)pthread_mutex_lock(&log->mutex); /* fails for a broken mutex only */
    dropped = log->dropped;
    (void)pthread_mutex_unlock(&log->mutex); /* held by this thread */
    return dropped;
}
