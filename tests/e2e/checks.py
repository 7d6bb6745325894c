# SPDX-License-Identifier: Apache-2.0
"""The checks by name: the matrix of settings for every seed, and the checks that run once."""

import random

import checks_input
import checks_output
from context import Context, Corpora  # noqa: F401  (run_e2e makes them)
from tamis_cli import require

# name -> options. Bands and rows are always given with a threshold: how a program picks them is
# not a matter of verdicts.
MATRIX = {
    "defaults": {},
    "all levels": {"levels": "url,exact,near"},
    "url last": {"levels": "url,exact,near", "url-keep": "last"},
    "url only": {"levels": "url"},
    "exact only": {"levels": "exact"},
    "exact raw": {"exact": "raw"},
    "near only": {"levels": "near"},
    "threshold 0.5": {"threshold": "0.5", "bands": "32", "rows": "4"},
    "threshold 0.7": {"threshold": "0.7", "bands": "25", "rows": "5"},
    "threshold 0.9": {"threshold": "0.9", "bands": "12", "rows": "10"},
    "threshold 0.123457": {"threshold": "0.123457", "bands": "64", "rows": "2"},
    "odd rows": {"bands": "9", "rows": "13"},
    "one row": {"threshold": "0.6", "bands": "100", "rows": "1"},
    "256 slots": {"bands": "40", "rows": "6"},
    "1024 slots": {"threshold": "0.9", "bands": "64", "rows": "12"},
    "verify signature": {"verify": "signature"},
    "verify text": {"verify": "text"},
    "containment": {"min-containment": "0.95"},
    "containment signature": {"min-containment": "0.93", "verify": "signature"},
    "containment text": {"min-containment": "0.97", "verify": "text"},
    "containment below threshold": {"min-containment": "0.5"},
    "code": {"normalize": "code"},
    "code text raw": {"normalize": "code", "verify": "text", "exact": "raw"},
    "scope input": {"scope": "input", "levels": "url,exact,near"},
    "scope field": {"scope": "field:source", "levels": "url,exact,near"},
    "cap 1": {"bucket-cap": "1"},
    "cap 2": {"bucket-cap": "2", "verify": "text"},
    "cap 64": {"bucket-cap": "64"},
    "shingle 1": {"shingle": "1"},
    "shingle 3": {"shingle": "3", "levels": "url,exact,near"},
    "shingle 9": {"shingle": "9"},
    "everything": {"levels": "near,exact,url", "url-keep": "last", "exact": "raw",
                   "normalize": "code", "verify": "auto", "threshold": "0.75", "bands": "21",
                   "rows": "6", "min-containment": "0.8", "bucket-cap": "3", "shingle": "4",
                   "scope": "field:source"},
}


def matrix_check(options):
    def check(context):
        _, verdicts = context.run_and_compare(context.corpus.paths, options)
        require(any(verdict.verdict == "drop" for verdict in verdicts), "nothing was dropped")

    return check


# Values for random combinations.
CHOICES = {
    "levels": ("exact,near", "url,exact,near", "near", "url,near"),
    "threshold": ("0.4", "0.65", "0.8", "0.800001", "0.87", "0.95", "1"),
    "verify": ("auto", "signature", "text"),
    "exact": ("folded", "raw"),
    "normalize": ("text", "code"),
    "url-keep": ("first", "last"),
    "scope": ("all", "all", "input", "field:source", "field:n"),
    "bucket-cap": ("1", "2", "3", "8", "100"),
    "shingle": ("1", "2", "5", "7"),
    "min-containment": ("0.3", "0.8", "0.9", "0.99", "1"),
}
BANDS = (("18", "7"), ("14", "8"), ("64", "2"), ("30", "4"), ("5", "25"), ("33", "5"), ("128", "1"))
COMBINATIONS = 8


def combinations(context):
    """Settings that nobody thought of together."""
    for number in range(COMBINATIONS):
        rng = random.Random(f"{context.corpus.seed}-{number}")
        options = {name: rng.choice(values) for name, values in CHOICES.items()
                   if rng.random() < 0.6}
        options["bands"], options["rows"] = rng.choice(BANDS)
        paths = list(context.corpus.paths)
        rng.shuffle(paths)
        if rng.random() < 0.4:
            options["against"] = [paths.pop() for _ in range(rng.randint(1, 3))]
        context.run_and_compare(paths, options)


def every_seed():
    found = [(name, matrix_check(options)) for name, options in MATRIX.items()]
    return found + [("combinations", combinations)] + checks_output.EVERY_SEED


def once():
    return checks_output.ONCE + checks_input.ONCE
