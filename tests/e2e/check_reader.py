# SPDX-License-Identifier: Apache-2.0
"""Compares rows that the reader yields with those of the reference, on whole and on mutated inputs.

    python3 check_reader.py --dump build/release/tests/e2e/reader_dump [--seed 1] [--mutants 3000]

Mutants are lines with bytes changed, doubled, left out or exchanged, so that about half of them are
no JSON any more; Python's parser is the second opinion.
"""

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter

import tamis_cli  # noqa: F401  (first: it makes the reference importable)
import json_members
import read
from make_corpus import write_corpus
from outputs import read_lines_loosely
from settings import Settings
from urls import normalize_url
from xxh3 import xxh3_128_hex

REPAIRED, HAS_TAMIS = 1, 2
FIELDS = ("text", "id", "url", "source")


def bytes_of(hexadecimal):
    return b"" if hexadecimal == "-" else bytes.fromhex(hexadecimal)


def dump(program, split_bytes, fields, paths, kernel):
    """({input number: name}, [rows as lists of words])."""
    done = subprocess.run([program, str(split_bytes), *fields, *paths], capture_output=True,
                          check=False, env={**os.environ, "TAMIS_KERNEL": kernel})
    if done.returncode != 0:
        raise SystemExit(done.stderr.decode("utf-8", "replace"))
    names, rows = {}, []
    for line in done.stdout.decode("ascii").splitlines():
        words = line.split(" ")
        if words[0] == "name":
            names[int(words[1])] = bytes_of(words[2]).decode("utf-8")
        else:
            rows.append(words)
    return names, rows


def expected_words(offset, row):
    """What the dump prints from the fault on; the id of a bad record is not compared."""
    if row.fault is not None:
        return [row.fault, None, str(offset), None, "-", "-", "-", "-", xxh3_128_hex(row.raw)]

    def hexadecimal(text):
        return text.encode("utf-8").hex() if text else "-"

    has_tamis = bool(row.raw) and any(m.key == "tamis" for m in json_members.members(row.raw)[0])
    flags = REPAIRED * row.is_repaired + HAS_TAMIS * has_tamis
    return ["none", str(flags), str(offset), hexadecimal(row.id), hexadecimal(row.url),
            hexadecimal(row.scope), hexadecimal(row.date),
            xxh3_128_hex(row.text.encode("utf-8")), xxh3_128_hex(row.raw)]


def compare_rows(what, actual, expected, skips_offsets):
    """Differences of rows of one input; splits are put together. Offsets in the decoded stream of
    a later split of a compressed file count from that split's first member."""
    out = []
    if len(actual) != len(expected):
        out.append(f"{what}: {len(actual)} rows instead of {len(expected)}")
    for number, (words, (offset, row)) in enumerate(zip(actual, expected)):
        want = expected_words(offset, row)
        got = words[3:3 + len(want)]
        if skips_offsets and words[1] != "0":
            want[2] = None
        wrong = [i for i, value in enumerate(want) if value is not None and got[i] != value]
        if wrong:
            names = ("fault", "flags", "offset", "id", "url", "scope", "date", "text", "raw")
            out.append(f"{what} row {number}: {', '.join(names[i] for i in wrong)}: "
                       f"{[got[i] for i in wrong]} instead of {[want[i] for i in wrong]}")
        elif row.fault is None and int(words[4]) & HAS_TAMIS:
            out += compare_cut(f"{what} row {number}", words, row)
        elif words[-1] == "no-brace":
            out.append(f"{what} row {number}: close_offset is not the final brace")
    return out


def compare_cut(what, words, row):
    if bytes_of(words[-2]) + bytes_of(words[-1]) != json_members.without_tamis(row.raw):
        return [f"{what}: tamis was not cut out as defined"]
    return []


def check_files(program, paths, split_bytes, kernel, what):
    settings = Settings(scope="field", scope_field=FIELDS[3])
    names, rows = dump(program, split_bytes, FIELDS, paths, kernel)
    out = []
    inputs = [read.Input(path, path) for path in paths]
    read.assign_names(inputs)
    for number, each in enumerate(inputs):
        if names[number] != each.name:
            out.append(f"{what}: name {names[number]} instead of {each.name}")
        mine = [words for words in rows if int(words[0]) == number]
        out += compare_rows(f"{what} {each.name}", mine, read.read_rows(each.path, settings),
                            each.path.endswith(".gz"))
    return out


# ---- mutants -----------------------------------------------------------------------------------

PIECES = (b'"', b"\\", b"{", b"}", b"[", b"]", b":", b",", b" ", b"\\u00", b"\\ud83d", b"\\udE00",
          b"\xff", b"\xe2\x82", b"\xf0\x9f\x98\x80", b"\x00", b"\x1f", b"\x7f", b"e", b"E+", b"-",
          b".", b"0", b"1e5", b"null", b"true", b"fals", b"NaN",
          b"\\/", b"\\b", b"\\x", b'"text"', b'"id"',
          b'"tamis"', b'"text":"x",', b',"id":7', b'"tamis":1,', b"\t", b"\r", b"\xef\xbb\xbf")


