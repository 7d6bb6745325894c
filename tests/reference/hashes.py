# SPDX-License-Identifier: Apache-2.0
"""Token hashes, shingles, sketches, band keys: docs/FORMATS.md 1.5 to 1.7 in whole numbers."""

import functools

from text import normalize, tokens

M64 = (1 << 64) - 1
M32 = (1 << 32) - 1
K1 = 0x9E3779B97F4A7C15
K2 = 0xC2B2AE3D27D4EB4F
K3 = 0x165667B19E3779F9
ROUND_STEP = 0xA0761D6478BD642F
FILL_STEP = 0xE7037ED1A0B428DB
FILL_MIX = 0xD6E8FEB86659FD93
ROUNDS = 127  # 0 to 126
EMPTY = M32


def rotl(x, n):
    n %= 64
    return ((x << n) | (x >> (64 - n))) & M64 if n else x


def mum(a, b):
    product = a * b
    return (product >> 64) ^ (product & M64)


@functools.lru_cache(maxsize=None)
def token_hash(token):
    data = token.encode("utf-8")
    length = len(data)
    h = 0
    at = 0
    while length - at > 16:
        a = int.from_bytes(data[at:at + 8], "little")
        b = int.from_bytes(data[at + 8:at + 16], "little")
        h = mum(a ^ K1 ^ h, b ^ K2)
        at += 16
    rest = data[at:].ljust(16, b"\0")
    a = int.from_bytes(rest[:8], "little")
    b = int.from_bytes(rest[8:], "little")
    return mum(a ^ K1 ^ h, b ^ K2 ^ length)


def combine(token_hashes):
    x = 0
    for i, w in enumerate(token_hashes):
        x ^= rotl(w, 13 * i)
    x = x * K1 & M64
    return x ^ x >> 32


def shingles_of_tokens(token_list, n):
    """The shingle hashes in text order, repetitions included."""
    words = [token_hash(token) for token in token_list]
    if not words:
        return []
    if len(words) < n:
        return [combine(words)]
    return [combine(words[i:i + n]) for i in range(len(words) - n + 1)]


@functools.lru_cache(maxsize=None)
def shingle_set(text, profile, n):
    return frozenset(shingles_of_tokens(tokens(normalize(text, profile), profile), n))


def slots_for(bands, rows):
    slots = 128
    while slots < bands * rows:
        slots *= 2
    return slots


def sketch_of(shingles, t):
    """Fast Similarity Sketching over a set that is not empty; a list of t slots."""
    slots = [EMPTY] * t
    empty_count = t
    for r in range(ROUNDS):
        if empty_count == 0:
            break
        seed = r * ROUND_STEP & M64
        base = r << 25
        for g in shingles:
            if r == 0:
                x = g
            else:
                x = (g ^ seed) * K1 & M64
                x ^= x >> 32
            b = (x >> 32) * t >> 32
            value = base + ((x & M32) >> 7)
            if value < slots[b]:
                if slots[b] == EMPTY:
                    empty_count -= 1
                slots[b] = value
    for j in range(t):
        if slots[j] == EMPTY:
            slots[j] = (127 << 25) + min((fill_hash(g, j) & M32) >> 7 for g in shingles)
    return slots


def fill_hash(g, j):
    y = (g ^ ((j + 1) * FILL_STEP & M64)) * K1 & M64
    y ^= y >> 32
    y = y * FILL_MIX & M64
    return y ^ y >> 32


@functools.lru_cache(maxsize=None)
def sketch(text, profile, n, t):
    return tuple(sketch_of(shingle_set(text, profile, n), t))


def signature(slots):
    return bytes(slot & 0xFF for slot in slots)


def band_keys(slots, bands, rows):
    keys = []
    for i in range(bands):
        h = (i + 1) * K3 & M64
        band = slots[i * rows:(i + 1) * rows]
        for a in range(0, rows, 2):
            second = band[a + 1] if a + 1 < rows else 0
            h = mum(h ^ (band[a] + (second << 32)) ^ K1, K2 ^ rows)
        keys.append(h)
    return keys
