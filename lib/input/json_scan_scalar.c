/* SPDX-License-Identifier: Apache-2.0 */
#include "json_scan.h"
#include "tamis/bytes.h"

#define BLOCK_BYTES 8
#define KERNEL_NAME json_kernel_scalar

/* Eight bytes in one word. A flag above the lowest true one may be false (a borrow passed through
 * it), and only the lowest is used. */
static inline uint64_t block_stops(const uint8_t *p, uint8_t *copy)
{
    const uint64_t low = UINT64_C(0x0101010101010101);
    uint64_t word = tamis_get64le(p);
    uint64_t quote = word ^ (low * '"');
    uint64_t backslash = word ^ (low * '\\');

    if (copy != NULL) {
        tamis_put64le(copy, word);
    }
    return (((quote - low) & ~quote) | ((backslash - low) & ~backslash) |
            ((word - low * 0x20) & ~word)) &
           (low * 0x80);
}

static inline size_t block_first(uint64_t mask)
{
    return (size_t)__builtin_ctzll(mask) / 8;
}

static inline bool block_decode(const uint8_t **p, uint8_t **out)
{
    uint64_t mask = block_stops(*p, *out);
    size_t plain = mask == 0 ? BLOCK_BYTES : block_first(mask);

    *p += plain;
    *out += plain;
    if (mask != 0 && (*p)[0] == '\\' && (*p)[1] == 'n') { /* most escapes of running text */
        *(*out)++ = '\n';
        *p += 2;
        return false;
    }
    return mask != 0;
}

#include "json_scan_body.h"
