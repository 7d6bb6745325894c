/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/bits_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tamis/fields.h"
#include "tamis/hash.h"

/* Layout: magic "TAMISBIT", version u32, split_count u32, bases (split_count + 1) u64, XXH3-64 of
 * all before; then the bits as u64 words in blocks of BITS_BLOCK_WORDS, each followed by its
 * XXH3-64, so that a range can be read and checked alone. */
#define BITS_MAGIC       "TAMISBIT"
#define BITS_VERSION     1
#define BITS_BLOCK_WORDS 1024
#define BITS_BLOCK_BYTES (BITS_BLOCK_WORDS * 8 + 8)
#define BITS_HEAD_BYTES  16

static uint64_t words_of_bits(uint64_t bits)
{
    return (bits + 63) / 64;
}

static tamis_status bits_allocate(uint32_t split_count, tamis_bits **out_bits, tamis_err *err)
{
    tamis_bits *bits = calloc(1, sizeof(*bits));

    if (bits != NULL) {
        bits->base = calloc((size_t)split_count + 1, sizeof(*bits->base));
        bits->split_count = split_count;
    }
    if (bits == NULL || bits->base == NULL) {
        tamis_bits_destroy(bits);
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the bases of %u splits",
                             split_count);
    }
    *out_bits = bits;
    return TAMIS_OK;
}

/* Room for whole blocks, so that loading needs no special last one. */
static tamis_status bits_allocate_map(tamis_bits *bits, uint64_t bit_count, tamis_err *err)
{
    uint64_t words = words_of_bits(bit_count) + 2 * BITS_BLOCK_WORDS;

    bits->map.bits = bit_count;
    bits->map.words = calloc((size_t)words, sizeof(uint64_t));
    return bits->map.words != NULL
               ? TAMIS_OK
               : tamis_err_set(err, TAMIS_ENOMEM, "no memory for a bitmap of %llu rows",
                               (unsigned long long)bit_count);
}

tamis_status tamis_bits_create(const uint64_t *rows, uint32_t split_count, bool value,
                               tamis_bits **out_bits, tamis_err *err)
{
    tamis_bits *bits = NULL;
    tamis_status status = bits_allocate(split_count, &bits, err);

    if (status != TAMIS_OK) {
        return status;
    }
    for (uint32_t split = 0; split < split_count; split++) {
        bits->base[split + 1] = bits->base[split] + rows[split];
    }
    status = bits_allocate_map(bits, bits->base[split_count], err);
    if (status != TAMIS_OK) {
        tamis_bits_destroy(bits);
        return status;
    }
    if (value) {
        memset(bits->map.words, 0xff, (size_t)words_of_bits(bits->map.bits) * sizeof(uint64_t));
    }
    *out_bits = bits;
    return TAMIS_OK;
}

void tamis_bits_destroy(tamis_bits *bits)
{
    if (bits != NULL) {
        free(bits->map.words);
        free(bits->base);
        free(bits);
    }
}

bool tamis_bits_has_any(const tamis_bits *bits, uint32_t split)
{
    uint64_t bit = bits->base[split] - bits->first_bit;
    uint64_t end = bits->base[split + 1] - bits->first_bit;

    while (bit < end && (bit & 63) != 0) {
        if (tamis_bitmap_get(&bits->map, bit++)) {
            return true;
        }
    }
    for (; bit + 64 <= end; bit += 64) {
        if (bits->map.words[bit >> 6] != 0) {
            return true;
        }
    }
    for (; bit < end; bit++) {
        if (tamis_bitmap_get(&bits->map, bit)) {
            return true;
        }
    }
    return false;
}

static tamis_status write_all(int file, const uint8_t *data, size_t size)
{
    while (size != 0) {
        ssize_t written = write(file, data, size);

        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return TAMIS_EIO;
        }
        data += written;
        size -= (size_t)written;
    }
    return TAMIS_OK;
}

