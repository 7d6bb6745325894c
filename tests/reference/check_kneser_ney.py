#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: `tamis train lm` estimates what the definitions say.
Method: seeded random corpora of a few words with skewed frequencies, orders 2 to 6; every probability and backoff
of the ARPA text against kneser_ney.py, to 1e-6; the same bytes with other memory.

Usage: check_kneser_ney.py TAMIS [ROUNDS [SEED]]
"""

import hashlib
import os
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import kneser_ney  # noqa: E402

TOLERANCE = 1e-6


def make_corpus(rng):
    vocabulary = [f"w{i}" for i in range(rng.choice([1, 2, 5, 30, 200]))]
    weights = [1 / (i + 1) ** rng.choice([0.5, 1, 1.5]) for i in range(len(vocabulary))]
    lines = rng.choice([1, 2, 10, 300])
    return [rng.choices(vocabulary, weights, k=rng.randint(1, rng.choice([1, 3, 12]))) for _ in range(lines)]


def train(tamis, folder, order, memory):
    arpa, model = os.path.join(folder, "m.arpa"), os.path.join(folder, "m.lm")
    subprocess.run([tamis, "train", "lm", os.path.join(folder, "corpus.txt"), "--text=raw", f"--order={order}",
                    f"--arpa={arpa}", f"--output={model}", f"--memory={memory}", f"--temp={folder}", "--quiet"],
                   check=True, timeout=120)
    digests = []
    for path in (arpa, model):
        with open(path, "rb") as file:
            digests.append(hashlib.sha256(file.read()).hexdigest())
    return kneser_ney.read_arpa(arpa), digests


def is_near(got, wanted):
    if got is None or wanted is None:
        return got is wanted or (got in (None, 0.0) and wanted in (None, 0.0))
    return abs(got - wanted) <= TOLERANCE


def compare(got, wanted, what):
    faults = 0
    for n, rows in wanted.items():
        if set(rows) != set(got.get(n, {})):
            print(f"{what}: other {n}-grams: {sorted(set(rows) ^ set(got.get(n, {})))[:5]}")
            faults += 1
            continue
        for ngram, (p, backoff) in rows.items():
            if not is_near(got[n][ngram][0], p) or not is_near(got[n][ngram][1], backoff):
                print(f"{what}: {ngram}: {got[n][ngram]}, not {(p, backoff)}")
                faults += 1
    return faults


def main():
    tamis = sys.argv[1]
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 30
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    rng = random.Random(seed)
    faults = 0
    values = 0
    for number in range(rounds):
        sentences = make_corpus(rng)
        order = rng.randint(2, 6)
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "corpus.txt"), "w", encoding="utf-8") as file:
                file.write("".join(" ".join(sentence) + "\n" for sentence in sentences))
            got, digests = train(tamis, folder, order, "64MiB")
            _, others = train(tamis, folder, order, "97MiB")
        wanted = kneser_ney.Model(sentences, order).arpa()
        what = f"seed {seed}, round {number}, order {order}, {len(sentences)} sentences"
        faults += compare(got, wanted, what)
        if digests != others:
            print(f"{what}: other bytes with other memory")
            faults += 1
        values += sum(len(rows) for rows in wanted.values())
    print(f"{rounds} models, {values} n-grams, {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
