/* SPDX-License-Identifier: Apache-2.0 */
#include "run_directory.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tamis/hash.h"

#define FLAG_PAYLOAD 1u

/* What header and footer say, checked against the size of the file. */
typedef struct run_directory {
    uint64_t offset; /* of the first entry */
    uint64_t root_offset;
    uint64_t root_checksum;
    uint32_t pieces;
    uint32_t leaves;
} run_directory;

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

tamis_status tamis_run_header_write(tamis_run_output *output, tamis_err *err)
{
    uint8_t header[TAMIS_RUN_HEADER_BYTES] = {0};

    memcpy(header, TAMIS_RUN_MAGIC, 8);
    tamis_put32(header + 8, TAMIS_RUN_VERSION);
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
static bool get_entry(const uint8_t *bytes, const run_directory *directory, tamis_run_piece *out)
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
    *out = piece;
    return true;
}

tamis_status tamis_run_directory_write(tamis_run_output *output, tamis_run_piece *pieces,
                                       size_t count, tamis_err *err)
{
    size_t leaves = (count + TAMIS_RUN_LEAF_PIECES - 1) / TAMIS_RUN_LEAF_PIECES;
    uint64_t offset = tamis_run_output_offset(output);
    uint8_t leaf[TAMIS_RUN_LEAF_PIECES * TAMIS_RUN_ENTRY_BYTES];
    uint8_t footer[TAMIS_RUN_FOOTER_BYTES] = {0};
    uint8_t *root = malloc(leaves * TAMIS_RUN_ROOT_BYTES + 1);
    tamis_status status = TAMIS_OK;

    if (root == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for %zu pieces", output->path,
                             count);
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
        status = tamis_run_output_append(output, leaf, size, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_run_output_append(output, root, leaves * TAMIS_RUN_ROOT_BYTES, err);
    }
    tamis_put64(footer, offset);
    tamis_put32(footer + 8, (uint32_t)count);
    tamis_put64(footer + 16, tamis_run_output_offset(output) + TAMIS_RUN_FOOTER_BYTES);
    tamis_put64(footer + 24, tamis_hash64(root, leaves * TAMIS_RUN_ROOT_BYTES));
    tamis_put64(footer + 32, tamis_hash64(footer, 32));
    memcpy(footer + 40, TAMIS_RUN_END_MAGIC, 8);
    if (status == TAMIS_OK) {
        status = tamis_run_output_append(output, footer, sizeof(footer), err);
    }
    free(root);
    return status;
}

/* Reads header and footer. */
static tamis_status read_ends(int fd, const char *path, run_directory *out, tamis_err *err)
{
    uint8_t header[TAMIS_RUN_HEADER_BYTES];
    uint8_t footer[TAMIS_RUN_FOOTER_BYTES];
    struct stat info;
    uint64_t size = 0;
    uint64_t at = 0;
    run_directory result = {0};
    tamis_status status = TAMIS_OK;

    if (fstat(fd, &info) != 0) {
        return tamis_err_errno(err, errno, "%s: cannot read its size", path);
    }
    size = (uint64_t)info.st_size;
    if (!S_ISREG(info.st_mode) || size < sizeof(header) + sizeof(footer)) {
        return tamis_err_set(err, TAMIS_ECORRUPT, "%s: no run file (%" PRIu64 " bytes)", path,
                             size);
    }
    status = tamis_run_read_at(fd, path, 0, header, sizeof(header), err);
    if (status != TAMIS_OK) {
        return status;
    }
    if (memcmp(header, TAMIS_RUN_MAGIC, 8) != 0) {
        return corrupt(err, path, 0, "no run file");
    }
    if (tamis_get32(header + 8) != TAMIS_RUN_VERSION) {
        return tamis_err_set(err, TAMIS_EVERSION,
                             "%s: run file of version %" PRIu32 "; this program reads version %u",
                             path, tamis_get32(header + 8), TAMIS_RUN_VERSION);
    }
    at = size - sizeof(footer);
    status = tamis_run_read_at(fd, path, at, footer, sizeof(footer), err);
    if (status != TAMIS_OK) {
        return status;
    }
    if (memcmp(footer + 40, TAMIS_RUN_END_MAGIC, 8) != 0 ||
        tamis_get64(footer + 32) != tamis_hash64(footer, 32) || tamis_get64(footer + 16) != size) {
        return corrupt(err, path, at, "footer; the file may be cut short");
    }
    result.offset = tamis_get64(footer);
    result.pieces = tamis_get32(footer + 8);
    result.leaves =
        (uint32_t)(((uint64_t)result.pieces + TAMIS_RUN_LEAF_PIECES - 1) / TAMIS_RUN_LEAF_PIECES);
    result.root_checksum = tamis_get64(footer + 24);
    if (result.offset < sizeof(header) || result.offset > at ||
        at - result.offset != (uint64_t)result.pieces * TAMIS_RUN_ENTRY_BYTES +
                                  (uint64_t)result.leaves * TAMIS_RUN_ROOT_BYTES) {
        return corrupt(err, path, at, "size of the directory");
    }
    result.root_offset = at - (uint64_t)result.leaves * TAMIS_RUN_ROOT_BYTES;
    *out = result;
    return TAMIS_OK;
}

