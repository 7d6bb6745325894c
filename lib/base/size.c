/* SPDX-License-Identifier: Apache-2.0 */
/* Design note: a decimal is kept as digits and a count of those behind the point, so that 0.8 is 8
 * and 1. Scaling by a unit is exact in 128 bits or an error. */
#include "tamis/size.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "tamis/hash.h"

#define DECIMALS_MAX 9

typedef struct decimal {
    uint64_t digits;
    unsigned decimals;
} decimal;

typedef struct unit {
    const char *name;
    uint64_t factor;
} unit;

#define KIB UINT64_C(1024)
#define KB  UINT64_C(1000)

/* The first name of a factor is the one that is printed. */
static const unit byte_units[] = {
    {"B", 1},
    {"KiB", KIB},
    {"kB", KB},
    {"MiB", KIB *KIB},
    {"MB", KB *KB},
    {"GiB", KIB *KIB *KIB},
    {"GB", KB *KB *KB},
    {"TiB", KIB *KIB *KIB *KIB},
    {"TB", KB *KB *KB *KB},
    {"PiB", KIB *KIB *KIB *KIB *KIB},
    {"PB", KB *KB *KB *KB *KB},
};

static const unit time_units[] = {
    {"ms", 1},
    {"s", 1000},
    {"min", UINT64_C(60) * 1000},
    {"m", UINT64_C(60) * 1000},
    {"h", UINT64_C(3600) * 1000},
    {"d", UINT64_C(86400) * 1000},
};

static const unit ratio_units[] = {
    {"", 1000000},
    {"%", 10000},
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Digits, and behind a point more of them; *text moves behind. False: none, or too many. */
static bool read_decimal(const char **text, decimal *out)
{
    const char *p = *text;
    bool has_point = false;
    decimal value = {0};

    if (!is_digit(*p)) {
        return false;
    }
    for (; is_digit(*p) || (*p == '.' && !has_point && is_digit(p[1])); p++) {
        uint64_t digit = 0;

        if (*p == '.') {
            has_point = true;
            continue;
        }
        digit = (uint64_t)(*p - '0');
        if (value.digits > (UINT64_MAX - digit) / 10 || value.decimals == DECIMALS_MAX) {
            return false;
        }
        value.digits = value.digits * 10 + digit;
        value.decimals += has_point ? 1 : 0;
    }
    *text = p;
    *out = value;
    return true;
}

/* value * factor, when that is a whole number below 2^64. */
static bool scale(decimal value, uint64_t factor, uint64_t *out_number)
{
    tamis_uint128 product = (tamis_uint128)value.digits * factor;

    for (unsigned i = 0; i < value.decimals; i++) {
        if (product % 10 != 0) {
            return false;
        }
        product /= 10;
    }
    if (product > UINT64_MAX) {
        return false;
    }
    *out_number = (uint64_t)product;
    return true;
}

static const unit *unit_find(const unit *units, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(units[i].name, name) == 0) {
            return &units[i];
        }
    }
    return NULL;
}

tamis_status tamis_uint_parse(const char *text, uint64_t *out_value, tamis_err *err)
{
    const char *p = text;
    decimal value = {0};

    if (!is_digit(*p)) {
        return tamis_err_set(err, TAMIS_EARG, "'%s' is no whole number", text);
    }
    if (!read_decimal(&p, &value) && strspn(text, "0123456789") == strlen(text)) {
        return tamis_err_set(err, TAMIS_EARG, "'%s' is too large", text);
    }
    if (*p != '\0' || p == text || value.decimals != 0) {
        return tamis_err_set(err, TAMIS_EARG, "'%s' is no whole number", text);
    }
    *out_value = value.digits;
    return TAMIS_OK;
}

tamis_status tamis_int_parse(const char *text, int64_t *out_value, tamis_err *err)
{
    bool is_negative = *text == '-';
    uint64_t magnitude = 0;
    tamis_err reason;

    if (tamis_uint_parse(text + (is_negative ? 1 : 0), &magnitude, &reason) != TAMIS_OK) {
        return tamis_err_set(err, TAMIS_EARG, "'%s' is no whole number or too large", text);
    }
    if (magnitude > INT64_MAX) { /* leaves out INT64_MIN, which no setting needs */
        return tamis_err_set(err, TAMIS_EARG, "'%s' is too large", text);
    }
    *out_value = is_negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return TAMIS_OK;
}

/* What the three quantities have in common. `what` names the quantity, `example` shows how to write
 * it, `whole` what it has to be a whole number of. */
static tamis_status quantity_parse(const char *text, const unit *units, size_t unit_count,
                                   const char *what, const char *example, const char *whole,
                                   uint64_t *out_number, tamis_err *err)
{
    const char *p = text;
    decimal value = {0};
    const unit *found = NULL;

    if (!read_decimal(&p, &value)) {
        return tamis_err_set(err, TAMIS_EARG, "'%s' is no %s: write it like %s", text, what,
                             example);
    }
    if (*p == '\0' && value.digits == 0) {
        *out_number = 0;
        return TAMIS_OK;
    }
    if (*p == ' ') {
        p++;
    }
    found = unit_find(units, unit_count, p);
    if (found == NULL) {
        return *p == '\0' ? tamis_err_set(err, TAMIS_EARG, "'%s' has no unit: write it like %s",
                                          text, example)
                          : tamis_err_set(err, TAMIS_EARG,
                                          "'%s' has the unknown unit '%s': write it like %s", text,
                                          p, example);
    }
    if (!scale(value, found->factor, out_number)) {
        return tamis_err_set(err, TAMIS_EARG, "'%s' is too large or no whole number of %s", text,
                             whole);
    }
    return TAMIS_OK;
}

