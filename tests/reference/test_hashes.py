# SPDX-License-Identifier: Apache-2.0
"""Hashes, shingles, sketches and band keys: definitions written a second time, and properties."""

import math
import random
import unittest

import hashes
from hashes import K1, K2, K3, M64


def high_xor_low(a, b):
    product = (a * b).to_bytes(16, "big")
    return int.from_bytes(product[:8], "big") ^ int.from_bytes(product[8:], "big")


class TokenHashTest(unittest.TestCase):
    def test_one_block(self):
        self.assertEqual(hashes.token_hash("a"), high_xor_low(0x61 ^ K1, K2 ^ 1))
        word = "abcdefghijklmnop"  # 16 bytes: still one block
        a, b = (int.from_bytes(word[i:i + 8].encode(), "little") for i in (0, 8))
        self.assertEqual(hashes.token_hash(word), high_xor_low(a ^ K1, b ^ K2 ^ 16))

    def test_two_blocks(self):
        word = "abcdefghijklmnopq"
        a, b = (int.from_bytes(word[i:i + 8].encode(), "little") for i in (0, 8))
        h = high_xor_low(a ^ K1, b ^ K2)
        self.assertEqual(hashes.token_hash(word), high_xor_low(ord("q") ^ K1 ^ h, K2 ^ 17))

    def test_length_is_in_bytes(self):
        self.assertEqual(hashes.token_hash("\u00e9"),
                         high_xor_low(0xA9C3 ^ K1, K2 ^ 2))


class ShingleTest(unittest.TestCase):
    def test_counts(self):
        for count, expected in ((0, 0), (1, 1), (4, 1), (5, 1), (6, 2), (20, 16)):
            words = [f"w{i}" for i in range(count)]
            self.assertEqual(len(hashes.shingles_of_tokens(words, 5)), expected)

    def test_combination(self):
        w = [hashes.token_hash(t) for t in ("a", "b", "c", "d", "e", "f")]
        x = w[0]
        for i in range(1, 6):
            turn = 13 * i % 64  # the sixth turns by 65 - 64 = 1
            x ^= (w[i] << turn | w[i] >> (64 - turn)) & M64
        x = x * K1 % (1 << 64)
        self.assertEqual(hashes.shingles_of_tokens(list("abcdef"), 6), [x ^ (x >> 32)])

    def test_order_matters(self):
        self.assertNotEqual(hashes.shingles_of_tokens(["a", "b"], 5),
                            hashes.shingles_of_tokens(["b", "a"], 5))


class SketchTest(unittest.TestCase):
    def test_no_slot_stays_empty(self):
        for size in (1, 2, 3, 10, 128, 2000):
            rng = random.Random(size)
            slots = hashes.sketch_of([rng.getrandbits(64) for _ in range(size)], 128)
            self.assertNotIn(hashes.EMPTY, slots)
            self.assertTrue(all(slot < 1 << 32 for slot in slots))

    def test_is_a_function_of_the_set(self):
        rng = random.Random(3)
        shingles = [rng.getrandbits(64) for _ in range(50)]
        again = shingles + shingles[::2]
        rng.shuffle(again)
        self.assertEqual(hashes.sketch_of(shingles, 128), hashes.sketch_of(again, 128))

    def test_round_zero_by_hand(self):
        """One shingle fills slot (g >> 32) * t >> 32 with its low word without 7 bits."""
        g = 0x80000000_12345678
        slots = hashes.sketch_of([g], 128)
        self.assertEqual(slots[64], 0x12345678 >> 7)

    def test_estimates_similarity(self):
        """Agreement of slots is within 5 standard errors of Jaccard over 100 pairs."""
        rng = random.Random(11)
        t, total, pairs = 128, 0, 100
        for _ in range(pairs):
            common = [rng.getrandbits(64) for _ in range(80)]
            a = common + [rng.getrandbits(64) for _ in range(10)]
            b = common + [rng.getrandbits(64) for _ in range(10)]
            total += sum(x == y for x, y in zip(hashes.sketch_of(a, t), hashes.sketch_of(b, t)))
        mean, expected = total / (pairs * t), 0.8
        self.assertLess(abs(mean - expected),
                        5 * math.sqrt(expected * (1 - expected) / (t * pairs)))


class BandTest(unittest.TestCase):
    def test_keys_by_hand(self):
        slots = [5, 6, 7, 8, 9, 10]
        h = high_xor_low(K3 ^ (5 + (6 << 32)) ^ K1, K2 ^ 3)
        first = high_xor_low(h ^ 7 ^ K1, K2 ^ 3)
        h = high_xor_low(2 * K3 % (1 << 64) ^ (8 + (9 << 32)) ^ K1, K2 ^ 3)
        second = high_xor_low(h ^ 10 ^ K1, K2 ^ 3)
        self.assertEqual(hashes.band_keys(slots, 2, 3), [first, second])

    def test_slots(self):
        for bands, rows, slots in ((18, 7, 128), (1, 1, 128), (14, 8, 128), (16, 8, 128),
                                   (43, 3, 256), (64, 16, 1024)):
            self.assertEqual(hashes.slots_for(bands, rows), slots)


if __name__ == "__main__":
    unittest.main()
