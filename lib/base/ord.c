/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/ord.h"

#include <inttypes.h>
#include <stdio.h>

void tamis_ord_to_text(tamis_ord ord, char out_text[TAMIS_ORD_TEXT_SIZE])
{
    (void)snprintf(out_text, TAMIS_ORD_TEXT_SIZE, "%" PRIu32 ".%" PRIu32 ".%" PRIu32,
                   tamis_ord_dump(ord), tamis_ord_split(ord), tamis_ord_row(ord));
}

/* One decimal number below max, without leading zeros; moves *text behind it. */
static tamis_status parse_part(const char **text, uint64_t max, uint32_t *out_part)
{
    const char *p = *text;
    uint64_t value = 0;

    if (*p < '0' || *p > '9' || (*p == '0' && p[1] >= '0' && p[1] <= '9')) {
        return TAMIS_EFORMAT;
    }
    while (*p >= '0' && *p <= '9') {
        value = value * 10 + (uint64_t)(*p - '0');
        if (value >= max) {
            return TAMIS_EFORMAT;
        }
        p++;
    }
    *text = p;
    *out_part = (uint32_t)value;
    return TAMIS_OK;
}

tamis_status tamis_ord_from_text(const char *text, tamis_ord *out_ord)
{
    uint32_t dump = 0;
    uint32_t split = 0;
    uint32_t row = 0;

    if (parse_part(&text, TAMIS_DUMPS_MAX, &dump) != TAMIS_OK || *text++ != '.' ||
        parse_part(&text, TAMIS_SPLITS_MAX, &split) != TAMIS_OK || *text++ != '.' ||
        parse_part(&text, TAMIS_SPLIT_ROWS_MAX, &row) != TAMIS_OK || *text != '\0') {
        return TAMIS_EFORMAT;
    }
    *out_ord = tamis_ord_make(dump, split, row);
    return TAMIS_OK;
}
