/* SPDX-License-Identifier: Apache-2.0 */
#include "run_block.h"

#include "tamis/hash.h"

/* Rows that are packed at a time: of wide records so few that they stay in the first cache while
 * their columns are walked one after another. */
#define TILE_ROWS 32u

/* Up to here a column is walked on its own without leaving the cache much. */
#define NARROW_WORDS_MAX 4u

typedef struct run_column {
    uint64_t base;
    uint64_t max; /* the greatest distance from base, or difference */
    uint64_t mask;
    size_t offset; /* of its bytes in the head */
    uint32_t width;
} run_column;

static uint32_t width_of(uint64_t value)
{
    return value == 0 ? 0 : (uint32_t)(71 - __builtin_clzll(value)) / 8;
}

static uint64_t mask_of(uint32_t width)
{
    return width == 0 ? 0 : UINT64_MAX >> (64 - 8 * width);
}

/* Fixed part, one base and one width byte a column. */
static size_t columns_offset(uint32_t columns)
{
    return TAMIS_RUN_BLOCK_HEAD + (size_t)columns * 9;
}

uint32_t tamis_run_block_records(uint32_t words, size_t block_bytes)
{
    size_t records = block_bytes / ((size_t)words * 8);

    if (records > TAMIS_RUN_BLOCK_RECORDS) {
        return TAMIS_RUN_BLOCK_RECORDS;
    }
    return records == 0 ? 1 : (uint32_t)records;
}

size_t tamis_run_block_bound(uint32_t columns, size_t count)
{
    return columns_offset(columns) + (size_t)columns * count * 8;
}

/* Range of one column. */
static run_column measure_range(const uint64_t *values, size_t count, size_t stride)
{
    uint64_t least = values[0];
    uint64_t greatest = values[0];

    for (size_t i = 1; i < count; i++) {
        uint64_t value = values[i * stride];

        least = value < least ? value : least;
        greatest = value > greatest ? value : greatest;
    }
    return (run_column){.base = least, .max = greatest - least};
}

/* The bits of all differences between neighbors. */
static run_column measure_differences(const uint64_t *values, size_t count, size_t stride)
{
    uint64_t previous = values[0];
    uint64_t seen = 0;

    for (size_t i = 1; i < count; i++) {
        uint64_t value = values[i * stride];

        seen |= value - previous;
        previous = value;
    }
    return (run_column){.base = values[0], .max = seen};
}

/* The same for all columns of wide records at once: each record is looked at once. */
static void measure_wide(const uint64_t *records, size_t count, uint32_t words, run_column *columns)
{
    for (uint32_t word = 0; word < words; word++) {
        columns[word] = (run_column){.base = records[word], .max = records[word]};
    }
    for (size_t i = 1; i < count; i++) {
        const uint64_t *record = records + i * words;

        for (uint32_t word = 1; word < words; word++) {
            uint64_t value = record[word];

            columns[word].base = value < columns[word].base ? value : columns[word].base;
            columns[word].max = value > columns[word].max ? value : columns[word].max;
        }
    }
    for (uint32_t word = 1; word < words; word++) {
        columns[word].max -= columns[word].base;
    }
    columns[0] = measure_differences(records, count, words);
}

/* Base and range of every column: the first by differences. */
static void measure(const uint64_t *records, size_t count, uint32_t words, run_column *columns)
{
    if (words > NARROW_WORDS_MAX) {
        measure_wide(records, count, words, columns);
        return;
    }
    columns[0] = measure_differences(records, count, words);
    for (uint32_t word = 1; word < words; word++) {
        columns[word] = measure_range(records + word, count, words);
    }
}

/* Packs one column of a tile; the stores overrun its end by up to 8 bytes. */
static void pack(uint8_t *out, const uint64_t *values, size_t count, size_t stride,
                 const run_column *column)
{
    uint32_t width = column->width;
    uint64_t base = column->base;

    for (size_t i = 0; i < count; i++) {
        tamis_put64(out, values[i * stride] - base);
        out += width;
    }
}

