/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/ccnet.h"

#include <stdlib.h>

#include "ccnet_tables.h"
#include "tamis/utf8.h"
#include "tamis/words.h"

#define HANGUL_FIRST   0xAC00u
#define HANGUL_LAST    0xD7A3u
#define LEAD_FIRST     0x1100u
#define VOWEL_FIRST    0x1161u
#define TRAIL_FIRST    0x11A7u
#define VOWEL_COUNT    21u
#define TRAIL_COUNT    28u
#define CLASSES        256u
#define ROOM           (1u << 12)
#define STEP_BYTES_MAX 96u /* that one code point can become: 18 elements of 4 bytes, and slack */

struct tamis_ccnet {
    tamis_buf lower;
    /* Marks that stay, with their classes, behind the last starter: they may have to be sorted. */
    uint32_t *marks;
    uint32_t *sorted;
    size_t mark_count;
    size_t mark_capacity;
};

tamis_status tamis_ccnet_create(tamis_ccnet **out_ccnet)
{
    tamis_ccnet *ccnet = calloc(1, sizeof(*ccnet));

    if (ccnet == NULL) {
        return TAMIS_ENOMEM;
    }
    tamis_buf_init(&ccnet->lower, 0);
    *out_ccnet = ccnet;
    return TAMIS_OK;
}

void tamis_ccnet_destroy(tamis_ccnet *ccnet)
{
    if (ccnet != NULL) {
        tamis_buf_fini(&ccnet->lower);
        free(ccnet->marks);
        free(ccnet->sorted);
        free(ccnet);
    }
}

/* Room for one code point's bytes is made by the caller. */
static void put_point(tamis_buf *out, uint32_t code_point)
{
    out->size += tamis_utf8_encode(code_point, out->data + out->size);
}

/* Writes the marks that wait, stably sorted by class. */
static tamis_status flush_marks(tamis_ccnet *ccnet, tamis_buf *out)
{
    size_t starts[CLASSES + 1] = {0};
    tamis_status status = tamis_buf_reserve(out, 4 * ccnet->mark_count);

    if (status != TAMIS_OK) {
        return status;
    }
    for (size_t i = 0; i < ccnet->mark_count; i++) {
        starts[(ccnet->marks[i] >> CCNET_CLASS_SHIFT) + 1]++;
    }
    for (size_t i = 1; i <= CLASSES; i++) {
        starts[i] += starts[i - 1];
    }
    for (size_t i = 0; i < ccnet->mark_count; i++) {
        ccnet->sorted[starts[ccnet->marks[i] >> CCNET_CLASS_SHIFT]++] = ccnet->marks[i];
    }
    for (size_t i = 0; i < ccnet->mark_count; i++) {
        put_point(out, ccnet->sorted[i] & CCNET_POINT_MASK);
    }
    ccnet->mark_count = 0;
    return TAMIS_OK;
}

static tamis_status keep_mark(tamis_ccnet *ccnet, uint32_t element)
{
    if (ccnet->mark_count == ccnet->mark_capacity) {
        size_t capacity = ccnet->mark_capacity == 0 ? 64 : ccnet->mark_capacity * 2;
        uint32_t *marks = realloc(ccnet->marks, capacity * sizeof(*marks));
        uint32_t *sorted = NULL;

        ccnet->marks = marks == NULL ? ccnet->marks : marks;
        sorted = realloc(ccnet->sorted, capacity * sizeof(*sorted));
        ccnet->sorted = sorted == NULL ? ccnet->sorted : sorted;
        if (marks == NULL || sorted == NULL) {
            return TAMIS_ENOMEM;
        }
        ccnet->mark_capacity = capacity;
    }
    ccnet->marks[ccnet->mark_count++] = element;
    return TAMIS_OK;
}

static tamis_status put_elements(tamis_ccnet *ccnet, const uint32_t *elements, tamis_buf *out)
{
    uint32_t count = elements[0];
    tamis_status status = TAMIS_OK;

    for (uint32_t i = 1; status == TAMIS_OK && i <= count; i++) {
        uint32_t element = elements[i];
        uint32_t class = element >> CCNET_CLASS_SHIFT & 0xFF;

        if (class != 0) {
            if ((element & CCNET_DROPPED) == 0) {
                status = keep_mark(ccnet, element);
            }
            continue;
        }
        if (ccnet->mark_count != 0) {
            status = flush_marks(ccnet, out);
        }
        if (status == TAMIS_OK && (element & CCNET_DROPPED) == 0) {
            status = tamis_buf_reserve(out, STEP_BYTES_MAX);
        }
        if (status == TAMIS_OK && (element & CCNET_DROPPED) == 0) {
            put_point(out, element & CCNET_POINT_MASK);
        }
    }
    return status;
}

static void put_hangul(tamis_buf *out, uint32_t code_point)
{
    uint32_t syllable = code_point - HANGUL_FIRST;
    uint32_t trail = syllable % TRAIL_COUNT;

    put_point(out, LEAD_FIRST + syllable / (VOWEL_COUNT * TRAIL_COUNT));
    put_point(out, VOWEL_FIRST + syllable % (VOWEL_COUNT * TRAIL_COUNT) / TRAIL_COUNT);
    if (trail != 0) {
        put_point(out, TRAIL_FIRST + trail);
    }
}

/* Everything behind lower-casing. */
static tamis_status map_text(tamis_ccnet *ccnet, tamis_slice text, tamis_buf *out)
{
    tamis_status status = TAMIS_OK;

    ccnet->mark_count = 0;
    for (size_t at = 0; at < text.size && status == TAMIS_OK;) {
        uint32_t c = 0;
        uint32_t entry = 0;

        if (out->capacity - out->size < STEP_BYTES_MAX || out->data == NULL) {
            status =
                tamis_buf_reserve(out, STEP_BYTES_MAX < text.size - at ? ROOM : STEP_BYTES_MAX);
            if (status == TAMIS_ELIMIT) {
                status = tamis_buf_reserve(out, STEP_BYTES_MAX);
            }
            if (status != TAMIS_OK) {
                break;
            }
        }
        at += tamis_utf8_decode(text.data + at, &c);
        entry = ccnet_entries[(uint32_t)ccnet_index[c >> CCNET_BLOCK_BITS] << CCNET_BLOCK_BITS |
                              (c & ((1u << CCNET_BLOCK_BITS) - 1))];
        if (entry != 0) {
            status = put_elements(ccnet, ccnet_pool + entry, out);
            continue;
        }
        if (ccnet->mark_count != 0) {
            status = flush_marks(ccnet, out);
            status = status == TAMIS_OK ? tamis_buf_reserve(out, STEP_BYTES_MAX) : status;
        }
        if (status == TAMIS_OK && c >= HANGUL_FIRST && c <= HANGUL_LAST) {
            put_hangul(out, c);
        } else if (status == TAMIS_OK) {
            put_point(out, c);
        }
    }
    return status == TAMIS_OK && ccnet->mark_count != 0 ? flush_marks(ccnet, out) : status;
}

tamis_status tamis_ccnet_normalize(tamis_ccnet *ccnet, tamis_slice text, tamis_buf *out)
{
    tamis_slice stripped = tamis_text_strip(text);
    tamis_status status = TAMIS_OK;

    if (stripped.size == 0) {
        return TAMIS_OK;
    }
    tamis_buf_reset(&ccnet->lower);
    status = tamis_text_lower(stripped, &ccnet->lower);
    return status == TAMIS_OK ? map_text(ccnet, tamis_buf_slice(&ccnet->lower), out) : status;
}
