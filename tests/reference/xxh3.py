# SPDX-License-Identifier: Apache-2.0
"""XXH3-128 with seed 0, for digests and manifests in tests.

Source: the XXH3 algorithm as the xxHash specification describes it (default secret, seed 0). Plain
whole numbers; about 1 MB/s. Checked against vectors in test_xxh3.py.
"""

M64 = (1 << 64) - 1
M32 = (1 << 32) - 1

P32_1 = 0x9E3779B1
P32_2 = 0x85EBCA77
P32_3 = 0xC2B2AE3D
P64_1 = 0x9E3779B185EBCA87
P64_2 = 0xC2B2AE3D27D4EB4F
P64_3 = 0x165667B19E3779F9
P64_4 = 0x85EBCA77C2B2AE63
P64_5 = 0x27D4EB2F165667C5
MIX_1 = 0x165667919E3779F9
MIX_2 = 0x9FB21C651E98DF25

SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f"
    "cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c"
    "3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364"
    "eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e"
    "2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e"
)
STRIPE = 64
STRIPES_PER_BLOCK = (len(SECRET) - STRIPE) // 8
BLOCK = STRIPE * STRIPES_PER_BLOCK


def _r32(data, at):
    return int.from_bytes(data[at:at + 4], "little")


def _r64(data, at):
    return int.from_bytes(data[at:at + 8], "little")


def _swap32(x):
    return int.from_bytes(x.to_bytes(4, "little"), "big")


def _swap64(x):
    return int.from_bytes(x.to_bytes(8, "little"), "big")


def _fold(a, b):
    product = a * b
    return (product & M64) ^ (product >> 64)


def _avalanche(h):
    h ^= h >> 37
    h = h * MIX_1 & M64
    return h ^ h >> 32


def _avalanche_short(h):
    h ^= h >> 33
    h = h * P64_2 & M64
    h ^= h >> 29
    h = h * P64_3 & M64
    return h ^ h >> 32


def _hash_0(_):
    low = _avalanche_short(_r64(SECRET, 64) ^ _r64(SECRET, 72))
    return low, _avalanche_short(_r64(SECRET, 80) ^ _r64(SECRET, 88))


def _hash_1_to_3(data):
    n = len(data)
    low = data[0] << 16 | data[n >> 1] << 24 | data[n - 1] | n << 8
    swapped = _swap32(low)
    high = (swapped << 13 | swapped >> 19) & M32
    return (_avalanche_short(low ^ _r32(SECRET, 0) ^ _r32(SECRET, 4)),
            _avalanche_short(high ^ _r32(SECRET, 8) ^ _r32(SECRET, 12)))


def _hash_4_to_8(data):
    n = len(data)
    keyed = (_r32(data, 0) | _r32(data, n - 4) << 32) ^ _r64(SECRET, 16) ^ _r64(SECRET, 24)
    product = keyed * (P64_1 + (n << 2) & M64)
    low, high = product & M64, product >> 64
    high = (high + (low << 1)) & M64
    low ^= high >> 3
    low ^= low >> 35
    low = low * MIX_2 & M64
    low ^= low >> 28
    return low, _avalanche(high)


def _hash_9_to_16(data):
    n = len(data)
    flip_low = _r64(SECRET, 32) ^ _r64(SECRET, 40)
    flip_high = _r64(SECRET, 48) ^ _r64(SECRET, 56)
    first, last = _r64(data, 0), _r64(data, n - 8)
    product = (first ^ last ^ flip_low) * P64_1
    low = (product + ((n - 1) << 54)) & M64
    high = product >> 64
    last ^= flip_high
    high = (high + last + (last & M32) * (P32_2 - 1)) & M64
    low ^= _swap64(high)
    product = low * P64_2
    return (_avalanche(product & M64), _avalanche((product >> 64) + high * P64_2 & M64))


def _mix_16(data, at, secret_at):
    return _fold(_r64(data, at) ^ _r64(SECRET, secret_at),
                 _r64(data, at + 8) ^ _r64(SECRET, secret_at + 8))


