#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Recall and precision of `tamis run` against the exact Jaccard similarity of its own shingles.

    bench/recall.py --tamis build/release/cli/tamis NAME=DOCS[:PAIRS] ...

DOCS is a JSONL file (.zst too) with id and text; PAIRS, where given, is a table (a, b, jaccard5) of labelled pairs, shown
beside. For every set: all pairs of documents at or above 0.8 and 0.9, counted exactly by the slow reference of
tests/reference/ (its own normalizer, tokens and shingles); how many of them tamis left both kept, and why (no bucket
offered them, the bucket was capped, the estimate rejected them); removals whose exact similarity with their witness is below
the threshold, by how they were verified; and what `--verify auto` costs over `signature`.
"""

import argparse
import collections
import json
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "tests", "reference"))

import hashes  # noqa: E402

THRESHOLD = 0.8
LEVELS = (0.8, 0.9)
BANDS, ROWS, CAP = 18, 7, 8


def lines_of(path):
    if path.endswith(".zst"):
        data = subprocess.run(["zstd", "-dc", path], check=True, stdout=subprocess.PIPE).stdout
    else:
        with open(path, "rb") as file:
            data = file.read()
    # Lines end with \n alone: splitlines() would also cut at U+2028 and others within a text.
    return [line for line in data.decode("utf-8", "replace").split("\n") if line]


def exact_pairs(sets, least):
    """{(i, j): similarity} of all pairs at or above `least`, by an index of shingles in order of rarity.

    A pair at J >= t shares one of the rarest (1 - t) |A| + 1 shingles of A (prefix filter: Chaudhuri, Ganti, Kaushik,
    ICDE 2006), so that candidates are complete; each is then counted exactly.
    """
    counts = collections.Counter(s for each in sets for s in each)
    index = collections.defaultdict(list)
    pairs = {}
    for i, each in enumerate(sets):
        ordered = sorted(each, key=lambda s: (counts[s], s))
        prefix = ordered[: len(ordered) - int(least * len(ordered) - 1e-9)]
        candidates = set()
        for shingle in prefix:
            candidates.update(index[shingle])
            index[shingle].append(i)
        for j in candidates:
            shared = len(each & sets[j])
            similarity = shared / (len(each) + len(sets[j]) - shared)
            if similarity >= least:
                pairs[(j, i)] = similarity
    return pairs


def run_tamis(tamis, docs, out, *options):
    start = time.monotonic()
    done = subprocess.run([tamis, "run", "-q", "-o", out, "--emit", "attributes", *options, docs])
    if done.returncode not in (0, 3):
        sys.exit(f"{tamis}: exit code {done.returncode}")
    return time.monotonic() - start


def attributes(out):
    rows = []
    for root, _, names in os.walk(os.path.join(out, "attributes")):
        for name in sorted(names):
            rows += [json.loads(line) for line in lines_of(os.path.join(root, name))]
    return {row["ord"]: row for row in rows}


def cause(a, b, sets, buckets):
    """Why no candidate or no acceptance came of a pair that is above the threshold."""
    shared = [key for key in buckets["keys"][a] if key in buckets["keys"][b]]
    if not shared:
        return "no bucket offered them"
    if any(buckets["size"][key] <= CAP + 1 for key in shared):
        return "the estimate rejected them"
    return "the buckets they share were capped"


def judge(name, docs, pairs_path, tamis, scratch):
    records = [json.loads(line) for line in lines_of(docs)]
    ords = [f"0.0.{i}" for i in range(len(records))]
    sets = [hashes.shingle_set(record["text"], "text", 5) for record in records]
    pairs = exact_pairs(sets, min(LEVELS))
    out = os.path.join(scratch, name)
    auto = run_tamis(tamis, docs, out)
    signature = run_tamis(tamis, docs, out + "-signature", "--verify", "signature")
    rows = attributes(out)
    kept = [rows[each]["verdict"] == "keep" for each in ords]

    print(f"{name}: {len(records)} documents")
    for least in LEVELS:
        above = [pair for pair, similarity in pairs.items() if similarity >= least]
        missed = [pair for pair in above if kept[pair[0]] and kept[pair[1]]]
        found = 1 - len(missed) / len(above) if above else 1
        print(f"  J >= {least}: {len(above)} pairs, both kept {len(missed)}, recall {found:.5f}")
    explain_missed(pairs, kept, sets, rows, ords)
    explain_removals(sets, rows, ords)
    if pairs_path:
        show_labels(pairs_path, records, kept)
    print(f"  time: auto {auto:.2f} s, signature {signature:.2f} s ({auto / signature:.2f} x)")


def explain_missed(pairs, kept, sets, rows, ords):
    missed = [pair for pair in pairs if kept[pair[0]] and kept[pair[1]]]
    if not missed:
        return
    wanted = {i for pair in missed for i in pair}
    keys = {}
    size = collections.Counter()
    for i, each in enumerate(sets):
        if each and rows[ords[i]].get("reason") != "exact":
            sketch = hashes.sketch_of(sorted(each), hashes.slots_for(BANDS, ROWS))
            own = hashes.band_keys(sketch, BANDS, ROWS)
            size.update(own)
            if i in wanted:
                keys[i] = set(own)
    causes = collections.Counter(
        cause(a, b, sets, {"keys": keys, "size": size}) for a, b in missed)
    for text, count in causes.most_common():
        print(f"    both kept, {text}: {count}")


def explain_removals(sets, rows, ords):
    """Removals against the exact similarity with the witness that is named."""
    by = collections.defaultdict(list)
    for i, each in enumerate(ords):
        row = rows[each]
        if row["verdict"] == "drop" and "similarity" in row["witness"]:
            witness = sets[int(row["witness"]["ord"].split(".")[2])]
            shared = len(sets[i] & witness)
            union = len(sets[i]) + len(witness) - shared
            exact = shared / union if union else 1.0
            by[row["witness"]["verified"]].append((exact, row["witness"]["similarity"]))
    for verified, found in sorted(by.items()):
        below = sum(exact < THRESHOLD for exact, _ in found)
        error = sum((exact - told) ** 2 for exact, told in found) / len(found)
        print(f"  removed by {verified}: {len(found)}, exact similarity below {THRESHOLD}: {below}, "
              f"root mean square error of the figure told {error ** 0.5:.4f}")


def show_labels(path, records, kept):
    number = {str(record["id"]): i for i, record in enumerate(records)}
    table = [line.split("\t") for line in lines_of(path)]
    column = table[0].index("jaccard5")
    for least in LEVELS:
        above = [row for row in table[1:] if float(row[column]) >= least]
        missed = sum(kept[number[row[0]]] and kept[number[row[1]]] for row in above)
        print(f"  labelled jaccard5 >= {least}: {len(above)} pairs, both kept {missed}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tamis", required=True)
    parser.add_argument("sets", nargs="+", metavar="NAME=DOCS[:PAIRS]")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tamis-recall-") as scratch:
        for each in options.sets:
            name, paths = each.split("=", 1)
            docs, _, pairs = paths.partition(":")
            judge(name, docs, pairs, os.path.abspath(options.tamis), scratch)


if __name__ == "__main__":
    main()
