/* SPDX-License-Identifier: Apache-2.0 */
/* sketch_vectors.h - golden sketches: a change here is a new definition version.
 *
 * Shingles are the first `count` numbers of tamis_rng seeded with count * 1000 + slots. Checksums
 * are FNV-1a over whole slots. Made by a program in another language that follows docs/FORMATS.md
 * 1.6 and 1.7 to the letter.
 */
#ifndef TAMIS_TESTS_SKETCH_VECTORS_H
#define TAMIS_TESTS_SKETCH_VECTORS_H

#include <stdint.h>

typedef struct sketch_vector {
    uint32_t slots;
    uint32_t count;
    uint32_t first, second, last;
    uint64_t checksum;
} sketch_vector;

static const sketch_vector sketch_vectors[] = {
    {64, 1, 0x22767bde, 0x5bd8eaa3, 0x2fc8311f, 0xf1b9f08e296fe9cc},
    {64, 2, 0x264cd2d8, 0x05fd2930, 0x16caf450, 0x7690d9701637713b},
    {64, 7, 0x045e7ba1, 0x06f99ebf, 0x27fcfc56, 0x84784f568f4e700d},
    {64, 96, 0x02d3a91f, 0x011fd079, 0x003c714e, 0x0373482e07fd1d57},
    {64, 640, 0x000f2607, 0x0092dc03, 0x0006f62b, 0x9e82d4c77995dfa6},
    {64, 5000, 0x000f5e26, 0x00047fc8, 0x0005e13b, 0xa6bf2b093e517493},
    {128, 1, 0xff4fced3, 0x9ae63377, 0x4716c761, 0xc577c674e83d2527},
    {128, 2, 0x1ec100c5, 0xfc88fa91, 0xbe75d48b, 0xc9b5d5037f153549},
    {128, 7, 0x0624371d, 0x02460d3d, 0x05bd54f0, 0x59c4f901c3ea2ceb},
    {128, 96, 0x0021aed3, 0x01a9d640, 0x02593819, 0x0b10f55e7a1d6278},
    {128, 640, 0x001bd5ae, 0x01a1d6dc, 0x00172b9c, 0x078f406163625676},
    {128, 5000, 0x000cf900, 0x0008275b, 0x00109468, 0x5443ed321b43685e},
    {256, 1, 0x7d6043b2, 0x1840b088, 0xfea821ad, 0x7ba51b10a1316b91},
    {256, 2, 0xff846a44, 0xa7b73e36, 0xfe8da3ab, 0xf6a39f239bcb46c6},
    {256, 7, 0x5ad1918b, 0x00cfcabe, 0x6ecbee88, 0x3d62e3ec026a6324},
    {256, 96, 0x05bc64a0, 0x0168832e, 0x02341093, 0x301967211e1186ae},
    {256, 640, 0x00b07b18, 0x00330b58, 0x00428f62, 0xf2cdc05bc3d4bbb8},
    {256, 5000, 0x00025c24, 0x00081cb4, 0x004c972b, 0x01d48a4eff2f3e38},
    {512, 1, 0x03d4336e, 0xff14e96d, 0xff41fcbe, 0xebe3db3f02aa7260},
    {512, 2, 0x02c7636f, 0x0a7e89cb, 0xfe760481, 0xdb36533f8ed374b9},
    {512, 7, 0xfe213f42, 0x9f6b87dd, 0x65f6275e, 0x42222d5009f5c562},
    {512, 96, 0x0cf08e0e, 0x044cbf50, 0x024e252e, 0x20179b8e49afba16},
    {512, 640, 0x05182fb2, 0x0166f308, 0x0277c4d0, 0xc5c4882a09134013},
    {512, 5000, 0x00f47d15, 0x001301c5, 0x00640fb4, 0x6bbad7899f422028},
    {1024, 1, 0xffae6a21, 0xfef2270b, 0xfeec1f20, 0x1575c72873cc47f2},
    {1024, 2, 0xff119116, 0x955f4d04, 0xfecb5c11, 0x03d7c2a566dbf895},
    {1024, 7, 0x75787ea8, 0x22db359a, 0x04ce4820, 0x796f58b6137562f8},
    {1024, 96, 0x1ed3e098, 0x102259ab, 0x219acfcd, 0xf04f0e13c4284b01},
    {1024, 640, 0x00edf51c, 0x02ad3662, 0x0880fee8, 0x55f46edb924c2d6f},
    {1024, 5000, 0x01043e3f, 0x00549bf1, 0x000f48ac, 0x3376274a84919082},
};

static inline uint64_t vector_checksum(uint64_t checksum, uint64_t word)
{
    return (checksum ^ word) * 0x100000001b3u;
}

#define VECTOR_CHECKSUM_START UINT64_C(0xcbf29ce484222325)

#endif
