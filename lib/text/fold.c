/* SPDX-License-Identifier: Apache-2.0 */
/* The walk is that of normalizer.c with less to do: nothing is removed, there are no tokens, and
 * the only classes are white space and the rest.
 */
#include "compose.h"
#include "fold_kernels.h"
#include "tables.h"
#include "tamis/normalizer.h"
#include "tamis/utf8.h"

#define BLOCK_BYTES 4096  /* input between two looks at the room that is left */
#define PIECE_BYTES 32768 /* folded text that is digested at once; stays in the L2 cache */

struct tamis_folder {
    tamis_fold_plain *fold_plain;
    tamis_hasher *hasher;
    tamis_buf segment; /* uint32_t code points */
    tamis_buf piece;
};

typedef struct walk {
    const uint8_t *in;
    const uint8_t *end;       /* of the text */
    bool is_in_space;         /* white space, or nothing, was written last */
    const uint8_t *anchor_in; /* as in normalizer.c */
    size_t anchor_out;
    bool anchor_is_in_space;
    const uint8_t *mark_end;
    uint32_t mark_ccc;
} walk;

static tamis_status walk_block(tamis_folder *folder, walk *at, const uint8_t *stop, tamis_buf *out);
static tamis_status walk_point(tamis_folder *folder, walk *at, tamis_buf *out);
static tamis_status walk_segment(tamis_folder *folder, walk *at, tamis_buf *out);

tamis_status tamis_folder_create(tamis_folder **out_folder)
{
    tamis_folder *folder = malloc(sizeof(*folder));

    if (folder == NULL) {
        return TAMIS_ENOMEM;
    }
    *folder = (tamis_folder){.fold_plain = tamis_fold_plain_kernel(tamis_kernel_best()),
                             .hasher = tamis_hasher_create()};
    tamis_buf_init(&folder->segment, 0);
    tamis_buf_init(&folder->piece, 0);
    if (folder->hasher == NULL) {
        tamis_folder_destroy(folder);
        return TAMIS_ENOMEM;
    }
    *out_folder = folder;
    return TAMIS_OK;
}

void tamis_folder_destroy(tamis_folder *folder)
{
    if (folder != NULL) {
        tamis_hasher_destroy(folder->hasher);
        tamis_buf_fini(&folder->segment);
        tamis_buf_fini(&folder->piece);
        free(folder);
    }
}

static walk walk_of(tamis_slice text, const tamis_buf *out)
{
    return (walk){.in = text.data,
                  .end = text.data + text.size,
                  .is_in_space = true,
                  .anchor_in = text.data,
                  .anchor_out = out->size,
                  .anchor_is_in_space = true};
}

/* One block further. */
static tamis_status walk_next(tamis_folder *folder, walk *at, tamis_buf *out)
{
    size_t left = (size_t)(at->end - at->in);
    size_t block = left < BLOCK_BYTES ? left : BLOCK_BYTES;
    tamis_status status = tamis_buf_reserve(out, block + 16);

    return status != TAMIS_OK ? status : walk_block(folder, at, at->in + block, out);
}

tamis_status tamis_folder_run(tamis_folder *folder, tamis_slice text, tamis_buf *out)
{
    walk at = walk_of(text, out);
    size_t first = out->size;
    tamis_status status = TAMIS_OK;

    while (status == TAMIS_OK && at.in < at.end) {
        status = walk_next(folder, &at, out);
    }
    if (status == TAMIS_OK && out->size > first && at.is_in_space) {
        out->size--; /* white space at the end */
    }
    return status;
}

tamis_status tamis_folder_digest(tamis_folder *folder, tamis_slice text, tamis_digest text_digest,
                                 tamis_digest *out_digest)
{
    tamis_buf *piece = &folder->piece;
    bool is_streamed = false;
    tamis_status status = TAMIS_OK;
    walk at;

    tamis_buf_reset(piece);
    at = walk_of(text, piece);
    while (at.in < at.end) {
        status = walk_next(folder, &at, piece);
        if (status != TAMIS_OK) {
            return status;
        }
        /* What is after the anchor may still change; a space may turn out to be the last. */
        if (at.anchor_out > PIECE_BYTES && at.in < at.end) {
            size_t done = at.anchor_out - 1;

            if (!is_streamed) {
                tamis_hasher_reset(folder->hasher);
                is_streamed = true;
            }
            tamis_hasher_update(folder->hasher, piece->data, done);
            memmove(piece->data, piece->data + done, piece->size - done);
            piece->size -= done;
            at.anchor_out -= done;
        }
    }
    if (piece->size > 0 && at.is_in_space) {
        piece->size--; /* white space at the end */
    }
    if (!is_streamed) {
        bool is_same = piece->size == text.size &&
                       (text.size == 0 || memcmp(piece->data, text.data, text.size) == 0);

        *out_digest = is_same ? text_digest : tamis_hash128(piece->data, piece->size);
        return TAMIS_OK;
    }
    tamis_hasher_update(folder->hasher, piece->data, piece->size);
    *out_digest = tamis_hasher_digest(folder->hasher);
    return TAMIS_OK;
}

