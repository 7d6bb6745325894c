# SPDX-License-Identifier: Apache-2.0
"""Repair, folding, normalizing and tokens on cases worked out by hand from docs/FORMATS.md."""

import random
import unittest

import text
from make_text import soup

FFFD = "\ufffd"


def repaired(data):
    return text.repair(text.decode_bytes(data))


class RepairTest(unittest.TestCase):
    def test_maximal_subparts(self):
        """The examples of the Unicode Standard, section 3.9, tables 3-8 to 3-11."""
        cases = {
            b"\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41": FFFD * 8 + "A",
            b"\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41": FFFD * 8 + "A",
            b"\xf4\x91\x92\x93\xff\x41\x80\xbf\x42": FFFD * 5 + "A" + FFFD * 2 + "B",
            b"\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41": FFFD * 4 + "A",
        }
        for data, expected in cases.items():
            with self.subTest(data=data):
                self.assertEqual(repaired(data), (expected, True))

    def test_agrees_with_the_decoder_of_python(self):
        """Python's `replace` follows the same practice: a second opinion on random bytes."""
        seed = 20240501
        rng = random.Random(seed)
        alphabet = bytes(range(0x7E, 0x84)) + bytes.fromhex("c1c2e0e1edeff0f1f4f5a09f90bf41")
        for _ in range(3000):
            data = bytes(rng.choice(alphabet) for _ in range(rng.randrange(9)))
            with self.subTest(seed=seed, data=data):
                self.assertEqual(text.decode_with_marks(data, mark=FFFD),
                                 data.decode("utf-8", "replace"))

    def test_zero_and_surrogates(self):
        self.assertEqual(text.repair("a\0b"), ("a" + FFFD + "b", True))
        self.assertEqual(text.repair("\ud83dx\ude00"), (FFFD + "x" + FFFD, True))

    def test_good_text_is_not_flagged(self):
        for good in ("", "plain", FFFD, "\U0001f600", "\u0001"):
            self.assertEqual(text.repair(good), (good, False))


class FoldTest(unittest.TestCase):
    def test_white_space(self):
        self.assertEqual(text.fold(" \u3000a \t\r\n b\u2028"), "a b")
        self.assertEqual(text.fold("\u0085\u205f"), "")

    def test_what_is_no_white_space(self):
        for kept in ("\u200b", "\ufeff", "\u180e", "\x1c"):
            self.assertEqual(text.fold("a" + kept + "b"), "a" + kept + "b")

    def test_nfc_and_case(self):
        self.assertEqual(text.fold("e\u0301 E"), "\u00e9 E")
        self.assertEqual(text.fold("\ufb01"), "\ufb01")


class NormalizeTest(unittest.TestCase):
    def test_text(self):
        cases = {"\ufb01X": "fix", "Stra\u00dfe": "strasse", "\u0130": "i\u0307", "\uff21": "a",
                 "a\u00adb\u200dc": "abc", "\u03a3\u03c2": "\u03c3\u03c3", "\u00bd": "1\u20442",
                 "A\u030a": "\u00e5", "\u0345": "\u03b9", "\u2160": "i", "\u3164x": "x",
                 "\u1100\u1161": "\uac00"}
        for given, expected in cases.items():
            with self.subTest(given=given):
                self.assertEqual(text.normalize(given, "text"), expected)

    def test_code(self):
        self.assertEqual(text.normalize("A\u00adb\ufb01e\u0301", "code"), "Ab\ufb01\u00e9")

    def test_is_stable(self):
        seed = 7
        rng = random.Random(seed)
        for _ in range(300):
            once = text.normalize(soup(rng, 20), "text")
            with self.subTest(seed=seed, once=once):
                self.assertEqual(text.normalize(once, "text"), once)


class TokenTest(unittest.TestCase):
    def check(self, profile, given, expected):
        with self.subTest(given=given):
            self.assertEqual(text.tokens(text.normalize(given, profile), profile), expected)

    def test_text(self):
        cases = (
            ("", []), ("... !", []), ("don't stop", ["don", "t", "stop"]),
            ("a_b", ["a", "b"]), ("x2\u00b2", ["x22"]), ("3.14", ["3", "14"]),
            ("\u65e5\u672cabc\u8a9e", ["\u65e5", "\u672c", "abc", "\u8a9e"]),
            ("abc\u65e5def", ["abc", "\u65e5", "def"]),
            ("\u0e01\u0e34\u0e02", ["\u0e01\u0e34", "\u0e02"]),
            ("\u0301a", ["\u0301a"]), (". \u0301\u65e5", ["\u0301", "\u65e5"]),
            ("\u65e5\u0301a", ["\u65e5\u0301", "a"]),
            ("\u1112\u1161\u11ab x", ["\ud55c", "x"]),
            ("\u304b\u3099", ["\u304c"]), ("\u30fc\u3007", ["\u30fc", "\u3007"]),
        )
        for given, expected in cases:
            self.check("text", given, expected)

    def test_code(self):
        cases = (
            ("a_b+=1;", ["a_b", "+", "=", "1", ";"]), ("A b", ["A", "b"]),
            ("x\u0000y", ["x", "y"]), ("_\u65e5_", ["_", "\u65e5", "_"]),
            ("+\u0301", ["+", "\u0301"]),
        )
        for given, expected in cases:
            self.check("code", given, expected)


if __name__ == "__main__":
    unittest.main()
