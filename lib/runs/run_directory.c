/* SPDX-License-Identifier: Apache-2.0 */
#include "run_directory.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tamis/hash.h"

#define FLAG_PAYLOAD 1u

tamis_status tamis_run_read_at(int fd, const char *path, uint64_t offset, void *out, size_t size,
                               tamis_err *err)
{
    uint8_t *bytes = out;

    while (size > 0) {
        ssize_t done = pread(fd, bytes, size, (off_t)offset);

        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done < 0) {
            return tamis_err_errno(err, errno, "%s: cannot read %zu bytes at offset %" PRIu64, path,
                                   size, offset);
        }
        if (done == 0) {
            return tamis_err_set(err, TAMIS_ECORRUPT,
                                 "%s: run file ends at offset %" PRIu64
                                 ", %zu bytes are missing; make it again",
                                 path, offset, size);
        }
        bytes += done;
        size -= (size_t)done;
        offset += (uint64_t)done;
    }
    return TAMIS_OK;
}

static tamis_status corrupt(tamis_err *err, const char *path, uint64_t offset, const char *what)
{
    return tamis_err_set(err, TAMIS_ECORRUPT,
                         "%s: run file is damaged at offset %" PRIu64 " (%s); make it again", path,
                         offset, what);
}

void tamis_run_header_make(uint8_t out_header[TAMIS_RUN_HEADER_BYTES])
{
    memset(out_header, 0, TAMIS_RUN_HEADER_BYTES);
    memcpy(out_header, TAMIS_RUN_MAGIC, 8);
    tamis_put32(out_header + 8, TAMIS_RUN_VERSION);
}

tamis_status tamis_run_header_write(tamis_run_output *output, tamis_err *err)
{
    uint8_t header[TAMIS_RUN_HEADER_BYTES];

    tamis_run_header_make(header);
    return tamis_run_output_append(output, header, sizeof(header), err);
}

static int compare_pieces(const void *a, const void *b)
{
    const tamis_run_piece *first = a;
    const tamis_run_piece *second = b;

    if (first->kind != second->kind) {
        return first->kind < second->kind ? -1 : 1;
    }
    return (first->part > second->part) - (first->part < second->part);
}

static void put_entry(uint8_t *out, const tamis_run_piece *piece)
{
    tamis_put32(out, piece->kind);
    tamis_put32(out + 4, piece->part);
    tamis_put32(out + 8, piece->words);
    tamis_put32(out + 12, piece->has_payload ? FLAG_PAYLOAD : 0);
    tamis_put32(out + 16, piece->block_records_max);
    tamis_put32(out + 20, piece->block_bytes_max);
    tamis_put64(out + 24, piece->count);
    tamis_put64(out + 32, piece->offset);
    tamis_put64(out + 40, piece->bytes);
}

/* False: an entry that no writer makes. */
static bool get_entry(const uint8_t *bytes, const tamis_run_root *directory, tamis_run_piece *out)
{
    uint32_t flags = tamis_get32(bytes + 12);
    tamis_run_piece piece = {
        .kind = tamis_get32(bytes),
        .part = tamis_get32(bytes + 4),
        .words = tamis_get32(bytes + 8),
        .has_payload = (flags & FLAG_PAYLOAD) != 0,
        .block_records_max = tamis_get32(bytes + 16),
        .block_bytes_max = tamis_get32(bytes + 20),
        .count = tamis_get64(bytes + 24),
        .offset = tamis_get64(bytes + 32),
        .bytes = tamis_get64(bytes + 40),
    };

    if (piece.words == 0 || piece.words > TAMIS_RUN_WORDS_MAX || flags > FLAG_PAYLOAD ||
        piece.block_records_max > tamis_run_block_records(piece.words, TAMIS_RUN_BLOCK_BYTES) ||
        piece.block_bytes_max > tamis_run_block_bound(piece.words + 1, piece.block_records_max) +
                                    TAMIS_RUN_BLOCK_BYTES) {
        return false;
    }
    if (piece.offset < TAMIS_RUN_HEADER_BYTES || piece.offset > directory->offset ||
        piece.bytes > directory->offset - piece.offset ||
        piece.count / TAMIS_RUN_BLOCK_RECORDS > piece.bytes / TAMIS_RUN_BLOCK_HEAD) {
        return false;
    }
    piece.offset += directory->base;
    *out = piece;
    return true;
}