static bool is_ascii_white(uint8_t byte)
{
    return byte == ' ' || (uint8_t)(byte - '\t') < 5;
}

/* Writes one code point; the caller has made room. */
static void write_point(walk *at, tamis_buf *out, uint32_t code_point)
{
    uint8_t bytes[4] = {0};
    size_t length = 0;

    if ((tamis_raw(code_point) & TAMIS_RAW_WHITE_SPACE) != 0) {
        out->data[out->size] = ' ';
        out->size += at->is_in_space ? 0 : 1;
        at->is_in_space = true;
        return;
    }
    length = tamis_utf8_encode(code_point, bytes);
    memcpy(out->data + out->size, bytes, sizeof(bytes));
    out->size += length;
    at->is_in_space = false;
}

/* A run of code points that stay as they are, whatever is next to them, and of ASCII. */
static void walk_plain(const tamis_folder *folder, walk *at, const uint8_t *stop, tamis_buf *out)
{
    bool was_in_space = at->is_in_space;
    size_t written = 0;
    size_t done = folder->fold_plain(at->in, (size_t)(stop - at->in), out->data + out->size,
                                     &written, &at->is_in_space);
    size_t length = 1;

    if (done == 0) {
        return;
    }
    at->in += done;
    out->size += written;
    /* The last one is the anchor. White space composes with nothing, and where it wrote nothing
     * because of white space before it, going back to it writes nothing again. */
    while ((at->in[-(ptrdiff_t)length] & 0xC0) == 0x80) {
        length++;
    }
    at->anchor_in = at->in - length;
    at->anchor_out = out->size;
    at->anchor_is_in_space = at->is_in_space;
    if (!at->is_in_space) {
        at->anchor_out -= length;
        at->anchor_is_in_space = done > length ? is_ascii_white(at->anchor_in[-1]) : was_in_space;
    }
}

static tamis_status walk_block(tamis_folder *folder, walk *at, const uint8_t *stop, tamis_buf *out)
{
    tamis_status status = TAMIS_OK;

    while (status == TAMIS_OK && at->in < stop) {
        walk_plain(folder, at, stop, out);
        if (at->in < stop) {
            status = walk_point(folder, at, out);
        }
    }
    return status;
}

/* One code point of any kind. */
static tamis_status walk_point(tamis_folder *folder, walk *at, tamis_buf *out)
{
    uint32_t code_point = 0;
    size_t length = tamis_utf8_decode(at->in, &code_point);
    uint32_t entry = tamis_entry(tamis_code_index, tamis_code_entries, code_point);
    uint32_t ccc = 0;

    if ((entry & TAMIS_ENTRY_JOINS) == 0) {
        at->anchor_in = at->in;
        at->anchor_out = out->size;
        at->anchor_is_in_space = at->is_in_space;
    } else {
        ccc = entry >> TAMIS_ENTRY_SHIFT;
    }
    if ((entry & (TAMIS_ENTRY_SLOW | TAMIS_ENTRY_MANY | TAMIS_ENTRY_CHANGED)) != 0 ||
        (ccc != 0 && at->mark_end == at->in && at->mark_ccc > ccc)) {
        return walk_segment(folder, at, out);
    }
    at->in += length;
    if (ccc != 0) {
        at->mark_end = at->in;
        at->mark_ccc = ccc;
    }
    write_point(at, out, code_point);
    return TAMIS_OK;
}

static tamis_status walk_segment(tamis_folder *folder, walk *at, tamis_buf *out)
{
    const uint8_t *from = at->anchor_in;
    const uint8_t *here = at->in;
    tamis_buf *segment = &folder->segment;
    tamis_status status = TAMIS_OK;
    size_t count = 0;

    out->size = at->anchor_out;
    at->is_in_space = at->anchor_is_in_space;
    tamis_buf_reset(segment);
    while (status == TAMIS_OK && from < at->end) {
        uint32_t code_point = 0;
        size_t length = tamis_utf8_decode(from, &code_point);
        uint32_t entry = tamis_entry(tamis_code_index, tamis_code_entries, code_point);

        if (from > here && (entry & TAMIS_ENTRY_JOINS) == 0) {
            break;
        }
        status = tamis_segment_split(segment, code_point, false);
        from += length;
    }
    if (status == TAMIS_OK) {
        status = tamis_segment_compose(segment);
    }
    count = segment->size / sizeof(uint32_t);
    if (status == TAMIS_OK) {
        /* The rest of the block keeps its room. */
        status = tamis_buf_reserve(out, count * 4 + BLOCK_BYTES + 16);
    }
    for (size_t i = 0; status == TAMIS_OK && i < count; i++) {
        uint32_t point = 0;

        memcpy(&point, segment->data + i * sizeof(point), sizeof(point));
        write_point(at, out, point);
    }
    at->in = from;
    at->anchor_in = from;
    at->anchor_out = out->size;
    at->anchor_is_in_space = at->is_in_space;
    at->mark_end = NULL;
    return status;
}