static void pack_differences(uint8_t *out, const uint64_t *values, size_t count, size_t stride,
                             uint64_t previous, uint32_t width)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t value = values[i * stride];

        tamis_put64(out, value - previous);
        previous = value;
        out += width;
    }
}

/* Fills in width, mask and offset; writes bases and widths; returns the size of the head. */
static size_t lay_out(run_column *columns, uint32_t count, size_t records, uint8_t *out)
{
    size_t offset = columns_offset(count);

    for (uint32_t i = 0; i < count; i++) {
        columns[i].width = width_of(columns[i].max);
        columns[i].offset = offset;
        tamis_put64(out + TAMIS_RUN_BLOCK_HEAD + (size_t)i * 8, columns[i].base);
        out[TAMIS_RUN_BLOCK_HEAD + (size_t)count * 8 + i] = (uint8_t)columns[i].width;
        offset += columns[i].width * records;
    }
    return offset;
}

static void pack_words(const uint64_t *records, size_t count, uint32_t words,
                       const run_column *columns, uint8_t *out)
{
    for (size_t first = 0; first < count; first += TILE_ROWS) {
        size_t rows = count - first < TILE_ROWS ? count - first : TILE_ROWS;
        const uint64_t *tile = records + first * words;

        for (uint32_t word = 0; word < words; word++) {
            const run_column *column = &columns[word];
            uint8_t *begin = out + column->offset + first * column->width;
            uint8_t *end = begin + rows * column->width;
            uint64_t behind = 0;

            if (column->width == 0) {
                continue;
            }
            /* Behind the last tile stands the next column, whose first tiles are written. */
            memcpy(&behind, end, sizeof(behind));
            if (word == 0) {
                pack_differences(begin, tile, rows, words, first == 0 ? tile[0] : *(tile - words),
                                 column->width);
            } else {
                pack(begin, tile + word, rows, words, column);
            }
            memcpy(end, &behind, sizeof(behind));
        }
    }
}

size_t tamis_run_block_encode(const uint64_t *records, size_t count, uint32_t words,
                              const uint64_t *lengths, tamis_slice payload, uint8_t *out)
{
    run_column columns[TAMIS_RUN_COLUMNS_MAX];
    uint32_t column_count = words + (lengths != NULL ? 1 : 0);
    size_t size = 0;

    TAMIS_ASSERT(count > 0 && count <= TAMIS_RUN_BLOCK_RECORDS);
    TAMIS_ASSERT(words > 0 && words <= TAMIS_RUN_WORDS_MAX);
    measure(records, count, words, columns);
    if (lengths != NULL) {
        columns[words] = measure_range(lengths, count, 1);
    }
    size = lay_out(columns, column_count, count, out);
    pack_words(records, count, words, columns, out);
    if (lengths != NULL) {
        pack(out + columns[words].offset, lengths, count, 1, &columns[words]);
    }
    tamis_put32(out + 8, (uint32_t)size);
    tamis_put32(out + 12, (uint32_t)count);
    tamis_put64(out + 16, payload.size);
    tamis_put64(out + 24, payload.size == 0 ? 0 : tamis_hash64(payload.data, payload.size));
    tamis_put64(out, tamis_hash64(out + 8, size - 8));
    return size;
}

bool tamis_run_block_parse(const uint8_t *bytes, const tamis_run_piece *piece,
                           tamis_run_block *out_block)
{
    uint32_t columns = piece->words + (piece->has_payload ? 1 : 0);
    tamis_run_block block = {
        .head_bytes = tamis_get32(bytes + 8),
        .count = tamis_get32(bytes + 12),
        .payload_bytes = tamis_get64(bytes + 16),
        .payload_checksum = tamis_get64(bytes + 24),
    };

    if (block.count == 0 || block.count > piece->block_records_max ||
        block.head_bytes < columns_offset(columns) ||
        block.head_bytes > tamis_run_block_bound(columns, block.count)) {
        return false;
    }
    if (block.payload_bytes > (piece->has_payload ? TAMIS_RUN_PAYLOAD_MAX : 0) ||
        (block.payload_bytes > TAMIS_RUN_BLOCK_BYTES && block.count != 1)) {
        return false;
    }
    if (block.head_bytes + (block.payload_bytes > TAMIS_RUN_BLOCK_BYTES ? 0 : block.payload_bytes) >
        piece->block_bytes_max) {
        return false;
    }
    *out_block = block;
    return true;
}

