/* SPDX-License-Identifier: Apache-2.0 */
/* The walk: a run of ASCII goes through a vector kernel; then code points one by one until ASCII
 * comes back. Most become themselves or one other code point. To be able to compose, the walk
 * remembers where (in the input and in the output) the last code point started that nothing before
 * it can change, the anchor. When a code point comes that may be reordered or composed with what is
 * before it, output goes back to the anchor, and everything from there up to the next such place is
 * taken apart, put in order, composed and written anew: a segment. Ignorable code points move no
 * anchor: they are not there.
 *
 * A solo character writes its space in front at once and the one behind it only when something
 * other than a mark follows: marks belong to its token (is_solo_open).
 */
#include "tamis/normalizer.h"

#include "ascii.h"
#include "compose.h"
#include "tables.h"
#include "tamis/utf8.h"
#include "vector.h"

#define WINDOW_BYTES 64
#define DENSE_BYTES                                                                                \
    12 /* from so many bytes above 7F in a window, its ASCII takes the same loop                   \
        */
#define BLOCK_BYTES  4096 /* input between two looks at the room that is left */
#define POINT_BYTES  6    /* what one code point of a segment writes at most, with its spaces */
#define ORDER_BROKEN 0x100u

/* Code points below U+0800, one or two bytes of UTF-8, have a table of their own: bits 0-23 the
 * bytes that are written, bits 24-25 their number, bit 31 set where it takes more than that. */
#define LOW_COUNT        0x800u
#define LOW_LENGTH_SHIFT 24
#define LOW_OTHER        0x80000000u

typedef struct walk walk;
typedef tamis_status window_kernel(tamis_normalizer *normalizer, walk *at, const uint8_t *stop,
                                   tamis_buf *out);

struct tamis_normalizer {
    tamis_profile profile;
    const uint16_t *index;
    const uint32_t *entries;
    uint32_t raw_shift;
    tamis_ascii_text *ascii_text;
    window_kernel *window;
    tamis_buf segment; /* uint32_t code points */
    uint32_t low[LOW_COUNT];
};

struct walk {
    const uint8_t *in;
    const uint8_t *end; /* of the text */
    uint8_t *out;
    bool is_solo_open; /* the open token is solo; its space behind it is not written yet */
    const uint8_t *anchor_in;
    uint8_t *anchor_out;
    bool anchor_is_solo_open;
    const uint8_t *mark_end; /* where a mark ended whose combining class is mark_ccc */
    uint32_t mark_ccc;
};

static void low_fill(tamis_normalizer *normalizer);
static window_kernel *window_best(void);
static tamis_status walk_block(tamis_normalizer *normalizer, walk *at, const uint8_t *stop,
                               tamis_buf *out);
static tamis_status walk_point(tamis_normalizer *normalizer, walk *at, uint32_t entry,
                               size_t length, tamis_buf *out);
static tamis_status walk_segment(tamis_normalizer *normalizer, walk *at, tamis_buf *out);
static void write_point(walk *at, uint32_t code_point, uint32_t class);

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
        .window = window_best(),
    };
    low_fill(normalizer);
    tamis_buf_init(&normalizer->segment, 0);
    *out_normalizer = normalizer;
    return TAMIS_OK;
}

void tamis_normalizer_destroy(tamis_normalizer *normalizer)
{
    if (normalizer != NULL) {
        tamis_buf_fini(&normalizer->segment);
        free(normalizer);
    }
}

