/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/normalizer.h"

#include "compose.h"
#include "walk.h"

#define BLOCK_BYTES  4096 /* input between two looks at the room that is left */
#define POINT_BYTES  6    /* what one code point of a segment writes at most, with its spaces */
#define ORDER_BROKEN 0x100u

static tamis_status walk_segment(tamis_normalizer *normalizer, tamis_walk *at, tamis_buf *out);

const char *tamis_normalizer_unicode_version(void)
{
    return tamis_unicode_version;
}

tamis_status tamis_normalizer_create(tamis_profile profile, tamis_normalizer **out_normalizer)
{
    bool is_text = profile == TAMIS_PROFILE_TEXT;
    tamis_normalizer *normalizer = malloc(sizeof(*normalizer));

    if (normalizer == NULL) {
        return TAMIS_ENOMEM;
    }
    *normalizer = (tamis_normalizer){
        .profile = profile,
        .index = is_text ? tamis_text_index : tamis_code_index,
        .entries = is_text ? tamis_text_entries : tamis_code_entries,
        .raw_shift = is_text ? 0 : TAMIS_RAW_CODE_SHIFT,
        .ascii_text = tamis_ascii_text_kernel(tamis_kernel_best()),
        .ascii_code = tamis_ascii_code_kernel(tamis_kernel_best()),
        .window = tamis_walk_window_kernel(tamis_kernel_best()),
    };
    tamis_buf_init(&normalizer->segment, 0);
    tamis_walk_low_fill(normalizer);
#if TAMIS_HAVE_X86
    if (is_text && tamis_kernel_best() == TAMIS_KERNEL_AVX512 && tamis_walk_avx512_is_available()) {
        normalizer->window = tamis_walk_window_avx512_text;
        normalizer->blocks = tamis_blocks_create(normalizer);
        if (normalizer->blocks == NULL) {
            tamis_normalizer_destroy(normalizer);
            return TAMIS_ENOMEM;
        }
    }
#endif
    *out_normalizer = normalizer;
    return TAMIS_OK;
}

void tamis_normalizer_destroy(tamis_normalizer *normalizer)
{
    if (normalizer != NULL) {
        tamis_buf_fini(&normalizer->segment);
        free(normalizer->blocks);
        free(normalizer);
    }
}

tamis_status tamis_normalizer_run(tamis_normalizer *normalizer, tamis_slice text, tamis_buf *out)
{
    tamis_walk at = {.in = text.data, .end = text.data + text.size, .anchor_in = text.data};
    size_t anchor_offset = out->size;
    tamis_status status = TAMIS_OK;

    while (status == TAMIS_OK && at.in < at.end) {
        size_t left = (size_t)(at.end - at.in);
        size_t block = left < BLOCK_BYTES ? left : BLOCK_BYTES;
        const uint8_t *block_end = NULL;

        /* 16: the last code point of a block may reach into the next. */
        status = tamis_buf_reserve(out, (block + 16) * tamis_expansion_max);
        if (status != TAMIS_OK) {
            break;
        }
        at.out = out->data + out->size;
        at.anchor_out = out->data + anchor_offset;
        block_end = at.in + block;
        while (status == TAMIS_OK && at.in < block_end) {
            status = normalizer->window(normalizer, &at, block_end, out);
        }
        out->size = (size_t)(at.out - out->data);
        anchor_offset = (size_t)(at.anchor_out - out->data);
    }
    return status;
}

size_t tamis_normalizer_cut(const tamis_normalizer *normalizer, tamis_slice text,
                            size_t wanted_bytes)
{
    size_t cut = wanted_bytes;

    TAMIS_ASSERT(wanted_bytes > 0);
    if (text.size <= wanted_bytes) {
        return text.size;
    }
    for (int direction = -1; direction <= 1; direction += 2) {
        for (cut = wanted_bytes; cut > 0 && cut < text.size; cut += (size_t)direction) {
            uint32_t code_point = 0;

            if ((text.data[cut] & 0xC0) == 0x80) {
                continue;
            }
            (void)tamis_utf8_decode(text.data + cut, &code_point);
            if ((tamis_entry(normalizer->index, normalizer->entries, code_point) &
                 TAMIS_ENTRY_CUT) != 0) {
                return cut;
            }
        }
    }
    return text.size;
}

void tamis_walk_ascii(const tamis_normalizer *normalizer, tamis_walk *at, const uint8_t *stop)
{
    size_t size = (size_t)(stop - at->in);
    size_t written = 0;
    size_t done = 0;

    if (at->is_solo_open) {
        *at->out++ = ' ';
        at->is_solo_open = false;
    }
    if (normalizer->profile == TAMIS_PROFILE_TEXT) {
        done = normalizer->ascii_text(at->in, size, at->out);
        written = done;
    } else {
        done = normalizer->ascii_code(at->in, size, normalizer->low, at->out, &written);
    }
    at->in += done;
    at->out += written;
    /* Every ASCII character is an anchor. The last one wrote one byte, or three when it is an
     * operator of profile code. */
    at->anchor_in = at->in - 1;
    at->anchor_is_solo_open = false;
    at->anchor_out = at->out - 1;
    if ((tamis_entry(normalizer->index, normalizer->entries, *at->anchor_in) & TAMIS_ENTRY_CLASS) ==
        TAMIS_CLASS_OWN) {
        at->anchor_out = at->out - 3;
    }
}