static size_t leaves_of(size_t pieces)
{
    return (pieces + TAMIS_RUN_LEAF_PIECES - 1) / TAMIS_RUN_LEAF_PIECES;
}

uint64_t tamis_run_directory_bytes(size_t count)
{
    return (uint64_t)count * TAMIS_RUN_ENTRY_BYTES +
           (uint64_t)leaves_of(count) * TAMIS_RUN_ROOT_BYTES + TAMIS_RUN_FOOTER_BYTES;
}

tamis_status tamis_run_directory_emit(const char *path, uint64_t offset, tamis_run_piece *pieces,
                                      size_t count, tamis_run_emit emit, void *context,
                                      tamis_err *err)
{
    size_t leaves = leaves_of(count);
    uint8_t leaf[TAMIS_RUN_LEAF_PIECES * TAMIS_RUN_ENTRY_BYTES];
    uint8_t footer[TAMIS_RUN_FOOTER_BYTES] = {0};
    uint8_t *root = malloc(leaves * TAMIS_RUN_ROOT_BYTES + 1);
    tamis_status status = TAMIS_OK;

    if (root == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for %zu pieces", path, count);
    }
    if (count > 0) {
        qsort(pieces, count, sizeof(*pieces), compare_pieces);
    }
    for (size_t i = 0; i < leaves && status == TAMIS_OK; i++) {
        size_t first = i * TAMIS_RUN_LEAF_PIECES;
        size_t size = 0;

        for (size_t j = first; j < count && j < first + TAMIS_RUN_LEAF_PIECES; j++) {
            TAMIS_ASSERT(j == 0 || compare_pieces(&pieces[j - 1], &pieces[j]) < 0);
            put_entry(leaf + size, &pieces[j]);
            size += TAMIS_RUN_ENTRY_BYTES;
        }
        tamis_put32(root + i * TAMIS_RUN_ROOT_BYTES, pieces[first].kind);
        tamis_put32(root + i * TAMIS_RUN_ROOT_BYTES + 4, pieces[first].part);
        tamis_put64(root + i * TAMIS_RUN_ROOT_BYTES + 8, tamis_hash64(leaf, size));
        status = emit(context, leaf, size, err);
    }
    if (status == TAMIS_OK) {
        status = emit(context, root, leaves * TAMIS_RUN_ROOT_BYTES, err);
    }
    tamis_put64(footer, offset);
    tamis_put32(footer + 8, (uint32_t)count);
    tamis_put64(footer + 16, offset + tamis_run_directory_bytes(count));
    tamis_put64(footer + 24, tamis_hash64(root, leaves * TAMIS_RUN_ROOT_BYTES));
    tamis_put64(footer + 32, tamis_hash64(footer, 32));
    memcpy(footer + 40, TAMIS_RUN_END_MAGIC, 8);
    if (status == TAMIS_OK) {
        status = emit(context, footer, sizeof(footer), err);
    }
    free(root);
    return status;
}

static tamis_status emit_output(void *context, const void *data, size_t size, tamis_err *err)
{
    return tamis_run_output_append(context, data, size, err);
}

tamis_status tamis_run_directory_write(tamis_run_output *output, tamis_run_piece *pieces,
                                       size_t count, tamis_err *err)
{
    return tamis_run_directory_emit(output->path, tamis_run_output_offset(output), pieces, count,
                                    emit_output, output, err);
}

