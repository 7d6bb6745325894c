# SPDX-License-Identifier: Apache-2.0
"""Lists of code points that decide tokens and folding (docs/FORMATS.md 1.2 and 1.4).

Everything else comes from Python's unicodedata, which may be one version of Unicode older than
the library under test: corpora keep away from code points that are unassigned here.
"""

import unicodedata

# Property White_Space, as docs/FORMATS.md 1.2 lists it.
WHITE_SPACE = frozenset(
    chr(point)
    for first, last in (
        (0x0009, 0x000D), (0x0020, 0x0020), (0x0085, 0x0085), (0x00A0, 0x00A0),
        (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F),
        (0x205F, 0x205F), (0x3000, 0x3000),
    )
    for point in range(first, last + 1)
)

# Property Default_Ignorable_Code_Point (Unicode Character Database, DerivedCoreProperties).
DEFAULT_IGNORABLE_RANGES = (
    (0x00AD, 0x00AD),    # soft hyphen
    (0x034F, 0x034F),    # combining grapheme joiner
    (0x061C, 0x061C),    # Arabic letter mark
    (0x115F, 0x1160),    # Hangul fillers
    (0x17B4, 0x17B5),    # Khmer inherent vowels
    (0x180B, 0x180F),    # Mongolian variation selectors and vowel separator
    (0x200B, 0x200F),    # zero width space to right-to-left mark
    (0x202A, 0x202E),    # directional embeddings
    (0x2060, 0x206F),    # word joiner to nominal digit shapes, with the reserved 2065
    (0x3164, 0x3164),    # Hangul filler
    (0xFE00, 0xFE0F),    # variation selectors 1-16
    (0xFEFF, 0xFEFF),    # zero width no-break space
    (0xFFA0, 0xFFA0),    # half-width Hangul filler
    (0xFFF0, 0xFFF8),    # reserved
    (0x1BCA0, 0x1BCA3),  # shorthand format controls
    (0x1D173, 0x1D17A),  # musical format controls
    (0xE0000, 0xE0FFF),  # tags, variation selectors supplement, reserved
)

# Characters of scripts written without spaces (docs/FORMATS.md 1.4).
SOLO_RANGES = (
    (0x0E00, 0x0FFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x19E0, 0x19FF), (0x1A20, 0x1AAF),
    (0x2E80, 0x2FDF), (0x3005, 0x3007), (0x3021, 0x3029), (0x3031, 0x3035), (0x3038, 0x303C),
    (0x3040, 0x30FF), (0x3100, 0x312F), (0x31A0, 0x31BF), (0x31F0, 0x31FF), (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF), (0xA000, 0xA4CF), (0xA9E0, 0xA9FF), (0xAA60, 0xAA7F), (0xF900, 0xFAFF),
    (0x1B000, 0x1B16F), (0x20000, 0x3FFFF),
)


def in_ranges(character, ranges):
    point = ord(character)
    return any(first <= point <= last for first, last in ranges)


def is_default_ignorable(character):
    return in_ranges(character, DEFAULT_IGNORABLE_RANGES)


def is_assigned_here(character):
    """False for what a newer Unicode version may have assigned since."""
    return unicodedata.category(character) != "Cn"