/* The other way round; loads overrun the column's end by up to 8 bytes. */
static void unpack(const uint8_t *bytes, size_t count, size_t stride, const run_column *column,
                   uint64_t *out)
{
    uint64_t base = column->base;
    uint64_t mask = column->mask;
    uint32_t width = column->width;

    for (size_t i = 0; i < count; i++) {
        out[i * stride] = base + (tamis_get64(bytes) & mask);
        bytes += width;
    }
}

/* Returns the last value, from which the next tile goes on. */
static uint64_t unpack_differences(const uint8_t *bytes, size_t count, size_t stride,
                                   const run_column *column, uint64_t previous, uint64_t *out)
{
    uint64_t mask = column->mask;
    uint32_t width = column->width;

    for (size_t i = 0; i < count; i++) {
        previous += tamis_get64(bytes) & mask;
        out[i * stride] = previous;
        bytes += width;
    }
    return previous;
}

static void unpack_words(const uint8_t *bytes, size_t count, uint32_t words,
                         const run_column *columns, uint64_t *out)
{
    uint64_t previous = columns[0].base;

    for (size_t first = 0; first < count; first += TILE_ROWS) {
        size_t rows = count - first < TILE_ROWS ? count - first : TILE_ROWS;
        uint64_t *tile = out + first * words;

        previous = unpack_differences(bytes + columns[0].offset + first * columns[0].width, rows,
                                      words, &columns[0], previous, tile);
        for (uint32_t word = 1; word < words; word++) {
            const run_column *column = &columns[word];

            unpack(bytes + column->offset + first * column->width, rows, words, column,
                   tile + word);
        }
    }
}

/* Whether the first words ascend: merges rely on it. The sum of 4,096 differences of up to 6 bytes
 * passes 2^64 once at most, and then the last is below the first. */
static bool is_ascending(const uint64_t *records, size_t count, uint32_t words,
                         const run_column *first_column)
{
    if (first_column->width <= 6) {
        return records[(count - 1) * words] >= first_column->base;
    }
    for (size_t i = 1; i < count; i++) {
        if (records[i * words] < records[(i - 1) * words]) {
            return false;
        }
    }
    return true;
}

bool tamis_run_block_decode(const uint8_t *bytes, const tamis_run_block *block,
                            const tamis_run_piece *piece, uint64_t *out_records,
                            uint64_t *out_lengths)
{
    run_column columns[TAMIS_RUN_COLUMNS_MAX];
    uint32_t count = piece->words + (piece->has_payload ? 1 : 0);
    size_t offset = columns_offset(count);
    uint64_t sum = 0;

    if (tamis_get64(bytes) != tamis_hash64(bytes + 8, block->head_bytes - 8)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t width = bytes[TAMIS_RUN_BLOCK_HEAD + (size_t)count * 8 + i];

        if (width > 8) {
            return false;
        }
        columns[i] = (run_column){.base = tamis_get64(bytes + TAMIS_RUN_BLOCK_HEAD + (size_t)i * 8),
                                  .mask = mask_of(width),
                                  .offset = offset,
                                  .width = width};
        offset += (size_t)width * block->count;
    }
    if (offset != block->head_bytes) {
        return false;
    }
    unpack_words(bytes, block->count, piece->words, columns, out_records);
    if (!is_ascending(out_records, block->count, piece->words, &columns[0])) {
        return false;
    }
    if (!piece->has_payload) {
        return true;
    }
    unpack(bytes + columns[piece->words].offset, block->count, 1, &columns[piece->words],
           out_lengths);
    for (uint32_t i = 0; i < block->count; i++) {
        if (out_lengths[i] > block->payload_bytes - sum) {
            return false;
        }
        sum += out_lengths[i];
    }
    return sum == block->payload_bytes;
}
