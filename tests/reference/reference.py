# SPDX-License-Identifier: Apache-2.0
"""The reference: inputs in, verdicts out. Slow and obviously correct; docs/FORMATS.md alone.

As a program it prints one JSON line per record:

    python3 reference.py [--levels exact,near] [--threshold 0.8] ... FILE...
"""

import argparse
import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import read  # noqa: E402  (the folder is not a package: tests start from any place)
from engine import Document, decide, ord_text  # noqa: E402
from settings import OPTIONS, PPM, settings_of_options  # noqa: E402
from urls import normalize_url  # noqa: E402
from xxh3 import xxh3_128_hex  # noqa: E402


class Corpus:
    """The rows of all inputs with their documents, in ord order."""

    def __init__(self, inputs, settings, split_rows=None):
        """split_rows: {input path: rows of each of its splits}; absent: one split a file."""
        self.settings = settings
        self.has_quality = False  # records of the run have a member `quality`
        self.inputs = [each for each in inputs if each.is_against]
        self.inputs += [each for each in inputs if not each.is_against]
        read.assign_names(self.inputs)
        self.documents = []
        self.rows = []  # beside documents: (input, part, row in split, offset, Row)
        split = 0
        for each in self.inputs:
            rows = read.read_rows(each.path, settings)
            if settings.sample_ppm < PPM:  # inputs of one split only: records count within a split
                rows = [row for i, row in enumerate(rows)
                        if read.is_sampled(split, i, settings.sample_ppm)]
            counts = (split_rows or {}).get(each.path, [len(rows)])
            if sum(counts) != len(rows):
                raise ValueError(f"{each.shown}: {len(rows)} rows, splits have {counts}")
            first = 0
            for part, count in enumerate(counts):
                name = each.name if len(counts) == 1 else f"{each.name}/{part:05d}"
                for i, (offset, row) in enumerate(rows[first:first + count]):
                    self._add(each, split, f"{name}:{i}", i, row)
                    self.rows.append((each, part, i, offset, row))
                first += count
                split += 1

    def _add(self, each, split, default_id, row_number, row):
        settings = self.settings
        scope = {"all": None, "input": each.name, "field": row.scope}[settings.scope]
        self.documents.append(Document(
            ord=(0, split, row_number),
            id=row.id if row.id is not None else default_id,
            input=each.shown,
            text=row.text,
            url=normalize_url(row.url) if row.url is not None else None,
            scope=scope,
            fault=row.fault,
            is_repaired=row.is_repaired,
            is_against=each.is_against,
        ))

    def decide(self):
        return decide(self.documents, self.settings)


def digest_of(document, row):
    """Digest as attributes print it: of the repaired text, or of the bytes of a bad record."""
    if document.fault is not None:
        return xxh3_128_hex(row.raw)
    return xxh3_128_hex(document.text.encode("utf-8"))


def verdict_json(verdict):
    """What one attributes line says of a record; `similarity` and `containment` are text here."""
    out = {"id": verdict.document.id, "ord": ord_text(verdict.document.ord),
           "verdict": verdict.verdict}
    for name in ("reason", "witness", "via", "copies"):
        value = getattr(verdict, name)
        if value is not None:
            out[name] = value
    if verdict.flags:
        out["flags"] = sorted(verdict.flags)
    return out


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in OPTIONS:
        parser.add_argument(f"--{name}", default=argparse.SUPPRESS)
    parser.add_argument("--against", action="append", default=[])
    parser.add_argument("inputs", nargs="+")
    args = parser.parse_args(argv)
    options = {name.replace("_", "-"): value for name, value in vars(args).items()}
    settings = settings_of_options(options)
    inputs = [read.Input(path, path, is_against=True) for path in args.against]
    inputs += [read.Input(path, path) for path in args.inputs]
    verdicts, _ = Corpus(inputs, settings).decide()
    for verdict in verdicts:
        print(json.dumps(verdict_json(verdict), ensure_ascii=False))


if __name__ == "__main__":
    main(sys.argv[1:])
