/* SPDX-License-Identifier: Apache-2.0 */
/* Grades files of any content: refused or read, never more. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tamis/bytes.h"
#include "tamis/grades.h"
#include "tamis/hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEAD_BYTES 24
#define BLOCK_HEAD 96
#define FILE_BYTES 65536

/* Random bytes seldom have the right checksums: those of the header, of the blocks' heads and of
 * their sections are put right, so that what lies behind them is reached. */
static void seal(uint8_t *bytes, size_t size)
{
    size_t at = 0;

    if (size < HEAD_BYTES) {
        return;
    }
    at = HEAD_BYTES + (size_t)tamis_get32le(bytes + 12);
    if (at + 8 > size) {
        return;
    }
    tamis_put64le(bytes + at, tamis_hash64(bytes, at));
    at += 8;
    while (at + BLOCK_HEAD <= size) {
        uint8_t *head = bytes + at;

        at += BLOCK_HEAD;
        for (size_t i = 0; i < 3; i++) {
            size_t stored = tamis_get32le(head + 24 + 16 * i);

            if (stored > size - at) {
                stored = size - at;
            }
            tamis_put64le(head + 32 + 16 * i, tamis_hash64(bytes + at, stored));
            at += stored;
        }
        tamis_put64le(head + BLOCK_HEAD - 8, tamis_hash64(head, BLOCK_HEAD - 8));
    }
}

static void read_all(const char *path, unsigned wanted)
{
    tamis_grades_reader *reader = NULL;
    tamis_grades_row row;

    if (tamis_grades_reader_open(path, wanted, &reader, NULL) != TAMIS_OK) {
        return;
    }
    while (tamis_grades_next(reader, &row, NULL) == TAMIS_OK) {
        if (row.ord % 16 == 0 &&
            tamis_grades_find(reader, row.ord + 9, &row, NULL) == TAMIS_ECORRUPT) {
            break;
        }
    }
    tamis_grades_reader_close(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t bytes[FILE_BYTES];
    int file = memfd_create("grades", 0);
    char path[64];

    if (file < 0 || size > sizeof(bytes)) {
        if (file >= 0) {
            (void)close(file);
        }
        return 0;
    }
    memcpy(bytes, data, size);
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    for (unsigned round = 0; round < 2; round++) {
        if (ftruncate(file, 0) != 0 || pwrite(file, bytes, size, 0) != (ssize_t)size) {
            break;
        }
        read_all(path, round == 0 ? 0 : TAMIS_GRADES_VALUES | TAMIS_GRADES_CHANGES);
        seal(bytes, size);
    }
    (void)close(file);
    return 0;
}
