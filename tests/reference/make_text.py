# SPDX-License-Identifier: Apache-2.0
"""Seeded random texts in several scripts, and edits of texts."""

import unicodedata

from unicode_data import is_assigned_here

CONSONANTS = "bcdfghjklmnprstvz"
VOWELS = "aeiou"
GREEK = "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώ"
CYRILLIC = "абвгдежзийклмнопрстуфхцчшщыьэюя"
ARABIC = "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"
ARABIC_MARKS = "\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652"
DEVANAGARI = "कखगघचछजझटठडढतथदधनपफबभमयरलवशषसह"
DEVANAGARI_MARKS = "\u093e\u093f\u0940\u0941\u0947\u094b\u094d\u0902"
THAI = "กขคฆงจฉชซญดตถทนบปผฝพฟภมยรลวศษสหอฮ"
THAI_MARKS = "\u0e31\u0e34\u0e35\u0e36\u0e37\u0e38\u0e39\u0e48\u0e49"
KANA = "あいうえおかきくけこさしすせそたちつてとなにぬねのアイウエオカキクケコガギグパピプー"
EMOJI = ("😀", "🚀", "👩\u200d💻", "❤\ufe0f", "🇫🇷", "👍🏽", "1\ufe0f\u20e3", "☂", "🐍", "🧪")
PUNCTUATION = (". ", ", ", "; ", ": ", " - ", "! ", "? ", " (", ") ", '" ', "\n", "\r\n", "\t")
SCRIPTS = ("latin", "latin", "latin", "latin", "greek", "cyrillic", "arabic", "devanagari", "thai",
           "chinese", "japanese", "korean", "emoji", "code")
CODE_WORDS = ("if", "else", "for", "int", "return", "x_1", "size_t", "==", "->", "{", "}", "(", ")",
              ";", "+=", "0x1F", "a[i]", "while", "struct", "NULL", "&&", "foo_bar", "len")


class Words:
    """A vocabulary for each script, made from one random generator."""

    def __init__(self, rng):
        self.rng = rng
        self.by_script = {script: self._vocabulary(script) for script in dict.fromkeys(SCRIPTS)}

    def _vocabulary(self, script):
        count = {"chinese": 1500, "japanese": 300, "thai": 200, "emoji": 400,
                 "code": 80}.get(script, 900)
        return [self._word(script) for _ in range(count)]

    def _letters(self, alphabet, low, high, marks=""):
        rng = self.rng
        out = []
        for _ in range(rng.randint(low, high)):
            out.append(rng.choice(alphabet))
            if marks and rng.random() < 0.4:
                out.append(rng.choice(marks))
        return "".join(out)

    def _word(self, script):
        rng = self.rng
        if script == "greek":
            return self._letters(GREEK, 2, 8)
        if script == "cyrillic":
            return self._letters(CYRILLIC, 2, 9)
        if script == "arabic":
            return self._letters(ARABIC, 2, 6, ARABIC_MARKS)
        if script == "devanagari":
            return self._letters(DEVANAGARI, 1, 5, DEVANAGARI_MARKS)
        if script == "thai":
            return self._letters(THAI, 1, 3, THAI_MARKS)
        if script == "chinese":
            return chr(rng.randint(0x4E00, 0x9FA0))
        if script == "japanese":
            return rng.choice(KANA) if rng.random() < 0.7 else chr(rng.randint(0x4E00, 0x9FA0))
        if script == "korean":
            return self._letters([chr(0xAC00 + rng.randrange(11172)) for _ in range(4)], 1, 4)
        if script == "emoji":
            return rng.choice(EMOJI) if rng.random() < 0.4 else self._latin()
        if script == "code":
            return rng.choice(CODE_WORDS) if rng.random() < 0.6 else self._latin()
        return self._latin()

    def _latin(self):
        rng = self.rng
        word = "".join(rng.choice(CONSONANTS) + rng.choice(VOWELS)
                       for _ in range(rng.randint(1, 4)))
        chance = rng.random()
        if chance < 0.06:
            word += rng.choice("éüñßœşİǆﬁ²½")
        elif chance < 0.08:
            word = "internationalization" + word
        elif chance < 0.12:
            word = word.capitalize()
        elif chance < 0.15:
            word = str(rng.randrange(3000))
        return word

    def list_of(self, script, count):
        vocabulary = self.by_script[script]
        return [self.rng.choice(vocabulary) for _ in range(count)]

    def join(self, script, words):
        """A text of the words; scripts written without spaces get few of them."""
        rng = self.rng
        chance = 0.03 if script in ("chinese", "japanese", "thai") else 0.12
        gap = "" if chance < 0.1 else " "
        out = []
        for word in words:
            out.append(word)
            out.append(rng.choice(PUNCTUATION) if rng.random() < chance else gap)
        return "".join(out).strip()

    def other(self, script, word):
        """A word of the script that is not that one."""
        while True:
            found = self.rng.choice(self.by_script[script])
            if found != word:
                return found


def edited(words_source, script, words, edits):
    """The words with `edits` of them replaced, doubled or left out, spread over the text."""
    rng = words_source.rng
    out = list(words)
    places = sorted(rng.sample(range(len(out)), min(edits, len(out))), reverse=True)
    for place in places:
        action = rng.random()
        if action < 0.7:
            out[place] = words_source.other(script, out[place])
        elif action < 0.85:
            out.insert(place, words_source.other(script, out[place]))
        else:
            del out[place]
    return out


def refolded(rng, text):
    """Another spelling of the text that level exact takes as equal: white space and NFC or NFD."""
    form = rng.choice(("NFC", "NFD", None))
    if form is not None:
        text = unicodedata.normalize(form, text)
    out = [rng.choice(("", " ", "\n", "\u3000"))]
    for character in text:
        if character in " \n":
            out.append(rng.choice((" ", "  ", "\n", "\t ", "\u00a0", "\r\n", "\u2003")))
        else:
            out.append(character)
    out.append(rng.choice(("", "\n\n", " \u2028")))
    return "".join(out)


def recased(rng, text):
    """Another spelling with the same tokens in most cases: case, width, invisible characters."""
    out = []
    for character in text:
        chance = rng.random()
        if chance < 0.1:
            out.append(character.upper())
        elif chance < 0.14 and "!" <= character <= "~":
            out.append(chr(ord(character) - 0x21 + 0xFF01))
        elif chance < 0.17 and character.isalpha():
            out.append(character + rng.choice("\u00ad\u200b\u200d\ufe0f\u2060"))
        else:
            out.append(character)
    return "".join(out)


def soup(rng, length):
    """Code points from everywhere that are assigned: what normalizers stumble over."""
    ranges = ((0x20, 0x24F), (0x250, 0x36F), (0x370, 0x5FF), (0x600, 0x8FF), (0x900, 0xDFF),
              (0xE00, 0x11FF), (0x1200, 0x1FFF), (0x2000, 0x2FFF), (0x3000, 0x33FF),
              (0xA000, 0xABFF), (0xAC00, 0xD7FB), (0xF900, 0xFFEF), (0x10000, 0x1FBFF),
              (0x20000, 0x2FA1D), (0xE0000, 0xE01EF))
    out = []
    while len(out) < length:
        first, last = rng.choice(ranges)
        character = chr(rng.randint(first, last))
        if is_assigned_here(character) and unicodedata.category(character) not in ("Cs", "Co"):
            out.append(character)
            if rng.random() < 0.2:
                out.append(rng.choice("\u0301\u0327\u0345\u0323\u1161\u11a8\u0f71\u3099"))
            if rng.random() < 0.15:
                out.append(" ")
    return "".join(out)