/* Reads header and footer. */
static tamis_status read_ends(const tamis_run_place *place, tamis_run_root *out, tamis_err *err)
{
    const char *path = place->path;
    uint8_t header[TAMIS_RUN_HEADER_BYTES];
    uint8_t footer[TAMIS_RUN_FOOTER_BYTES];
    struct stat info;
    uint64_t size = place->size;
    uint64_t at = 0;
    tamis_run_root result = {.base = place->offset};
    tamis_status status = TAMIS_OK;

    if (fstat(place->fd, &info) != 0) {
        return tamis_err_errno(err, errno, "%s: cannot read its size", path);
    }
    if (size == 0 && (uint64_t)info.st_size > place->offset) {
        size = (uint64_t)info.st_size - place->offset;
    }
    if (!S_ISREG(info.st_mode) || size < sizeof(header) + sizeof(footer) ||
        place->offset > (uint64_t)info.st_size || size > (uint64_t)info.st_size - place->offset) {
        return tamis_err_set(err, TAMIS_ECORRUPT, "%s: no run file (%" PRIu64 " bytes)", path,
                             size);
    }
    status = tamis_run_read_at(place->fd, path, result.base, header, sizeof(header), err);
    if (status != TAMIS_OK) {
        return status;
    }
    if (memcmp(header, TAMIS_RUN_MAGIC, 8) != 0) {
        return corrupt(err, path, result.base, "no run file");
    }
    if (tamis_get32(header + 8) != TAMIS_RUN_VERSION) {
        return tamis_err_set(err, TAMIS_EVERSION,
                             "%s: run file of version %" PRIu32 "; this program reads version %u",
                             path, tamis_get32(header + 8), TAMIS_RUN_VERSION);
    }
    at = size - sizeof(footer);
    status = tamis_run_read_at(place->fd, path, result.base + at, footer, sizeof(footer), err);
    if (status != TAMIS_OK) {
        return status;
    }
    if (memcmp(footer + 40, TAMIS_RUN_END_MAGIC, 8) != 0 ||
        tamis_get64(footer + 32) != tamis_hash64(footer, 32) || tamis_get64(footer + 16) != size) {
        return corrupt(err, path, result.base + at, "footer; the file may be cut short");
    }
    result.offset = tamis_get64(footer);
    result.pieces = tamis_get32(footer + 8);
    result.leaves = (uint32_t)leaves_of(result.pieces);
    result.checksum = tamis_get64(footer + 24);
    if (result.offset < sizeof(header) || result.offset > at ||
        at - result.offset != tamis_run_directory_bytes(result.pieces) - TAMIS_RUN_FOOTER_BYTES) {
        return corrupt(err, path, result.base + at, "size of the directory");
    }
    result.root_offset = at - (uint64_t)result.leaves * TAMIS_RUN_ROOT_BYTES;
    *out = result;
    return TAMIS_OK;
}

tamis_status tamis_run_root_read(const tamis_run_place *place, tamis_run_root *out_root,
                                 tamis_err *err)
{
    tamis_run_root root = {0};
    size_t size = 0;
    tamis_status status = read_ends(place, &root, err);

    if (status != TAMIS_OK) {
        return status;
    }
    size = (size_t)root.leaves * TAMIS_RUN_ROOT_BYTES;
    root.lines = malloc(size + 1);
    if (root.lines == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for its directory", place->path);
    }
    status = tamis_run_read_at(place->fd, place->path, root.base + root.root_offset, root.lines,
                               size, err);
    if (status == TAMIS_OK && tamis_hash64(root.lines, size) != root.checksum) {
        status = corrupt(err, place->path, root.base + root.root_offset, "root of the directory");
    }
    if (status != TAMIS_OK) {
        tamis_run_root_fini(&root);
        return status;
    }
    *out_root = root;
    return TAMIS_OK;
}

void tamis_run_root_fini(tamis_run_root *root)
{
    free(root->lines);
    *root = (tamis_run_root){0};
}

tamis_status tamis_run_leaf_read(const tamis_run_place *place, const tamis_run_root *root,
                                 uint32_t index, tamis_run_piece *out_pieces, size_t *out_count,
                                 tamis_err *err)
{
    uint8_t leaf[TAMIS_RUN_LEAF_PIECES * TAMIS_RUN_ENTRY_BYTES];
    size_t first = (size_t)index * TAMIS_RUN_LEAF_PIECES;
    size_t count = root->pieces - first;
    uint64_t offset = root->base + root->offset + first * TAMIS_RUN_ENTRY_BYTES;
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(index < root->leaves);
    if (count > TAMIS_RUN_LEAF_PIECES) {
        count = TAMIS_RUN_LEAF_PIECES;
    }
    status =
        tamis_run_read_at(place->fd, place->path, offset, leaf, count * TAMIS_RUN_ENTRY_BYTES, err);
    if (status != TAMIS_OK) {
        return status;
    }
    if (tamis_hash64(leaf, count * TAMIS_RUN_ENTRY_BYTES) !=
        tamis_get64(root->lines + (size_t)index * TAMIS_RUN_ROOT_BYTES + 8)) {
        return corrupt(err, place->path, offset, "checksum of the directory");
    }
    for (size_t i = 0; i < count; i++) {
        if (!get_entry(leaf + i * TAMIS_RUN_ENTRY_BYTES, root, &out_pieces[i]) ||
            (i > 0 && compare_pieces(&out_pieces[i - 1], &out_pieces[i]) >= 0)) {
            return corrupt(err, place->path, offset + i * TAMIS_RUN_ENTRY_BYTES, "directory entry");
        }
    }
    *out_count = count;
    return TAMIS_OK;
}

