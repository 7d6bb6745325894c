#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains small models of every form with the `fasttext` program and compares predictions.

Label and probability of each line must be those that the program prints (6 significant digits; the last may
differ by rounding, since the program's exponential is the C library's), the probability at most 1, and every
kernel must print the same bytes.

With --model and --text, compares on a given model and a file of lines instead.

Usage: check_fasttext.py --dump FASTTEXT_DUMP --program FASTTEXT [--model FILE --text FILE]
"""

import argparse
import json
import math
import os
import random
import subprocess
import sys
import tempfile

SCRIPTS = ["abcdefghij", "klmnopqrst", "àéîõüçñßøå", "αβγδεζηθικ", "абвгдежзик", "中文字母表大小人口", "กขคงจฉชซฌญ", "🙂🙃😀ab"]
MANY = 300  # labels: quantizing the output takes 256 at least


def corpus(rng, labels, lines):
    """Lines with labels whose words lean to a part of the vocabulary."""
    words = ["".join(rng.choice(rng.choice(SCRIPTS)) if rng.random() < 0.1 else rng.choice(script)
                     for _ in range(rng.randint(1, 9)))
             for script in SCRIPTS for _ in range(200)]
    for number in range(lines):
        label = number % labels
        start = label * len(words) // labels
        picked = [words[(start + int(rng.expovariate(0.02))) % len(words)] for _ in range(rng.randint(1, 30))]
        yield f"__label__l{label} " + " ".join(picked)


def write(path, lines):
    with open(path, "w", encoding="utf-8") as file:
        for line in lines:
            file.write(line + "\n")


def strange_lines():
    """What separates words or is left out. (Behind "</s>" the program goes on with a line of its own.)"""
    return ["", " ", "\t\v\f\r x", "a\0b", "__label__l1 abc", "__label__ abc", "abc__label__",
            "a" * 3000, "é" * 300, "\u00a0\u3000 x", "abc\u2028klm", "x" * 5 + " " * 500 + "y"]


def run(*command, text=None, kernel=None):
    environment = dict(os.environ, **({"TAMIS_KERNEL": kernel} if kernel else {}))
    return subprocess.run(command, input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True,
                          env=environment).stdout


def program_rows(program, model, text, wanted):
    """The program drops what separates; lines are counted by hand."""
    rows = []
    for line in run(program, "predict-prob", model, text, str(wanted)).decode().split("\n")[:-1]:
        fields = line.split()
        rows.append([(fields[i], float(fields[i + 1])) for i in range(0, len(fields), 2)])
    return rows


def is_near(ours, theirs):
    """Equal when printed with 6 digits, but for one unit of the last."""
    unit = 10 ** (math.floor(math.log10(theirs)) - 5) if theirs > 0 else 0
    return 0 <= ours <= 1 and abs(float(f"{ours:.6g}") - min(theirs, 1)) <= 1.01 * unit


def compare(arguments, model, text_path, wanted, complain):
    with open(text_path, "rb") as file:
        text = file.read()
    dumps = [run(arguments.dump, model, str(wanted), text=text, kernel=kernel)
             for kernel in ("scalar", "avx2", "avx512")]
    if len(set(dumps)) != 1:
        complain("the kernels differ")
    ours = [json.loads(line) for line in dumps[0].decode().split("\n")[:-1]]
    theirs = program_rows(arguments.program, model, text_path, wanted)
    if len(ours) != len(theirs):
        complain(f"{len(ours)} lines, the program has {len(theirs)}")
    for number, (a, b) in enumerate(zip(ours, theirs), 1):
        if len(a) != len(b) or any(x[0] != y[0] or not is_near(x[1], y[1]) for x, y in zip(a, b)):
            complain(f"line {number}: {a[:4]}, the program has {b[:4]}")
            break
    return len(ours)


FORMS = [
    # name, labels, training, quantizing (None: .bin)
    ("softmax", 5, ["-wordNgrams", "2"], None),
    ("softmax-chars", 5, ["-minn", "2", "-maxn", "4", "-dim", "16"], None),
    ("one-char", 5, ["-minn", "1", "-maxn", "1", "-dim", "7"], None),
    ("hs", MANY, ["-loss", "hs", "-minn", "2", "-maxn", "3", "-dim", "16"], None),
    ("hs-words", 3, ["-loss", "hs", "-wordNgrams", "3", "-dim", "100"], None),
    ("ova", 17, ["-loss", "ova", "-wordNgrams", "2", "-dim", "64"], None),
    ("ns", 17, ["-loss", "ns", "-dim", "81"], None),
    ("quantized", 5, ["-wordNgrams", "2", "-minn", "2", "-maxn", "3"], []),
    ("quantized-norm", 5, ["-wordNgrams", "2", "-dim", "15"], ["-qnorm"]),
    ("quantized-output", MANY, ["-loss", "softmax", "-minn", "2", "-maxn", "3", "-dim", "10"], ["-qnorm", "-qout"]),
    ("quantized-hs", MANY, ["-loss", "hs", "-minn", "2", "-maxn", "4", "-dim", "16"], ["-qnorm", "-cutoff", "4000", "-retrain"]),
    ("pruned", 5, ["-wordNgrams", "2", "-minn", "2", "-maxn", "4", "-dim", "10"], ["-cutoff", "900"]),
    ("pruned-words", MANY, ["-dim", "9"], ["-qnorm", "-qout", "-cutoff", "500", "-dsub", "4"]),
]


def train(arguments, folder, form, text):
    name, _, options, quantize = form
    output = os.path.join(folder, name)
    run(arguments.program, "supervised", "-input", text, "-output", output, "-thread", "1", "-seed", "7",
        "-verbose", "0", "-bucket", "5000", "-epoch", "3", "-lr", "0.5", *options)
    if quantize is None:
        return output + ".bin"
    run(arguments.program, "quantize", "-input", text, "-output", output, "-thread", "1", "-verbose", "0", *quantize)
    return output + ".ftz"


def check_forms(arguments, complain):
    rng = random.Random(20240601)
    with tempfile.TemporaryDirectory() as folder:
        lines = {}
        for labels in sorted({form[1] for form in FORMS}):
            lines[labels] = list(corpus(rng, labels, 1500))
            write(os.path.join(folder, f"{labels}.txt"), lines[labels])
        for form in FORMS:
            model = train(arguments, folder, form, os.path.join(folder, f"{form[1]}.txt"))
            text = os.path.join(folder, "text")
            write(text, [line.split(" ", 1)[1] for line in lines[form[1]][:400]] + strange_lines())
            for wanted in (1, 4):
                compare(arguments, model, text, wanted, lambda text: complain(f"{form[0]}, {wanted} labels: {text}"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--dump", required=True)
    parser.add_argument("--program", required=True)
    parser.add_argument("--model")
    parser.add_argument("--text")
    arguments = parser.parse_args()
    faults = 0

    def complain(text):
        nonlocal faults
        faults += 1
        print(text)

    if arguments.model:
        for wanted in (1, 3):
            count = compare(arguments, arguments.model, arguments.text, wanted, complain)
            print(f"{count} lines, {wanted} labels each: {'differ' if faults else 'equal'}")
    else:
        check_forms(arguments, complain)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
