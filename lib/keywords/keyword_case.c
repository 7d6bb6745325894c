/* SPDX-License-Identifier: Apache-2.0 */
#include "keyword_case.h"

#include <utf8proc.h>

#include "tamis/utf8.h"

#define SIGMA       0x3C3u
#define FINAL_SIGMA 0x3C2u

uint32_t keyword_lower(uint32_t code_point)
{
    if (code_point < 0x80) {
        return code_point >= 'A' && code_point <= 'Z' ? code_point + 0x20 : code_point;
    }
    if (code_point == KEYWORD_DOTTED_I) {
        return 'i';
    }
    code_point = (uint32_t)utf8proc_tolower((utf8proc_int32_t)code_point);
    return code_point == FINAL_SIGMA ? SIGMA : code_point;
}

bool keyword_is_word(uint32_t code_point)
{
    if (code_point < 0x80) {
        uint32_t lower = code_point | 0x20;

        return (lower >= 'a' && lower <= 'z') || (code_point >= '0' && code_point <= '9') ||
               code_point == '_';
    }
    switch ((int)utf8proc_category((utf8proc_int32_t)code_point)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
        return true;
    default:
        return false;
    }
}

bool keyword_is_space(uint32_t code_point)
{
    return code_point == ' ' || (code_point >= 0x09 && code_point <= 0x0D) ||
           (code_point >= 0x1C && code_point <= 0x1F) || code_point == 0x85 || code_point == 0xA0 ||
           code_point == 0x1680 || (code_point >= 0x2000 && code_point <= 0x200A) ||
           code_point == 0x2028 || code_point == 0x2029 || code_point == 0x202F ||
           code_point == 0x205F || code_point == 0x3000;
}

bool keyword_is_break(uint32_t code_point)
{
    return (code_point >= 0x0A && code_point <= 0x0D) ||
           (code_point >= 0x1C && code_point <= 0x1E) || code_point == 0x85 ||
           code_point == 0x2028 || code_point == 0x2029;
}

uint32_t keyword_before(const uint8_t *text, size_t at, size_t *out_begin)
{
    uint32_t code_point = 0;

    TAMIS_ASSERT(at > 0);

    at--;
    while (at > 0 && (text[at] & 0xC0) == 0x80) {
        at--;
    }
    *out_begin = at;
    (void)tamis_utf8_decode(text + at, &code_point);
    return code_point;
}
