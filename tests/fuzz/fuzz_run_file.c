/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a run file: opened, every piece read, merged with itself. The first byte says
 * whether the bytes are taken as they are or are given checksums that hold, so that what lies
 * behind them is reached too. Layout: docs/FORMATS.md, section 4. */
#include <endian.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tamis/hash.h"
#include "tamis/sorter.h"

#define HEADER_BYTES 16u
#define FOOTER_BYTES 48u
#define ENTRY_BYTES  48u
#define ROOT_BYTES   16u
#define LEAF_PIECES  64u
#define BLOCK_BYTES  32u
#define BLOCKS_MAX   1000u /* that are looked at in one input */

/* What was read goes here, so that reading is not left out. */
static volatile uint64_t sink;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t get64(const uint8_t *bytes)
{
    uint64_t value;

    memcpy(&value, bytes, 8);
    return le64toh(value);
}

static void put64(uint8_t *bytes, uint64_t value)
{
    value = htole64(value);
    memcpy(bytes, &value, 8);
}

static uint32_t get32(const uint8_t *bytes)
{
    uint32_t value;

    memcpy(&value, bytes, 4);
    return le32toh(value);
}

/* Gives the blocks of one piece checksums, as far as they can be followed. */
static void seal_blocks(uint8_t *file, uint64_t offset, uint64_t end, unsigned *blocks)
{
    while (offset < end && end - offset >= BLOCK_BYTES && (*blocks)++ < BLOCKS_MAX) {
        uint8_t *block = file + offset;
        uint64_t head = get32(block + 8);
        uint64_t payload = get64(block + 16);

        if (head < BLOCK_BYTES || head > end - offset || payload > end - offset - head) {
            return;
        }
        put64(block + 24, payload == 0 ? 0 : tamis_hash64(block + head, (size_t)payload));
        put64(block, tamis_hash64(block + 8, (size_t)head - 8));
        offset += head + payload;
    }
}

static void seal(uint8_t *file, size_t size)
{
    uint8_t *footer = file + size - FOOTER_BYTES;
    uint64_t room = size - HEADER_BYTES - FOOTER_BYTES;
    uint64_t pieces = get32(footer + 8) % 200;
    uint64_t leaves = (pieces + LEAF_PIECES - 1) / LEAF_PIECES;
    unsigned blocks = 0;
    uint8_t *root = NULL;
    uint8_t *entries = NULL;

    if (pieces * ENTRY_BYTES + leaves * ROOT_BYTES > room) {
        pieces = 0;
        leaves = 0;
    }
    root = footer - leaves * ROOT_BYTES;
    entries = root - pieces * ENTRY_BYTES;
    for (uint64_t i = 0; i < pieces; i++) {
        uint64_t offset = get64(entries + i * ENTRY_BYTES + 32);
        uint64_t bytes = get64(entries + i * ENTRY_BYTES + 40);
        uint64_t end = (uint64_t)(entries - file);

        if (offset >= HEADER_BYTES && offset <= end && bytes <= end - offset) {
            seal_blocks(file, offset, offset + bytes, &blocks);
        }
    }
    for (uint64_t i = 0; i < leaves; i++) {
        uint64_t rest = pieces - i * LEAF_PIECES;

        put64(root + i * ROOT_BYTES + 8,
              tamis_hash64(entries + i * LEAF_PIECES * ENTRY_BYTES,
                           (size_t)(rest > LEAF_PIECES ? LEAF_PIECES : rest) * ENTRY_BYTES));
    }
    memcpy(file, "TAMISRUN\1\0\0\0", 12);
    put64(footer, (uint64_t)(entries - file));
    put64(footer + 8, pieces);
    put64(footer + 16, size);
    put64(footer + 24, tamis_hash64(root, (size_t)leaves * ROOT_BYTES));
    put64(footer + 32, tamis_hash64(footer, 32));
    memcpy(footer + 40, "TAMISEND", 8);
}

/* Touches every record that the cursor gives. */
static void read_piece(tamis_run_file *file, uint32_t kind, uint32_t part, uint32_t words)
{
    tamis_run_cursor *cursor = NULL;
    const uint64_t *records = NULL;
    size_t count = 0;
    tamis_err err;

    if (tamis_run_cursor_create(file, kind, part, 4096, &cursor, &err) != TAMIS_OK) {
        return;
    }
    for (unsigned blocks = 0;
         blocks < BLOCKS_MAX && tamis_run_cursor_next(cursor, &records, &count, &err) == TAMIS_OK;
         blocks++) {
        for (size_t i = 0; i < count * words; i++) {
            sink += records[i];
        }
    }
    tamis_run_cursor_destroy(cursor);
}

static void merge_twice(const char *path, uint32_t kind, uint32_t part, uint32_t words,
                        bool has_payload)
{
    const tamis_merge_options options = {.words = words,
                                         .has_payload = has_payload,
                                         .memory_bytes = TAMIS_SORT_MEMORY_MIN,
                                         .temp_folder = "/tmp"};
    const tamis_merge_source source = {.path = path, .kind = kind, .part = part};
    const tamis_merge_source sources[] = {source, source};
    tamis_merge *merge = NULL;
    const uint64_t *records = NULL;
    size_t count = 0;
    tamis_err err;

    if (tamis_merge_create(&options, sources, 2, &merge, &err) != TAMIS_OK) {
        return;
    }
    for (unsigned blocks = 0;
         blocks < BLOCKS_MAX && tamis_merge_next(merge, &records, &count, &err) == TAMIS_OK;
         blocks++) {
        for (size_t i = 0; i < count && has_payload; i++) {
            tamis_slice payload = tamis_merge_payload(merge, i);

            sink += payload.size > 0 ? payload.data[0] + payload.data[payload.size - 1] : 0u;
        }
    }
    tamis_merge_destroy(merge);
}

static void read_file(const char *path)
{
    tamis_run_file *file = NULL;
    tamis_err err;

    if (tamis_run_file_open(path, &file, &err) != TAMIS_OK) {
        return;
    }
    for (uint32_t i = 0; i < tamis_run_file_piece_count(file); i++) {
        uint32_t kind = 0;
        uint32_t part = 0;
        uint32_t words = 0;
        uint64_t count = 0;

        tamis_run_file_piece(file, i, &kind, &part, &words, &count);
        read_piece(file, kind, part, words);
        merge_twice(path, kind, part, words, false);
        merge_twice(path, kind, part, words, true);
    }
    tamis_run_file_close(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    int fd = -1;
    uint8_t *file = NULL;

    if (size < 1 + HEADER_BYTES + FOOTER_BYTES) {
        return 0;
    }
    file = malloc(size - 1);
    fd = memfd_create("run", MFD_CLOEXEC);
    if (file != NULL && fd >= 0) {
        memcpy(file, data + 1, size - 1);
        if ((data[0] & 1) != 0) {
            seal(file, size - 1);
        }
        if (write(fd, file, size - 1) == (ssize_t)(size - 1)) {
            (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
            read_file(path);
        }
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    free(file);
    return 0;
}