/* The caller frees *out_root. */
static tamis_status read_root(int fd, const char *path, const run_directory *directory,
                              uint8_t **out_root, tamis_err *err)
{
    size_t size = (size_t)directory->leaves * TAMIS_RUN_ROOT_BYTES;
    uint8_t *root = malloc(size + 1);
    tamis_status status = TAMIS_OK;

    if (root == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for its directory", path);
    }
    status = tamis_run_read_at(fd, path, directory->root_offset, root, size, err);
    if (status == TAMIS_OK && tamis_hash64(root, size) != directory->root_checksum) {
        status = corrupt(err, path, directory->root_offset, "root of the directory");
    }
    if (status != TAMIS_OK) {
        free(root);
        return status;
    }
    *out_root = root;
    return TAMIS_OK;
}

/* Reads leaf `index` into out_pieces (room for TAMIS_RUN_LEAF_PIECES) and checks it. */
static tamis_status read_leaf(int fd, const char *path, const run_directory *directory,
                              const uint8_t *root, uint32_t index, tamis_run_piece *out_pieces,
                              size_t *out_count, tamis_err *err)
{
    uint8_t leaf[TAMIS_RUN_LEAF_PIECES * TAMIS_RUN_ENTRY_BYTES];
    size_t first = (size_t)index * TAMIS_RUN_LEAF_PIECES;
    size_t count = directory->pieces - first;
    uint64_t offset = directory->offset + first * TAMIS_RUN_ENTRY_BYTES;
    tamis_status status = TAMIS_OK;

    if (count > TAMIS_RUN_LEAF_PIECES) {
        count = TAMIS_RUN_LEAF_PIECES;
    }
    status = tamis_run_read_at(fd, path, offset, leaf, count * TAMIS_RUN_ENTRY_BYTES, err);
    if (status != TAMIS_OK) {
        return status;
    }
    if (tamis_hash64(leaf, count * TAMIS_RUN_ENTRY_BYTES) !=
        tamis_get64(root + (size_t)index * TAMIS_RUN_ROOT_BYTES + 8)) {
        return corrupt(err, path, offset, "checksum of the directory");
    }
    for (size_t i = 0; i < count; i++) {
        if (!get_entry(leaf + i * TAMIS_RUN_ENTRY_BYTES, directory, &out_pieces[i]) ||
            (i > 0 && compare_pieces(&out_pieces[i - 1], &out_pieces[i]) >= 0)) {
            return corrupt(err, path, offset + i * TAMIS_RUN_ENTRY_BYTES, "directory entry");
        }
    }
    *out_count = count;
    return TAMIS_OK;
}

tamis_status tamis_run_directory_read(int fd, const char *path, tamis_run_piece **out_pieces,
                                      size_t *out_count, tamis_err *err)
{
    run_directory directory = {0};
    uint8_t *root = NULL;
    tamis_run_piece *pieces = NULL;
    size_t done = 0;
    tamis_status status = read_ends(fd, path, &directory, err);

    if (status != TAMIS_OK) {
        goto out;
    }
    status = read_root(fd, path, &directory, &root, err);
    if (status != TAMIS_OK) {
        goto out;
    }
    /* The footer's figures fit the file's size: this is no more than a small multiple of it. */
    pieces = calloc((size_t)directory.pieces + 1, sizeof(*pieces));
    if (pieces == NULL) {
        status = tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for %" PRIu32 " pieces", path,
                               directory.pieces);
        goto out;
    }
    for (uint32_t leaf = 0; leaf < directory.leaves; leaf++) {
        size_t count = 0;

        status = read_leaf(fd, path, &directory, root, leaf, pieces + done, &count, err);
        if (status != TAMIS_OK) {
            goto out;
        }
        if (done > 0 && compare_pieces(&pieces[done - 1], &pieces[done]) >= 0) {
            status = corrupt(err, path, directory.root_offset, "order of the directory");
            goto out;
        }
        done += count;
    }
    *out_pieces = pieces;
    *out_count = done;
    pieces = NULL;

out:
    free(pieces);
    free(root);
    return status;
}

tamis_status tamis_run_directory_find(int fd, const char *path, uint32_t kind, uint32_t part,
                                      tamis_run_piece *out_piece, tamis_err *err)
{
    run_directory directory = {0};
    tamis_run_piece pieces[TAMIS_RUN_LEAF_PIECES];
    uint8_t *root = NULL;
    uint32_t leaf = 0;
    size_t count = 0;
    size_t index = 0;
    tamis_status status = read_ends(fd, path, &directory, err);

    if (status != TAMIS_OK) {
        goto out;
    }
    status = read_root(fd, path, &directory, &root, err);
    if (status != TAMIS_OK) {
        goto out;
    }
    /* The last leaf that does not begin behind the piece. */
    for (uint32_t size = directory.leaves; size > 0;) {
        uint32_t half = size / 2;
        const uint8_t *line = root + (size_t)(leaf + half) * TAMIS_RUN_ROOT_BYTES;
        bool is_behind =
            tamis_get32(line) > kind || (tamis_get32(line) == kind && tamis_get32(line + 4) > part);

        if (is_behind) {
            size = half;
        } else {
            leaf += half + 1;
            size -= half + 1;
        }
    }
    *out_piece = (tamis_run_piece){.kind = kind, .part = part};
    if (leaf == 0) {
        goto out;
    }
    status = read_leaf(fd, path, &directory, root, leaf - 1, pieces, &count, err);
    if (status != TAMIS_OK) {
        goto out;
    }
    index = tamis_run_pieces_lower(pieces, count, kind, part);
    if (index < count && pieces[index].kind == kind && pieces[index].part == part) {
        *out_piece = pieces[index];
    }

out:
    free(root);
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
