# SPDX-License-Identifier: Apache-2.0
"""Repair, folding, normalizing, tokens: docs/FORMATS.md 1.1, 1.2, 1.4, word by word."""

import functools
import unicodedata

from unicode_data import SOLO_RANGES, WHITE_SPACE, in_ranges, is_default_ignorable

REPLACEMENT = "\ufffd"


def is_surrogate(character):
    return 0xD800 <= ord(character) <= 0xDFFF


# Well-formed UTF-8 by first byte (Unicode, table 3-7): what the second byte may be, and the length.
def _sequence_rule(first):
    if 0xC2 <= first <= 0xDF:
        return 2, 0x80, 0xBF
    if first == 0xE0:
        return 3, 0xA0, 0xBF
    if first == 0xED:
        return 3, 0x80, 0x9F
    if 0xE1 <= first <= 0xEF:
        return 3, 0x80, 0xBF
    if first == 0xF0:
        return 4, 0x90, 0xBF
    if 0xF1 <= first <= 0xF3:
        return 4, 0x80, 0xBF
    if first == 0xF4:
        return 4, 0x80, 0x8F
    return 0, 0, 0


def decode_with_marks(data, mark="\udc00"):
    """Decodes bytes; every maximal subpart of an ill-formed sequence becomes one `mark`, a lone
    surrogate that no well-formed text can contain, so that the caller can tell it from U+FFFD."""
    out = []
    at = 0
    while at < len(data):
        first = data[at]
        if first < 0x80:
            out.append(chr(first))
            at += 1
            continue
        length, low, high = _sequence_rule(first)
        good = 1
        if length != 0 and at + 1 < len(data) and low <= data[at + 1] <= high:
            good = 2
            while good < length and at + good < len(data) and 0x80 <= data[at + good] <= 0xBF:
                good += 1
        if length != 0 and good == length:
            out.append(data[at:at + length].decode("utf-8"))
        else:
            out.append(mark)
        at += good
    return "".join(out)


def decode_bytes(data):
    """The same; well-formed input, the usual case, takes the short way."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return decode_with_marks(data)


def repair(text):
    """(repaired text, was it needed): what is left of surrogates, and U+0000, becomes U+FFFD."""
    fixed = "".join(REPLACEMENT if c == "\0" or is_surrogate(c) else c for c in text)
    return fixed, fixed != text


def fold(text):
    """Level exact, `folded`: NFC, runs of white space to one space, none at the ends."""
    words = []
    word = []
    for character in unicodedata.normalize("NFC", text):
        if character in WHITE_SPACE:
            if word:
                words.append("".join(word))
                word = []
        else:
            word.append(character)
    if word:
        words.append("".join(word))
    return " ".join(words)


@functools.lru_cache(maxsize=None)
def nfkc_casefold_of_character(character):
    """Property NFKC_Casefold: NFKC, case folding and removal of default ignorables until stable."""
    previous = None
    current = character
    while current != previous:
        previous = current
        current = unicodedata.normalize("NFKC", current).casefold()
        current = unicodedata.normalize("NFKC", current)
        current = "".join(c for c in current if not is_default_ignorable(c))
    return current


def nfkc_casefold(text):
    """Unicode, section 3.13, R5: map each character, then NFC."""
    return unicodedata.normalize("NFC", "".join(map(nfkc_casefold_of_character, text)))


def normalize(text, profile):
    if profile == "text":
        return nfkc_casefold(text)
    if profile == "code":
        return unicodedata.normalize("NFC",
                                     "".join(c for c in text if not is_default_ignorable(c)))
    raise ValueError(f"unknown profile {profile}")


SEPARATOR, MARK, SOLO, ORDINARY, OWN = range(5)


@functools.lru_cache(maxsize=None)
def class_of_character(character, profile):
    category = unicodedata.category(character)
    if category[0] == "M":
        return MARK
    if category[0] in "LN" or (profile == "code" and character == "_"):
        return SOLO if in_ranges(character, SOLO_RANGES) else ORDINARY
    if profile == "code" and category[0] not in "ZC":
        return OWN
    return SEPARATOR


def tokens(text, profile):
    """The tokens of a normalized text, in order."""
    out = []
    open_token = None  # characters of the open token; None: none is open
    open_is_solo = False
    for character in text:
        kind = class_of_character(character, profile)
        if kind == MARK:
            if open_token is None:
                open_token, open_is_solo = [], False
            open_token.append(character)
            continue
        if kind == ORDINARY and open_token is not None and not open_is_solo:
            open_token.append(character)
            continue
        if open_token is not None:
            out.append("".join(open_token))
            open_token = None
        if kind == OWN:
            out.append(character)
        elif kind in (SOLO, ORDINARY):
            open_token, open_is_solo = [character], kind == SOLO
    if open_token is not None:
        out.append("".join(open_token))
    return out
