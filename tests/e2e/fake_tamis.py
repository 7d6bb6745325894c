# SPDX-License-Identifier: Apache-2.0
"""A stand-in for the program, made of the reference: it tests the drivers, not the product.

It knows `run` and `verify`, keeps a state below OUT so that an interrupted run goes on, kills
itself at TAMIS_FAILPOINT=name:count, and makes one deliberate mistake when FAKE_TAMIS_BUG names
it, so that test_drivers.py can show that every driver is able to fail.
"""

import argparse
import glob
import json
import os
import shutil
import signal
import sys

import tamis_cli  # noqa: F401  (first: it makes the reference importable)
import json_members
import outputs
import read
from compare import ATTRIBUTE_KEYS, compare, expected_attribute, expected_tamis
from engine import LEVEL_ORDER
from reference import Corpus
from settings import OPTIONS, PPM, settings_of_options
from xxh3 import xxh3_128_hex

BUG = os.environ.get("FAKE_TAMIS_BUG", "")
ENDINGS = {"jsonl.zst": ".jsonl.zst", "jsonl.gz": ".jsonl.gz", "jsonl": ".jsonl"}
hits = {}


def failpoint(name):
    wanted, _, count = os.environ.get("TAMIS_FAILPOINT", "").partition(":")
    hits[name] = hits.get(name, 0) + 1
    if wanted == name and hits[name] == int(count or 1):
        os.kill(os.getpid(), signal.SIGKILL)


def fail(text, code=tamis_cli.EXIT_FAILED):
    print(f"tamis: {text}", file=sys.stderr)
    sys.exit(code)


class Parser(argparse.ArgumentParser):
    def error(self, message):
        fail(message, tamis_cli.EXIT_USAGE)


def parse_run(argv):
    parser = Parser(allow_abbrev=False)
    for name in OPTIONS:
        parser.add_argument(f"--{name}", default=argparse.SUPPRESS)
    for name in ("workers", "memory", "split-size"):
        parser.add_argument(f"--{name}", default=argparse.SUPPRESS)
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--against", action="append", default=[])
    parser.add_argument("--priority")
    parser.add_argument("--emit", default="documents,attributes")
    parser.add_argument("--output-format", choices=tuple(ENDINGS), default="jsonl.zst")
    parser.add_argument("inputs", nargs="+")
    return parser.parse_args(argv)


# ---- one run -----------------------------------------------------------------------------------

