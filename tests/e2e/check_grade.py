#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`tamis grade` on the bundled corpus: the same lines and sums for 1, 2 and 5 threads, in the order of the inputs; the
three layouts; percentiles against sorted values; what cannot work is refused by name.

Usage: check_grade.py --tamis TAMIS --corpus FOLDER
"""

import argparse
import json
import math
import os
import subprocess
import tempfile
import unittest

TAMIS = None
CORPUS = None
SHARES = {"p1": 0.01, "p5": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95, "p99": 0.99}


def tamis(*arguments, code=0):
    result = subprocess.run([TAMIS, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    if result.returncode != code:
        raise AssertionError(f"tamis {' '.join(arguments)}: {result.returncode}\n{result.stderr}")
    return result


class Grade(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def grade(self, name, *options):
        tamis("grade", CORPUS, "-o", self.path(name), "--summary-json", self.path(name + ".sums"), *options)
        with open(self.path(name), "rb") as lines, open(self.path(name + ".sums"), "rb") as sums:
            return lines.read(), sums.read()

    def test_any_number_of_threads(self):
        one = self.grade("one", "-j", "1", "--quality", "gopher-paper")
        for threads in ("2", "5"):
            self.assertEqual(one, self.grade(threads, "-j", threads, "--quality", "gopher-paper"))

    def test_sums_are_those_of_the_lines(self):
        lines, sums = self.grade("lines", "--quality", "gopher-paper")
        rows = [json.loads(line) for line in lines.splitlines()]
        sums = json.loads(sums)["all"]
        self.assertEqual(sums["documents"], len(rows))
        self.assertEqual(sums["kept"], sum(row["reason"] is None for row in rows))
        for reason, count in sums["reasons"].items():
            self.assertEqual(count["documents"] if isinstance(count, dict) else count,
                             sum(row["reason"] == reason for row in rows))
        for signal, found in sums["signals"].items():
            values = sorted(row["signals"][signal] for row in rows if row["signals"][signal] is not None)
            self.assertEqual(found["count"], len(values))
            self.assertEqual(found["nulls"], len(rows) - len(values))
            for name, share in SHARES.items():
                true = values[max(math.ceil(share * len(values)), 1) - 1]
                self.assertLessEqual(abs(found[name] - true), abs(true) / 256, (signal, name))

    def test_layouts(self):
        for layout in ("signals", "rpv2", "dolma"):
            lines, _ = self.grade(layout, "--format", layout)
            rows = [json.loads(line) for line in lines.splitlines()]
            self.assertEqual(len(rows), len({row["id"] for row in rows}))
            if layout == "signals":
                self.assertTrue(all(isinstance(row["language"]["code"], str) for row in rows))
                self.assertGreater(sum(row["language"]["code"] == "en" for row in rows), len(rows) // 10)
            if layout == "rpv2":
                for row in rows:
                    words = row["quality_signals"]["rps_lines_num_words"]
                    self.assertTrue(all(len(entry) == 3 for entry in words))

    def test_lists_and_refusals(self):
        self.assertIn("fineweb-v1\n", tamis("grade", "--list-profiles").stdout)
        self.assertIn("rps_doc_word_count", tamis("grade", "--list-signals").stdout)
        self.assertIn("steps:", tamis("grade", "--quality", "dclm", "--print-profile").stdout)
        self.assertIn("left out: classifier", tamis("grade", "--quality", "dclm", "--print-profile").stderr)
        self.assertIn("fineweb-v1", tamis("grade", "--quality", "fineweb-v2", CORPUS, code=2).stderr)
        tamis("grade", "--quality", "dclm", "--require-models", CORPUS, code=2)
        tamis("grade", code=2)
        tamis("grade", self.path("missing"), code=1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--tamis", required=True, type=os.path.abspath)
    parser.add_argument("--corpus", required=True, type=os.path.abspath)
    arguments, rest = parser.parse_known_args()
    TAMIS, CORPUS = arguments.tamis, arguments.corpus
    unittest.main(argv=["check_grade", *rest])