tamis_status tamis_normalizer_run(tamis_normalizer *normalizer, tamis_slice text, tamis_buf *out)
{
    walk at = {.in = text.data, .end = text.data + text.size, .anchor_in = text.data};
    size_t anchor_offset = out->size;
    tamis_status status = TAMIS_OK;

    while (status == TAMIS_OK && at.in < at.end) {
        size_t left = (size_t)(at.end - at.in);
        size_t block = left < BLOCK_BYTES ? left : BLOCK_BYTES;

        /* 16: the last code point of a block may reach into the next. */
        status = tamis_buf_reserve(out, (block + 16) * tamis_expansion_max);
        if (status != TAMIS_OK) {
            break;
        }
        at.out = out->data + out->size;
        at.anchor_out = out->data + anchor_offset;
        status = walk_block(normalizer, &at, at.in + block, out);
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

/* A run of ASCII, up to `stop` or the first other byte. The block's reserve covers it. */
static void walk_ascii(const tamis_normalizer *normalizer, walk *at, const uint8_t *stop)
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
        done = tamis_ascii_code(at->in, size, at->out, &written);
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

static tamis_status walk_block(tamis_normalizer *normalizer, walk *at, const uint8_t *stop,
                               tamis_buf *out)
{
    tamis_status status = TAMIS_OK;

    while (status == TAMIS_OK && at->in < stop) {
        status = normalizer->window(normalizer, at, stop, out);
    }
    return status;
}

static void low_fill(tamis_normalizer *normalizer)
{
    for (uint32_t point = 0; point < LOW_COUNT; point++) {
        uint32_t entry = tamis_entry(normalizer->index, normalizer->entries, point);
        uint32_t class = entry & TAMIS_ENTRY_CLASS;
        uint8_t bytes[16];
        walk at = {.out = bytes};
        size_t length = 0;

        normalizer->low[point] = LOW_OTHER;
        if ((entry & (TAMIS_ENTRY_JOINS | TAMIS_ENTRY_SLOW | TAMIS_ENTRY_MANY)) != 0 ||
            class == TAMIS_CLASS_IGNORABLE || class == TAMIS_CLASS_MARK ||
            class == TAMIS_CLASS_SOLO) {
            continue;
        }
        write_point(&at, (entry & TAMIS_ENTRY_CHANGED) != 0 ? entry >> TAMIS_ENTRY_SHIFT : point,
                    class);
        length = (size_t)(at.out - bytes);
        if (length <= 3) {
            normalizer->low[point] = (uint32_t)length << LOW_LENGTH_SHIFT;
            for (size_t i = 0; i < length; i++) {
                normalizer->low[point] |= (uint32_t)bytes[i] << 8 * i;
            }
        }
    }
}

/* Four bytes with the lowest first; more than are wanted, the next overwrite them. */
static inline void store_bytes(uint8_t *out, uint32_t bytes)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    bytes = __builtin_bswap32(bytes);
#endif
    memcpy(out, &bytes, sizeof(bytes));
}

/* The code points that start where `starts` has a bit, counted from at->in. */
static inline __attribute__((always_inline)) tamis_status walk_points(tamis_normalizer *normalizer,
                                                                      walk *at, uint64_t starts,
                                                                      tamis_buf *out)
{
    const uint16_t *index = normalizer->index;
    const uint32_t *entries = normalizer->entries;
    const uint32_t *low = normalizer->low;
    const uint8_t *window = at->in;
    const uint8_t *anchor_in = at->anchor_in;
    const uint8_t *next = window;
    uint8_t *to = at->out;
    uint8_t *anchor_to = at->anchor_out;
    size_t is_solo_open = at->is_solo_open ? 1 : 0;
    size_t anchor_is_solo_open = at->anchor_is_solo_open ? 1 : 0;

    while (starts != 0) {
        const uint8_t *in = window + __builtin_ctzll(starts);
        uint32_t lead = in[0];
        uint32_t code_point = 0;
        uint32_t entry = 0;
        size_t length = 0;
        tamis_status status = TAMIS_OK;

        starts &= starts - 1;
        if (lead < 0xE0) {
            uint32_t bytes = 0;

            length = 1 + (size_t)(lead >> 7);
            code_point = lead < 0x80 ? lead : (lead & 0x1F) << 6 | (in[1] & 0x3Fu);
            bytes = low[code_point];
            if (__builtin_expect(bytes < LOW_OTHER, 1)) {
                anchor_in = in;
                anchor_to = to;
                anchor_is_solo_open = is_solo_open;
                *to = ' ';
                to += is_solo_open;
                is_solo_open = 0;
                store_bytes(to, bytes);
                to += bytes >> LOW_LENGTH_SHIFT;
                next = in + length;
                continue;
            }
            entry = tamis_entry(index, entries, code_point);
        } else {
            length = tamis_utf8_decode(in, &code_point);
            entry = tamis_entry(index, entries, code_point);
            /* A solo character that stays as it is; a separator. The rest is for walk_point(). */
            if (entry == (TAMIS_CLASS_SOLO | TAMIS_ENTRY_CUT)) {
                anchor_in = in;
                anchor_to = to;
                anchor_is_solo_open = is_solo_open;
                *to++ = ' ';
                memcpy(to, in, 4);
                to += length;
                is_solo_open = 1;
                next = in + length;
                continue;
            }
            if (entry == (TAMIS_CLASS_SEPARATOR | TAMIS_ENTRY_CUT)) {
                anchor_in = in;
                anchor_to = to;
                anchor_is_solo_open = is_solo_open;
                *to++ = ' ';
                is_solo_open = 0;
                next = in + length;
                continue;
            }
            if (entry == TAMIS_CLASS_TOKEN) {
                anchor_in = in;
                anchor_to = to;
                anchor_is_solo_open = is_solo_open;
                *to = ' ';
                to += is_solo_open;
                is_solo_open = 0;
                memcpy(to, in, 4);
                to += length;
                next = in + length;
                continue;
            }
        }
        at->in = in;
        at->out = to;
        at->is_solo_open = is_solo_open != 0;
        at->anchor_in = anchor_in;
        at->anchor_out = anchor_to;
        at->anchor_is_solo_open = anchor_is_solo_open != 0;
        status = walk_point(normalizer, at, entry, length, out);
        if (status != TAMIS_OK) {
            return status;
        }
        next = at->in;
        to = at->out;
        is_solo_open = at->is_solo_open ? 1 : 0;
        anchor_in = at->anchor_in;
        anchor_to = at->anchor_out;
        anchor_is_solo_open = at->anchor_is_solo_open ? 1 : 0;
        /* A segment may have taken more than one. */
        starts = next - window < WINDOW_BYTES ? starts & ~0ull << (next - window) : 0;
    }
    at->in = next;
    at->out = to;
    at->is_solo_open = is_solo_open != 0;
    at->anchor_in = anchor_in;
    at->anchor_out = anchor_to;
    at->anchor_is_solo_open = anchor_is_solo_open != 0;
    return TAMIS_OK;
}

/* The next window or run of ASCII; at->in is at the start of a code point before `stop`. high:
 * bytes above 7F; starts: bytes that start a code point. */
static inline __attribute__((always_inline)) tamis_status walk_window(tamis_normalizer *normalizer,
                                                                      walk *at, const uint8_t *stop,
                                                                      tamis_buf *out, uint64_t high,
                                                                      uint64_t starts)
{
    size_t left = (size_t)(stop - at->in);

    if (left < WINDOW_BYTES) {
        high &= (1ull << left) - 1;
        starts &= (1ull << left) - 1;
    }
    if (high == 0) {
        walk_ascii(normalizer, at, stop);
        return TAMIS_OK;
    }
    if (__builtin_popcountll(high) < DENSE_BYTES) {
        uint64_t from = high;

        if ((high & 1) == 0) {
            size_t run = (size_t)__builtin_ctzll(high);

            walk_ascii(normalizer, at, at->in + run);
            from >>= run;
            starts >>= run;
        }
        /* The run of other code points there: the lowest ones of `from`. */
        starts &= from & ~(from + 1);
    }
    return walk_points(normalizer, at, starts, out);
}

static tamis_status window_scalar(tamis_normalizer *normalizer, walk *at, const uint8_t *stop,
                                  tamis_buf *out)
{
    uint64_t high = 0;
    uint64_t starts = 0;

    for (unsigned k = 0; k < WINDOW_BYTES; k += 8) {
        const uint64_t top_bits = 0x8080808080808080u;
        uint64_t x = 0;
        uint64_t continues = 0;

        for (unsigned i = 0; i < 8; i++) {
            x |= (uint64_t)at->in[k + i] << 8 * i;
        }
        continues = x & ~(x << 1) & top_bits; /* 10xxxxxx */
        high |= ((x & top_bits) >> 7) * 0x0102040810204080u >> 56 << k;
        starts |= (uint64_t)(uint8_t) ~((continues >> 7) * 0x0102040810204080u >> 56) << k;
    }
    return walk_window(normalizer, at, stop, out, high, starts);
}

#if TAMIS_HAVE_X86
TAMIS_TARGET_AVX2 static tamis_status window_avx2(tamis_normalizer *normalizer, walk *at,
                                                  const uint8_t *stop, tamis_buf *out)
{
    const __m256i first_lead = _mm256_set1_epi8((char)0xC0);
    __m256i low = load_256(at->in);
    __m256i high = load_256(at->in + 32);

    /* As signed bytes, 80..BF are the lowest. */
    return walk_window(
        normalizer, at, stop, out, mask_of_bytes(low, high),
        ~mask_of_bytes(_mm256_cmpgt_epi8(first_lead, low), _mm256_cmpgt_epi8(first_lead, high)));
}

TAMIS_TARGET_AVX512 static tamis_status window_avx512(tamis_normalizer *normalizer, walk *at,
                                                      const uint8_t *stop, tamis_buf *out)
{
    __m512i bytes = _mm512_loadu_si512(at->in);

    return walk_window(normalizer, at, stop, out, _mm512_movepi8_mask(bytes),
                       ~_mm512_cmplt_epi8_mask(bytes, _mm512_set1_epi8((char)0xC0)));
}
#endif

static window_kernel *window_best(void)
{
#if TAMIS_HAVE_X86
    switch (tamis_kernel_best()) {
    case TAMIS_KERNEL_AVX512:
        return window_avx512;
    case TAMIS_KERNEL_AVX2:
        return window_avx2;
    case TAMIS_KERNEL_SCALAR:
    case TAMIS_KERNEL_COUNT:
        break;
    }
#endif
    return window_scalar;
}

/* One code point of any kind. */
static tamis_status walk_point(tamis_normalizer *normalizer, walk *at, uint32_t entry,
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
            write_point(at, points[i],
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
    write_point(at, code_point, entry & TAMIS_ENTRY_CLASS);
    return TAMIS_OK;
}

/* Takes apart everything from the anchor to the next code point that nothing before it can change,
 * and writes it composed. */
static tamis_status walk_segment(tamis_normalizer *normalizer, walk *at, tamis_buf *out)
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
        write_point(at, point, tamis_raw(point) >> normalizer->raw_shift & TAMIS_ENTRY_CLASS);
    }
    at->in = from;
    at->anchor_in = from;
    at->anchor_out = at->out;
    at->anchor_is_solo_open = at->is_solo_open;
    at->mark_end = NULL;
    return TAMIS_OK;
}

/* Writes one code point of the result as its class wants it. */
static inline void write_point(walk *at, uint32_t code_point, uint32_t class)
{
    uint8_t bytes[4] = {0};
    size_t length = 0;

    if (class == TAMIS_CLASS_SEPARATOR) {
        *at->out++ = ' ';
        at->is_solo_open = false;
        return;
    }
    /* A solo token before this one is closed by a space, but by a mark it grows. A new solo or
     * operator stands apart from anything. */
    if (class != TAMIS_CLASS_MARK && (at->is_solo_open || class != TAMIS_CLASS_TOKEN)) {
        *at->out++ = ' ';
    }
    length = tamis_utf8_encode(code_point, bytes);
    memcpy(at->out, bytes, sizeof(bytes));
    at->out += length;
    if (class == TAMIS_CLASS_OWN) {
        *at->out++ = ' ';
    }
    if (class != TAMIS_CLASS_MARK) {
        at->is_solo_open = class == TAMIS_CLASS_SOLO;
    }
}