class Run:
    def __init__(self, args):
        self.args = args
        self.out = os.path.abspath(args.output)
        self.work = os.path.join(self.out, ".work")
        options = {name.replace("_", "-"): value for name, value in vars(args).items()}
        try:
            self.settings = settings_of_options(options)
            if not (0 < self.settings.threshold_ppm <= PPM and self.settings.bands > 0
                    and set(self.settings.levels) <= set(LEVEL_ORDER)
                    and self.settings.verify in ("auto", "signature", "text")):
                raise ValueError("out of range")
        except (ValueError, ArithmeticError) as error:
            fail(f"one of {', '.join(options)}: {error}", tamis_cli.EXIT_USAGE)
        self.state = {"settings": str(self.settings), "inputs": [], "scanned": [], "emitted": []}
        self.splits_read = self.tasks = 0
        self.missing = []

    def inputs(self):
        found = [read.Input(path, path, is_against=True) for path in self.args.against]
        own = []
        for path in self.args.inputs:
            if path == "-":
                os.makedirs(self.work, exist_ok=True)
                spooled = os.path.join(self.work, "stdin.jsonl")
                with open(spooled, "wb") as file:
                    shutil.copyfileobj(sys.stdin.buffer, file)
                own.append(read.Input(spooled, "-", name="stdin"))
            elif os.path.isdir(path):
                own += [read.Input(os.path.join(path, name), os.path.join(path, name))
                        for name in outputs.files_below(path)]
            elif "*" in path:
                own += [read.Input(found, found) for found in sorted(glob.glob(path))]
            elif os.path.exists(path):
                own.append(read.Input(path, path))
            else:
                self.missing.append(path)
                print(f"tamis: {path} is not there", file=sys.stderr)
        if not own:
            fail("nothing to read")
        if self.args.priority:
            with open(self.args.priority, encoding="utf-8") as file:
                own = read.by_priority(own, file.read().splitlines())
        return found + own

    def resume(self, inputs):
        path = os.path.join(self.work, "state.json")
        self.state["inputs"] = [[each.shown, os.path.getsize(each.path),
                                 os.stat(each.path).st_mtime_ns] for each in inputs]
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                old = json.load(file)
            if BUG != "resumes anything":
                if old["settings"] != self.state["settings"]:
                    fail("the settings differ from those of the run in OUT")
                if old["inputs"] != self.state["inputs"]:
                    fail("the inputs differ from those of the run in OUT")
            self.state = old
        if BUG == "forgets":
            self.state["scanned"] = []

    def commit(self):
        path = os.path.join(self.work, "state.json")
        with open(path + ".tmp", "w", encoding="utf-8") as file:
            json.dump(self.state, file)
        failpoint("ledger.before_commit")
        os.replace(path + ".tmp", path)
        failpoint("ledger.after_commit")

    def run(self):
        os.makedirs(self.work, exist_ok=True)
        inputs = self.inputs()
        self.resume(inputs)
        for each in inputs:
            if each.path not in self.state["scanned"]:
                self.splits_read += 1
                self.tasks += 1
                failpoint("scan.before_commit")
                self.state["scanned"].append(each.path)
                self.commit()
                failpoint("scan.after_commit")
        corpus = Corpus(inputs, self.settings)
        verdicts, trace = corpus.decide()
        failpoint("resolve.after")
        self.emit(corpus, verdicts)
        self.finish(verdicts, trace)
        faults = sum(verdict.verdict == "quarantine" for verdict in verdicts)
        sys.exit(tamis_cli.EXIT_SET_ASIDE if faults or self.missing else tamis_cli.EXIT_DONE)

    # ---- writing -------------------------------------------------------------------------------

    def emit(self, corpus, verdicts):
        for each in corpus.inputs:
            if each.is_against or each.path in self.state["emitted"]:
                continue
            rows = [(verdict, row[3], row[4]) for verdict, row in zip(verdicts, corpus.rows)
                    if row[0] is each]
            failpoint("emit.before_publish")
            emits = self.args.emit.split(",")
            if "attributes" in emits:
                self.write("attributes", each.name, [attribute_line(*row) for row in rows])
            for kind, which in (("documents", "keep"), ("removed", "drop")):
                if kind in emits:
                    self.write(kind, each.name, [document_line(verdict, row) for verdict, _, row
                                                 in rows if verdict.verdict == which])
            self.tasks += 1
            self.state["emitted"].append(each.path)
            self.commit()
            failpoint("emit.after_publish")

    def write(self, kind, name, lines):
        if BUG == "loses a line" and kind == "documents" and lines:
            lines = lines[:-1]
        if BUG == "swaps lines" and kind == "attributes":
            lines = lines[::-1]
        path = os.path.join(self.out, kind, name + ENDINGS[self.args.output_format])
        os.makedirs(os.path.dirname(path), exist_ok=True)
        temporary = os.path.join(self.work, "shard" + ENDINGS[self.args.output_format])
        if BUG == "depends on workers" and vars(self.args).get("workers") == "2":
            lines = [line.replace(b'"verdict"', b'"verdict" ', 1) for line in lines]
        if BUG == "publishes twice" and os.path.exists(path):
            lines = lines + lines[:1]
        outputs.write_lines(temporary, lines)
        failpoint("task.before_rename")
        os.replace(temporary, path)
        failpoint("task.after_rename")

    def finish(self, verdicts, trace):
        own = [verdict for verdict in verdicts if not verdict.document.is_against]
        count = {which: sum(v.verdict == which for v in own)
                 for which in ("keep", "drop", "quarantine")}
        reasons = {}
        for verdict in own:
            if verdict.reason is not None:
                reasons[verdict.reason] = reasons.get(verdict.reason, 0) + 1
        documents = {"read": len(own), "kept": count["keep"] + (BUG == "miscounts"),
                     "dropped": count["drop"], "quarantined": count["quarantine"]}
        self.write_json("report.json", {
            "documents": documents,
            "reasons": {key: {"documents": value} for key, value in reasons.items()},
        })
        files = []
        for path in outputs.stable_bytes(self.out):
            if path != "manifest.json":
                with open(os.path.join(self.out, path), "rb") as file:
                    data = file.read()
                digest = xxh3_128_hex(data if BUG != "bad digest" else data + b"x")
                files.append({"name": path, "size": len(data), "xxh3_128": digest})
        failpoint("report.before_manifest")
        options = {name: value for name, value in vars(self.args).items()
                   if name not in ("output", "workers", "memory")}
        self.write_json("manifest.json", {"files": files, "settings": options})
        emitted = sum(name not in self.args.against for name in self.state["scanned"])
        self.write_json("timing.json", {
            "tasks_executed": self.tasks + 1,
            "stages": [
                {"stage": "scan", "tasks": len(self.state["scanned"]), "counters": {
                    "splits_read": self.splits_read, "spills": 3, "merge_passes": 1}},
                {"stage": "emit", "tasks": emitted},
                {"stage": "report", "tasks": 1}],
            "capped": trace.capped_buckets})

    def write_json(self, name, value):
        with open(os.path.join(self.out, name), "w", encoding="utf-8") as file:
            json.dump(value, file)
            file.write("\n")


