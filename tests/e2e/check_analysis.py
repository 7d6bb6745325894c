# SPDX-License-Identifier: Apache-2.0
"""Compares the analyzer (repair, folding, tokens, shingles, sketch, bands) with the reference.

    python3 check_analysis.py --dump build/release/tests/e2e/analysis_dump [--seed 1] [--texts 400]

Random texts of all kinds, each code point in a small context, long texts, broken bytes; all kernels
that the machine has (TAMIS_KERNEL). Finds the step in which the two part.
"""

import argparse
import os
import random
import subprocess
import sys
import unicodedata

import tamis_cli  # noqa: F401  (first: it makes the reference importable)
import hashes
from make_text import SCRIPTS, Words, edited, recased, refolded, soup
from text import decode_bytes, fold, normalize, repair, tokens
from unicode_data import is_assigned_here
from xxh3 import xxh3_128_hex

SETTINGS = (("text", "folded", 5, 18, 7), ("code", "raw", 5, 18, 7), ("text", "raw", 1, 9, 13),
            ("code", "folded", 3, 40, 6), ("text", "folded", 9, 64, 12))
FIELDS = ("repaired", "digest", "exact", "tokens", "shingles", "distinct hashes", "sketch",
          "band keys")


def random_texts(seed, count):
    """Bytes of texts, a few of them broken."""
    rng = random.Random(seed)
    words = Words(rng)
    for _ in range(count):
        script = rng.choice(SCRIPTS)
        length = max(1, int(rng.lognormvariate(3.5, 1.2)))
        plain = words.list_of(script, length)
        text = words.join(script, plain)
        action = rng.randrange(6)
        if action == 0:
            text = refolded(rng, text)
        elif action == 1:
            text = recased(rng, text)
        elif action == 2:
            text = words.join(script, edited(words, script, plain, 1 + length // 20))
        elif action == 3:
            text = soup(rng, min(length, 200))
        elif action == 4:
            text = unicodedata.normalize(rng.choice(("NFD", "NFKD", "NFC", "NFKC")), text)
        data = text.encode("utf-8")
        if rng.random() < 0.1 and data:
            broken = bytearray(data)
            for _ in range(3):
                broken[rng.randrange(len(broken))] = rng.randrange(256)
            data = bytes(broken)
        yield data
    for script in dict.fromkeys(SCRIPTS):
        plain = words.list_of(script, 9000)  # many times the piece in which texts are walked
        yield words.join(script, plain).encode("utf-8")
    yield "".join(plain).encode("utf-8") * 3
    yield ("x" * 70000 + " " + "\u0301" * 3000 + " y").encode("utf-8")


def every_code_point():
    """Code points that Python's Unicode version knows, by 16, apart and between letters. (What no
    version has assigned yet is decided by utf8proc's tables, ignorable or not.)"""
    points = [chr(p) for p in range(1, 0x110000)
              if not 0xD800 <= p <= 0xDFFF and is_assigned_here(chr(p))
              and unicodedata.category(chr(p)) != "Co"]
    for i in range(0, len(points), 16):
        part = points[i:i + 16]
        yield " ".join(part).encode("utf-8")
        yield "".join("a" + c + "b" for c in part).encode("utf-8")
        yield "".join(part).encode("utf-8")


def expected_line(data, settings):
    profile, exact, shingle, bands, rows = settings
    text, is_repaired = repair(decode_bytes(data))
    digest = xxh3_128_hex(text.encode("utf-8"))
    exact_text = fold(text) if exact == "folded" else text
    found = tokens(normalize(text, profile), profile)
    shingles = hashes.shingles_of_tokens(found, shingle)
    out = [str(int(is_repaired)), digest, xxh3_128_hex(exact_text.encode("utf-8")),
           str(len(found)), str(len(shingles))]
    if not shingles:
        return out + ["-", "-", "-"]
    distinct = set(shingles)
    sketch = hashes.sketch_of(distinct, hashes.slots_for(bands, rows))
    keys = hashes.band_keys(sketch, bands, rows)
    return out + [
        xxh3_128_hex(b"".join(h.to_bytes(8, "little") for h in sorted(distinct))),
        xxh3_128_hex(b"".join(s.to_bytes(4, "little") for s in sketch)),
        xxh3_128_hex(b"".join(k.to_bytes(8, "little") for k in keys)),
    ]


def dump(program, settings, texts, kernel):
    data = b"".join(len(text).to_bytes(4, "little") + text for text in texts)
    done = subprocess.run([program, *map(str, settings)], input=data, capture_output=True,
                          check=False, env={**os.environ, "TAMIS_KERNEL": kernel})
    if done.returncode != 0:
        raise SystemExit(f"{settings}: {done.stderr.decode('utf-8', 'replace')}")
    return [line.split(" ") for line in done.stdout.decode("ascii").splitlines()]


def compare(program, settings, texts, what):
    """Differences as lines."""
    expected = [expected_line(text, settings) for text in texts]
    out = []
    for kernel in ("scalar", "avx2", "avx512"):
        actual = dump(program, settings, texts, kernel)
        if len(actual) != len(texts):
            out.append(f"{what} {settings} {kernel}: {len(actual)} lines for {len(texts)} texts")
        for number, (got, want) in enumerate(zip(actual, expected)):
            if got != want:
                field = next(name for name, a, b in zip(FIELDS, got, want) if a != b)
                head = texts[number][:32]
                out.append(f"{what} {number} {settings} {kernel}: {field} differs: {head!r}")
    return out


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dump", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--texts", type=int, default=400)
    parser.add_argument("--quick", action="store_true", help="not every code point")
    args = parser.parse_args(argv)
    program = os.path.abspath(args.dump)
    texts = list(random_texts(args.seed, args.texts))
    differences = []
    for settings in SETTINGS:
        differences += compare(program, settings, texts, f"seed {args.seed}, text")
    if not args.quick:
        points = list(every_code_point())
        for settings in SETTINGS[:2]:
            differences += compare(program, settings, points, "code points")
    for line in differences[:20]:
        print(line)
    print(f"seed {args.seed}: {len(differences)} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
