# SPDX-License-Identifier: Apache-2.0
"""What a check works with: program, folder of its own, corpus, and the usual comparisons."""

import os
from dataclasses import dataclass

from tamis_cli import EXIT_DONE, EXIT_SET_ASIDE, CheckFailed, require, require_codes
import outputs
from compare import compare
from read import Input, assign_names, by_priority
from reference import Corpus
from settings import settings_of_options


@dataclass
class Corpora:
    """A seeded corpus on disk."""

    folder: str
    paths: list
    seed: int


def inputs_of(paths, options):
    """Inputs in the order of the program: --against first, then --priority, then as named."""
    own = [Input(path, path) for path in paths]
    if "priority" in options:
        with open(options["priority"], encoding="utf-8") as file:
            own = by_priority(own, [line for line in file.read().splitlines() if line])
    return [Input(path, path, is_against=True) for path in options.get("against", [])] + own


class Context:
    def __init__(self, tamis, folder, corpus):
        self.tamis = tamis
        self.folder = folder
        self.corpus = corpus
        self.count = 0

    def path(self, name):
        return os.path.join(self.folder, name)

    def new_out(self):
        self.count += 1
        return self.path(f"out{self.count}")

    def write(self, name, data):
        """A file of the check's own; bytes or a list of lines."""
        if isinstance(data, list):
            data = b"".join(line + b"\n" for line in data)
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def run(self, paths, options=None, codes=(EXIT_DONE, EXIT_SET_ASIDE), **more):
        """Runs into a fresh OUT; returns it."""
        out = self.new_out()
        result = self.tamis.run(out, paths, options, **more)
        require_codes(result, codes, f"tamis run {options or ''}")
        return out

    def decide(self, out, paths, options=None, inputs=None):
        """(corpus, verdicts) of the reference, with splits as the program cut them."""
        options = options or {}
        inputs = inputs or inputs_of(paths, options)
        settings = settings_of_options(options)
        assign_names(inputs)  # before the rows of splits can be counted
        corpus = Corpus(inputs, settings, outputs.split_rows(out, inputs))
        verdicts, _ = corpus.decide()
        return corpus, verdicts

    def compare(self, out, paths, options=None, inputs=None):
        """Compares OUT with the reference; returns the verdicts."""
        corpus, verdicts = self.decide(out, paths, options, inputs)
        emits = (options or {}).get("emit", "documents,attributes").split(",")
        differences = compare(out, corpus, verdicts, emits)
        if differences:
            raise CheckFailed("\n".join([f"options {options or {}}"] + differences))
        return verdicts

    def run_and_compare(self, paths, options=None, inputs=None, **more):
        """Runs, compares, checks the exit code; returns (OUT, verdicts)."""
        out = self.new_out()
        result = self.tamis.run(out, paths, options, **more)
        require_codes(result, (EXIT_DONE, EXIT_SET_ASIDE), f"tamis run {options or ''}")
        verdicts = self.compare(out, paths, options, inputs)
        set_aside = any(verdict.verdict == "quarantine" for verdict in verdicts)
        expected = EXIT_SET_ASIDE if set_aside else EXIT_DONE
        require(result.code == expected, f"exit code {result.code} instead of {expected}")
        return out, verdicts


def require_same_bytes(first, second, what):
    a, b = outputs.stable_bytes(first), outputs.stable_bytes(second)
    require(a, f"{what}: nothing was written")
    differing = sorted(path for path in set(a) | set(b) if a.get(path) != b.get(path))
    require(not differing, f"{what}: these differ: {', '.join(differing[:10])}")