tamis_status tamis_run_directory_read(const tamis_run_place *place, tamis_run_piece **out_pieces,
                                      size_t *out_count, tamis_err *err)
{
    tamis_run_root root = {0};
    tamis_run_piece *pieces = NULL;
    size_t done = 0;
    tamis_status status = tamis_run_root_read(place, &root, err);

    if (status != TAMIS_OK) {
        goto out;
    }
    /* The footer's figures fit the file's size: this is no more than a small multiple of it. */
    pieces = calloc((size_t)root.pieces + 1, sizeof(*pieces));
    if (pieces == NULL) {
        status = tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for %" PRIu32 " pieces",
                               place->path, root.pieces);
        goto out;
    }
    for (uint32_t leaf = 0; leaf < root.leaves; leaf++) {
        size_t count = 0;

        status = tamis_run_leaf_read(place, &root, leaf, pieces + done, &count, err);
        if (status != TAMIS_OK) {
            goto out;
        }
        if (done > 0 && compare_pieces(&pieces[done - 1], &pieces[done]) >= 0) {
            status =
                corrupt(err, place->path, root.base + root.root_offset, "order of the directory");
            goto out;
        }
        done += count;
    }
    *out_pieces = pieces;
    *out_count = done;
    pieces = NULL;

out:
    free(pieces);
    tamis_run_root_fini(&root);
    return status;
}

uint32_t tamis_run_root_find(const tamis_run_root *root, uint32_t kind, uint32_t part)
{
    uint32_t leaf = 0;

    /* The last leaf that does not begin behind the piece. */
    for (uint32_t size = root->leaves; size > 0;) {
        uint32_t half = size / 2;
        const uint8_t *line = root->lines + (size_t)(leaf + half) * TAMIS_RUN_ROOT_BYTES;
        bool is_behind =
            tamis_get32(line) > kind || (tamis_get32(line) == kind && tamis_get32(line + 4) > part);

        if (is_behind) {
            size = half;
        } else {
            leaf += half + 1;
            size -= half + 1;
        }
    }
    return leaf == 0 ? 0 : leaf - 1;
}

tamis_status tamis_run_directory_find(const tamis_run_place *place, uint32_t kind, uint32_t part,
                                      tamis_run_piece *out_piece, tamis_err *err)
{
    tamis_run_root root = {0};
    tamis_run_piece pieces[TAMIS_RUN_LEAF_PIECES];
    size_t count = 0;
    size_t index = 0;
    tamis_status status = tamis_run_root_read(place, &root, err);

    if (status != TAMIS_OK) {
        return status;
    }
    *out_piece = (tamis_run_piece){.kind = kind, .part = part};
    if (root.leaves != 0) {
        status = tamis_run_leaf_read(place, &root, tamis_run_root_find(&root, kind, part), pieces,
                                     &count, err);
    }
    if (status == TAMIS_OK && count != 0) {
        index = tamis_run_pieces_lower(pieces, count, kind, part);
        if (index < count && pieces[index].kind == kind && pieces[index].part == part) {
            *out_piece = pieces[index];
        }
    }
    tamis_run_root_fini(&root);
    return status;
}

size_t tamis_run_pieces_lower(const tamis_run_piece *pieces, size_t count, uint32_t kind,
                              uint32_t part)
{
    const tamis_run_piece key = {.kind = kind, .part = part};
    size_t first = 0;

    while (count > 0) {
        size_t half = count / 2;

        if (compare_pieces(&pieces[first + half], &key) < 0) {
            first += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return first;
}