def attribute_line(verdict, offset, row):
    value = expected_attribute(verdict, offset, row)
    value = {key: value[key] for key in ATTRIBUTE_KEYS if key in value}
    witness = value.get("witness", {})
    if BUG == "wrong bands" and "bands_shared" in witness:
        witness["bands_shared"] += 1
    if BUG == "null" and "via" not in value:
        value["via"] = None
    if BUG == "loses via":
        value.pop("via", None)
    return with_figures(value).encode("utf-8")


def with_figures(value):
    """JSON text with ratios as numbers of four decimals."""
    text = json.dumps(value, ensure_ascii=False)
    witness = value.get("witness", {})
    for key in ("similarity", "containment"):
        if key in witness and BUG != "figures as text":
            text = text.replace(f'"{key}": "{witness[key]}"', f'"{key}": {witness[key]}')
    return text


def document_line(verdict, row):
    document = verdict.document
    tamis = expected_tamis(verdict, row)
    raw = row.raw or json.dumps({key: value for key, value in (
        ("id", document.id), ("url", row.url), ("date", row.date), ("text", document.text))
        if value is not None}, ensure_ascii=False).encode("utf-8")
    if BUG == "reformats":
        raw = json.dumps(json.loads(raw)).encode("utf-8")
    raw = json_members.without_tamis(raw)
    members, close = json_members.members(raw)
    comma = b"," if members else b""
    return raw[:close] + comma + b'"tamis":' + with_figures(tamis).encode("utf-8") + raw[close:]


# ---- verify ------------------------------------------------------------------------------------

def verify(out):
    """Everything once more from the inputs: it finds whatever a careful verifier could find."""
    with open(os.path.join(out, "manifest.json"), encoding="utf-8") as file:
        argv = json.load(file)["settings"]
    run = Run(argparse.Namespace(**argv, output=out))
    corpus = Corpus(run.inputs(), run.settings)
    verdicts, _ = corpus.decide()
    differences = [] if BUG == "verifies nothing" else compare(out, corpus, verdicts)
    for difference in differences:
        print(difference, file=sys.stderr)
    sys.exit(tamis_cli.EXIT_FAILED if differences else tamis_cli.EXIT_DONE)


def main(argv):
    if argv[:1] == ["run"] and argv[-1] != "--help":
        Run(parse_run(argv[1:])).run()
    if argv[:1] == ["verify"] and len(argv) == 2:
        verify(argv[1])
    if argv[-1:] in (["--help"], ["--version"]):
        print("a stand-in")
        return
    fail("usage: run or verify", tamis_cli.EXIT_USAGE)


if __name__ == "__main__":
    main(sys.argv[1:])
