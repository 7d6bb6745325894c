/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/run_slice.h"

#include <unistd.h>

#include "run_directory.h"
#include "tamis/buf.h"

struct tamis_run_source {
    char *name;
    tamis_run_place place;
    tamis_run_root root;
};

struct tamis_run_slice {
    const tamis_run_source *source;
    tamis_run_piece *pieces; /* with their offsets in the image */
    uint64_t *from;          /* their offsets in the source's file */
    size_t piece_count;
    size_t piece_max;
    uint64_t data_end; /* of the last piece in the image */
    tamis_buf head;    /* header of the image */
    tamis_buf tail;    /* its directory */
};

tamis_status tamis_run_source_open(int fd, const char *name, tamis_run_source **out_source,
                                   tamis_err *err)
{
    tamis_run_source *source = calloc(1, sizeof(*source));
    tamis_status status = TAMIS_ENOMEM;

    if (source == NULL) {
        (void)close(fd); /* it was only read */
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory to open it", name);
    }
    source->place.fd = fd;
    source->name = strdup(name);
    if (source->name == NULL) {
        (void)tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory to open it", name);
        goto out;
    }
    source->place.path = source->name;
    status = tamis_run_root_read(&source->place, &source->root, err);
    if (status == TAMIS_OK) {
        *out_source = source;
        source = NULL;
    }
out:
    tamis_run_source_close(source);
    return status;
}

void tamis_run_source_close(tamis_run_source *source)
{
    if (source != NULL) {
        (void)close(source->place.fd); /* it was only read */
        tamis_run_root_fini(&source->root);
        free(source->name);
        free(source);
    }
}

int tamis_run_source_fd(const tamis_run_source *source)
{
    return source->place.fd;
}

static tamis_status out_of_memory(const tamis_run_source *source, tamis_err *err)
{
    return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for a part of it", source->name);
}

static tamis_status add_piece(tamis_run_slice *slice, const tamis_run_piece *piece, tamis_err *err)
{
    if (slice->piece_count == slice->piece_max) {
        size_t max = slice->piece_max == 0 ? 4 : slice->piece_max * 2;
        tamis_run_piece *pieces = realloc(slice->pieces, max * sizeof(*pieces));
        uint64_t *from = NULL;

        if (pieces == NULL) {
            return out_of_memory(slice->source, err);
        }
        slice->pieces = pieces;
        from = realloc(slice->from, max * sizeof(*from));
        if (from == NULL) {
            return out_of_memory(slice->source, err);
        }
        slice->from = from;
        slice->piece_max = max;
    }
    slice->from[slice->piece_count] = piece->offset;
    slice->pieces[slice->piece_count] = *piece;
    slice->pieces[slice->piece_count].offset = slice->data_end;
    slice->piece_count++;
    slice->data_end += piece->bytes;
    return TAMIS_OK;
}

/* Entries are sorted by (kind, part), so the wanted ones stand together. */
static tamis_status find_pieces(tamis_run_slice *slice, uint32_t kind, uint32_t first_part,
                                uint32_t end_part, tamis_err *err)
{
    const tamis_run_source *source = slice->source;
    uint32_t leaf = tamis_run_root_find(&source->root, kind, first_part);
    bool is_behind = false;
    tamis_status status = TAMIS_OK;

    for (; leaf < source->root.leaves && !is_behind && status == TAMIS_OK; leaf++) {
        tamis_run_piece pieces[TAMIS_RUN_LEAF_PIECES];
        size_t count = 0;

        status = tamis_run_leaf_read(&source->place, &source->root, leaf, pieces, &count, err);
        for (size_t i = 0; i < count && status == TAMIS_OK && !is_behind; i++) {
            const tamis_run_piece *piece = &pieces[i];

            is_behind = piece->kind > kind || (piece->kind == kind && piece->part >= end_part);
            if (!is_behind && piece->kind == kind && piece->part >= first_part) {
                status = add_piece(slice, piece, err);
            }
        }
    }
    return status;
}

