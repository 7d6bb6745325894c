/* SPDX-License-Identifier: Apache-2.0 */
#include "table_write.h"

#include <string.h>

#define BLOCK_SIZE (1u << TAMIS_CHAR_BLOCK_BITS)

void tamis_table_write(FILE *output, const uint32_t values[TAMIS_CHAR_LIMIT], const char *name,
                       const char *type)
{
    static uint32_t blocks[TAMIS_CHAR_BLOCK_COUNT]; /* first code point of each distinct block */
    static uint32_t index[TAMIS_CHAR_BLOCK_COUNT];
    uint32_t block_count = 0;

    for (uint32_t block = 0; block < TAMIS_CHAR_BLOCK_COUNT; block++) {
        uint32_t same = 0;

        while (same < block_count && memcmp(&values[blocks[same]], &values[block * BLOCK_SIZE],
                                            BLOCK_SIZE * sizeof(values[0])) != 0) {
            same++;
        }
        if (same == block_count) {
            blocks[block_count++] = block * BLOCK_SIZE;
        }
        index[block] = same;
    }
    (void)fprintf(output, "\nconst uint16_t tamis_%s_index[TAMIS_CHAR_BLOCK_COUNT] = {", name);
    for (uint32_t block = 0; block < TAMIS_CHAR_BLOCK_COUNT; block++) {
        (void)fprintf(output, "%s%u,", block % 16 == 0 ? "\n" : "", (unsigned)index[block]);
    }
    (void)fprintf(output, "\n};\nconst %s tamis_%s_entries[] = {", type, name);
    for (uint32_t i = 0; i < block_count * BLOCK_SIZE; i++) {
        uint32_t value = values[blocks[i / BLOCK_SIZE] + i % BLOCK_SIZE];

        if (type[0] == 'u') {
            (void)fprintf(output, "%s%uu,", i % 16 == 0 ? "\n" : "", (unsigned)value);
        } else {
            (void)fprintf(output, "%s%d,", i % 16 == 0 ? "\n" : "", (int)value);
        }
    }
    (void)fprintf(output, "\n};\n");
}
