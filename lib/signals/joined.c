/* SPDX-License-Identifier: Apache-2.0 */
#include "joined.h"

#include <stdlib.h>
#include <string.h>

#include "word_hash.h"

#define PREFIX        12 /* bytes; 8 and 4 are loaded */
#define BITS_PER_WORD 16
#define STREAM_SLACK  64 /* zero bytes behind the words */

static tamis_status find_suspects(tamis_joined_space *space, size_t count, size_t *out_count,
                                  tamis_err *err);
static uint64_t count_order(tamis_joined_space *space, const uint32_t *chars, size_t count,
                            size_t suspect_count, size_t n);
static uint64_t prefix_of(const uint8_t *bytes);

void tamis_joined_space_fini(tamis_joined_space *space)
{
    tamis_numbers_fini(&space->numbers);
    free(space->stream.data);
    free(space->offsets.data);
    free(space->bits.data);
    free(space->bitmap.data);
    free(space->suspects.data);
    *space = (tamis_joined_space){0};
}

tamis_status tamis_joined_begin(tamis_joined_space *space, size_t count, size_t bytes,
                                tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    TAMIS_GROW(&space->stream, bytes + STREAM_SLACK, status, err);
    if (status == TAMIS_OK) {
        TAMIS_GROW(&space->offsets, count + 1, status, err);
    }
    if (status == TAMIS_OK) {
        TAMIS_GROW(&space->bits, count, status, err);
    }
    if (status == TAMIS_OK) {
        TAMIS_GROW(&space->suspects, count, status, err);
    }
    return status;
}

tamis_status tamis_joined_count(tamis_joined_space *space, const uint32_t *chars, size_t count,
                                uint64_t out_chars[TAMIS_JOINED_ORDER_MAX + 1], tamis_err *err)
{
    tamis_status status = TAMIS_OK;
    size_t suspect_count = 0;

    for (size_t n = 0; n <= TAMIS_JOINED_ORDER_MAX; n++) {
        out_chars[n] = 0;
    }
    if (count <= TAMIS_JOINED_ORDER_MIN) {
        return TAMIS_OK;
    }

    memset(space->stream.data + space->offsets.data[count], 0, STREAM_SLACK);
    status = find_suspects(space, count, &suspect_count, err);
    for (size_t n = TAMIS_JOINED_ORDER_MIN;
         status == TAMIS_OK && n <= TAMIS_JOINED_ORDER_MAX && suspect_count > 1; n++) {
        status = tamis_numbers_begin(&space->numbers, suspect_count, err);
        if (status == TAMIS_OK) {
            out_chars[n] = count_order(space, chars, count, suspect_count, n);
        }
    }
    return status;
}

/* A word is a suspect when the bit of its prefix was set before or is set again after it, or when
 * its shortest run ends within the prefix. */
static tamis_status find_suspects(tamis_joined_space *space, size_t count, size_t *out_count,
                                  tamis_err *err)
{
    tamis_status status = TAMIS_OK;
    const uint32_t *offsets = space->offsets.data;
    size_t words = 1;
    size_t found = 0;

    while (words * 64 < BITS_PER_WORD * count) {
        words *= 2;
    }
    TAMIS_GROW(&space->bitmap, 2 * words, status, err);
    if (status != TAMIS_OK) {
        return status;
    }

    uint64_t *once = space->bitmap.data;
    uint64_t *twice = once + words;
    uint32_t shift = 58 - (uint32_t)__builtin_ctzll(words); /* keeps log2(64 * words) bits */

    memset(once, 0, 2 * words * sizeof(once[0]));
    for (size_t i = 0; i < count; i++) {
        uint32_t bit = (uint32_t)(prefix_of(space->stream.data + offsets[i]) >> shift);
        uint64_t mask = 1ull << (bit % 64);

        space->bits.data[i] = bit;
        twice[bit / 64] |= once[bit / 64] & mask;
        once[bit / 64] |= mask;
    }
    for (size_t i = 0; i + TAMIS_JOINED_ORDER_MIN <= count; i++) {
        uint32_t bit = space->bits.data[i];
        bool is_short = offsets[i + TAMIS_JOINED_ORDER_MIN] - offsets[i] < PREFIX;

        space->suspects.data[found] = (uint32_t)i;
        found += (twice[bit / 64] >> (bit % 64) & 1) | is_short;
    }
    *out_count = found;
    return TAMIS_OK;
}

static uint64_t count_order(tamis_joined_space *space, const uint32_t *chars, size_t count,
                            size_t suspect_count, size_t n)
{
    const uint32_t *offsets = space->offsets.data;
    uint64_t duplicated = 0;
    size_t next = 0;

    for (size_t k = 0; k < suspect_count; k++) {
        size_t i = space->suspects.data[k];
        uint32_t known = space->numbers.count;

        if (i < next) {
            continue;
        }
        if (i + n > count) {
            break;
        }
        tamis_numbers_add(&space->numbers, tamis_word_hash(space->stream.data + offsets[i],
                                                           offsets[i + n] - offsets[i]));
        if (space->numbers.count != known) {
            continue;
        }
        for (size_t j = i; j < i + n; j++) {
            duplicated += chars[j];
        }
        next = i + n;
    }
    return duplicated;
}

static uint64_t prefix_of(const uint8_t *bytes)
{
    uint64_t low = tamis_load64(bytes);
    uint64_t high = tamis_load64(bytes + PREFIX - 8);

    return (low ^ tamis_rotl64(high, 29)) * TAMIS_HASH_K1;
}
