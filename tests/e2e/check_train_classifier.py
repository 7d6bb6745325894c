#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`tamis train classifier` on small made-up texts: the model tells the kinds apart, two trainings give the same
bytes (plain and quantized, from files plain, compressed and cut into parts), texts cannot label themselves, and
what cannot work is refused without leaving a file.

Usage: check_train_classifier.py --tamis TAMIS
"""

import argparse
import gzip
import json
import os
import random
import subprocess
import tempfile
import unittest

TAMIS = None
SMALL = ["--buckets=3000", "--dim=8", "--epochs=20", "--learning-rate=0.5"]


def texts(rng, words, count):
    return ["\n".join(" ".join(rng.choice(words) for _ in range(rng.randint(3, 12))) for _ in range(rng.randint(1, 4)))
            for _ in range(count)]


def write(path, rows):
    data = "".join(json.dumps({"text": text}) + "\n" for text in rows).encode()
    with (gzip.open(path, "wb") if path.endswith(".gz") else open(path, "wb")) as file:
        file.write(data)


class TrainClassifier(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        rng = random.Random(5)
        good = [f"good{i}" for i in range(150)] + ["the", "of"]
        bad = [f"bad{i}" for i in range(150)] + ["the", "of"]
        self.good = texts(rng, good, 400)
        self.bad = texts(rng, bad, 300)
        write(self.path("good.jsonl"), self.good)
        write(self.path("bad.jsonl.gz"), self.bad)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def train(self, *options, good="good.jsonl", bad="bad.jsonl.gz", model="model.bin"):
        return subprocess.run([TAMIS, "train", "classifier", self.path(good), self.path(bad), "-o", self.path(model),
                               *SMALL, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)

    def summary(self, *options, expected=0, **files):
        done = self.train("--json", *options, **files)
        self.assertEqual(done.returncode, expected, done.stderr)
        return json.loads(done.stdout)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def test_tells_apart(self):
        summary = self.summary("--test-share=0.2")
        self.assertEqual(summary["good"]["documents"], 400)
        self.assertEqual(summary["bad"]["documents"], 300)
        self.assertGreater(summary["good"]["tested"], 40)
        self.assertGreater(summary["accuracy"], 0.98)
        self.assertEqual(summary["model"]["bytes"], os.path.getsize(self.path("model.bin")))

    def test_same_bytes(self):
        self.summary(model="a.bin")
        self.summary(model="b.bin")
        self.assertEqual(self.read("a.bin"), self.read("b.bin"))
        self.summary("--seed=1", model="c.bin")
        self.assertNotEqual(self.read("a.bin"), self.read("c.bin"))
        options = ["--quantize", "--quantize-norm", "--quantize-cutoff=1000"]
        self.assertGreater(self.summary(*options, model="a.ftz")["accuracy"], 0.9)
        self.summary(*options, model="b.ftz")
        self.assertEqual(self.read("a.ftz"), self.read("b.ftz"))
        self.assertLess(len(self.read("a.ftz")), len(self.read("a.bin")) // 3)

    def test_files_do_not_matter(self):
        self.summary(model="a.bin")
        os.mkdir(self.path("parts"))
        for part in range(4):
            write(self.path(f"parts/{part}.jsonl.gz"), self.good[100 * part:100 * part + 100])
        self.summary(good="parts", model="b.bin")
        self.assertEqual(self.read("a.bin"), self.read("b.bin"))

    def test_no_labels_in_texts(self):
        strange = ["__label__hq __label__x </s> bad1 bad2", "__label__hq", " \n ", "</s>"]
        write(self.path("strange.jsonl"), self.bad + strange)
        summary = self.summary(bad="strange.jsonl")
        self.assertEqual(summary["bad"]["documents"], 301)
        self.assertEqual(summary["bad"]["empty"], 3)
        self.assertNotIn(b"__label__x", self.read("model.bin"))

    def test_faulty_records(self):
        with open(self.path("good.jsonl"), "ab") as file:
            file.write(b"{broken\n")
        summary = self.summary(expected=3)
        self.assertEqual(summary["good"]["quarantined"], 1)
        self.assertEqual(summary["good"]["documents"], 400)

    def test_limit(self):
        self.assertEqual(self.summary("--limit=50")["good"]["documents"], 50)

    def test_refusals(self):
        write(self.path("empty.jsonl"), [" ", "\n"])
        for options, files, code in (
                (["--good-label=a b"], {}, 2), (["--good-label=cc"], {}, 2), (["--min-chars=2"], {}, 2),
                (["--quantize", "--quantize-part=9"], {}, 2), (["--dim=0"], {}, 2),
                ([], {"good": "nothing-there"}, 1), ([], {"bad": "empty.jsonl"}, 1)):
            done = self.train(*options, **files)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertTrue(done.stderr.startswith(b"tamis train classifier: "), done.stderr)
        self.assertEqual(sorted(os.listdir(self.folder.name)), ["bad.jsonl.gz", "empty.jsonl", "good.jsonl"])

    def test_names(self):
        done = subprocess.run([TAMIS, "train", "clasifier"], stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"did you mean 'classifier'", done.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--tamis", required=True)
    TAMIS = parser.parse_args().tamis
    unittest.main(argv=["check_train_classifier"])