static tamis_status bits_encode_head(const tamis_bits *bits, tamis_buf *out)
{
    tamis_status status = tamis_buf_append(out, BITS_MAGIC, 8);

    if (status == TAMIS_OK) {
        status = tamis_put_u32(out, BITS_VERSION);
    }
    if (status == TAMIS_OK) {
        status = tamis_put_u32(out, bits->split_count);
    }
    for (uint32_t split = 0; status == TAMIS_OK && split <= bits->split_count; split++) {
        status = tamis_put_u64(out, bits->base[split]);
    }
    if (status == TAMIS_OK) {
        status = tamis_put_u64(out, tamis_hash64(out->data, out->size));
    }
    return status;
}

static tamis_status bits_write_blocks(const tamis_bits *bits, int file)
{
    uint8_t block[BITS_BLOCK_BYTES];
    uint64_t words = words_of_bits(bits->map.bits);

    for (uint64_t first = 0; first < words; first += BITS_BLOCK_WORDS) {
        for (size_t i = 0; i < BITS_BLOCK_WORDS; i++) {
            uint64_t word = first + i < words ? bits->map.words[first + i] : 0;

            tamis_put64le(block + 8 * i, word);
        }
        tamis_put64le(block + BITS_BLOCK_WORDS * 8, tamis_hash64(block, BITS_BLOCK_WORDS * 8));
        if (write_all(file, block, sizeof(block)) != TAMIS_OK) {
            return TAMIS_EIO;
        }
    }
    return TAMIS_OK;
}

tamis_status tamis_bits_save(const tamis_bits *bits, const char *path, tamis_err *err)
{
    tamis_buf head;
    tamis_status status = TAMIS_OK;
    int file = -1;

    TAMIS_ASSERT(bits->first_split == 0);
    tamis_buf_init(&head, 0);
    status = bits_encode_head(bits, &head);
    if (status != TAMIS_OK) {
        (void)tamis_err_set(err, status, "%s: no memory for its head", path);
        goto out;
    }
    file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0 || write_all(file, head.data, head.size) != TAMIS_OK ||
        bits_write_blocks(bits, file) != TAMIS_OK || fsync(file) != 0) {
        status = tamis_err_errno(err, errno, "%s: cannot write", path);
    }
out:
    if (file >= 0) {
        (void)close(file); /* synced above: nothing is lost by a failing close */
    }
    tamis_buf_fini(&head);
    return status;
}

static tamis_status read_all(int file, uint8_t *data, size_t size, uint64_t offset,
                             const char *path, tamis_err *err)
{
    while (size != 0) {
        ssize_t count = pread(file, data, size, (off_t)offset);

        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return tamis_err_errno(err, errno, "%s: cannot read at offset %llu", path,
                                   (unsigned long long)offset);
        }
        if (count == 0) {
            return tamis_err_set(err, TAMIS_ECORRUPT, "%s: ends early at offset %llu", path,
                                 (unsigned long long)offset);
        }
        data += count;
        offset += (uint64_t)count;
        size -= (size_t)count;
    }
    return TAMIS_OK;
}

/* Whether bases ascend by possible numbers of rows and the file holds exactly the blocks that they
 * ask for, so that nothing is allocated for bits that are not there. */
static bool bits_is_plausible(const tamis_bits *bits, uint64_t head_bytes, uint64_t file_bytes)
{
    uint64_t block_bits = BITS_BLOCK_WORDS * 64;
    uint64_t blocks = 0;

    if (bits->base[0] != 0) {
        return false;
    }
    for (uint32_t split = 0; split < bits->split_count; split++) {
        if (bits->base[split + 1] < bits->base[split] ||
            bits->base[split + 1] - bits->base[split] > TAMIS_SPLIT_ROWS_MAX) {
            return false;
        }
    }
    blocks = (bits->base[bits->split_count] + block_bits - 1) / block_bits;
    return file_bytes == head_bytes + blocks * BITS_BLOCK_BYTES;
}

