/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/status.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

const char *tamis_status_name(tamis_status status)
{
    switch (status) {
#define TAMIS_STATUS_CASE(name, number, text, retryable)                                           \
    case TAMIS_##name:                                                                             \
        return #name;
        TAMIS_STATUS_TABLE(TAMIS_STATUS_CASE)
#undef TAMIS_STATUS_CASE
    }
    return "unknown";
}

const char *tamis_status_text(tamis_status status)
{
    switch (status) {
#define TAMIS_STATUS_CASE(name, number, text, retryable)                                           \
    case TAMIS_##name:                                                                             \
        return text;
        TAMIS_STATUS_TABLE(TAMIS_STATUS_CASE)
#undef TAMIS_STATUS_CASE
    }
    return "unknown";
}

bool tamis_status_is_retryable(tamis_status status)
{
    switch (status) {
#define TAMIS_STATUS_CASE(name, number, text, retryable)                                           \
    case TAMIS_##name:                                                                             \
        return retryable;
        TAMIS_STATUS_TABLE(TAMIS_STATUS_CASE)
#undef TAMIS_STATUS_CASE
    }
    return false;
}

tamis_status tamis_err_set(tamis_err *err, tamis_status status, const char *format, ...)
{
    if (err != NULL) {
        va_list args;

        err->status = status;
        va_start(args, format);
        (void)vsnprintf(err->text, sizeof(err->text), format, args); /* cut text is still text */
        va_end(args);
    }
    return status;
}

static tamis_status status_of_errno(int errno_value)
{
    switch (errno_value) {
    case ENOENT:
    case ENOTDIR:
        return TAMIS_ENOENT;
    case EEXIST:
        return TAMIS_EEXIST;
    case ENOMEM:
        return TAMIS_ENOMEM;
    case ENOSPC:
    case EDQUOT:
        return TAMIS_ENOSPC;
    case EACCES:
    case EPERM:
    case EROFS:
        return TAMIS_EDENIED;
    case EINVAL:
        return TAMIS_EARG;
    case EAGAIN:
        return TAMIS_EAGAIN;
    case ETIMEDOUT:
        return TAMIS_ETIMEOUT;
    default:
        return TAMIS_EIO;
    }
}

tamis_status tamis_err_errno(tamis_err *err, int errno_value, const char *format, ...)
{
    tamis_status status = status_of_errno(errno_value);

    if (err != NULL) {
        char reason[128];
        va_list args;
        size_t used = 0;

        err->status = status;
        va_start(args, format);
        (void)vsnprintf(err->text, sizeof(err->text), format, args);
        va_end(args);
        used = strlen(err->text);
        (void)snprintf(err->text + used, sizeof(err->text) - used, ": %s",
                       strerror_r(errno_value, reason, sizeof(reason)));
    }
    return status;
}

void tamis_err_context(tamis_err *err, const char *format, ...)
{
    char text[TAMIS_ERR_TEXT_MAX];
    va_list args;
    size_t used = 0;
    size_t size = 0;

    if (err == NULL) {
        return;
    }
    memcpy(text, err->text, sizeof(text));
    va_start(args, format);
    (void)vsnprintf(err->text, sizeof(err->text) / 2, format, args);
    va_end(args);
    used = strlen(err->text);
    memcpy(err->text + used, ": ", 2);
    used += 2;
    size = strlen(text);
    if (size > sizeof(err->text) - used - 1) {
        size = sizeof(err->text) - used - 1;
    }
    memcpy(err->text + used, text, size);
    err->text[used + size] = '\0';
}

void tamis_assert_failed(const char *condition, const char *file, int line)
{
    (void)fprintf(stderr, "tamis: internal error: %s:%d: assertion failed: %s\n", file, line,
                  condition);
    abort();
}