static tamis_status emit_buf(void *context, const void *data, size_t size, tamis_err *err)
{
    tamis_status status = tamis_buf_append(context, data, size);

    return status == TAMIS_OK ? TAMIS_OK : tamis_err_set(err, status, "no memory for a directory");
}

static tamis_status build_ends(tamis_run_slice *slice, tamis_err *err)
{
    uint8_t header[TAMIS_RUN_HEADER_BYTES];
    tamis_status status = TAMIS_OK;

    tamis_run_header_make(header);
    status = emit_buf(&slice->head, header, sizeof(header), err);
    if (status == TAMIS_OK) {
        status = tamis_run_directory_emit(slice->source->name, slice->data_end, slice->pieces,
                                          slice->piece_count, emit_buf, &slice->tail, err);
    }
    return status;
}

tamis_status tamis_run_slice_create(const tamis_run_source *source, uint32_t kind,
                                    uint32_t first_part, uint32_t end_part,
                                    tamis_run_slice **out_slice, tamis_err *err)
{
    tamis_run_slice *slice = calloc(1, sizeof(*slice));
    tamis_status status = TAMIS_OK;

    if (slice == NULL) {
        return out_of_memory(source, err);
    }
    slice->source = source;
    slice->data_end = TAMIS_RUN_HEADER_BYTES;
    tamis_buf_init(&slice->head, 0);
    tamis_buf_init(&slice->tail, 0);
    if (source->root.leaves != 0) {
        status = find_pieces(slice, kind, first_part, end_part, err);
    }
    if (status == TAMIS_OK && slice->piece_count != 0) {
        status = build_ends(slice, err);
    }
    if (status != TAMIS_OK) {
        tamis_run_slice_destroy(slice);
        return status;
    }
    *out_slice = slice;
    return TAMIS_OK;
}

void tamis_run_slice_destroy(tamis_run_slice *slice)
{
    if (slice != NULL) {
        tamis_buf_fini(&slice->head);
        tamis_buf_fini(&slice->tail);
        free(slice->pieces);
        free(slice->from);
        free(slice);
    }
}

uint64_t tamis_run_slice_size(const tamis_run_slice *slice)
{
    return slice->piece_count == 0 ? 0 : slice->data_end + slice->tail.size;
}

/* Copies what a range of the image has in common with `bytes`, which stand there at `at`. */
static void copy_common(tamis_slice bytes, uint64_t at, uint64_t offset, uint8_t *out, size_t size)
{
    uint64_t first = offset > at ? offset : at;
    uint64_t end = offset + size < at + bytes.size ? offset + size : at + bytes.size;

    if (first < end) {
        memcpy(out + (first - offset), bytes.data + (first - at), (size_t)(end - first));
    }
}

tamis_status tamis_run_slice_read(const tamis_run_slice *slice, uint64_t offset, void *out,
                                  size_t size, tamis_err *err)
{
    const tamis_run_place *place = &slice->source->place;
    uint64_t end = offset + size;

    TAMIS_ASSERT(end >= offset && end <= tamis_run_slice_size(slice));
    copy_common(tamis_buf_slice(&slice->head), 0, offset, out, size);
    copy_common(tamis_buf_slice(&slice->tail), slice->data_end, offset, out, size);
    for (size_t i = 0; i < slice->piece_count; i++) {
        const tamis_run_piece *piece = &slice->pieces[i];
        uint64_t first = offset > piece->offset ? offset : piece->offset;
        uint64_t last = end < piece->offset + piece->bytes ? end : piece->offset + piece->bytes;

        if (first < last) {
            tamis_status status =
                tamis_run_read_at(place->fd, place->path, slice->from[i] + (first - piece->offset),
                                  (uint8_t *)out + (first - offset), (size_t)(last - first), err);

            if (status != TAMIS_OK) {
                return status;
            }
        }
    }
    return TAMIS_OK;
}