static tamis_status bits_read_head(int file, const char *path, tamis_bits **out_bits,
                                   tamis_err *err)
{
    uint8_t head[BITS_HEAD_BYTES];
    uint8_t *bytes = NULL;
    size_t size = 0;
    uint32_t split_count = 0;
    struct stat info;
    tamis_status status = read_all(file, head, sizeof(head), 0, path, err);

    if (status != TAMIS_OK) {
        return status;
    }
    split_count = tamis_get32le(head + 12);
    if (memcmp(head, BITS_MAGIC, 8) != 0 || tamis_get32le(head + 8) != BITS_VERSION) {
        return tamis_err_set(err, TAMIS_EVERSION, "%s: not a bits file of version %d", path,
                             BITS_VERSION);
    }
    size = BITS_HEAD_BYTES + ((size_t)split_count + 1) * 8 + 8;
    if (fstat(file, &info) != 0 || (uint64_t)info.st_size < size) {
        return tamis_err_set(err, TAMIS_ECORRUPT, "%s: ends within its head", path);
    }
    bytes = malloc(size);
    if (bytes == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for its head", path);
    }
    status = read_all(file, bytes, size, 0, path, err);
    if (status == TAMIS_OK && tamis_hash64(bytes, size - 8) != tamis_get64le(bytes + size - 8)) {
        status = tamis_err_set(err, TAMIS_ECORRUPT, "%s: checksum of the head differs", path);
    }
    if (status == TAMIS_OK) {
        status = bits_allocate(split_count, out_bits, err);
    }
    for (uint32_t split = 0; status == TAMIS_OK && split <= split_count; split++) {
        (*out_bits)->base[split] = tamis_get64le(bytes + BITS_HEAD_BYTES + 8 * (size_t)split);
    }
    if (status == TAMIS_OK && !bits_is_plausible(*out_bits, size, (uint64_t)info.st_size)) {
        status = tamis_err_set(err, TAMIS_ECORRUPT, "%s: its size is not that of the rows it names",
                               path);
    }
    free(bytes);
    return status;
}

static tamis_status bits_read_blocks(tamis_bits *bits, int file, const char *path, uint64_t end_bit,
                                     tamis_err *err)
{
    uint64_t head_bytes = BITS_HEAD_BYTES + ((uint64_t)bits->split_count + 1) * 8 + 8;
    uint64_t block_bits = BITS_BLOCK_WORDS * 64;
    uint8_t block[BITS_BLOCK_BYTES];

    for (uint64_t bit = bits->first_bit; bit < end_bit; bit += block_bits) {
        uint64_t offset = head_bytes + bit / block_bits * BITS_BLOCK_BYTES;
        uint64_t *words = bits->map.words + (bit - bits->first_bit) / 64;
        tamis_status status = read_all(file, block, sizeof(block), offset, path, err);

        if (status != TAMIS_OK) {
            return status;
        }
        if (tamis_hash64(block, BITS_BLOCK_WORDS * 8) !=
            tamis_get64le(block + BITS_BLOCK_WORDS * 8)) {
            return tamis_err_set(err, TAMIS_ECORRUPT, "%s: checksum differs at offset %llu", path,
                                 (unsigned long long)offset);
        }
        for (size_t i = 0; i < BITS_BLOCK_WORDS; i++) {
            words[i] = tamis_get64le(block + 8 * i);
        }
    }
    return TAMIS_OK;
}

tamis_status tamis_bits_load(const char *path, uint32_t first_split, uint32_t end_split,
                             tamis_bits **out_bits, tamis_err *err)
{
    tamis_bits *bits = NULL;
    tamis_status status = TAMIS_OK;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    uint64_t block_bits = BITS_BLOCK_WORDS * 64;

    if (file < 0) {
        return tamis_err_errno(err, errno, "%s: cannot open", path);
    }
    status = bits_read_head(file, path, &bits, err);
    if (status != TAMIS_OK) {
        goto out;
    }
    if (first_split > end_split || end_split > bits->split_count) {
        status = tamis_err_set(err, TAMIS_EARG, "%s: has %u splits, not %u to %u", path,
                               bits->split_count, first_split, end_split);
        goto out;
    }
    bits->first_split = first_split;
    bits->first_bit = bits->base[first_split] / block_bits * block_bits;
    status = bits_allocate_map(bits, bits->base[end_split] - bits->first_bit, err);
    if (status == TAMIS_OK) {
        status = bits_read_blocks(bits, file, path, bits->base[end_split], err);
    }
    if (status == TAMIS_OK) {
        *out_bits = bits;
        bits = NULL;
    }
out:
    tamis_bits_destroy(bits);
    (void)close(file); /* read only */
    return status;
}