def mutant(rng, line):
    data = bytearray(line)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        place = rng.randrange(len(data) + 1)
        action = rng.randrange(5)
        if action == 0 and place < len(data):
            data[place] = rng.randrange(256)
        elif action == 1:
            data[place:place] = rng.choice(PIECES)
        elif action == 2:
            del data[place:place + rng.randint(1, 3)]
        elif action == 3 and data:
            data[place:place] = data[place:place + rng.randint(1, 20)]
        else:
            spots = [i for i, byte in enumerate(data) if byte in b'"{}[]:,\\'] or [0]
            place = rng.choice(spots)
            data[place:place + 1] = rng.choice(PIECES)
    return bytes(data).replace(b"\n", b" ")


HEADS = (
    b'{"id":"a","text":"short","url":"http://x.example/"}',
    b'{"text" : "tab\\tquote\\" back\\\\ slash\\/ \\u00e9 \\ud83d\\ude00",'
    b'"n":[1,-2.5e+3,{"a":null}]}',
    b'{"tamis":{"ord":"1"},"id":12,"text":"x","source":true}', b'{"text":"","a":{},"b":[]}',
    b'{ "source" : "web" , "text" : "a" , "tamis" : [ ] }',
    b'{"source":{"a":1},"text":"b"}', b'{"text":7}', b'{"text":["a"]}',
    b'{"source":null,"text":"b","id":null}',
    b'{"source":[1],"text":"b","id":false,"url":7}', b'{"source":-1.50,"text":"b","id":-0.0e1}',
)


def mutants(seed, count, lines):
    rng = random.Random(seed)
    short = [line for line in lines if len(line) < 600] + list(HEADS) * 20
    return [mutant(rng, rng.choice(short)) for _ in range(count)]


def check_mutants(program, folder, seed, count, lines, kernel):
    path = os.path.join(folder, "mutants.jsonl")
    made = mutants(seed, count, lines)
    with open(path, "wb") as file:
        file.write(b"\n".join(made) + b"\n")
    out = check_files(program, [path], 1 << 26, kernel, f"seed {seed}, {kernel}")
    faults = Counter(row.fault for _, row in read.read_rows(path, Settings()))
    for fault in (None, "invalid_json", "missing_text", "text_not_string", "duplicate_text_key"):
        if faults[fault] == 0:
            out.append(f"no mutant with fault {fault}: the test tests too little")
    return out


# ---- URLs --------------------------------------------------------------------------------------

URL_PIECES = (
    "http:", "HTTPS://", "ftp://", "//", "www.", "www.WWW.", "a.Example", "example.org", "user:pw@",
    ":80", ":0443", ":8080", ":", "/", "//", "/./", "/../", "..", "/a/b", "/%7Ea", "%2e%2E/", "%41",
    "%zz", "%", "%c3%A9", "é", "b\u00fccher.example", "\\", "?", "&", "&&", "a=1", "utm_source=x",
    "UTM_x", "sid=3", "%53ID=1", "PHPSESSID", ";jsessionid=9", ";v=1", ";", "=", "#top", "+", "~",
    "'", "<", "|", "[", "^", "\t", "\r", ".", "mailto:", "a:b", "localhost:99/x",
    "xn--bcher-kva.example",
    "x" * 300,
)


def random_urls(seed, count):
    rng = random.Random(seed)
    for _ in range(count):
        head = rng.choice(("http://h.example", "https://www.h.example/", "", "", "//h.example:81/"))
        yield head + "".join(rng.choice(URL_PIECES) for _ in range(rng.randint(0, 6)))


def has_odd_host(url):
    """Hosts that need the letter of UTS 46 are left to tests with a table."""
    form = normalize_url(url) or ""
    return re.search(r"[^A-Za-z0-9.:-]", re.split("[/?]", form)[0]) is not None


def check_urls(program, seed, count):
    urls = [url for url in random_urls(seed, count) if "\n" not in url and not has_odd_host(url)]
    done = subprocess.run([program, "urls"], input="\n".join(urls).encode("utf-8") + b"\n",
                          capture_output=True, check=True)
    forms = [bytes_of(line.strip()) for line in done.stdout.decode("ascii").splitlines()]
    out = []
    if len(forms) != len(urls):
        out.append(f"{len(forms)} forms of {len(urls)} URLs")
    for url, form in zip(urls, forms):
        expected = (normalize_url(url) or "").encode("utf-8")
        if form != expected:
            out.append(f"URL {url!r}: {form!r} instead of {expected!r}")
    return out


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dump", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mutants", type=int, default=4000)
    args = parser.parse_args(argv)
    program = os.path.abspath(args.dump)
    folder = tempfile.mkdtemp(prefix="tamis-reader-")
    differences = []
    try:
        paths = write_corpus(os.path.join(folder, "corpus"), args.seed, 600)
        lines = read_lines_loosely(paths[0])
        for kernel in ("scalar", "avx2", "avx512"):
            for split_bytes in (1 << 26, 30_000, 4096):
                differences += check_files(program, paths, split_bytes, kernel,
                                           f"seed {args.seed}, {kernel}, splits of {split_bytes}")
            differences += check_mutants(program, folder, args.seed, args.mutants, lines, kernel)
        differences += check_urls(program, args.seed, 20_000)
    finally:
        shutil.rmtree(folder)
    for line in differences[:20]:
        print(line[:400])
    print(f"seed {args.seed}: {len(differences)} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