tamis_status tamis_bytes_parse(const char *text, uint64_t *out_bytes, tamis_err *err)
{
    return quantity_parse(text, byte_units, COUNT_OF(byte_units), "size", "64MiB or 500MB", "bytes",
                          out_bytes, err);
}

tamis_status tamis_duration_parse(const char *text, uint64_t *out_ms, tamis_err *err)
{
    return quantity_parse(text, time_units, COUNT_OF(time_units), "duration", "30s or 500ms",
                          "milliseconds", out_ms, err);
}

tamis_status tamis_ppm_parse(const char *text, uint64_t *out_ppm, tamis_err *err)
{
    return quantity_parse(text, ratio_units, COUNT_OF(ratio_units), "ratio", "0.8 or 80%",
                          "millionths", out_ppm, err);
}

/* The largest unit that divides the number; among equal factors the first. */
static void quantity_print(uint64_t number, const unit *units, size_t count,
                           char out_text[TAMIS_SIZE_TEXT_SIZE])
{
    const unit *best = &units[0];

    for (size_t i = 1; i < count; i++) {
        if (number != 0 && number % units[i].factor == 0 && units[i].factor > best->factor) {
            best = &units[i];
        }
    }
    (void)snprintf(out_text, TAMIS_SIZE_TEXT_SIZE, "%" PRIu64 "%s", number / best->factor,
                   best->name);
}

void tamis_bytes_print(uint64_t bytes, char out_text[TAMIS_SIZE_TEXT_SIZE])
{
    quantity_print(bytes, byte_units, COUNT_OF(byte_units), out_text);
}

void tamis_duration_print(uint64_t ms, char out_text[TAMIS_SIZE_TEXT_SIZE])
{
    quantity_print(ms, time_units, COUNT_OF(time_units), out_text);
}

/* bytes * scale / 2^shift, rounded half up once. */
static uint64_t scaled_round(uint64_t bytes, unsigned scale, unsigned shift)
{
    tamis_uint128 half = ((tamis_uint128)1 << shift) / 2;

    return (uint64_t)(((tamis_uint128)bytes * scale + half) >> shift);
}

void tamis_bytes_print_short(uint64_t bytes, char out_text[TAMIS_SIZE_TEXT_SIZE])
{
    static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    unsigned shift = 0;

    if (bytes < 1000) {
        (void)snprintf(out_text, TAMIS_SIZE_TEXT_SIZE, "%" PRIu64 " B", bytes);
        return;
    }
    do {
        shift += 10;
    } while (scaled_round(bytes, 1, shift) >= 1000);
    if (scaled_round(bytes, 100, shift) < 1000) {
        uint64_t hundredths = scaled_round(bytes, 100, shift);

        (void)snprintf(out_text, TAMIS_SIZE_TEXT_SIZE, "%" PRIu64 ".%02" PRIu64 " %s",
                       hundredths / 100, hundredths % 100, names[shift / 10]);
    } else if (scaled_round(bytes, 10, shift) < 1000) {
        uint64_t tenths = scaled_round(bytes, 10, shift);

        (void)snprintf(out_text, TAMIS_SIZE_TEXT_SIZE, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10,
                       tenths % 10, names[shift / 10]);
    } else {
        (void)snprintf(out_text, TAMIS_SIZE_TEXT_SIZE, "%" PRIu64 " %s",
                       scaled_round(bytes, 1, shift), names[shift / 10]);
    }
}

/* number / 10^decimals without zeros at the end. */
static void decimal_print(uint64_t number, unsigned decimals, const char *suffix,
                          char out_text[TAMIS_SIZE_TEXT_SIZE])
{
    uint64_t divisor = 1;

    while (decimals > 0 && number % 10 == 0) {
        number /= 10;
        decimals--;
    }
    for (unsigned i = 0; i < decimals; i++) {
        divisor *= 10;
    }
    if (decimals == 0) {
        (void)snprintf(out_text, TAMIS_SIZE_TEXT_SIZE, "%" PRIu64 "%s", number, suffix);
    } else {
        (void)snprintf(out_text, TAMIS_SIZE_TEXT_SIZE, "%" PRIu64 ".%0*" PRIu64 "%s",
                       number / divisor, (int)decimals, number % divisor, suffix);
    }
}

void tamis_ppm_print(uint64_t ppm, char out_text[TAMIS_SIZE_TEXT_SIZE])
{
    decimal_print(ppm, 6, "", out_text);
}

void tamis_ppm_print_percent(uint64_t ppm, char out_text[TAMIS_SIZE_TEXT_SIZE])
{
    decimal_print(ppm, 4, "%", out_text);
}
