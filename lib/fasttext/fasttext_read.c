/* SPDX-License-Identifier: Apache-2.0 */
#include "fasttext_model.h"

#include <inttypes.h>

#include "tamis/bytes.h"

tamis_status ft_fail(const ft_cursor *cursor, uint64_t offset, tamis_err *err, const char *text)
{
    return tamis_err_set(err, TAMIS_EFORMAT,
                         "%s: offset %" PRIu64 ": %s; fetch or train the model again", cursor->name,
                         offset, text);
}

tamis_status ft_take(ft_cursor *cursor, uint64_t size, const char *what, const uint8_t **out_bytes,
                     tamis_err *err)
{
    if (size > cursor->size - cursor->at) {
        return tamis_err_set(err, TAMIS_EFORMAT,
                             "%s: offset %" PRIu64 ": the file ends within the %s, which takes "
                             "%" PRIu64 " bytes; fetch or train the model again",
                             cursor->name, cursor->at, what, size);
    }
    *out_bytes = cursor->data + cursor->at;
    cursor->at += size;
    return TAMIS_OK;
}

tamis_status ft_take_i32(ft_cursor *cursor, const char *what, int32_t *out_value, tamis_err *err)
{
    const uint8_t *bytes = NULL;
    tamis_status status = ft_take(cursor, 4, what, &bytes, err);

    if (status == TAMIS_OK) {
        *out_value = (int32_t)tamis_get32le(bytes);
    }
    return status;
}

tamis_status ft_take_i64(ft_cursor *cursor, const char *what, int64_t *out_value, tamis_err *err)
{
    const uint8_t *bytes = NULL;
    tamis_status status = ft_take(cursor, 8, what, &bytes, err);

    if (status == TAMIS_OK) {
        *out_value = (int64_t)tamis_get64le(bytes);
    }
    return status;
}

tamis_status ft_take_bool(ft_cursor *cursor, const char *what, bool *out_value, tamis_err *err)
{
    const uint8_t *bytes = NULL;
    tamis_status status = ft_take(cursor, 1, what, &bytes, err);

    if (status == TAMIS_OK && *bytes > 1) {
        return tamis_err_set(err, TAMIS_EFORMAT,
                             "%s: offset %" PRIu64 ": the %s is %u instead of 0 or 1; fetch or "
                             "train the model again",
                             cursor->name, cursor->at - 1, what, (unsigned)*bytes);
    }
    if (status == TAMIS_OK) {
        *out_value = *bytes == 1;
    }
    return status;
}

/* Infinities and NaN have all bits of the exponent set. */
static bool is_finite_bits(uint32_t bits)
{
    return (bits & 0x7f800000u) != 0x7f800000u;
}

tamis_status ft_take_floats(ft_cursor *cursor, uint64_t count, const char *what,
                            const uint8_t **out_bytes, tamis_err *err)
{
    const uint8_t *bytes = NULL;
    tamis_status status = TAMIS_OK;
    uint64_t i = 0;

    if (count > UINT64_MAX / 4) {
        return ft_fail(cursor, cursor->at, err, "a matrix is larger than any file");
    }
    status = ft_take(cursor, 4 * count, what, &bytes, err);
    if (status != TAMIS_OK) {
        return status;
    }
    while (i < count) {
        uint64_t end = count - i < 4096 ? count : i + 4096;
        uint32_t bad = 0;

        for (uint64_t j = i; j < end; j++) {
            bad |= is_finite_bits(tamis_get32le(bytes + 4 * j)) ? 0 : 1;
        }
        while (bad != 0 && is_finite_bits(tamis_get32le(bytes + 4 * i))) {
            i++;
        }
        if (bad != 0) {
            return ft_fail(cursor, (uint64_t)(bytes - cursor->data) + 4 * i, err,
                           "a weight is no finite number");
        }
        i = end;
    }
    *out_bytes = bytes;
    return TAMIS_OK;
}
