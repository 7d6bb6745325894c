/* SPDX-License-Identifier: Apache-2.0 */
/* Bits files of any content: refused or read, never more. What is loaded lies within its file. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tamis/bits_file.h"
#include "tamis/bytes.h"
#include "tamis/hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEAD_BYTES 16
#define FILE_BYTES 65536

/* Random bytes seldom have the right checksum: that of the head is put right, so that what lies
 * behind it is reached. */
static void seal_head(uint8_t *bytes, size_t size)
{
    size_t head = 0;

    if (size < HEAD_BYTES) {
        return;
    }
    head = HEAD_BYTES + ((size_t)tamis_get32le(bytes + 12) + 1) * 8;
    if (head + 8 <= size) {
        tamis_put64le(bytes + head, tamis_hash64(bytes, head));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t bytes[FILE_BYTES];
    int file = memfd_create("bits", 0);
    char path[64];

    if (file < 0 || size > sizeof(bytes)) {
        if (file >= 0) {
            (void)close(file);
        }
        return 0;
    }
    memcpy(bytes, data, size);
    for (int round = 0; round < 2; round++) {
        tamis_bits *bits = NULL;
        uint32_t splits = size >= HEAD_BYTES ? tamis_get32le(bytes + 12) : 0;

        if (ftruncate(file, 0) != 0 || pwrite(file, bytes, size, 0) != (ssize_t)size) {
            break;
        }
        (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
        if (tamis_bits_load(path, splits / 3, splits, &bits, NULL) == TAMIS_OK) {
            for (uint32_t split = splits / 3; split < splits; split++) {
                (void)tamis_bits_has_any(bits, split);
            }
        }
        tamis_bits_destroy(bits);
        seal_head(bytes, size);
    }
    (void)close(file);
    return 0;
}
