#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares lib/words with the words that the reference implementations gave.

Usage: bench/golden_words.py WORDS_PRINT TEXTS.jsonl SPLITTERS.jsonl
       (the two files unpacked with zstd -dc; WORDS_PRINT: the program bench/words_print)

Prints, for each splitter, how many texts agree in full, and names the ids of the others.
"""

import collections
import json
import subprocess
import sys

CLASSES = ["n_code_points", "isspace", "isalpha", "isalnum", "isdecimal", "isdigit", "isnumeric", "isupper",
           "islower"]
NAMES = {"punkt-treebank": "treebank-sentences", "fasttext-alnum": None}


def results(program, texts):
    feed = b"".join(b"%d\n%s" % (len(data), data) for data in (t.encode() for t in texts))
    out = subprocess.run([program], input=feed, stdout=subprocess.PIPE, check=True).stdout.decode()
    found, words, left = {"words": {}, "lines": {}}, None, 0
    for line in out.split("\n"):
        if left:
            flags, chars, text = line.split(" ")
            words.append((int(flags), int(chars), bytes.fromhex(text).decode()))
            left -= 1
            continue
        kind, _, rest = line.partition(" ")
        if kind == "w":
            name, count = rest.split()
            words = found["words"][name] = []
            left = int(count)
        elif kind == "l":
            numbers = [int(x) for x in rest.split()]
            found["lines"][numbers[0]] = numbers[2:]
        elif kind == "s":
            found["sentences"] = [int(x) for x in rest.split()]
        elif kind == "t":
            found["totals"] = [int(x) for x in rest.split()]
        elif kind == "L":
            found["lower"] = bytes.fromhex(rest).decode()
        elif kind == "e":
            yield found
            found = {"words": {}, "lines": {}}


def words_of(result, splitter):
    if splitter == "fasttext-alnum":
        return [w for w in result["words"]["fasttext"] if w[2] != "</s>" and w[0] & 16]
    return result["words"][NAMES.get(splitter, splitter)]


def flags_of(text):
    flags = 1 if any(c.isalpha() for c in text) else 0
    flags |= 2 if any("a" <= c.lower() <= "z" and ord(c) < 128 for c in text) else 0
    flags |= 8 if text.isupper() else 0
    return flags | (16 if text[0].isalnum() else 0)


def is_equal(result, splitter, values):
    if splitter == "chars-lines":
        lines = result["lines"]
        good = [values[name] for name in CLASSES] == result["totals"][:len(CLASSES)]
        good = good and values["splitlines"] == len(lines[0]) and values["split_lf"] == len(lines[1])
        good = good and values.get("splitlines_lengths", lines[0]) == lines[0]
        return good and values.get("lower", result["lower"]) in (result["lower"], len(result["lower"]))
    if splitter == "punkt-sentences":
        return values["n"] == result["sentences"][0]
    words = words_of(result, splitter)
    good = values["n"] == len(words) and values["chars"] == sum(w[1] for w in words)
    if "tokens" in values:
        good = good and values["tokens"] == [w[2] for w in words]
    return good and all(w[1] == len(w[2]) for w in words)


def main():
    program, texts, splitters = sys.argv[1:]
    with open(texts, encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    found = dict(zip((r["id"] for r in records), results(program, [r["text"] for r in records])))
    table = collections.defaultdict(lambda: [0, []])
    for by_id in found.values():
        for words in by_id["words"].values():
            for flags, _, text in words:
                table["flags"][0] += 1
                if flags & 0x20 == 0 and flags & ~4 != flags_of(text):
                    table["flags"][1].append(ascii(text))
    with open(splitters, encoding="utf-8") as file:
        for record in map(json.loads, file):
            row = table[record["splitter"]]
            row[0] += 1
            if not is_equal(found[record["id"]], record["splitter"], record["values"]):
                row[1].append(record["id"])
    for splitter, (count, bad) in sorted(table.items()):
        print(f"{splitter:18} {count - len(bad)} of {count}", *(bad[:12] if len(bad) < 100 else []))


if __name__ == "__main__":
    main()