tamis_status tamis_walk_point(tamis_normalizer *normalizer, tamis_walk *at, uint32_t entry,
                              size_t length, tamis_buf *out)
{
    uint32_t place = entry >> TAMIS_ENTRY_SHIFT;
    uint32_t code_point = 0;

    if ((entry & TAMIS_ENTRY_CLASS) == TAMIS_CLASS_IGNORABLE) {
        if (at->mark_end == at->in) {
            at->mark_end += length; /* a mark behind it still follows the mark before it */
        }
        at->in += length;
        return TAMIS_OK;
    }
    if ((entry & TAMIS_ENTRY_JOINS) == 0) {
        at->anchor_in = at->in;
        at->anchor_out = at->out;
        at->anchor_is_solo_open = at->is_solo_open;
    }
    if ((entry & TAMIS_ENTRY_SLOW) != 0) {
        return walk_segment(normalizer, at, out);
    }
    if ((entry & TAMIS_ENTRY_MANY) != 0) {
        const uint32_t *points = &tamis_sequences[place + 1];

        for (uint32_t i = 0; i < tamis_sequences[place]; i++) {
            tamis_walk_write(at, points[i],
                             tamis_raw(points[i]) >> normalizer->raw_shift & TAMIS_ENTRY_CLASS);
        }
        at->in += length;
        at->mark_end = at->in; /* what the last one was is not looked up: a mark makes a segment */
        at->mark_ccc = ORDER_BROKEN;
        return TAMIS_OK;
    }
    if ((entry & TAMIS_ENTRY_JOINS) != 0) {
        /* A mark that composes with nothing: in order, it stays where it is. */
        if (at->mark_end == at->in && at->mark_ccc > place) {
            return walk_segment(normalizer, at, out);
        }
        at->mark_end = at->in + length;
        at->mark_ccc = place;
    }
    if ((entry & TAMIS_ENTRY_CHANGED) != 0) {
        code_point = place;
    } else {
        (void)tamis_utf8_decode(at->in, &code_point);
    }
    at->in += length;
    tamis_walk_write(at, code_point, entry & TAMIS_ENTRY_CLASS);
    return TAMIS_OK;
}

/* Takes apart everything from the anchor to the next code point that nothing before it can change,
 * and writes it composed. */
static tamis_status walk_segment(tamis_normalizer *normalizer, tamis_walk *at, tamis_buf *out)
{
    const uint8_t *from = at->anchor_in;
    const uint8_t *here = at->in;
    tamis_buf *segment = &normalizer->segment;
    tamis_status status = TAMIS_OK;
    size_t count = 0;

    at->is_solo_open = at->anchor_is_solo_open;
    out->size = (size_t)(at->anchor_out - out->data);
    tamis_buf_reset(segment);
    while (status == TAMIS_OK && from < at->end) {
        uint32_t code_point = 0;
        size_t length = tamis_utf8_decode(from, &code_point);
        uint32_t entry = tamis_entry(normalizer->index, normalizer->entries, code_point);
        bool is_ignorable = (entry & TAMIS_ENTRY_CLASS) == TAMIS_CLASS_IGNORABLE;

        if (from > here && (entry & TAMIS_ENTRY_JOINS) == 0 && !is_ignorable) {
            break;
        }
        if (!is_ignorable) {
            status =
                tamis_segment_split(segment, code_point, normalizer->profile == TAMIS_PROFILE_TEXT);
        }
        from += length;
    }
    if (status == TAMIS_OK) {
        status = tamis_segment_compose(segment);
    }
    count = segment->size / sizeof(uint32_t);
    if (status == TAMIS_OK) {
        /* The rest of the block keeps its room. */
        status =
            tamis_buf_reserve(out, count * POINT_BYTES + (BLOCK_BYTES + 16) * tamis_expansion_max);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    at->out = out->data + out->size;
    for (size_t i = 0; i < count; i++) {
        uint32_t point = 0;

        memcpy(&point, segment->data + i * sizeof(point), sizeof(point));
        tamis_walk_write(at, point, tamis_raw(point) >> normalizer->raw_shift & TAMIS_ENTRY_CLASS);
    }
    at->in = from;
    at->anchor_in = from;
    at->anchor_out = at->out;
    at->anchor_is_solo_open = at->is_solo_open;
    at->mark_end = NULL;
    return TAMIS_OK;
}
