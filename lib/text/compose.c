/* SPDX-License-Identifier: Apache-2.0 */
#include "compose.h"

#include "tables.h"

/* Hangul syllables are computed (Unicode Standard, section 3.12). */
#define HANGUL_FIRST       0xAC00u
#define HANGUL_LEADS       0x1100u
#define HANGUL_VOWELS      0x1161u
#define HANGUL_TRAILINGS   0x11A7u /* one before the first: "none" */
#define HANGUL_LEAD_COUNT  19u
#define HANGUL_VOWEL_COUNT 21u
#define HANGUL_FINAL_COUNT 28u /* with "none" */
#define HANGUL_BLOCK       (HANGUL_VOWEL_COUNT * HANGUL_FINAL_COUNT)
#define HANGUL_COUNT       (HANGUL_LEAD_COUNT * HANGUL_BLOCK)

#define SORT_FEW_MAX 16 /* marks in a row that insertion sorts; more are counted */

static tamis_status sort_marks(tamis_buf *points, size_t first, size_t count);
static uint32_t composite_of(uint32_t first, uint32_t second);

static uint32_t ccc_of(uint32_t code_point)
{
    return tamis_raw(code_point) >> TAMIS_RAW_CCC_SHIFT;
}

/* The buffer's memory comes from malloc: it suits any type. */
static uint32_t *points_of(const tamis_buf *points)
{
    return (uint32_t *)(void *)points->data;
}

tamis_status tamis_segment_split(tamis_buf *points, uint32_t code_point, bool is_text)
{
    uint32_t syllable = code_point - HANGUL_FIRST;
    uint32_t place = 0;

    if (syllable < HANGUL_COUNT) {
        uint32_t jamo[3] = {HANGUL_LEADS + syllable / HANGUL_BLOCK,
                            HANGUL_VOWELS + syllable % HANGUL_BLOCK / HANGUL_FINAL_COUNT,
                            HANGUL_TRAILINGS + syllable % HANGUL_FINAL_COUNT};

        return tamis_buf_append(points, jamo,
                                (jamo[2] == HANGUL_TRAILINGS ? 2 : 3) * sizeof(jamo[0]));
    }
    place = is_text
                ? tamis_short_entry(tamis_text_split_index, tamis_text_split_entries, code_point)
                : tamis_short_entry(tamis_canonical_split_index, tamis_canonical_split_entries,
                                    code_point);
    if (place == 0) {
        return tamis_buf_append(points, &code_point, sizeof(code_point));
    }
    return tamis_buf_append(points, &tamis_sequences[place + 1],
                            tamis_sequences[place] * sizeof(uint32_t));
}

tamis_status tamis_segment_order(tamis_buf *points)
{
    size_t count = points->size / sizeof(uint32_t);
    uint32_t *at = points_of(points);

    for (size_t i = 0; i < count;) {
        size_t end = i;

        while (end < count && ccc_of(at[end]) != 0) {
            end++;
        }
        if (end - i > 1) {
            tamis_status status = sort_marks(points, i, end - i);

            if (status != TAMIS_OK) {
                return status;
            }
            at = points_of(points);
        }
        i = end + 1;
    }
    return TAMIS_OK;
}

tamis_status tamis_segment_compose(tamis_buf *points)
{
    tamis_status status = tamis_segment_order(points);
    size_t count = points->size / sizeof(uint32_t);
    uint32_t *at = points_of(points);
    size_t kept = 0;
    size_t starter = SIZE_MAX; /* none yet */
    int last_ccc = -1;         /* of what stands between the starter and here; -1: nothing */

    if (status != TAMIS_OK) {
        return status;
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t point = at[i];
        int ccc = (int)ccc_of(point);

        if (starter != SIZE_MAX && last_ccc < ccc) {
            uint32_t composite = composite_of(at[starter], point);

            if (composite != 0) {
                at[starter] = composite;
                continue;
            }
        }
        if (ccc == 0) {
            starter = kept;
            last_ccc = -1;
        } else {
            last_ccc = ccc;
        }
        at[kept++] = point;
    }
    points->size = kept * sizeof(uint32_t);
    return TAMIS_OK;
}

/* Stable sort by combining class of `count` marks. */
static tamis_status sort_marks(tamis_buf *points, size_t first, size_t count)
{
    uint32_t *at = points_of(points) + first;
    size_t place[256] = {0};
    uint32_t *sorted = NULL;
    tamis_status status = TAMIS_OK;

    if (count <= SORT_FEW_MAX) {
        for (size_t i = 1; i < count; i++) {
            uint32_t point = at[i];
            size_t to = i;

            while (to > 0 && ccc_of(at[to - 1]) > ccc_of(point)) {
                at[to] = at[to - 1];
                to--;
            }
            at[to] = point;
        }
        return TAMIS_OK;
    }
    status = tamis_buf_reserve(points, count * sizeof(uint32_t)); /* room behind for the sorted */
    if (status != TAMIS_OK) {
        return status;
    }
    at = points_of(points) + first;
    sorted = (uint32_t *)(void *)(points->data + points->size);
    for (size_t i = 0; i < count; i++) {
        place[ccc_of(at[i])]++;
    }
    for (size_t ccc = 0, next = 0; ccc < 256; ccc++) {
        size_t of_class = place[ccc];

        place[ccc] = next;
        next += of_class;
    }
    for (size_t i = 0; i < count; i++) {
        sorted[place[ccc_of(at[i])]++] = at[i];
    }
    memcpy(at, sorted, count * sizeof(uint32_t));
    return TAMIS_OK;
}

/* 0: they do not compose. */
static uint32_t composite_of(uint32_t first, uint32_t second)
{
    uint64_t parts = (uint64_t)first << 32 | second;
    size_t low = 0;
    size_t high = tamis_pair_count;

    if ((tamis_raw(second) & TAMIS_RAW_COMBINES) == 0) {
        return 0;
    }
    if (first - HANGUL_LEADS < HANGUL_LEAD_COUNT && second - HANGUL_VOWELS < HANGUL_VOWEL_COUNT) {
        return HANGUL_FIRST + (first - HANGUL_LEADS) * HANGUL_BLOCK +
               (second - HANGUL_VOWELS) * HANGUL_FINAL_COUNT;
    }
    if (first - HANGUL_FIRST < HANGUL_COUNT && (first - HANGUL_FIRST) % HANGUL_FINAL_COUNT == 0 &&
        second > HANGUL_TRAILINGS && second - HANGUL_TRAILINGS < HANGUL_FINAL_COUNT) {
        return first + (second - HANGUL_TRAILINGS);
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (tamis_pairs[middle].parts < parts) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < tamis_pair_count && tamis_pairs[low].parts == parts ? tamis_pairs[low].composite
                                                                     : 0;
}
