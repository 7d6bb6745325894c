/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/words.h"

#include "char_tables.h"
#include "tamis/utf8.h"

#define DOTTED_I      0x130u
#define DOT_ABOVE     0x307u
#define CAPITAL_SIGMA 0x3A3u
#define SMALL_SIGMA   0x3C3u
#define FINAL_SIGMA   0x3C2u

uint32_t tamis_char_lower(uint32_t code_point)
{
    uint32_t place = (uint32_t)tamis_lower_index[code_point >> TAMIS_CHAR_BLOCK_BITS]
                         << TAMIS_CHAR_BLOCK_BITS |
                     (code_point & ((1u << TAMIS_CHAR_BLOCK_BITS) - 1));

    return code_point + (uint32_t)tamis_lower_entries[place];
}

bool tamis_char_is_category(uint32_t code_point, const char *category)
{
    const char *name =
        &TAMIS_CATEGORY_NAMES[tamis_char_class(code_point) >> TAMIS_CHAR_CATEGORY_SHIFT << 1];

    return name[0] == category[0] && name[1] == category[1];
}

/* Decodes the code point that ends before `at`; returns its length. */
static size_t decode_back(const uint8_t *at, uint32_t *out_code_point)
{
    size_t length = 1;

    while ((*(at - length) & 0xC0) == 0x80) {
        length++;
    }
    (void)tamis_utf8_decode(at - length, out_code_point);
    return length;
}

/* Whether the capital sigma at `at` ends a word: cased before it, not cased behind it, and what is
 * Case_Ignorable between does not count. A sigma is not ignorable: all looks together are linear.
 */
static bool is_final_sigma(tamis_slice text, size_t at)
{
    uint32_t class = 0;
    uint32_t c = 0;
    size_t i = at;

    while (i > 0 && (class & TAMIS_CHAR_CASED) == 0) {
        i -= decode_back(text.data + i, &c);
        class = tamis_char_class(c);
        if ((class & TAMIS_CHAR_CASELESS) == 0) {
            break;
        }
        class = 0;
    }
    if ((class & TAMIS_CHAR_CASED) == 0) {
        return false;
    }
    for (i = at + 2; i < text.size;) {
        i += tamis_utf8_decode(text.data + i, &c);
        class = tamis_char_class(c);
        if ((class & TAMIS_CHAR_CASELESS) == 0) {
            return (class & TAMIS_CHAR_CASED) == 0;
        }
    }
    return true;
}

/* Appends the lower case of the code point at `at`; there is room. */
static size_t write_lower(tamis_slice text, size_t at, uint8_t *out, size_t *out_size)
{
    uint32_t c = 0;
    size_t length = tamis_utf8_decode(text.data + at, &c);

    if (c == DOTTED_I) {
        out[0] = 'i';
        *out_size = 1 + tamis_utf8_encode(DOT_ABOVE, out + 1);
    } else if (c == CAPITAL_SIGMA) {
        *out_size = tamis_utf8_encode(is_final_sigma(text, at) ? FINAL_SIGMA : SMALL_SIGMA, out);
    } else {
        *out_size = tamis_utf8_encode(tamis_char_lower(c), out);
    }
    return length;
}

/* Writes the lower case of eight bytes if all are ASCII. */
static inline bool write_lower_ascii(const uint8_t *in, uint8_t *out)
{
    const uint64_t ones = 0x0101010101010101u;
    uint64_t bytes = 0;
    uint64_t capitals = 0;

    memcpy(&bytes, in, sizeof(bytes));
    if ((bytes & ones << 7) != 0) {
        return false;
    }
    capitals = (bytes + ones * (0x80 - 'A')) & ~(bytes + ones * (0x7F - 'Z')) & ones << 7;
    bytes |= capitals >> 2;
    memcpy(out, &bytes, sizeof(bytes));
    return true;
}

tamis_status tamis_text_lower(tamis_slice text, tamis_buf *out)
{
    /* Two bytes may become three (U+0130, U+023A, U+023E), none grows by more. */
    const size_t part_max = 4096;

    for (size_t i = 0; i < text.size;) {
        size_t part = text.size - i < part_max ? text.size - i : part_max;
        size_t stop = i + part;
        tamis_status status = tamis_buf_reserve(out, part * 3 / 2 + 8);
        uint8_t *at = NULL;

        if (status != TAMIS_OK) {
            return status;
        }
        at = out->data + out->size;
        while (i < stop) {
            uint8_t byte = text.data[i];
            size_t size = 1;

            if (byte < 0x80 && stop - i >= 8 && write_lower_ascii(text.data + i, at)) {
                size = 8;
                i += 8;
            } else if (byte < 0x80) {
                *at = (uint8_t)(byte + (byte >= 'A' && byte <= 'Z' ? 32 : 0));
                i++;
            } else {
                i += write_lower(text, i, at, &size);
            }
            at += size;
        }
        out->size = (size_t)(at - out->data);
    }
    return TAMIS_OK;
}

tamis_slice tamis_text_strip_left(tamis_slice text)
{
    size_t i = 0;

    while (i < text.size) {
        uint32_t c = 0;
        size_t length = tamis_utf8_decode(text.data + i, &c);

        if ((tamis_char_class(c) & TAMIS_CHAR_SPACE) == 0) {
            break;
        }
        i += length;
    }
    return tamis_slice_of(text.data + i, text.size - i);
}

tamis_slice tamis_text_strip_right(tamis_slice text)
{
    size_t size = text.size;

    while (size > 0) {
        uint32_t c = 0;
        size_t length = decode_back(text.data + size, &c);

        if ((tamis_char_class(c) & TAMIS_CHAR_SPACE) == 0) {
            break;
        }
        size -= length;
    }
    return tamis_slice_of(text.data, size);
}

tamis_slice tamis_text_strip(tamis_slice text)
{
    return tamis_text_strip_left(tamis_text_strip_right(text));
}

size_t tamis_text_chars(tamis_slice text)
{
    const uint64_t ones = 0x0101010101010101u;
    size_t count = text.size;
    size_t i = 0;

    /* Bytes that continue a character are 10xxxxxx. */
    for (; i + 8 <= text.size; i += 8) {
        uint64_t word = 0;

        memcpy(&word, text.data + i, sizeof(word));
        count -= (word >> 7 & ~(word >> 6) & ones) * ones >> 56;
    }
    for (; i < text.size; i++) {
        count -= (text.data[i] & 0xC0) == 0x80 ? 1 : 0;
    }
    return count;
}