def _mix_32(acc, data, first, second, secret_at):
    low = (acc[0] + _mix_16(data, first, secret_at)) & M64
    low ^= (_r64(data, second) + _r64(data, second + 8)) & M64
    high = (acc[1] + _mix_16(data, second, secret_at + 16)) & M64
    high ^= (_r64(data, first) + _r64(data, first + 8)) & M64
    return low, high


def _finish_middle(acc, n):
    low = (acc[0] + acc[1]) & M64
    high = (acc[0] * P64_1 + acc[1] * P64_4 + n * P64_2) & M64
    return _avalanche(low), -_avalanche(high) & M64


def _hash_17_to_128(data):
    n = len(data)
    acc = (n * P64_1 & M64, 0)
    for i in reversed(range((n - 1) // 32 + 1)):
        acc = _mix_32(acc, data, 16 * i, n - 16 * (i + 1), 32 * i)
    return _finish_middle(acc, n)


def _hash_129_to_240(data):
    n = len(data)
    acc = (n * P64_1 & M64, 0)
    for i in range(4):
        acc = _mix_32(acc, data, 32 * i, 32 * i + 16, 32 * i)
    acc = (_avalanche(acc[0]), _avalanche(acc[1]))
    for i in range(4, n // 32):
        acc = _mix_32(acc, data, 32 * i, 32 * i + 16, 3 + 32 * (i - 4))
    acc = _mix_32(acc, data, n - 16, n - 32, 136 - 17 - 16)
    return _finish_middle(acc, n)


def _accumulate(acc, data, at, secret_at):
    for i in range(8):
        value = _r64(data, at + 8 * i)
        key = value ^ _r64(SECRET, secret_at + 8 * i)
        acc[i ^ 1] = (acc[i ^ 1] + value) & M64
        acc[i] = (acc[i] + (key & M32) * (key >> 32)) & M64


def _scramble(acc):
    for i in range(8):
        x = acc[i]
        acc[i] = (x ^ x >> 47 ^ _r64(SECRET, len(SECRET) - STRIPE + 8 * i)) * P32_1 & M64


def _merge(acc, secret_at, start):
    result = start
    for i in range(4):
        result += _fold(acc[2 * i] ^ _r64(SECRET, secret_at + 16 * i),
                        acc[2 * i + 1] ^ _r64(SECRET, secret_at + 16 * i + 8))
    return _avalanche(result & M64)


def _hash_long(data):
    n = len(data)
    acc = [P32_3, P64_1, P64_2, P64_3, P64_4, P32_2, P64_5, P32_1]
    blocks = (n - 1) // BLOCK
    for block in range(blocks):
        for stripe in range(STRIPES_PER_BLOCK):
            _accumulate(acc, data, block * BLOCK + stripe * STRIPE, 8 * stripe)
        _scramble(acc)
    for stripe in range((n - 1 - blocks * BLOCK) // STRIPE):
        _accumulate(acc, data, blocks * BLOCK + stripe * STRIPE, 8 * stripe)
    _accumulate(acc, data, n - STRIPE, len(SECRET) - STRIPE - 7)
    return (_merge(acc, 11, n * P64_1 & M64),
            _merge(acc, len(SECRET) - STRIPE - 11, ~(n * P64_2) & M64))


def xxh3_128(data):
    """(low half, high half) of the hash of bytes."""
    n = len(data)
    if n == 0:
        return _hash_0(data)
    if n <= 3:
        return _hash_1_to_3(data)
    if n <= 8:
        return _hash_4_to_8(data)
    if n <= 16:
        return _hash_9_to_16(data)
    if n <= 128:
        return _hash_17_to_128(data)
    if n <= 240:
        return _hash_129_to_240(data)
    return _hash_long(data)


def xxh3_128_hex(data):
    """32 hex digits, high half first, as digests and manifests print it."""
    low, high = xxh3_128(data)
    return f"{high:016x}{low:016x}"
